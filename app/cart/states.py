"""States of a cart."""

from enum import StrEnum

from app.kernel.machine import Machine


class CartStatus(StrEnum):
    """Where a cart's life has got to."""

    ACTIVE = "ACTIVE"
    ORDERED = "ORDERED"
    MERGED = "MERGED"
    EXPIRED = "EXPIRED"


CART = Machine(
    "cart",
    {
        (CartStatus.ACTIVE, "order"): CartStatus.ORDERED,
        (CartStatus.ACTIVE, "merge"): CartStatus.MERGED,
        (CartStatus.ACTIVE, "expire"): CartStatus.EXPIRED,
    },
)
