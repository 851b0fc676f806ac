"""Tables of stock, by noun: levels with their ledger and reservations, supply, transfers, counts."""

from app.inventory.models import counts, stock, supply, transfers

__all__ = ["counts", "stock", "supply", "transfers"]
