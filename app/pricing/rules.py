"""What a price is, and which descriptions of one are refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.kernel.errors import Invalid
from app.kernel.ids import VariantId
from app.kernel.money import LARGEST_MINOR, currencies

LONGEST_CODE = 64
LONGEST_NAME = 200
MOST_LISTS = 100


@dataclass(frozen=True, slots=True)
class Price:
    """What one unit costs in a channel, and what it cost before the price list's reduction; promotions not applied."""

    variant_id: VariantId
    amount_minor: int
    list_amount_minor: int | None


@dataclass(frozen=True, slots=True)
class PriceList:
    """Prices of variants in one currency."""

    id: UUID
    code: str
    name: str
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceListInput:
    """A price list as somebody wants it to be; `code` says which. `channels` left at None stay as they are.

    A channel asks its lists one after the other; the first that has a price wins. A list that is new to a channel is
    asked last, or first where `asked_first`, as a sale is; one that the channel has keeps its turn.
    """

    code: str
    name: str
    currency: str
    channels: tuple[str, ...] | None = None
    asked_first: bool = False


@dataclass(frozen=True, slots=True)
class PriceInput:
    """What one unit of a variant shall cost. An amount of None takes the price out of the list."""

    sku: str
    amount_minor: int | None
    list_amount_minor: int | None = None


def check_price_lists(price_lists: Sequence[PriceListInput]) -> None:
    """Refuse descriptions that no price list can have.

    Raises: Invalid naming the element and its field.
    """
    codes: set[str] = set()
    for i, price_list in enumerate(price_lists):
        at = ("priceLists", str(i))
        if not price_list.code.strip() or len(price_list.code) > LONGEST_CODE:
            raise Invalid(f"a code has 1 to {LONGEST_CODE} characters", field=(*at, "code"))
        if price_list.code in codes:
            raise Invalid(f"{price_list.code!r} stands here twice", field=(*at, "code"))
        codes.add(price_list.code)
        if not price_list.name.strip() or len(price_list.name) > LONGEST_NAME:
            raise Invalid(f"a name has 1 to {LONGEST_NAME} characters", field=(*at, "name"))
        if price_list.currency not in currencies():
            raise Invalid("not a currency code of ISO 4217", field=(*at, "currency"))


def check_prices(prices: Sequence[PriceInput]) -> None:
    """Refuse amounts that no price can have.

    Raises: Invalid naming the element and its field.
    """
    skus: set[str] = set()
    for i, price in enumerate(prices):
        at = ("prices", str(i))
        if price.sku in skus:
            raise Invalid(f"{price.sku[:60]!r} stands here twice", field=(*at, "sku"))
        skus.add(price.sku)
        if price.amount_minor is not None and not 0 <= price.amount_minor < LARGEST_MINOR:
            raise Invalid("the amount is out of range", field=(*at, "amount"))
        if price.list_amount_minor is not None and not (
            price.amount_minor is not None and price.amount_minor < price.list_amount_minor < LARGEST_MINOR
        ):
            raise Invalid("a list price is above the price", field=(*at, "listAmount"))
