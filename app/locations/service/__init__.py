"""Commands about locations: opening them, who works there, and what they do for channels and for each other."""

from app.locations.service.places import change_locations, put_locations, put_staff_locations
from app.locations.service.postal_codes import put_postal_codes
from app.locations.service.supplying import (
    put_channel_location_groups,
    put_channel_locations,
    put_location_groups,
    put_transfer_lanes,
)

__all__ = [
    "change_locations",
    "put_channel_location_groups",
    "put_channel_locations",
    "put_location_groups",
    "put_locations",
    "put_postal_codes",
    "put_staff_locations",
    "put_transfer_lanes",
]
