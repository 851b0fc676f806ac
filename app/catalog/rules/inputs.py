"""Descriptions of the catalogue as somebody wants it to be, and which of them are refused."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.catalog.errors import CategoryLoop
from app.kernel.errors import Invalid

LONGEST_CODE = 100
LONGEST_SLUG = 255
LONGEST_NAME = 255
LONGEST_DESCRIPTION = 20_000
LONGEST_URL = 2_000
DEEPEST_CATEGORY = 10
MOST_ATTRIBUTES = 100
MOST_COLLECTIONS = 100
MOST_MEDIA = 100
MOST_OPTIONS = 10
MOST_VARIANTS = 250
_GTIN = re.compile(r"[0-9]{8}|[0-9]{12,14}")


@dataclass(frozen=True, slots=True)
class CategoryInput:
    """A category as somebody wants it to be; `slug` says which. Without a position it stays, or comes last."""

    slug: str
    name: str
    parent_slug: str | None = None
    position: int | None = None


@dataclass(frozen=True, slots=True)
class CategoryStep:
    """One step of a path through the tree. A category that is there stays as it is; one that is not is made."""

    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class CollectionInput:
    """A collection that a product belongs to."""

    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class AttributeInput:
    """An attribute (`code`, `name`) with one value of it (`value_code`, `value`)."""

    code: str
    name: str
    value_code: str
    value: str


@dataclass(frozen=True, slots=True)
class MediaInput:
    """A picture: where it is, and what it shows, for those who do not see it."""

    url: str
    alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantInput:
    """A variant as somebody wants it to be; `sku` says which. What is left at None stays, "" clears a GTIN.

    Each unit that is sold of a `gift_card` becomes one, worth what it cost. A bundle is none itself; its parts may be.
    """

    sku: str
    name: str
    gtin: str | None = None
    options: tuple[AttributeInput, ...] | None = None
    gift_card: bool | None = None
    archived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductInput:
    """A product as somebody wants it to be; `slug` says which. What is left at None stays, "" clears the description.

    `category` is the path from the root. `variants` are put in their order, before those that are not named here.
    """

    slug: str
    name: str
    description: str | None = None
    category: tuple[CategoryStep, ...] | None = None
    collections: tuple[CollectionInput, ...] | None = None
    attributes: tuple[AttributeInput, ...] | None = None
    media: tuple[MediaInput, ...] | None = None
    variants: tuple[VariantInput, ...] = ()
    created_at: datetime | None = None
    archived: bool = False


def check_products(products: Sequence[ProductInput]) -> None:
    """Refuse descriptions that no product can have.

    Raises: Invalid naming the element and its field.
    """
    slugs: set[str] = set()
    skus: set[str] = set()
    for i, product in enumerate(products):
        at = ("products", str(i))
        _check_text(product.slug, LONGEST_SLUG, (*at, "slug"))
        _check_new(product.slug, slugs, (*at, "slug"))
        _check_text(product.name, LONGEST_NAME, (*at, "name"))
        if len(product.description or "") > LONGEST_DESCRIPTION:
            raise Invalid(f"at most {LONGEST_DESCRIPTION} characters", field=(*at, "description"))
        _check_count(product.category, DEEPEST_CATEGORY, (*at, "category"))
        for n, step in enumerate(product.category or ()):
            _check_text(step.slug, LONGEST_SLUG, (*at, "category", str(n), "slug"))
            _check_text(step.name, LONGEST_NAME, (*at, "category", str(n), "name"))
        _check_count(product.collections, MOST_COLLECTIONS, (*at, "collections"))
        for n, collection in enumerate(product.collections or ()):
            _check_text(collection.slug, LONGEST_SLUG, (*at, "collections", str(n), "slug"))
            _check_text(collection.name, LONGEST_NAME, (*at, "collections", str(n), "name"))
        _check_count(product.attributes, MOST_ATTRIBUTES, (*at, "attributes"))
        _check_attributes(product.attributes or (), (*at, "attributes"), several_values=True)
        _check_count(product.media, MOST_MEDIA, (*at, "media"))
        for n, picture in enumerate(product.media or ()):
            _check_text(picture.url, LONGEST_URL, (*at, "media", str(n), "url"))
        _check_count(product.variants, MOST_VARIANTS, (*at, "variants"))
        for n, variant in enumerate(product.variants):
            _check_variant(variant, skus, (*at, "variants", str(n)))


def check_categories(categories: Sequence[CategoryInput]) -> None:
    """Refuse descriptions that no category can have.

    Raises: Invalid naming the element and its field; CategoryLoop when one would stand below itself.
    """
    slugs: set[str] = set()
    for i, category in enumerate(categories):
        at = ("categories", str(i))
        _check_text(category.slug, LONGEST_SLUG, (*at, "slug"))
        _check_new(category.slug, slugs, (*at, "slug"))
        _check_text(category.name, LONGEST_NAME, (*at, "name"))


def check_tree(parents: dict[str, str | None], categories: Sequence[CategoryInput]) -> None:
    """Refuse categories that would stand below themselves; `parents` is the tree as it would be, by slugs.

    Raises: CategoryLoop naming the element.
    """
    for i, category in enumerate(categories):
        above = {category.slug}
        parent = category.parent_slug
        while parent is not None:
            if parent in above:
                raise CategoryLoop("a category cannot stand below itself", field=("categories", str(i), "parentSlug"))
            above.add(parent)
            parent = parents[parent]


def _check_variant(variant: VariantInput, skus: set[str], at: tuple[str, ...]) -> None:
    _check_text(variant.sku, LONGEST_CODE, (*at, "sku"))
    _check_new(variant.sku, skus, (*at, "sku"))
    _check_text(variant.name, LONGEST_NAME, (*at, "name"))
    if variant.gtin and not _GTIN.fullmatch(variant.gtin):
        raise Invalid("a GTIN has 8, 12, 13 or 14 digits", field=(*at, "gtin"))
    _check_count(variant.options, MOST_OPTIONS, (*at, "options"))
    _check_attributes(variant.options or (), (*at, "options"), several_values=False)


def _check_attributes(attributes: Sequence[AttributeInput], at: tuple[str, ...], *, several_values: bool) -> None:
    seen: set[str] = set()
    for n, attribute in enumerate(attributes):
        for name, value in (
            ("code", attribute.code),
            ("name", attribute.name),
            ("valueCode", attribute.value_code),
            ("value", attribute.value),
        ):
            _check_text(value, LONGEST_NAME, (*at, str(n), name))
        key = f"{attribute.code} {attribute.value_code}" if several_values else attribute.code
        _check_new(key, seen, (*at, str(n), "code"))


def _check_text(text: str, longest: int, field: tuple[str, ...]) -> None:
    if not text.strip() or len(text) > longest:
        raise Invalid(f"from 1 to {longest} characters", field=field)


def _check_new(key: str, seen: set[str], field: tuple[str, ...]) -> None:
    if key in seen:
        raise Invalid(f"{key[:60]!r} stands here twice", field=field)
    seen.add(key)


def _check_count(listed: Sequence[object] | None, most: int, field: tuple[str, ...]) -> None:
    if listed is not None and len(listed) > most:
        raise Invalid(f"at most {most}", field=field)
