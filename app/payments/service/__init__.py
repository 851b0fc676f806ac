"""Commands on payments: the first authorization, goods charged, steps carried out, money held anew, news, invoices."""

from app.payments.service.authorizing import ask_again, ask_authorization, join_order, record_authorization
from app.payments.service.carrying import UNANSWERED_AFTER, carry_out, carry_out_unanswered, settle
from app.payments.service.charging import (
    charge,
    charge_at_placement,
    give_up,
    refuse_unpaid,
    request_refund,
    settle_cancellation,
)
from app.payments.service.invoicing import forget_buyers, issue_due, issue_for_payment, issue_missed
from app.payments.service.notices import hear
from app.payments.service.receiving import receive, record_by_hand
from app.payments.service.renewing import RETRIED, hold_more, miss, renew, retry

__all__ = [
    "RETRIED",
    "UNANSWERED_AFTER",
    "ask_again",
    "ask_authorization",
    "carry_out",
    "carry_out_unanswered",
    "charge",
    "charge_at_placement",
    "forget_buyers",
    "give_up",
    "hear",
    "hold_more",
    "issue_due",
    "issue_for_payment",
    "issue_missed",
    "join_order",
    "miss",
    "receive",
    "record_authorization",
    "record_by_hand",
    "refuse_unpaid",
    "renew",
    "request_refund",
    "retry",
    "settle",
    "settle_cancellation",
]
