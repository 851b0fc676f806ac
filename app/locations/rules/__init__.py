"""What is true of locations without a database: what they are, how far away, and when they are open."""

from app.locations.rules.gazetteer import Place, locate
from app.locations.rules.hours import DayOfWeek, Opening, clock_time, is_open, openings_between, ready_at
from app.locations.rules.places import (
    ChannelLocation,
    ChannelLocationInput,
    Location,
    LocationInput,
    Point,
    StaffLocationsInput,
    check,
    distance_km,
)

__all__ = [
    "ChannelLocation",
    "ChannelLocationInput",
    "DayOfWeek",
    "Location",
    "LocationInput",
    "Opening",
    "Place",
    "Point",
    "StaffLocationsInput",
    "check",
    "clock_time",
    "distance_km",
    "is_open",
    "locate",
    "openings_between",
    "ready_at",
]
