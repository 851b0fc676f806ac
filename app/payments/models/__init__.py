"""Tables of payments, by noun: the ledger of tenders, accounts of gift cards and store credit, documents, reconciliation."""

from app.payments.models import accounts, invoicing, ledger, reconciling

__all__ = ["accounts", "invoicing", "ledger", "reconciling"]
