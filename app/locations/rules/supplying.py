"""Groups of locations, what they do for channels, and how goods travel between locations; which of it is refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.kernel.errors import Invalid
from app.kernel.ids import LocationGroupId, LocationId
from app.locations.rules.places import LONGEST_CODE, LONGEST_NAME, ChannelLocationInput

#: Groups are listed whole, and so are their members.
MOST_GROUPS = 1_000
MOST_MEMBERS = 5_000
#: A quarter of a year: whatever is under way longer is bought, not transferred.
LONGEST_LEAD_MINUTES = 90 * 24 * 60


@dataclass(frozen=True, slots=True)
class LocationGroup:
    """Locations that are spoken of together."""

    id: LocationGroupId
    code: str
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TransferLane:
    """A way that goods can be sent. `lead_minutes` run from the request until the goods are there."""

    from_location_id: LocationId
    to_location_id: LocationId
    lead_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationGroupInput:
    """A group as somebody wants it to be; `code` says which. `locations`, by codes, are all its members; None keeps them."""

    code: str
    name: str
    locations: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLocationGroupInput:
    """What the members of a group, by its code, shall do for a channel, by its code; nothing of both ends it."""

    channel: str
    group: str
    ships: bool
    hands_out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferLaneInput:
    """How long goods travel from one location to another, by codes; without `lead_minutes` they no longer do."""

    from_location: str
    to_location: str
    lead_minutes: int | None


def check_groups(groups: Sequence[LocationGroupInput]) -> None:
    """Refuse descriptions that no group can have.

    Raises: Invalid naming the element and its field.
    """
    codes: set[str] = set()
    for i, group in enumerate(groups):
        at = ("groups", str(i))
        if not group.code.strip() or len(group.code) > LONGEST_CODE:
            raise Invalid(f"a code has 1 to {LONGEST_CODE} characters", field=(*at, "code"))
        if group.code in codes:
            raise Invalid(f"{group.code!r} stands here twice", field=(*at, "code"))
        codes.add(group.code)
        if not group.name.strip() or len(group.name) > LONGEST_NAME:
            raise Invalid(f"a name has 1 to {LONGEST_NAME} characters", field=(*at, "name"))
        if len(group.locations or ()) > MOST_MEMBERS:
            raise Invalid(f"at most {MOST_MEMBERS} locations", field=(*at, "locations"))


def check_links(links: Sequence[ChannelLocationInput]) -> None:
    """Refuse what contradicts itself: half a say, and two for one location.

    Raises: Invalid naming the element and its field.
    """
    said: set[tuple[str, str]] = set()
    for i, link in enumerate(links):
        at = ("links", str(i))
        if (link.ships is None) != (link.hands_out is None):
            missing = "ships" if link.ships is None else "handsOut"
            raise Invalid("say both, or neither to do what the location's groups do", field=(*at, missing))
        _check_new((link.channel, link.location), said, (*at, "location"))


def check_group_links(links: Sequence[ChannelLocationGroupInput]) -> None:
    """Refuse two says for one group. Raises: Invalid naming the element and its field."""
    said: set[tuple[str, str]] = set()
    for i, link in enumerate(links):
        _check_new((link.channel, link.group), said, ("links", str(i), "group"))


def check_lanes(lanes: Sequence[TransferLaneInput]) -> None:
    """Refuse lanes that lead nowhere or take no time.

    Raises: Invalid naming the element and its field.
    """
    said: set[tuple[str, str]] = set()
    for i, lane in enumerate(lanes):
        at = ("lanes", str(i))
        if lane.from_location == lane.to_location:
            raise Invalid("a lane leads to another location", field=(*at, "toLocation"))
        if lane.lead_minutes is not None and not 1 <= lane.lead_minutes <= LONGEST_LEAD_MINUTES:
            raise Invalid(f"from 1 to {LONGEST_LEAD_MINUTES}", field=(*at, "leadMinutes"))
        _check_new((lane.from_location, lane.to_location), said, (*at, "toLocation"))


def _check_new(key: tuple[str, str], said: set[tuple[str, str]], field: tuple[str, ...]) -> None:
    if key in said:
        raise Invalid("stands here twice", field=field)
    said.add(key)
