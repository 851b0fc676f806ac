"""Postal codes: how they are written down, which ones stand for which, and where those of the US are."""

from app.locations.rules.postal_codes.codes import LONGEST, PostalCode, normalized, ways_to_find
from app.locations.rules.postal_codes.packaged import packaged

__all__ = ["LONGEST", "PostalCode", "normalized", "packaged", "ways_to_find"]
