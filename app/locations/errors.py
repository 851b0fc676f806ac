"""Why a location is refused."""

from app.kernel.errors import Conflict, Invalid


class UnknownLocation(Invalid):
    """No location has this code."""


class StaysStore(Conflict):
    """Carts, orders and pickups name stores, so none of them becomes another kind of place."""


class UnknownLocationGroup(Invalid):
    """No group of locations has this code."""


class PostalCodeUnknown(Invalid):
    """Neither a table nor any of our places tells where a postal code is."""

    def __init__(self) -> None:
        super().__init__(
            "nobody here knows where this postal code is; give latitude and longitude", field=("near", "postalCode")
        )
