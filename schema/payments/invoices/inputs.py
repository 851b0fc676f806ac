"""What invoices are looked for by."""

from datetime import datetime

import strawberry

from app.payments.states import InvoiceKind

strawberry.enum(InvoiceKind)


@strawberry.input
class InvoiceFilter:
    """Which invoices and credit notes to list; what is left out lets everything through."""

    channel: str | None = None
    """Those of the channel with this code."""
    year: int | None = None
    """Those counted in this year, by the clocks of their channels."""
    kind: InvoiceKind | None = None
    """Invoices alone, or credit notes alone."""
    order_id: strawberry.ID | None = None
    """Those of this order."""
    number: str | None = None
    """The one with this number."""
    issued_from: datetime | None = None
    """Those written from this moment on."""
    issued_to: datetime | None = None
    """Those written before this moment."""
