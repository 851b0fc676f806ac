"""What is asked of a location: where it is, when it opens, and its pickups."""

from collections.abc import Sequence

import strawberry

from app.kernel.errors import Invalid
from app.locations.rules import MINUTES_OF_DAY, DayOfWeek, LocationChange, Opening, minute_of
from app.locations.states import LocationKind, PickupSupply
from schema.core.address import AddressInput
from schema.core.changes import said


@strawberry.input
class OpeningHoursInput:
    """One opening of the week, by the location's own clock."""

    day: DayOfWeek
    """The day on which it opens."""
    opens: str
    """Hours and minutes: "09:30"."""
    closes: str
    """Hours and minutes; when not after `opens`, on the next day. "00:00" is the midnight at the day's end."""

    def opening(self, field: Sequence[str]) -> Opening:
        """Read it as an opening; `field` is where it stands in the input.

        Raises: Invalid naming the time that no clock shows.
        """
        opens, closes = (_minute(getattr(self, name), (*field, name)) for name in ("opens", "closes"))
        day = tuple(DayOfWeek).index(self.day)
        return Opening(day, opens, closes if closes > opens else closes + MINUTES_OF_DAY)


@strawberry.input
class LocationPutInput:
    """A location as it shall be. What is left out stays as it is, and null goes back to what a new location has."""

    code: str
    """Which location; one that is not there yet is opened."""
    idempotency_key: str
    """The client's own name for this attempt."""
    name: str | None = strawberry.UNSET
    """For people. A new location needs one."""
    kind: LocationKind | None = strawberry.UNSET
    """What it is. A new location needs to know, and a store stays one."""
    timezone: str | None = strawberry.UNSET
    """IANA time zone, such as Europe/London; its hours are told in it. A new location needs one."""
    address: AddressInput | None = strawberry.UNSET
    """Where it is. A store needs one."""
    latitude: float | None = strawberry.UNSET
    """WGS 84 degrees, north positive. Goes with longitude."""
    longitude: float | None = strawberry.UNSET
    """WGS 84 degrees, east positive. Goes with latitude."""
    hours: list[OpeningHoursInput] | None = strawberry.UNSET
    """All its openings of a week, 70 at most. Without any it never opens."""
    pickup_enabled: bool | None = strawberry.UNSET
    """Whether customers can collect here what they ordered elsewhere. Else false."""
    pickup_lead_minutes: int | None = strawberry.UNSET
    """Minutes, while it is open, from an order to its goods being ready. Else 120."""
    pickup_slot_capacity: int | None = strawberry.UNSET
    """How many pickups an hour can take, at least 1. Else 10."""
    pickup_hold_days: int | None = strawberry.UNSET
    """For how many days goods wait for their customer, from 1 to 365. Else 7."""
    pickup_supply: PickupSupply | None = strawberry.UNSET
    """Where the goods of its pickups may come from. Else OWN."""
    archived: bool | None = strawberry.UNSET
    """Whether it is closed for good; false opens it again. Else false."""

    def change(self) -> LocationChange:
        """Read it as what somebody says of a location.

        Raises: Invalid naming a time of its hours that no clock shows.
        """
        address = said(self.address)
        return LocationChange(
            code=self.code,
            name=said(self.name),
            kind=said(self.kind),
            timezone=said(self.timezone),
            address=address.to_address() if isinstance(address, AddressInput) else address,
            latitude=said(self.latitude),
            longitude=said(self.longitude),
            hours=self._hours(),
            pickup_enabled=said(self.pickup_enabled),
            pickup_lead_minutes=said(self.pickup_lead_minutes),
            pickup_slot_capacity=said(self.pickup_slot_capacity),
            pickup_hold_days=said(self.pickup_hold_days),
            pickup_supply=said(self.pickup_supply),
            archived=said(self.archived),
        )

    def _hours(self) -> tuple[Opening, ...] | None:
        if self.hours is strawberry.UNSET:
            return None
        return tuple(opening.opening(("hours", str(i))) for i, opening in enumerate(self.hours or ()))


def _minute(text: str, field: Sequence[str]) -> int:
    minute = minute_of(text)
    if minute is None:
        raise Invalid('hours and minutes, such as "09:30"', field=field)
    return minute
