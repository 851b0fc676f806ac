"""Tables of payments, by noun: the ledger of tenders, and the accounts of gift cards and store credit."""

from app.payments.models import accounts, ledger

__all__ = ["accounts", "ledger"]
