"""What must never be true of stock, by noun."""

from app.inventory.invariants import counts, purchase_orders, stock, transfers
from app.kernel.audit import Invariant

INVARIANTS: tuple[Invariant, ...] = (
    *counts.INVARIANTS,
    *purchase_orders.INVARIANTS,
    *stock.INVARIANTS,
    *transfers.INVARIANTS,
)
