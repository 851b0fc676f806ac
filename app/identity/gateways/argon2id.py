"""Password hashing with argon2id, in threads, at most so many at once."""

import asyncio
import secrets
import unicodedata
from base64 import b64encode

from argon2 import PasswordHasher as Argon2
from argon2 import Type
from argon2.exceptions import InvalidHashError, VerificationError

from app.identity.rules.terms import PasswordCost
from app.kernel.db import assert_no_transaction

_SALT_BYTES = 16
_HASH_BYTES = 32


_PROFILES = {
    PasswordCost.STANDARD: (19 * 1024, 2, 1),
    PasswordCost.STRONG: (64 * 1024, 3, 4),
    PasswordCost.CHEAPEST: (8, 1, 1),
}


class Argon2id:
    """Hashes passwords. Serves one event loop.

    `at_once` bounds the memory and the processors that log-ins can take from everything else.
    """

    def __init__(self, cost: PasswordCost, *, at_once: int = 2) -> None:
        memory_kib, passes, lanes = _PROFILES[cost]
        self._argon2 = Argon2(
            time_cost=passes,
            memory_cost=memory_kib,
            parallelism=lanes,
            hash_len=_HASH_BYTES,
            salt_len=_SALT_BYTES,
            type=Type.ID,
        )
        # No password has this hash; verifying against it costs what verifying against a real one costs.
        self._nobody = (
            f"$argon2id$v=19$m={memory_kib},t={passes},p={lanes}"
            f"${_unpadded(secrets.token_bytes(_SALT_BYTES))}${_unpadded(secrets.token_bytes(_HASH_BYTES))}"
        )
        self._turn = asyncio.Semaphore(at_once)

    async def hash(self, password: str) -> str:
        """Hash a password for keeping."""
        assert_no_transaction()
        async with self._turn:
            return await asyncio.to_thread(self._argon2.hash, _as_typed(password))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Say whether a password is the one that was hashed; without a hash, say no after the same time."""
        assert_no_transaction()
        async with self._turn:
            return await asyncio.to_thread(self._verify, password, password_hash or self._nobody)

    def is_outdated(self, password_hash: str) -> bool:
        """Say whether a hash was made at another cost than is asked for now."""
        return self._argon2.check_needs_rehash(password_hash)

    def _verify(self, password: str, password_hash: str) -> bool:
        try:
            return self._argon2.verify(password_hash, _as_typed(password))
        except (VerificationError, InvalidHashError):
            # A hash that is none, such as one blanked by hand, lets nobody in.
            return False


def _as_typed(password: str) -> bytes:
    # Keyboards write the same letter in several ways: NIST SP 800-63B, 3.1.1.2, asks to make them one first.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _unpadded(raw: bytes) -> str:
    return b64encode(raw).decode().rstrip("=")
