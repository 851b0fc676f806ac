"""Tables of payments, by noun: the ledger of tenders, the accounts of gift cards and store credit, and documents."""

from app.payments.models import accounts, invoicing, ledger

__all__ = ["accounts", "invoicing", "ledger"]
