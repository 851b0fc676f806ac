"""What a shopper sends to buy."""

from decimal import Decimal

import strawberry


@strawberry.input
class PaymentInput:
    """One tender. Leave `amount` out on the last one to pay what remains."""

    gateway: str
    """The payment service, such as `test` or `stripe`; or other money, where the channel takes it: `gift_card`, `store_credit`,
    `pay_in_store`, `invoice`, and at a till `cash` and `card_present`."""
    token: str | None = None
    """The gateway's own token for the card or wallet, the code of a gift card, or what a terminal calls its receipt. Never a
    card number."""
    amount: Decimal | None = None
    """What this tender pays. Gift cards and store credit pay as much as they have when it is left out."""


@strawberry.input
class CheckoutStartInput:
    """A cart whose shopper goes to pay."""

    cart_id: strawberry.ID
    """The cart."""
    idempotency_key: str
    """The client's name for this call; to hold the units longer, call again with another one."""
    token: str | None = None
    """For guests: the token that cartCreate returned."""
    version: int | None = None
    """The version that the client saw; VERSION_CONFLICT if it is no longer true."""
    partially: bool | None = None
    """Whether to hold what there is when there is not enough; left out, as the channel does."""


@strawberry.input
class CheckoutCompleteInput:
    """A cart to be bought, and how it is paid."""

    cart_id: strawberry.ID
    """The cart."""
    payments: list[PaymentInput]
    """
    At most five tenders. Gift cards are charged first, then store credit, then the others as they stand; empty where
    nothing is to be paid.
    """
    expected_total: Decimal
    """The total that the shopper saw; PRICE_CHANGED if it is no longer true."""
    idempotency_key: str
    """The client's name for this attempt: the same key and input continue it, whatever happened in between."""
    token: str | None = None
    """For guests: the token that cartCreate returned."""
    version: int | None = None
    """The version that the client saw; VERSION_CONFLICT if it is no longer true."""
    return_url: str | None = None
    """Where a shopper who has to act elsewhere, as in 3-D Secure, is sent back to; https."""
