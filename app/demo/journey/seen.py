"""What the journey has read from the shop's answers."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.demo.journey.client import Answer

_SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$"}


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of money."""

    amount: Decimal
    currency: str

    @classmethod
    def of(cls, answer: Answer) -> "Amount":
        """Read a Money."""
        return cls(Decimal(answer["amount"]), answer["currency"])

    def __str__(self) -> str:
        return f"{_SYMBOLS.get(self.currency, self.currency + ' ')}{self.amount}"


@dataclass(frozen=True, slots=True)
class Shelf:
    """Units of a variant that a store could hand over."""

    store_id: str
    code: str
    name: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Goods:
    """A variant, and how many units of it can be had where."""

    id: str
    sku: str
    name: str
    price: Amount
    shippable: int
    shelves: tuple[Shelf, ...]

    @classmethod
    def of(cls, product_name: str, answer: Answer) -> "Goods":
        """Read a ProductVariant that is sold."""
        available = answer["availability"]
        return cls(
            id=answer["id"],
            sku=answer["sku"],
            name=f"{product_name}, {answer['name']}"
            if answer["name"] and answer["name"] != product_name
            else product_name,
            price=Amount.of(answer["price"]),
            shippable=available["shippable"],
            shelves=tuple(
                Shelf(pickup["store"]["id"], pickup["store"]["code"], pickup["store"]["name"], own)
                for pickup in available["pickup"]
                # What would have to be sent there first lies on another shelf.
                if (own := pickup["quantity"] - pickup["fromTransfer"]) > 0
            ),
        )

    def at(self, store_id: str) -> int:
        """Say how many units a store could hand over."""
        return next((shelf.quantity for shelf in self.shelves if shelf.store_id == store_id), 0)


@dataclass(frozen=True, slots=True)
class Basket:
    """What the guest is about to buy: two of one thing by post, one of another at a store."""

    shipped: Goods
    collected: Goods
    store: Shelf


@dataclass(frozen=True, slots=True)
class Cart:
    """A cart that is ready to be paid."""

    id: str
    token: str
    total: Amount


@dataclass(frozen=True, slots=True)
class Order:
    """A placed order, and the token that lets a guest read it."""

    id: str
    number: str
    token: str
    total: Amount


@dataclass(frozen=True, slots=True)
class Work:
    """A fulfillment order: work for one location."""

    id: str
    number: str
    method: str
    location_code: str
    location_name: str
    units: str

    @classmethod
    def of(cls, answer: Answer) -> "Work":
        """Read a FulfillmentOrder."""
        return cls(
            id=answer["id"],
            number=answer["number"],
            method=answer["method"],
            location_code=answer["location"]["code"],
            location_name=answer["location"]["name"],
            units=", ".join(f"{line['quantity']} × {line['productName']}" for line in answer["lines"]),
        )


def when(moment: str) -> str:
    """Write a moment for people."""
    return f"{datetime.fromisoformat(moment):%a %d %b, %H:%M:%S} UTC".replace(":00 UTC", " UTC")
