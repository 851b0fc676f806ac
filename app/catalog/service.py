"""Commands about the catalogue. Each compares what is wanted with what is there, for hundreds at a time, and writes the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from app.catalog import queries
from app.catalog.errors import TooManyVariants, UnknownCategory, UnknownVariant
from app.catalog.events import CategoryMoved, ProductCategorized
from app.catalog.queries import bundles as bundling
from app.catalog.queries import writing
from app.catalog.queries.writing import ProductRow, VariantRow
from app.catalog.rules import (
    MOST_VARIANTS,
    AttributeInput,
    BundleInput,
    Category,
    CategoryInput,
    Collection,
    Component,
    MediaInput,
    ProductInput,
    VariantInput,
    check_bundles,
    check_categories,
    check_nesting,
    check_products,
    check_tree,
)
from app.kernel.db import UnitOfWork
from app.kernel.ids import CategoryId, CollectionId, ProductId, VariantId, new_id
from app.kernel.permissions import Permission
from app.kernel.puts import Put, PutRow, effect_of


async def put_categories(uow: UnitOfWork, *, categories: Sequence[CategoryInput]) -> list[PutRow]:
    """Make, rename, move or reorder categories, each by its slug; answers one row each, in their order.

    A parent may stand anywhere in the same call. Products are found by the new names at once.
    Locks: the catalogue. Emits: CategoryMoved for each that stands below another one than before.
    Raises: Forbidden; Invalid, UnknownCategory and CategoryLoop naming the element.
    """
    uow.actor.require(Permission.CATALOG_WRITE)
    check_categories(categories)
    await writing.lock_catalog(uow)
    tree = {category.slug: category for category in await writing.list_tree(uow)}
    ids = {category.slug: CategoryId(new_id()) for category in categories} | {
        slug: row.id for slug, row in tree.items()
    }
    slug_of = {row.id: slug for slug, row in tree.items()}
    parents = {slug: slug_of[row.parent_id] if row.parent_id else None for slug, row in tree.items()}
    parents |= {category.slug: category.parent_slug for category in categories}
    for i, category in enumerate(categories):
        if category.parent_slug is not None and category.parent_slug not in ids:
            message = f"{category.parent_slug[:60]!r} is not a category of this shop"
            raise UnknownCategory(message, field=("categories", str(i), "parentSlug"))
    check_tree(parents, categories)
    last: dict[CategoryId | None, int] = {}
    for row in tree.values():
        last[row.parent_id] = max(last.get(row.parent_id, -1), row.position)
    wanted = []
    for category in categories:
        parent_id = None if category.parent_slug is None else ids[category.parent_slug]
        known = tree.get(category.slug)
        position = category.position if category.position is not None else known.position if known else None
        if position is None:
            position = last[parent_id] = last.get(parent_id, -1) + 1
        wanted.append(Category(ids[category.slug], category.slug, category.name, parent_id, position))
    effects = [effect_of(known=row.slug in tree, changed=tree.get(row.slug) != row) for row in wanted]
    changed = [row for row, effect in zip(wanted, effects, strict=True) if effect is not Put.UNCHANGED]
    if changed:
        await writing.upsert_categories(uow, categories=changed)
        if below := _below(parents, ids, [row.slug for row in changed if row.slug in tree]):
            await writing.refresh_keywords(uow, category_ids=below)
    for row in changed:
        known = tree.get(row.slug)
        if known is not None and known.parent_id != row.parent_id:
            uow.emit(CategoryMoved(category_id=row.id, parent_id=row.parent_id))
    return [PutRow(row.slug, row.id, effect) for row, effect in zip(wanted, effects, strict=True)]


async def put_products(uow: UnitOfWork, *, products: Sequence[ProductInput]) -> list[PutRow]:
    """Bring products into the shop or change them, each by its slug, with all that belongs to them.

    Categories, collections, attributes and values that are not there yet are made. A variant is known by its SKU, and
    moves when it is named under another product. Variants that are not named stay. Hundreds in one call cost as many
    statements as one. Answers one row each, in their order; putting the same again changes nothing.
    Locks: the catalogue. Emits: ProductCategorized where something that was there stands in another category.
    Raises: Forbidden; Invalid and TooManyVariants naming the element.
    """
    uow.actor.require(Permission.CATALOG_WRITE)
    check_products(products)
    if not products:
        return []
    await writing.lock_catalog(uow)
    categories = await _grow_tree(uow, products)
    places = _Places(categories, _names(categories), await _put_collections(uow, products))
    relabelled = await writing.put_attributes(uow, attributes=_attributes_of(products))
    stored = await _stored(uow, products)
    changes = _Changes(stored=stored, places=places, now=uow.now)
    effects = [changes.compare(i, product) for i, product in enumerate(products)]
    await changes.write(uow)
    touched = [row.id for row in changes.products if row.slug in stored.products]
    if touched or relabelled:
        await writing.refresh_keywords(uow, product_ids=touched, labels=relabelled)
    for row in changes.recategorized():
        uow.emit(ProductCategorized(product_id=row.id, category_id=row.category_id))
    return effects


async def put_bundles(uow: UnitOfWork, *, bundles: Sequence[BundleInput]) -> list[PutRow]:
    """Say what variants are made of, each by its SKU; answers one row each, in their order, with the variant's id.

    A variant that has stock of its own cannot become a bundle, which inventory sees to: call its `put_bundles`.
    Locks: the catalogue. Raises: Forbidden; Invalid, UnknownVariant and NestedBundle naming the element.
    """
    uow.actor.require(Permission.CATALOG_WRITE)
    check_bundles(bundles)
    await writing.lock_catalog(uow)
    ids = await _variant_ids(uow, bundles)
    touching = await bundling.list_touching(uow, variant_ids=set(ids.values()))
    put = {ids[bundle.sku] for bundle in bundles}
    check_nesting(bundles, ids, others=[part for part in touching if part.bundle_id not in put])
    there: dict[UUID, set[Component]] = {}
    for part in touching:
        there.setdefault(part.bundle_id, set()).add(part)
    effects = []
    changed: dict[UUID, list[Component]] = {}
    for bundle in bundles:
        bundle_id = ids[bundle.sku]
        parts = [Component(bundle_id, ids[part.sku], part.quantity) for part in bundle.components]
        known = there.get(bundle_id, set())
        effects.append(effect_of(known=bool(known) or not parts, changed=set(parts) != known))
        if set(parts) != known:
            changed[bundle_id] = parts
    if changed:
        components = [part for parts in changed.values() for part in parts]
        await bundling.replace_components(uow, bundle_ids=list(changed), components=components)
    return [PutRow(bundle.sku, ids[bundle.sku], effect) for bundle, effect in zip(bundles, effects, strict=True)]


async def _variant_ids(uow: UnitOfWork, bundles: Sequence[BundleInput]) -> dict[str, UUID]:
    named = {("bundles", str(i), "sku"): bundle.sku for i, bundle in enumerate(bundles)} | {
        ("bundles", str(i), "components", str(n), "sku"): part.sku
        for i, bundle in enumerate(bundles)
        for n, part in enumerate(bundle.components)
    }
    known = await queries.list_variants_by_sku(uow, skus=set(named.values()))
    for field, sku in named.items():
        if sku not in known:
            raise UnknownVariant(f"{sku[:60]!r} is not a variant of this shop", field=field)
    return {sku: variant.id for sku, variant in known.items()}


@dataclass(frozen=True, slots=True)
class _Stored:
    """What is stored of the products that are put, before they are."""

    products: Mapping[str, ProductRow]
    variants: Mapping[str, VariantRow]
    variants_of: Mapping[ProductId, Sequence[VariantRow]]
    media: Mapping[UUID, Sequence[MediaInput]]
    attributes: Mapping[UUID, Sequence[tuple[str, str]]]
    options: Mapping[UUID, Sequence[tuple[str, str]]]
    memberships: Mapping[UUID, set[UUID]]


@dataclass(frozen=True, slots=True)
class _Places:
    """Where products can be put: categories by slug, with the names from the root on, and collections by slug."""

    categories: Mapping[str, Category]
    names: Mapping[CategoryId, str]
    collections: Mapping[str, CollectionId]


class _Changes:
    """What has to be written so that the shop is as it is wanted."""

    def __init__(self, *, stored: _Stored, places: _Places, now: datetime) -> None:
        self._stored = stored
        self._places = places
        self._now = now
        self.products: list[ProductRow] = []
        self.variants: list[VariantRow] = []
        self.media: dict[UUID, Sequence[MediaInput]] = {}
        self.attributes: dict[UUID, list[tuple[str, str]]] = {}
        self.options: dict[UUID, list[tuple[str, str]]] = {}
        self.memberships: dict[UUID, set[UUID]] = {}

    def compare(self, i: int, product: ProductInput) -> PutRow:
        stored = self._stored
        known = stored.products.get(product.slug)
        row = _wanted_product(product, known, self._places, self._now)
        parts_changed = self._compare_variants(i, product, row.id)
        if product.media is not None and list(product.media) != list(stored.media.get(row.id, ())):
            self.media[row.id] = product.media
            parts_changed = True
        if product.attributes is not None:
            pairs = [(attribute.code, attribute.value_code) for attribute in product.attributes]
            if pairs != list(stored.attributes.get(row.id, ())):
                self.attributes[row.id] = pairs
                parts_changed = True
        if product.collections is not None:
            members: set[UUID] = {self._places.collections[collection.slug] for collection in product.collections}
            if members != stored.memberships.get(row.id, set()):
                self.memberships[row.id] = members
                parts_changed = True
        effect = effect_of(known=known is not None, changed=row != known or parts_changed)
        if effect is not Put.UNCHANGED:
            self.products.append(replace(row, updated_at=self._now))
        return PutRow(row.slug, row.id, effect)

    def _compare_variants(self, i: int, product: ProductInput, product_id: ProductId) -> bool:
        stored = self._stored
        changed = False
        named = {variant.sku for variant in product.variants}
        others = [row for row in stored.variants_of.get(product_id, ()) if row.sku not in named]
        positions = _positions(product, stored.variants_of.get(product_id, ()))
        if positions and max(positions.values()) >= MOST_VARIANTS:
            message = f"a product has at most {MOST_VARIANTS} variants"
            raise TooManyVariants(message, field=("products", str(i), "variants"))
        for variant in product.variants:
            known = stored.variants.get(variant.sku)
            row = _wanted_variant(variant, known, product_id, positions[variant.sku], self._now)
            if row != known:
                self.variants.append(row)
                changed = True
            if variant.options is not None:
                pairs = [(option.code, option.value_code) for option in variant.options]
                if pairs != list(stored.options.get(row.id, ())):
                    self.options[row.id] = pairs
                    changed = True
        for other in others:
            if other.position != positions[other.sku]:
                self.variants.append(replace(other, position=positions[other.sku]))
                changed = True
        return changed

    def recategorized(self) -> list[ProductRow]:
        """List the products that came to another category, or took over variants, which may have."""
        stored = self._stored
        takers = {
            row.product_id for row in self.variants if row.sku in stored.variants
            and stored.variants[row.sku].product_id != row.product_id
        }  # fmt: skip
        return [
            row
            for row in self.products
            if row.id in takers
            or (row.slug in stored.products and stored.products[row.slug].category_id != row.category_id)
        ]

    async def write(self, uow: UnitOfWork) -> None:
        if self.products:
            await writing.upsert_products(uow, products=self.products)
        if self.variants:
            await writing.upsert_variants(uow, variants=self.variants)
        if self.media:
            await writing.replace_media(uow, media=self.media)
        if self.attributes:
            await writing.replace_attributes(uow, attributes=self.attributes)
        if self.options:
            await writing.replace_options(uow, options=self.options)
        if self.memberships:
            await writing.replace_memberships(uow, memberships=self.memberships)


async def _stored(uow: UnitOfWork, products: Sequence[ProductInput]) -> _Stored:
    """Read what is there of these products, in as many statements for hundreds as for one."""
    known = await writing.list_products_by_slug(uow, slugs=[product.slug for product in products])
    product_ids = [row.id for row in known.values()]
    put_under = {variant.sku: product.slug for product in products for variant in product.variants}
    variants = await writing.list_variants_to_compare(uow, skus=list(put_under), product_ids=product_ids)
    slug_of = {row.id: row.slug for row in known.values()}
    variants_of: dict[ProductId, list[VariantRow]] = {}
    for row in sorted(variants, key=lambda row: row.position):
        # One that moves to another product does not count for the one that it leaves.
        if put_under.get(row.sku, slug_of.get(row.product_id)) == slug_of.get(row.product_id):
            variants_of.setdefault(row.product_id, []).append(row)
    return _Stored(
        products=known,
        variants={row.sku: row for row in variants},
        variants_of=variants_of,
        media=await writing.list_media_parts(uow, product_ids=product_ids),
        attributes=await writing.list_attribute_parts(uow, product_ids=product_ids),
        options=await writing.list_option_parts(uow, variant_ids=[row.id for row in variants]),
        memberships=await writing.list_memberships(uow, product_ids=product_ids),
    )


async def _grow_tree(uow: UnitOfWork, products: Sequence[ProductInput]) -> dict[str, Category]:
    """Make the categories that products name and nobody has made; answers the whole tree by slugs."""
    tree = {category.slug: category for category in await writing.list_tree(uow)}
    last: dict[CategoryId | None, int] = {}
    for row in tree.values():
        last[row.parent_id] = max(last.get(row.parent_id, -1), row.position)
    made: list[Category] = []
    for product in products:
        parent_id: CategoryId | None = None
        for step in product.category or ():
            if step.slug not in tree:
                last[parent_id] = last.get(parent_id, -1) + 1
                tree[step.slug] = Category(CategoryId(new_id()), step.slug, step.name, parent_id, last[parent_id])
                made.append(tree[step.slug])
            parent_id = tree[step.slug].id
    if made:
        await writing.upsert_categories(uow, categories=made)
    return tree


async def _put_collections(uow: UnitOfWork, products: Sequence[ProductInput]) -> dict[str, CollectionId]:
    names = {
        collection.slug: collection.name
        for product in reversed(products)
        for collection in reversed(product.collections or ())
    }
    if not names:
        return {}
    known = {row.slug: row for row in await writing.list_collections_by_slug(uow, slugs=list(names))}
    ids = {slug: known[slug].id if slug in known else CollectionId(new_id()) for slug in names}
    wanted = [Collection(ids[slug], slug, name) for slug, name in names.items()]
    if changed := [row for row in wanted if known.get(row.slug) != row]:
        await writing.upsert_collections(uow, collections=changed)
    return ids


def _attributes_of(products: Sequence[ProductInput]) -> list[AttributeInput]:
    return [
        attribute
        for product in products
        for owned in (product.attributes, *(variant.options for variant in product.variants))
        for attribute in owned or ()
    ]


def _wanted_product(product: ProductInput, known: ProductRow | None, places: _Places, now: datetime) -> ProductRow:
    if product.category is None:
        category_id = known.category_id if known else None
    else:
        category_id = places.categories[product.category[-1].slug].id if product.category else None
    description = known.description if known and product.description is None else product.description
    archived_at = (known.archived_at if known else None) or now
    return ProductRow(
        id=known.id if known else ProductId(new_id()),
        slug=product.slug,
        name=product.name,
        description=description or None,
        keywords=known.keywords if known else _keywords(product, category_id, places),
        category_id=category_id,
        created_at=product.created_at or (known.created_at if known else now),
        updated_at=known.updated_at if known else now,
        archived_at=archived_at if product.archived else None,
    )


def _wanted_variant(
    variant: VariantInput, known: VariantRow | None, product_id: ProductId, position: int, now: datetime
) -> VariantRow:
    gtin = known.gtin if known and variant.gtin is None else variant.gtin
    archived_at = (known.archived_at if known else None) or now
    return VariantRow(
        id=known.id if known else VariantId(new_id()),
        product_id=product_id,
        sku=variant.sku,
        gtin=gtin or None,
        name=variant.name,
        position=position,
        gift_card=(known is not None and known.gift_card) if variant.gift_card is None else variant.gift_card,
        archived_at=archived_at if variant.archived else None,
    )


def _positions(product: ProductInput, stored: Sequence[VariantRow]) -> dict[str, int]:
    """Order a product's variants by their SKUs.

    Who names all of them says their order. Who names some, as an import does whose chunk ends within a product, leaves
    those that are there where they are and adds the others, so that the same import repeated changes nothing.
    """
    named = [variant.sku for variant in product.variants]
    there = [row.sku for row in stored]
    order = named if set(there) <= set(named) else there + [sku for sku in named if sku not in set(there)]
    return {sku: position for position, sku in enumerate(order)}


def _keywords(product: ProductInput, category_id: CategoryId | None, places: _Places) -> str:
    """Gather what a new product is found by besides its name: its categories' names and its values' labels."""
    labels = {attribute.value for attribute in _attributes_of([product])}
    names = [] if category_id is None else [places.names[category_id]]
    return " ".join([*names, *sorted(labels)])


def _names(categories: Mapping[str, Category]) -> dict[CategoryId, str]:
    """Write the names from the root down to each category."""
    by_id = {category.id: category for category in categories.values()}
    names: dict[CategoryId, str] = {}
    for category in categories.values():
        path: list[str] = []
        step: Category | None = category
        while step is not None:
            path.append(step.name)
            step = None if step.parent_id is None else by_id[step.parent_id]
        names[category.id] = " ".join(reversed(path))
    return names


def _below(parents: dict[str, str | None], ids: dict[str, CategoryId], slugs: Sequence[str]) -> list[CategoryId]:
    """List these categories and all below them."""
    reached = set(slugs)
    while True:
        more = {slug for slug, parent in parents.items() if parent in reached} - reached
        if not more:
            return [ids[slug] for slug in reached]
        reached |= more
