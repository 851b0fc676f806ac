"""When a channel holds stock for its shoppers, and how it takes their money and gives it back."""

from enum import StrEnum


class ReserveAt(StrEnum):
    """The moment at which units are first held for a shopper."""

    CART = "CART"
    """When they are put into the cart."""
    CHECKOUT = "CHECKOUT"
    """When the shopper goes to pay."""
    NEVER = "NEVER"
    """Not before the order is placed: whoever pays first gets them."""


class CaptureAt(StrEnum):
    """The moment at which the money for goods is taken."""

    PLACEMENT = "PLACEMENT"
    """When the order is placed, for all of it."""
    SHIPMENT = "SHIPMENT"
    """When goods leave the building, for what leaves."""
    HAND_OVER = "HAND_OVER"
    """When goods reach their customer: handed over in a store, or delivered by the carrier."""


class CaptureDelivery(StrEnum):
    """Which goods of a delivery bring its price along when their money is taken."""

    FIRST = "FIRST"
    """The first that are charged."""
    LAST = "LAST"
    """The last that are charged."""


class RefundSequence(StrEnum):
    """The order in which the tenders of an order are given their money back."""

    AS_CHARGED = "AS_CHARGED"
    """As they were charged: gift cards first, then store credit, then the others."""
    CREDIT_LAST = "CREDIT_LAST"
    """What people paid with money of their own first, as it was charged; then gift cards, then store credit."""


class TenderKind(StrEnum):
    """What kind of money pays."""

    CARD = "CARD"
    """A card or wallet of a payment service."""
    GIFT_CARD = "GIFT_CARD"
    """A gift card of this shop, by its code."""
    STORE_CREDIT = "STORE_CREDIT"
    """What the shop owes its customer."""
    CASH = "CASH"
    """Coins and notes at a till."""
    CARD_PRESENT = "CARD_PRESENT"
    """A card at a till's own terminal."""
    PAY_IN_STORE = "PAY_IN_STORE"
    """A promise to pay when the goods are collected."""
    INVOICE = "INVOICE"
    """On the customer's account, billed as goods are charged."""
