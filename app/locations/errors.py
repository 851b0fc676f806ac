"""Why a location is refused."""

from app.kernel.errors import Invalid


class UnknownLocation(Invalid):
    """No location has this code."""


class PostalCodeUnknown(Invalid):
    """The shop cannot tell yet where a postal code is."""

    def __init__(self) -> None:
        super().__init__(
            "postal codes are not known to this shop yet, give latitude and longitude", field=("near", "postalCode")
        )
