"""What an attempt freezes, and what may be checked out at all; pure."""

from app.checkout.rules.bundles import Part, unbundled
from app.checkout.rules.readiness import MOST_TENDERS, refuse_unready, tender_amounts
from app.checkout.rules.records import (
    AheadSupply,
    Attempt,
    Discount,
    SentSupply,
    Snapshot,
    SnapshotDelivery,
    SnapshotLine,
    Supply,
    Tender,
    as_held,
    supplied,
)

__all__ = [
    "MOST_TENDERS",
    "AheadSupply",
    "Attempt",
    "Discount",
    "Part",
    "SentSupply",
    "Snapshot",
    "SnapshotDelivery",
    "SnapshotLine",
    "Supply",
    "Tender",
    "as_held",
    "refuse_unready",
    "supplied",
    "tender_amounts",
    "unbundled",
]
