"""What can be asked of an assortment, and how words that were typed are searched for."""

import re
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

LONGEST_QUERY = 200
MOST_WORDS = 12
MOST_IDS = 100
MOST_ATTRIBUTES = 20
MOST_VALUES = 100
#: Two characters of a code begin too many codes to say anything.
SHORTEST_SKU = 3
_WORD = re.compile(r"[^\W_]+")


class ProductSort(StrEnum):
    """The order of a product list."""

    RELEVANCE = "RELEVANCE"
    """Best match of the query first; without a query, newest first."""
    NAME_ASC = "NAME_ASC"
    """By name, from A."""
    NAME_DESC = "NAME_DESC"
    """By name, from Z."""
    PRICE_ASC = "PRICE_ASC"
    """By the lowest price among a product's variants, cheapest first."""
    PRICE_DESC = "PRICE_DESC"
    """By the lowest price among a product's variants, dearest first."""
    NEWEST = "NEWEST"
    """Newest first."""


@dataclass(frozen=True, slots=True)
class AttributeWanted:
    """An attribute, and the values of it of which one is wanted."""

    code: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody asks of an assortment. A condition left at None is none; amounts are inclusive."""

    words: "Words | None" = None
    category_id: UUID | None = None
    collection_id: UUID | None = None
    ids: tuple[UUID, ...] | None = None
    in_stock: bool | None = None
    price_min_minor: int | None = None
    price_max_minor: int | None = None
    attributes: tuple[AttributeWanted, ...] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """Words that were typed, as text search wants them: `whole` are finished, `begun` may go on; `code` could be a SKU.

    Empty texts stand for none.
    """

    whole: str
    begun: str
    code: str


@dataclass(frozen=True, slots=True)
class FacetRow:
    """How many products have one value of one attribute."""

    code: str
    name: str
    value_code: str
    label: str
    count: int


def words_of(query: str | None) -> Words | None:
    """Read what somebody typed. The last word may be unfinished. None when nothing was typed."""
    typed = (query or "").replace("\0", " ").strip()
    if not typed:
        return None
    found = _WORD.findall(typed)[:MOST_WORDS]
    code = typed if len(typed) >= SHORTEST_SKU else ""
    if not found:
        return Words(whole="", begun="", code=code)
    return Words(whole=" & ".join(found[:-1]), begun=f"{found[-1]}:*", code=code)
