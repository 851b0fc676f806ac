"""What is true of locations without a database: what they are, how far away, and when they are open."""

from app.locations.rules.gazetteer import Near, Place, locate
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
from app.locations.rules.postal_codes import PostalCode, ways_to_find
from app.locations.rules.supplying import (
    MOST_GROUPS,
    MOST_MEMBERS,
    ChannelLocationGroupInput,
    LocationGroup,
    LocationGroupInput,
    TransferLane,
    TransferLaneInput,
    check_group_links,
    check_groups,
    check_lanes,
    check_links,
)

__all__ = [
    "MOST_GROUPS",
    "MOST_MEMBERS",
    "ChannelLocation",
    "ChannelLocationGroupInput",
    "ChannelLocationInput",
    "DayOfWeek",
    "Location",
    "LocationGroup",
    "LocationGroupInput",
    "LocationInput",
    "Near",
    "Opening",
    "Place",
    "Point",
    "PostalCode",
    "StaffLocationsInput",
    "TransferLane",
    "TransferLaneInput",
    "check",
    "check_group_links",
    "check_groups",
    "check_lanes",
    "check_links",
    "clock_time",
    "distance_km",
    "is_open",
    "locate",
    "openings_between",
    "ready_at",
    "ways_to_find",
]
