"""What must never be true of stock, by noun."""

from app.inventory.invariants import counts, stock, transfers
from app.kernel.audit import Invariant

INVARIANTS: tuple[Invariant, ...] = (*counts.INVARIANTS, *stock.INVARIANTS, *transfers.INVARIANTS)
