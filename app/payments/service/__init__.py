"""Commands on payments, by noun: the ledger of tenders."""

from app.payments.service.ledger import (
    UNANSWERED_AFTER,
    ask_again,
    ask_authorization,
    capture_fulfilled,
    carry_out,
    carry_out_unanswered,
    join_order,
    record_authorization,
    release,
    release_surplus,
    request_refund,
)

__all__ = [
    "UNANSWERED_AFTER",
    "ask_again",
    "ask_authorization",
    "capture_fulfilled",
    "carry_out",
    "carry_out_unanswered",
    "join_order",
    "record_authorization",
    "release",
    "release_surplus",
    "request_refund",
]
