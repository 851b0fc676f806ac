"""What clients say about the products that they look for."""

from decimal import Decimal
from uuid import UUID

import strawberry

from app.assortment.rules import (
    LONGEST_QUERY,
    MOST_ATTRIBUTES,
    MOST_IDS,
    MOST_VALUES,
    AttributeWanted,
    Wanted,
    words_of,
)
from app.kernel.errors import Invalid
from app.kernel.ids import IdKind, decode
from app.kernel.money import parse_minor


@strawberry.input
class PriceFilter:
    """What a unit may cost, in the channel's currency."""

    min: Decimal | None = None
    """At least this much."""
    max: Decimal | None = None
    """At most this much."""


@strawberry.input
class AttributeFilter:
    """An attribute of products or option of variants, and the values wanted of it."""

    code: str
    """The attribute's code."""
    values: list[str]
    """Value codes; any of them."""


@strawberry.input
class ProductFilter:
    """Conditions that products have to meet, all of them; those about variants are met by one and the same variant."""

    category_id: strawberry.ID | None = None
    """In this category, or anywhere below it."""
    collection_id: strawberry.ID | None = None
    """In this collection."""
    ids: list[strawberry.ID] | None = None
    """One of these products; 100 at most."""
    in_stock: bool | None = None
    """True: can be bought now. False: cannot."""
    price: PriceFilter | None = None
    """Has a variant at such a price."""
    attributes: list[AttributeFilter] | None = None
    """Has a variant with one of the values of each of these."""


def wanted(query: str | None, chosen: ProductFilter | None, *, currency: str) -> Wanted:
    """Read what a client looks for.

    Raises: Invalid naming the argument and its field.
    """
    if query is not None and len(query) > LONGEST_QUERY:
        raise Invalid(f"at most {LONGEST_QUERY} characters", field=("query",))
    words = words_of(query)
    if chosen is None:
        return Wanted(words=words)
    return Wanted(
        words=words,
        category_id=_id(IdKind.CATEGORY, chosen.category_id, "categoryId"),
        collection_id=_id(IdKind.COLLECTION, chosen.collection_id, "collectionId"),
        ids=_ids(chosen.ids),
        in_stock=chosen.in_stock,
        price_min_minor=None if chosen.price is None else _minor(chosen.price.min, currency, "min"),
        price_max_minor=None if chosen.price is None else _minor(chosen.price.max, currency, "max"),
        attributes=_attributes(chosen.attributes or []),
    )


def _id(kind: IdKind, text: strawberry.ID | None, name: str) -> UUID | None:
    return None if text is None else decode(kind, text, field=("filter", name))


def _ids(texts: list[strawberry.ID] | None) -> tuple[UUID, ...] | None:
    if texts is None:
        return None
    if len(texts) > MOST_IDS:
        raise Invalid(f"at most {MOST_IDS}", field=("filter", "ids"))
    return tuple(decode(IdKind.PRODUCT, text, field=("filter", "ids", str(i))) for i, text in enumerate(texts))


def _minor(amount: Decimal | None, currency: str, name: str) -> int | None:
    return None if amount is None else parse_minor(amount, currency, field=("filter", "price", name))


def _attributes(filters: list[AttributeFilter]) -> tuple[AttributeWanted, ...]:
    if len(filters) > MOST_ATTRIBUTES:
        raise Invalid(f"at most {MOST_ATTRIBUTES}", field=("filter", "attributes"))
    for i, attribute in enumerate(filters):
        if not 0 < len(attribute.values) <= MOST_VALUES:
            raise Invalid(f"from 1 to {MOST_VALUES}", field=("filter", "attributes", str(i), "values"))
    return tuple(AttributeWanted(attribute.code, tuple(attribute.values)) for attribute in filters)
