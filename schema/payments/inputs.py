"""What gift cards are asked about, and what gift cards and store credit are given and put right with."""

from datetime import datetime
from decimal import Decimal

import strawberry

from app.payments.states import CreditStatus
from schema.core.scalars import CurrencyCode

strawberry.enum(CreditStatus)


@strawberry.input
class GiftCardFilter:
    """Which gift cards to list; what is left out lets everything through."""

    status: list[CreditStatus] | None = None
    """Any of these."""
    customer_id: strawberry.ID | None = None
    """Those that were given to this customer."""
    last_characters: str | None = None
    """Those whose codes end like this: four characters."""
    code: str | None = None
    """The one with this code."""


@strawberry.input
class GiftCardCheckInput:
    """A code whose card is asked about."""

    code: str
    """The code, in any case, with or without hyphens and spaces."""
    currency: CurrencyCode | None = None
    """What is to be paid in: a card of another currency is refused with PAYMENT_MISMATCH. Any, when left out."""


@strawberry.input
class GiftCardIssueInput:
    """A gift card to be given, paid for by the shop."""

    amount: Decimal
    """What it is worth."""
    currency: CurrencyCode
    """What it is worth it in; never changes."""
    reason: str
    """Why, for colleagues and for the ledger, up to 500 characters; of money, never of people."""
    idempotency_key: str
    """The client's own name for this attempt: repeated with it, there is one card."""
    expires_at: datetime | None = None
    """From when on it pays for nothing; never, when left out."""
    customer_id: strawberry.ID | None = None
    """Whom it is for. Whoever has the code can pay with it all the same."""


@strawberry.input
class GiftCardAdjustInput:
    """A gift card whose balance is to be put right."""

    gift_card_id: strawberry.ID
    """The card."""
    amount: Decimal
    """By how much, in its currency; below zero takes away, never what is held."""
    reason: str
    """Why, for colleagues and for the ledger, up to 500 characters; of money, never of people."""
    idempotency_key: str
    """The client's own name for this attempt: repeated with it, the balance changes once."""


@strawberry.input
class GiftCardDisableInput:
    """A gift card that is to pay for nothing any more."""

    gift_card_id: strawberry.ID
    """The card."""
    idempotency_key: str
    """The client's own name for this attempt."""


@strawberry.input
class GiftCardEnableInput:
    """A gift card that is to pay again."""

    gift_card_id: strawberry.ID
    """The card."""
    idempotency_key: str
    """The client's own name for this attempt."""


@strawberry.input
class StoreCreditIssueInput:
    """Store credit to be given to a customer."""

    customer_id: strawberry.ID
    """The customer."""
    amount: Decimal
    """How much."""
    currency: CurrencyCode
    """Of what. A customer has one store credit for each currency: what is given adds to it."""
    reason: str
    """Why, for colleagues and for the ledger, up to 500 characters; of money, never of people."""
    idempotency_key: str
    """The client's own name for this attempt: repeated with it, it is given once."""


@strawberry.input
class StoreCreditAdjustInput:
    """Store credit whose balance is to be put right."""

    store_credit_id: strawberry.ID
    """The store credit."""
    amount: Decimal
    """By how much, in its currency; below zero takes away, never what is held."""
    reason: str
    """Why, for colleagues and for the ledger, up to 500 characters; of money, never of people."""
    idempotency_key: str
    """The client's own name for this attempt: repeated with it, the balance changes once."""
