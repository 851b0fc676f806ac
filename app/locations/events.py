"""Facts about locations."""

from dataclasses import dataclass

from app.kernel.events import Event
from app.kernel.ids import LocationGroupId, LocationId


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationGroupChanged(Event):
    """A location came into a group, or left it."""

    location_id: LocationId
    group_id: LocationGroupId
