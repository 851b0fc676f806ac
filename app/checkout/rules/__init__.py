"""What an attempt freezes, and what may be checked out at all; pure."""

from app.checkout.rules.bundles import Part, unbundled
from app.checkout.rules.readiness import MOST_TENDERS, refuse_unready, tender_amounts
from app.checkout.rules.records import Attempt, Discount, Snapshot, SnapshotDelivery, SnapshotLine, Supply, Tender

__all__ = [
    "MOST_TENDERS",
    "Attempt",
    "Discount",
    "Part",
    "Snapshot",
    "SnapshotDelivery",
    "SnapshotLine",
    "Supply",
    "Tender",
    "refuse_unready",
    "tender_amounts",
    "unbundled",
]
