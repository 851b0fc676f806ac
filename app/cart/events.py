"""Facts about carts."""

from dataclasses import dataclass

from app.kernel.events import Event
from app.kernel.ids import CartId


@dataclass(frozen=True, slots=True, kw_only=True)
class CartMerged(Event):
    """A guest's cart went into the one that its customer had."""

    cart_id: CartId
    into_cart_id: CartId


@dataclass(frozen=True, slots=True, kw_only=True)
class CartExpired(Event):
    """Nobody touched a cart for as long as its channel keeps carts."""

    cart_id: CartId
