"""When a channel holds stock for its shoppers."""

from enum import StrEnum


class ReserveAt(StrEnum):
    """The moment at which units are first held for a shopper."""

    CART = "CART"
    """When they are put into the cart."""
    CHECKOUT = "CHECKOUT"
    """When the shopper goes to pay."""
    NEVER = "NEVER"
    """Not before the order is placed: whoever pays first gets them."""
