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
