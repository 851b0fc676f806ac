"""What is named has to be there: variants that can have stock."""

from collections.abc import Sequence
from uuid import UUID

from app.catalog import queries as catalog
from app.inventory.errors import BundleStocked
from app.inventory.rules.lines import first_of
from app.kernel.db import UnitOfWork
from app.kernel.errors import NotFound


async def refuse_variants(uow: UnitOfWork, *, variant_ids: Sequence[UUID]) -> None:
    """Refuse lines of variants that the shop does not know, or that never have stock of their own.

    Archived variants may still be moved: they have to leave some day. Raises: NotFound and BundleStocked naming the line.
    """
    missing = set(variant_ids) - {found.id for found in await catalog.list_variants(uow, variant_ids=variant_ids)}
    if missing:
        raise NotFound("there is no such variant", field=first_of(variant_ids, missing))
    bundles = await catalog.list_bundles(uow, variant_ids=variant_ids)
    if bundles:
        message = "a bundle has no stock of its own; name what it is made of"
        raise BundleStocked(message, field=first_of(variant_ids, bundles))
