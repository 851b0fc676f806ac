"""The journal of documents, for whoever keeps the books: a row for each document and rate, credit notes below zero."""

from collections.abc import Iterable
from decimal import Decimal
from zoneinfo import ZoneInfo

from app.kernel.money import Money
from app.payments.rules.invoicing import Invoice
from app.payments.states import InvoiceKind
from app.tax.rules import WHOLE

#: What the columns of the journal are called.
COLUMNS = (
    "number", "kind", "date", "issued_at", "order", "currency", "tax", "rate_percent", "net", "tax_amount", "gross", "corrects",
)  # fmt: skip


def journal_rows(invoices: Iterable[Invoice]) -> list[tuple[str, ...]]:
    """Write documents as rows of the journal. Their gross adds up to what was invoiced and not credited.

    The rate of a tax that no rate of then explains is empty.
    """
    rows = []
    for invoice in invoices:
        sign = -1 if invoice.kind is InvoiceKind.CREDIT_NOTE else 1
        day = invoice.issued_at.astimezone(ZoneInfo(invoice.content.timezone)).date()
        for tax in invoice.content.taxes:
            amounts = (tax.net_minor, tax.tax_minor, tax.net_minor + tax.tax_minor)
            rows.append(
                (
                    invoice.number,
                    invoice.kind.value,
                    day.isoformat(),
                    invoice.issued_at.isoformat(),
                    invoice.content.order_number,
                    invoice.currency,
                    tax.name,
                    _percent(tax.rate_basis_points),
                    *(f"{Money(sign * amount, invoice.currency).decimal():f}" for amount in amounts),
                    " ".join(invoice.content.corrects),
                )
            )
    return rows


def _percent(basis_points: int | None) -> str:
    return "" if basis_points is None else f"{(Decimal(basis_points) * 100 / WHOLE).normalize():f}"
