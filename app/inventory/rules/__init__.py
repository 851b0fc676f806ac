"""What stock is made of, without a database."""

from app.inventory.rules.stock import (
    Available,
    Cause,
    Change,
    Level,
    Movement,
    Promise,
    StockLine,
    Units,
    held_in_part,
    lines_by_variant,
    per_level,
    per_line,
)

__all__ = [
    "Available",
    "Cause",
    "Change",
    "Level",
    "Movement",
    "Promise",
    "StockLine",
    "Units",
    "held_in_part",
    "lines_by_variant",
    "per_level",
    "per_line",
]
