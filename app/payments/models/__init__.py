"""Tables of payments, by noun: the ledger of tenders, and its reconciliation with settlement reports."""

from app.payments.models import ledger, reconciling

__all__ = ["ledger", "reconciling"]
