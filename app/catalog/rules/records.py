"""The records of the catalogue."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.kernel.ids import CategoryId, CollectionId, ProductId, VariantId


@dataclass(frozen=True, slots=True)
class Category:
    """A place in the tree; `position` orders siblings."""

    id: CategoryId
    slug: str
    name: str
    parent_id: CategoryId | None
    position: int


@dataclass(frozen=True, slots=True)
class Collection:
    """A set of products made by hand or rule."""

    id: CollectionId
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Product:
    """What is described and found."""

    id: ProductId
    slug: str
    name: str
    description: str | None
    category_id: CategoryId | None
    created_at: datetime
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class Variant:
    """What is bought, priced and stocked. `archived` when it or its product is."""

    id: VariantId
    product_id: ProductId
    sku: str
    gtin: str | None
    name: str
    position: int
    product_name: str
    archived: bool
    #: Whether each unit that is sold becomes a gift card.
    gift_card: bool = False


@dataclass(frozen=True, slots=True)
class Goods:
    """A variant as an order keeps it: what it is called, and its options as {code, name, value, valueCode}."""

    id: VariantId
    sku: str
    product_name: str
    archived: bool
    options: list[dict[str, str]]
    bundle: bool


@dataclass(frozen=True, slots=True)
class Media:
    """A picture of a product."""

    product_id: ProductId
    url: str
    alt: str


@dataclass(frozen=True, slots=True)
class OptionRow:
    """One attribute of a product, or one option of a variant, with its value; `owner_id` says whose."""

    owner_id: UUID
    code: str
    name: str
    value_code: str
    value: str
