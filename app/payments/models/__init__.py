"""Tables of payments, by noun: the ledger of tenders, and the documents that are written of it."""

from app.payments.models import invoicing, ledger

__all__ = ["invoicing", "ledger"]
