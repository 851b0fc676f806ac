"""What kinds of location there are."""

from enum import StrEnum


class LocationKind(StrEnum):
    """What a location is to us."""

    STORE = "STORE"
    """Customers can enter it."""
    WAREHOUSE = "WAREHOUSE"
    """It holds and ships stock; customers do not enter."""
    SUPPLIER = "SUPPLIER"
    """Somebody else's place that ships for us."""


class PickupSupply(StrEnum):
    """Where the goods of a store's pickups may come from."""

    OWN = "OWN"
    """The store's own stock alone."""
    TRANSFER = "TRANSFER"
    """Its own stock, else what a transfer from another location brings."""
