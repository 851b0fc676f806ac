"""Payments without a database, by noun: the ledger of tenders."""

from app.payments.rules.ledger import Payment, Step, order_payment_status, spread

__all__ = ["Payment", "Step", "order_payment_status", "spread"]
