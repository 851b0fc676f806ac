"""What there was at any moment is what the ledger says: the sum of what had moved by then, whatever was asked and how."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

import httpx2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.inventory import queries
from app.inventory import service as inventory
from app.inventory.queries import StockLevelFilter
from app.inventory.rules import Arrival, Cause, Target
from app.inventory.states import Bucket, MovementReason
from app.kernel.db import Database, ReadSession, UnitOfWork
from app.kernel.paging import PageRequest
from app.main import create_app
from tests.builders import postgres
from tests.builders import shop as shops
from tests.builders.client import Client
from tests.builders.clock import OPENING, StoppedClock
from tests.builders.patience import PATIENT
from tests.builders.shop import LOCATIONS, VARIANTS, Shop
from tests.builders.stocked import broken_stock

SKUS = ("mug", "tent", "kettle")
PLACES = ("camden", "leeds")
KEYS: list[tuple[UUID, UUID]] = [(VARIANTS[sku], LOCATIONS[code]) for sku in SKUS for code in PLACES]
INSTANT = timedelta(microseconds=1)
#: A page larger than there are levels.
ALL = PageRequest(size=100)
Units = dict[Bucket, int]
NOTHING: Units = dict.fromkeys(Bucket, 0)


@dataclass(frozen=True, slots=True)
class Step:
    """Time passes, or none at all, or runs back on another machine; then a level is counted, or units come or go."""

    passes: timedelta
    level: tuple[UUID, UUID]
    bucket: Bucket
    quantity: int
    counted: bool


STEPS = st.builds(
    Step,
    passes=st.sampled_from([timedelta(0), timedelta(0), INSTANT, timedelta(hours=5), timedelta(days=9), -timedelta(minutes=3)]),
    level=st.sampled_from(KEYS),
    bucket=st.sampled_from(list(Bucket)),
    quantity=st.integers(-4, 9),
    counted=st.booleans(),
)  # fmt: skip


class Past:
    """The plain model: every movement that there was, and what it makes of a level by some moment."""

    def __init__(self) -> None:
        self.moves: list[tuple[datetime, tuple[UUID, UUID], Bucket, int]] = []
        founded = OPENING - timedelta(days=30)
        for sku in SKUS:
            for code in PLACES:
                units = _opening(sku, code)
                if units:
                    self.moves.append((founded, (VARIANTS[sku], LOCATIONS[code]), Bucket.SELLABLE, units))

    def at(self, moment: datetime) -> dict[tuple[UUID, UUID], Units]:
        """Add up all that had moved by then."""
        found: dict[tuple[UUID, UUID], Units] = {key: dict(NOTHING) for key in KEYS}
        for at, key, bucket, delta in self.moves:
            if at <= moment:
                found[key][bucket] += delta
        return found

    def take(self, step: Step, now: datetime) -> None:
        """Let a step happen as it should."""
        units = self.at(datetime.max.replace(tzinfo=now.tzinfo))[step.level]
        delta = max(0, step.quantity) - units[step.bucket] if step.counted else step.quantity
        if delta and units[step.bucket] + delta >= 0:
            last = max((at for at, key, *_ in self.moves if key == step.level), default=now)
            self.moves.append((max(now, last), step.level, step.bucket, delta))

    def moments(self) -> list[datetime]:
        """List the moments worth asking about: of each movement, right before and after it, and between."""
        ats = sorted({at for at, *_ in self.moves})
        between = [first + (second - first) / 2 for first, second in pairwise(ats)]
        return sorted({at + shift for at in ats for shift in (-INSTANT, timedelta(0), INSTANT)} | set(between))


def _opening(sku: str, code: str) -> int:
    return {("mug", "camden"): 5}.get((sku, code), 0)


async def carry_out(database: Database, step: Step) -> None:
    """Let a step happen to the shop."""
    cause = Cause("feed")

    async def work(uow: UnitOfWork) -> None:
        if step.counted:
            units = [max(0, step.quantity) if bucket is step.bucket else None for bucket in Bucket]
            there = {level.key for level in await queries.list_levels_by_key(uow, levels=[step.level])}
            await inventory.set_units(
                uow, targets=[Target(*step.level, *units)], there=there, reason=MovementReason.FEED, cause=cause
            )
        elif step.quantity:
            arrival = Arrival(*step.level, step.bucket, step.quantity)
            await inventory.move_units(uow, arrivals=[arrival], reason=MovementReason.FEED, cause=cause)

    await Shop(database).begin().run(work)


def shown(levels: Sequence[queries.PastUnits] | Sequence[queries.StockLevel]) -> dict[tuple[UUID, UUID], Units]:
    """Write what was answered the way the model has it; a level that is not there has nothing."""
    units = {
        (level.variant_id, level.location_id): {
            Bucket.SELLABLE: level.sellable, Bucket.DAMAGED: level.damaged, Bucket.QUALITY: level.quality,
        }
        for level in levels
    }  # fmt: skip
    return {key: units.get(key, NOTHING) for key in KEYS}


async def answers(session: ReadSession, moment: datetime) -> dict[str, dict[tuple[UUID, UUID], Units]]:
    """Ask about a moment in every way that there is: all at once, by level, by location, by variant, page by page."""
    variants, locations = [VARIANTS[sku] for sku in SKUS], [LOCATIONS[code] for code in PLACES]
    by_level = [
        part
        for variant_id, location_id in KEYS
        for part in await queries.list_stock_as_of(
            session, moment=moment, variant_ids=[variant_id], location_ids=[location_id]
        )
    ]
    by_location = [
        part
        for location_id in locations
        for part in await queries.list_stock_as_of(session, moment=moment, location_ids=[location_id])
    ]
    by_variant = [
        part
        for variant_id in variants
        for part in await queries.list_stock_as_of(session, moment=moment, variant_ids=[variant_id])
    ]
    wanted = {
        "goods": StockLevelFilter(variant_ids=variants, as_of=moment),
        "places": StockLevelFilter(location_ids=locations, as_of=moment),
        "everywhere": StockLevelFilter(as_of=moment),
    }
    listed = {name: await queries.find_stock_levels(session, wanted=one, request=ALL) for name, one in wanted.items()}
    of_variants = await queries.list_levels_of_variants(
        session, variant_ids=variants, wanted=StockLevelFilter(as_of=moment), request=ALL
    )
    of_locations = await queries.list_levels_of_locations(
        session, location_ids=locations, wanted=StockLevelFilter(as_of=moment), request=ALL
    )
    return {
        "the function, of everything": shown(await queries.list_stock_as_of(session, moment=moment)),
        "the function, level by level": shown(by_level),
        "the function, location by location": shown(by_location),
        "the function, variant by variant": shown(by_variant),
        **{f"the list of {name}": shown(rows) for name, rows in listed.items()},
        "the levels of variants": shown(of_variants),
        "the levels of locations": shown(of_locations),
    }


_ASKED = """
query($as_of: DateTime!, $sku: String!, $place: ID!) {
  stockLevels(asOf: $as_of, first: 100) { nodes { ...units } }
  variant(sku: $sku) { stockLevels(asOf: $as_of, first: 100) { nodes { ...units } } }
  node(id: $place) { ... on Location { stockLevels(asOf: $as_of, first: 100) { nodes { ...units } } } }
}
fragment units on StockLevel { variant { sku } location { code } sellable damaged quality soft firm available asOf }
"""


async def told(client: Client, shop: Shop, moment: datetime) -> list[tuple[str, dict[tuple[UUID, UUID], Units]]]:
    """Ask through the API; of the variant and the location only their own levels are answered."""
    given = {"as_of": moment.isoformat(), "sku": "mug", "place": shop.location_ref("camden")}
    data = await client.query(_ASKED, given, token=shop.token("admin"))
    found = []
    for name in ("stockLevels", "variant", "node"):
        nodes = (data[name] if name == "stockLevels" else data[name]["stockLevels"])["nodes"]
        assert all(node[counter] is None for node in nodes for counter in ("soft", "firm", "available"))
        units: dict[tuple[UUID, UUID], Units] = {
            (VARIANTS[node["variant"]["sku"]], LOCATIONS[node["location"]["code"]]): {
                bucket: node[bucket.value.lower()] for bucket in Bucket
            }
            for node in nodes
        }
        found.append((name, {key: units[key] for key in KEYS if key in units}))
    return found


async def live(server: postgres.Server, template: str, steps: Sequence[Step]) -> None:
    """Let steps happen to a shop of their own, and ask about every moment of its past."""
    clock, past = StoppedClock(), Past()
    async with postgres.cloned(server, template) as dsn:
        database = Database(dsn, keys=shops.KEYS, clock=clock, patience=PATIENT)
        await database.connect()
        shop = Shop(database)
        try:
            for step in steps:
                clock.at += step.passes
                await carry_out(database, step)
                past.take(step, clock.at)
            clock.advance(days=1)
            moments = past.moments()
            for moment in moments:
                async with database.read() as session:
                    for how, found in (await answers(session, moment)).items():
                        assert found == past.at(moment), f"{how} at {moment}"
            assert await broken_stock(shop) == []
            app = create_app(shops.settings(dsn), database=database)
            async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://shop.test") as http:
                for moment in moments[-4:]:
                    then = past.at(moment)
                    for how, answered in await told(Client(http), shop, moment):
                        assert answered == {key: then[key] for key in answered}, f"{how} at {moment}"
        finally:
            await database.close()


class TestStockAsOf:
    @settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(steps=st.lists(STEPS, min_size=1, max_size=25))
    def test_is_the_sum_of_what_had_moved_by_then(
        self, furnished_template: tuple[postgres.Server, str], steps: list[Step]
    ) -> None:
        asyncio.run(live(*furnished_template, steps))
