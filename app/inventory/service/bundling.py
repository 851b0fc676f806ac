"""Bundles have no stock of their own: what can be promised of them is what their components make."""

from collections.abc import Collection, Sequence
from uuid import UUID

from app.catalog import queries as catalog_queries
from app.catalog import service as catalog
from app.catalog.rules import BundleInput
from app.inventory.errors import BundleStocked
from app.inventory.queries import bundling as queries
from app.kernel.db import UnitOfWork
from app.kernel.puts import PutRow


async def put_bundles(uow: UnitOfWork, *, bundles: Sequence[BundleInput]) -> list[PutRow]:
    """Say what variants are made of, each by its SKU; answers one row each, in their order, with the variant's id.

    Locks: the catalogue. Raises: Forbidden; Invalid, UnknownVariant and NestedBundle naming the element; BundleStocked
    for a variant that was ever stocked or ordered itself: give the bundle a SKU of its own.
    """
    put = await catalog.put_bundles(uow, bundles=bundles)
    made = {row.id for row, bundle in zip(put, bundles, strict=True) if bundle.components}
    # Whoever opens a level waits for the catalogue's lock, so that none is opened behind our back.
    stocked = await queries.list_stocked(uow, variant_ids=made) if made else set()
    for i, row in enumerate(put):
        if row.id in made & stocked:
            message = f"{row.key[:60]!r} has stock of its own; a bundle needs a SKU that was never stocked"
            raise BundleStocked(message, field=("bundles", str(i), "sku"))
    return put


async def refuse_bundles(uow: UnitOfWork, *, variant_ids: Collection[UUID]) -> None:
    """Keep bundles from being stocked. For whoever opens levels, once the sources of safety stock are locked.

    Raises: BundleStocked.
    """
    if await catalog_queries.list_bundles(uow, variant_ids=variant_ids):
        raise BundleStocked("a bundle has no stock of its own; stock its components")
