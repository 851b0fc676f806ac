"""Relations of levels, each read for all parents at once."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.inventory import queries
from app.inventory.queries import StockLevel, StockLevelFilter
from app.inventory.rules import Movement
from app.kernel.ids import LocationId
from app.kernel.paging import PageRequest
from schema.core.context import Batch, Context

LevelKey = tuple[UUID, UUID]
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class LevelsWanted:
    """A page of the levels of one variant, or of one location."""

    owner: UUID
    location_ids: frozenset[LocationId] | None
    as_of: datetime | None
    request: PageRequest

    @property
    def page(self) -> tuple[frozenset[LocationId] | None, datetime | None, PageRequest]:
        """What has to be the same for two to be read together."""
        return self.location_ids, self.as_of, self.request


@dataclass(frozen=True, slots=True)
class MovementsWanted:
    """A page of the ledger of one level, up to the moment at which the level is shown."""

    level: LevelKey
    as_of: datetime | None
    request: PageRequest


async def _of_variants(context: Context, keys: list[LevelsWanted]) -> Sequence[list[StockLevel]]:
    """Levels by variant, one more than the page holds; a document seldom asks for more than one kind of page."""
    found: dict[LevelsWanted, list[StockLevel]] = {key: [] for key in keys}
    for page in {key.page for key in keys}:
        location_ids, as_of, request = page
        wanted = StockLevelFilter(location_ids=location_ids, as_of=as_of)
        variant_ids = [key.owner for key in keys if key.page == page]
        for row in await queries.list_levels_of_variants(
            context.session, variant_ids=variant_ids, wanted=wanted, request=request
        ):
            found[LevelsWanted(row.variant_id, *page)].append(row)
    return [found[key] for key in keys]


async def _of_locations(context: Context, keys: list[LevelsWanted]) -> Sequence[list[StockLevel]]:
    """Levels by location, one more than the page holds."""
    found: dict[LevelsWanted, list[StockLevel]] = {key: [] for key in keys}
    for page in {key.page for key in keys}:
        _, as_of, request = page
        location_ids = [key.owner for key in keys if key.page == page]
        for row in await queries.list_levels_of_locations(
            context.session, location_ids=location_ids, wanted=StockLevelFilter(as_of=as_of), request=request
        ):
            found[LevelsWanted(row.location_id, *page)].append(row)
    return [found[key] for key in keys]


async def _incoming(context: Context, keys: list[LevelKey]) -> Sequence[int]:
    """Units that are still to come, by level."""
    found = await queries.list_incoming(context.session, levels=keys)
    return [found.get(key, 0) for key in keys]


async def _movements(context: Context, keys: list[MovementsWanted]) -> Sequence[list[Movement]]:
    """The ledger by level, newest first, one more than the page holds."""
    found: dict[MovementsWanted, list[Movement]] = {key: [] for key in keys}
    pages: defaultdict[tuple[datetime | None, PageRequest], list[LevelKey]] = defaultdict(list)
    for key in keys:
        pages[key.as_of, key.request].append(key.level)
    for (as_of, request), levels in pages.items():
        until = None if as_of is None else as_of + _MOMENT
        for row in await queries.list_movements_of_levels(context.session, levels=levels, until=until, request=request):
            found[MovementsWanted((row.variant_id, row.location_id), as_of, request)].append(row)
    return [found[key] for key in keys]


LevelsByVariantId = Batch(_of_variants)
LevelsByLocationId = Batch(_of_locations)
IncomingByLevel = Batch(_incoming)
MovementsByLevel = Batch(_movements)
