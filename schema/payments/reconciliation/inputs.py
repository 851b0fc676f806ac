"""What a settlement report is compared with, and which runs are listed."""

from datetime import datetime

import strawberry

from app.payments.states import DifferenceKind, NoticeEffect, TransactionKind

strawberry.enum(TransactionKind)
strawberry.enum(NoticeEffect)
strawberry.enum(DifferenceKind, name="ReconciliationDifferenceKind")


@strawberry.input
class PaymentReconcileInput:
    """A settlement report that is to be compared with the ledger."""

    gateway: str
    """Whose report it is: the name that is given in `gateway` when paying."""
    report: str
    """The report as the payment service wrote it: CSV. Larger ones than a request may be are for `stoa reconcile`."""
    idempotency_key: str
    """The client's own name for this attempt. The same report and period are the same run under any key."""
    from_: datetime | None = strawberry.field(name="from", default=None)
    """Where the period begins; the first row's moment, when left out."""
    to: datetime | None = None
    """Up to where, and without which, the period goes; the last row's moment, with it, when left out."""
    apply: bool | None = False
    """With true: steps without an answer that the report proves to be settled are settled."""
    file_name: str | None = None
    """What the report is called, up to 255 characters."""


@strawberry.input
class ReconciliationFilter:
    """Which runs to list; what is left out lets everything through."""

    gateway: str | None = None
    """Those of this payment service."""
    from_: datetime | None = strawberry.field(name="from", default=None)
    """Those whose period has something after this moment."""
    to: datetime | None = None
    """Those whose period has something before this moment."""
    with_differences: bool | None = None
    """With true those with differences, with false those without; what is only late is none."""
