"""From rows of products to products: which rows are variants of one, and under which address it is found."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from app.catalog.rules import MOST_VARIANTS, AttributeInput, CategoryStep, MediaInput, ProductInput, VariantInput
from app.integration.rules.names import slug_of, slug_of_path
from app.integration.rules.products import LONGEST_NAME, ProductRow
from app.integration.rules.rows import RowProblem, shown
from app.pricing.rules import PriceInput


@dataclass(frozen=True, slots=True)
class ProductGroup:
    """Rows that are the variants of one product, in the order of the file."""

    slug: str
    rows: tuple[ProductRow, ...]


def groups(rows: Iterable[ProductRow], *, slugs: Mapping[str, str]) -> tuple[list[ProductGroup], list[RowProblem]]:
    """Gather the variants of each product, and name those that are beyond what a product can have.

    `slugs` are the addresses of products that the shop has already, by the SKU of any of their variants. Others get one
    made of their name and the code that their rows share, so that the same file always leads to the same products.
    """
    by_product: defaultdict[str, list[ProductRow]] = defaultdict(list)
    for row in rows:
        by_product[row.product].append(row)
    taken = set(slugs.values())
    found: dict[str, ProductGroup] = {}
    beyond: list[RowProblem] = []
    for key, same in by_product.items():
        slug = next((slugs[row.sku] for row in same if row.sku in slugs), None)
        if slug is None:
            slug = _free(f"{slug_of(same[0].name)}-{slug_of(key)}", taken)
            taken.add(slug)
        gathered = (*found[slug].rows, *same) if slug in found else tuple(same)
        reason = f"a product has at most {MOST_VARIANTS} variants"
        beyond.extend(RowProblem(row.row, "product", shown(row.product), reason) for row in gathered[MOST_VARIANTS:])
        found[slug] = ProductGroup(slug, gathered[:MOST_VARIANTS])
    return list(found.values()), beyond


def chunks(found: Sequence[ProductGroup], *, rows: int) -> Iterator[list[ProductGroup]]:
    """Cut products into chunks of about so many rows, each product whole."""
    chunk: list[ProductGroup] = []
    size = 0
    for group in found:
        if chunk and size + len(group.rows) > rows:
            yield chunk
            chunk, size = [], 0
        chunk.append(group)
        size += len(group.rows)
    if chunk:
        yield chunk


def product_input(group: ProductGroup, *, category_slugs: Mapping[tuple[str, ...], str]) -> ProductInput:
    """Describe a product as the catalogue takes it. What the rows do not say stays as it is.

    `category_slugs` are the addresses of the categories that there are, by the names of their paths in small letters.
    """
    first = group.rows[0]
    image = next((row.image for row in group.rows if row.image), None)
    category = next((row.category for row in group.rows if row.category), None)
    return ProductInput(
        slug=group.slug,
        name=first.name,
        description=next((row.description for row in group.rows if row.description), None),
        category=None if category is None else category_steps(category, category_slugs),
        media=None if image is None else (MediaInput(image, first.name),),
        variants=tuple(map(_variant, group.rows)),
    )


def prices(found: Iterable[ProductGroup]) -> list[PriceInput]:
    """Say what each variant of these products costs."""
    return [PriceInput(row.sku, row.price_minor, row.list_price_minor) for group in found for row in group.rows]


def category_steps(path: Sequence[str], slugs: Mapping[tuple[str, ...], str]) -> tuple[CategoryStep, ...]:
    """Give each category of a path its address: the one it has, else one made of the names down to it."""
    names: tuple[str, ...] = ()
    steps = []
    for name in path:
        names = (*names, name.casefold())
        steps.append(CategoryStep(slugs.get(names) or slug_of_path(names), name))
    return tuple(steps)


def respelled(rows: Iterable[ProductRow], *, known: Mapping[str, str]) -> list[ProductRow]:
    """Spell SKUs as the shop does: `known` are its spellings by SKUs in capitals."""
    return [
        replace(row, sku=spelled, product=spelled if row.product == row.sku else row.product)
        if (spelled := known.get(row.sku.upper(), row.sku)) != row.sku
        else row
        for row in rows
    ]


def _variant(row: ProductRow) -> VariantInput:
    options = tuple(AttributeInput(slug_of(name), name, slug_of(value), value) for name, value in row.options)
    chosen = " / ".join(value for _, value in row.options)
    return VariantInput(
        sku=row.sku,
        name=chosen[:LONGEST_NAME] or row.name,
        gtin=row.gtin,
        options=options or None,
        gift_card=row.gift_card,
    )


def _free(slug: str, taken: set[str]) -> str:
    """Tell apart what differs only in case or marks."""
    found, number = slug, 1
    while found in taken:
        number += 1
        found = f"{slug}-{number}"
    return found
