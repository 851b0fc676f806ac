"""Imports of products: what a file sells becomes variants with prices in a channel."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from app.catalog import service as catalog
from app.catalog.queries import writing as categories
from app.catalog.rules import Category
from app.integration import queries
from app.integration.rules.grouping import ProductGroup, chunks, groups, prices, product_input, respelled
from app.integration.rules.outcome import Listener, Terms
from app.integration.rules.products import ProductRow
from app.integration.rules.rows import RowProblem
from app.integration.service.chunks import in_chunks, put_chunk
from app.kernel.db import Begin, UnitOfWork
from app.kernel.permissions import Permission
from app.kernel.puts import Put
from app.kernel.sql import Session
from app.pricing import service as pricing

_ASKED_AT_ONCE = 5_000


async def import_products(
    begin: Begin,
    *,
    rows: Sequence[ProductRow],
    price_list: str,
    terms: Terms,
    listener: Listener,
    ignore_case: bool = False,
) -> None:
    """Bring the variants of a file into the shop with their prices, or change them, each by its SKU.

    The rows are consolidated: each SKU stands there once. What rows do not say stays as it is, and what the file does not
    name is left alone, so that an import repeated, or begun again after it broke off, changes nothing twice.
    Raises: Forbidden; DatabaseUnavailable, after which all chunks that were told of are kept.
    """

    async def survey(uow: UnitOfWork) -> tuple[list[ProductRow], dict[str, str], dict[tuple[str, ...], str]]:
        spelled = respelled(rows, known=await _spellings(uow, rows)) if ignore_case else list(rows)
        return spelled, await _slugs(uow, spelled), _by_path(await categories.list_tree(uow))

    begin.actor.require(Permission.CATALOG_WRITE)
    spelled, slugs, category_slugs = await begin.run(survey)
    found, beyond = groups(spelled, slugs=slugs)
    for problem in beyond:
        listener.refused(problem)
    due = [replace(group, rows=left) for group in found if (left := _from(group, terms.from_row))]

    async def put(uow: UnitOfWork, items: Sequence[ProductGroup]) -> dict[str, Put]:
        put_products = await catalog.put_products(
            uow, products=[product_input(group, category_slugs=category_slugs) for group in items]
        )
        put_prices = await pricing.put_prices(uow, price_list=price_list, prices=prices(items))
        effect_of_product = {row.key: row.effect for row in put_products}
        effect_of_price = {row.key: row.effect for row in put_prices}
        return {
            row.sku: _joined(effect_of_product[group.slug], effect_of_price[row.sku])
            for group in items
            for row in group.rows
        }

    def done(items: Sequence[ProductGroup], effects: Mapping[str, Put]) -> None:
        for group in items:
            for row in group.rows:
                for note in row.notes:
                    listener.noted(note)
                listener.taken(effects[row.sku], row=row.row)

    def refused(group: ProductGroup, reason: str) -> None:
        for row in group.rows:
            listener.refused(RowProblem(row.row, "sku", row.sku, reason))

    for chunk in chunks(due, rows=terms.rows_at_once):
        await put_chunk(begin, chunk, put, dry_run=terms.dry_run, done=done, refused=refused)


def _from(group: ProductGroup, row_number: int) -> tuple[ProductRow, ...]:
    return tuple(row for row in group.rows if row.row >= row_number)


def _joined(product: Put, price: Put) -> Put:
    """Say what became of a variant: new where its price is, changed where anything of it is."""
    if price is Put.INSERTED or product is price:
        return price
    return Put.UPDATED


async def _slugs(session: Session, rows: Iterable[ProductRow]) -> dict[str, str]:
    found: dict[str, str] = {}
    for chunk in in_chunks((row.sku for row in rows), _ASKED_AT_ONCE):
        found |= await queries.list_slugs(session, skus=chunk)
    return found


async def _spellings(session: Session, rows: Iterable[ProductRow]) -> dict[str, str]:
    found: dict[str, str] = {}
    for chunk in in_chunks((row.sku for row in rows), _ASKED_AT_ONCE):
        found |= await queries.list_spellings(session, skus=chunk)
    return found


def _by_path(tree: Sequence[Category]) -> dict[tuple[str, ...], str]:
    """Give the addresses of the categories by the names of their paths, so that a feed's names find them."""
    by_id = {category.id: category for category in tree}
    found = {}
    for category in tree:
        path: list[str] = []
        step: Category | None = category
        while step is not None:
            path.append(step.name.casefold())
            step = by_id[step.parent_id] if step.parent_id is not None else None
        found[tuple(reversed(path))] = category.slug
    return found
