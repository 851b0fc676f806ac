"""How goods reach their customer."""

from enum import StrEnum


class DeliveryMethod(StrEnum):
    """How a line reaches the customer."""

    SHIPPING = "SHIPPING"
    """Sent to the shipping address."""
    PICKUP = "PICKUP"
    """Collected by the customer at a store, against a code."""
    CARRY_OUT = "CARRY_OUT"
    """Carried out of the store at once; sold by an associate."""
