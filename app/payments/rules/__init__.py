"""Payments without a database, by noun: the ledger of tenders, what orders owe, what providers tell."""

from app.payments.rules.charging import (
    Charge,
    Charged,
    ChargedKind,
    Refund,
    Units,
    chargeable,
    charged_units,
    due,
    lines_of,
    overcharged,
    uncharged,
    waivers,
)
from app.payments.rules.ledger import (
    AT_ONCE,
    RENEW_BEFORE,
    Payment,
    Step,
    moved,
    order_payment_status,
    renewal_moment,
    spread,
    standing,
)
from app.payments.rules.refunding import undone
from app.payments.rules.told import LONGEST_NAME, misfit

__all__ = [
    "AT_ONCE",
    "LONGEST_NAME",
    "RENEW_BEFORE",
    "Charge",
    "Charged",
    "ChargedKind",
    "Payment",
    "Refund",
    "Step",
    "Units",
    "chargeable",
    "charged_units",
    "due",
    "lines_of",
    "misfit",
    "moved",
    "order_payment_status",
    "overcharged",
    "renewal_moment",
    "spread",
    "standing",
    "uncharged",
    "undone",
    "waivers",
]
