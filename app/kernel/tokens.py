"""Derived secrets: tokens and codes computed from a key, a kind, an id and a generation.

Nothing secret is stored in clear, yet the same token can be shown again; raising the generation revokes it. Keys form a
ring with ids, so a new key can be brought in while tokens of the old one still hold.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

_TOKEN_BYTES = 24
_CODE_DIGITS = 6
#: Digits and letters that nobody mistakes for another: I and L are read as 1, O as 0. Source: Crockford's base 32.
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BITS_A_LETTER = 5


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys by id, from the newest to the oldest; `current` signs, every key of the ring verifies."""

    keys: Mapping[str, bytes] = field(repr=False)
    current: str

    def token(self, kind: str, subject: UUID, *, generation: int = 0) -> str:
        """Derive the token that proves the right to one object, such as a guest's cart."""
        return self._token(self.current, kind, subject, generation)

    def verifies(self, token: str, kind: str, subject: UUID, *, generation: int = 0) -> bool:
        """Say, in constant time, whether `token` was derived for this object by any key of the ring."""
        expected = [self._token(key_id, kind, subject, generation) for key_id in self.keys]
        return any([hmac.compare_digest(token.encode(), candidate.encode()) for candidate in expected])  # noqa: C419  # A list, so that each is compared and time tells nothing.

    def code(self, kind: str, subject: UUID, *, generation: int = 0, key_id: str | None = None) -> str:
        """Derive a six-digit code to be read out at a counter. Source: the truncation of RFC 4226 (HOTP)."""
        digest = self._digest(key_id or self.current, f"code:{kind}", subject, generation)
        offset = digest[-1] & 0x0F
        number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFFFFFF
        return str(number % 10**_CODE_DIGITS).zfill(_CODE_DIGITS)

    def code_matches(self, code: str, kind: str, subject: UUID, *, generation: int = 0) -> bool:
        """Say, in constant time, whether `code` is the one derived for this object by any key of the ring."""
        expected = [self.code(kind, subject, generation=generation, key_id=key_id) for key_id in self.keys]
        return any([hmac.compare_digest(code.encode(), candidate.encode()) for candidate in expected])  # noqa: C419  # A list, so that each is compared and time tells nothing.

    def letters(self, kind: str, subject: UUID, *, length: int, generation: int = 0, key_id: str | None = None) -> str:
        """Derive a code of digits and capital letters to be typed in, of five bits each; 51 of them at most."""
        number = int.from_bytes(self._digest(key_id or self.current, f"letters:{kind}", subject, generation))
        return "".join(LETTERS[number >> _BITS_A_LETTER * i & 31] for i in range(length))

    def keyed_hash(self, kind: str, text: str) -> str:
        """Hash a low-entropy text so that a copy of the database does not give it away by trying all values.

        The oldest key, which stands last in the ring, is used for as long as it is there, because stored hashes have to
        stay comparable.
        """
        *_, oldest = self.keys.values()
        return hmac.new(oldest, f"hash:{kind}:{text}".encode(), hashlib.sha256).hexdigest()

    def derived_key(self, purpose: str, key_id: str) -> bytes:
        """Derive a key of its own for one purpose, such as signing, so that no key ever serves two."""
        return hmac.new(self.keys[key_id], f"key:{purpose}".encode(), hashlib.sha256).digest()

    def _token(self, key_id: str, kind: str, subject: UUID, generation: int) -> str:
        digest = self._digest(key_id, f"token:{kind}", subject, generation)
        return f"{key_id}.{urlsafe_b64encode(digest[:_TOKEN_BYTES]).decode()}"

    def _digest(self, key_id: str, kind: str, subject: UUID, generation: int) -> bytes:
        message = f"{kind}:{subject}:{generation}".encode()
        return hmac.new(self.keys[key_id], message, hashlib.sha256).digest()
