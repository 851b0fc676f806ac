"""What an attempt freezes, and what may be checked out at all; pure."""

from app.checkout.rules.bundles import Part, unbundled
from app.checkout.rules.readiness import refuse_unready
from app.checkout.rules.records import (
    AheadSupply,
    Attempt,
    Discount,
    SentSupply,
    Snapshot,
    SnapshotDelivery,
    SnapshotLine,
    Supply,
    as_held,
    supplied,
)
from app.checkout.rules.tenders import (
    AT_TILLS,
    MOST_TENDERS,
    OF_CUSTOMERS,
    Offered,
    Tender,
    given_codes,
    offered,
    refuse_unfit,
    shared_out,
)

__all__ = [
    "AT_TILLS",
    "MOST_TENDERS",
    "OF_CUSTOMERS",
    "AheadSupply",
    "Attempt",
    "Discount",
    "Offered",
    "Part",
    "SentSupply",
    "Snapshot",
    "SnapshotDelivery",
    "SnapshotLine",
    "Supply",
    "Tender",
    "as_held",
    "given_codes",
    "offered",
    "refuse_unfit",
    "refuse_unready",
    "shared_out",
    "supplied",
    "unbundled",
]
