"""Counts of the test shop: begun, counted, handed in and posted, each step in a unit of its own."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.inventory import queries
from app.inventory import service as inventory
from app.inventory.rules import Count, Counted, CountLine
from app.inventory.states import Bucket
from app.kernel.ids import CountId
from app.servicing import service as servicing
from app.servicing.service import PostedCount
from tests.builders.shop import LOCATIONS, VARIANTS, Shop


class Counting:
    """One count of a shop, done by somebody."""

    def __init__(self, shop: Shop, count_id: CountId, by: str) -> None:
        self.shop = shop
        self.id = count_id
        self.by = by

    async def count(self) -> Count:
        """Read it."""
        async with self.shop.database.read() as session:
            (found,) = await queries.list_counts(session, count_ids=[self.id])
        return found

    async def lines(self) -> dict[str, CountLine]:
        """Read its lines by SKU."""
        skus: Mapping[UUID, str] = {variant: sku for sku, variant in VARIANTS.items()}
        async with self.shop.database.read() as session:
            found = await queries.list_count_lines(session, count_ids=[self.id])
        return {skus[line.variant_id]: line for line in found}

    async def record(self, found: Mapping[str, int], *, by: str | None = None) -> Count:
        """Say how many units were found."""
        lines = await self.lines()
        counted = [Counted(lines[sku].id, units) for sku, units in found.items()]
        return await self.shop.begin(by or self.by).run(
            lambda uow: inventory.record_count(uow, count_id=self.id, counted=counted)
        )

    async def submit(self, *, by: str | None = None) -> Count:
        """Hand it in."""
        return await self.shop.begin(by or self.by).run(lambda uow: inventory.submit_count(uow, count_id=self.id))

    async def recount(self, *skus: str, by: str | None = None) -> Count:
        """Have lines counted again; all that differ when none is named."""
        lines = await self.lines()
        chosen = [lines[sku].id for sku in skus] or None
        return await self.shop.begin(by or self.by).run(
            lambda uow: inventory.recount(uow, count_id=self.id, line_ids=chosen)
        )

    async def reject(self, *, by: str | None = None) -> Count:
        """End it without effect."""
        return await self.shop.begin(by or self.by).run(lambda uow: inventory.reject_count(uow, count_id=self.id))

    async def post(self, *, by: str | None = None) -> PostedCount:
        """Let the stock follow."""
        return await self.shop.begin(by or self.by).run(lambda uow: servicing.post_count(uow, count_id=self.id))

    async def found(self, found: Mapping[str, int]) -> "Counting":
        """Count it and hand it in."""
        await self.record(found)
        await self.submit()
        return self


async def begin_count(shop: Shop, *skus: str, at: str = "warehouse", by: str = "operator", **more: Any) -> Counting:
    """Begin a count of these variants; of everything that is there when none is named."""
    chosen: Sequence[Any] | None = [VARIANTS[sku] for sku in skus] or None
    begun = await shop.begin(by).run(
        lambda uow: inventory.create_count(uow, location_id=LOCATIONS[at], variant_ids=chosen, **more)
    )
    return Counting(shop, begun.id, by)


async def post(
    shop: Shop, found: Mapping[str, int], *, at: str = "warehouse", bucket: Bucket = Bucket.SELLABLE
) -> PostedCount:
    """Count variants at a location from beginning to end."""
    counting = await begin_count(shop, *found, at=at, bucket=bucket)
    return await (await counting.found(found)).post()
