"""Every statement about stock, by noun: levels, reservations, availability, the ledger."""

from app.inventory.queries.availability import list_at_locations, list_levels, list_promises
from app.inventory.queries.ledger import list_movements
from app.inventory.queries.levels import change_levels, lock_levels, open_levels
from app.inventory.queries.reservations import (
    OpenReservation,
    expire_soft,
    extend_soft,
    hold,
    insert_soft,
    list_expired,
    list_open_for_demand,
    lock_stock_of_demand,
    lower_firm,
    promote,
    raise_firm,
    release_soft,
)
from app.inventory.queries.supply import Supply, lock_supplies

__all__ = [
    "OpenReservation",
    "Supply",
    "change_levels",
    "expire_soft",
    "extend_soft",
    "hold",
    "insert_soft",
    "list_at_locations",
    "list_expired",
    "list_levels",
    "list_movements",
    "list_open_for_demand",
    "list_promises",
    "lock_levels",
    "lock_stock_of_demand",
    "lock_supplies",
    "lower_firm",
    "open_levels",
    "promote",
    "raise_firm",
    "release_soft",
]
