"""Tables of payments, by noun: the ledger of tenders."""

from app.payments.models import ledger

__all__ = ["ledger"]
