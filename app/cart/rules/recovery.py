"""Recovery links: tokens that open a cart on another device, for some days, until a newer one is made."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.kernel.errors import Invalid
from app.kernel.ids import CartId, IdKind, decode, encode
from app.kernel.tokens import KeyRing

RECOVERY_LIFE = timedelta(days=14)
_KIND = "cart-recovery"
_TOKEN = re.compile(r"(crt_[0-9a-z]{26})\.([0-9]{1,9})\.([0-9]{1,10})\.(\S+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class RecoveryLink:
    """Which cart a link opens, which of the cart's links it is, and until when it does, in seconds since 1970.

    All of it stands in the token, with a proof that is derived; nothing of it has to be stored but the last generation.
    """

    cart_id: UUID
    generation: int
    expires: int

    @property
    def expires_at(self) -> datetime:
        """The moment from which on it opens nothing."""
        return datetime.fromtimestamp(self.expires, tz=UTC)

    def token(self, keys: KeyRing) -> str:
        """Derive what opens the cart."""
        proof = keys.token(self._kind, self.cart_id, generation=self.generation)
        return f"{encode(IdKind.CART, self.cart_id)}.{self.generation}.{self.expires}.{proof}"

    def proven(self, keys: KeyRing, proof: str) -> bool:
        """Say whether we derived this proof, for this cart, generation and time."""
        return keys.verifies(proof, self._kind, self.cart_id, generation=self.generation)

    @property
    def _kind(self) -> str:
        # The time is part of what is proven, so that nobody can make a link last longer.
        return f"{_KIND}:{self.expires}"


def next_link(cart_id: CartId, *, generation: int, now: datetime) -> RecoveryLink:
    """Write the link that is made now."""
    return RecoveryLink(cart_id, generation, int((now + RECOVERY_LIFE).timestamp()))


def read_link(token: str, keys: KeyRing) -> RecoveryLink | None:
    """Read a token; None when it is not one of ours."""
    found = _TOKEN.fullmatch(token)
    if found is None:
        return None
    try:
        link = RecoveryLink(decode(IdKind.CART, found[1]), int(found[2]), int(found[3]))
    except Invalid:
        return None
    return link if link.proven(keys, found[4]) else None
