"""States of a cart."""

from enum import StrEnum

from app.kernel.machine import Machine


class CartStatus(StrEnum):
    """Where a cart's life has got to."""

    ACTIVE = "ACTIVE"
    """It can be changed and bought."""
    ORDERED = "ORDERED"
    """It became an order."""
    MERGED = "MERGED"
    """Its lines went into the cart that its customer had."""
    EXPIRED = "EXPIRED"
    """Nobody touched it for as long as its channel keeps carts."""


CART = Machine(
    "cart",
    {
        (CartStatus.ACTIVE, "order"): CartStatus.ORDERED,
        (CartStatus.ACTIVE, "merge"): CartStatus.MERGED,
        (CartStatus.ACTIVE, "expire"): CartStatus.EXPIRED,
    },
)
