"""Stock moved by hand: units held, promised, taken and counted at the shelves of the test shop."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.inventory import queries
from app.inventory import service as inventory
from app.inventory.invariants import INVARIANTS as STOCK_RULES
from app.inventory.rules import Level, StockLine, Units
from app.inventory.states import MovementReason
from app.kernel.ids import OrderId, new_id
from tests.builders.shop import LOCATIONS, VARIANTS, Shop

TTL = timedelta(minutes=10)
#: A variant at a location.
Shelf = tuple[str, str]


class Shelves:
    """The shelves of a shop, each event of stock in a unit of its own."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.begin = shop.begin()

    async def hold(self, wanted: Mapping[Shelf, int], *, demand: UUID | None = None) -> "Held":
        """Hold units for a checkout."""
        held = Held(OrderId(demand or new_id()), units(wanted))
        await self.begin.run(
            lambda uow: inventory.reserve_soft(uow, demand_id=held.id, units=held.units, expires_at=uow.now + TTL)
        )
        return held

    async def promise(self, wanted: Mapping[Shelf, int], *, to: "Held | None" = None) -> "Held":
        """Promise units to an order that held none."""
        held = to or Held(OrderId(new_id()), units(wanted))
        parts = held.of(wanted) if to else held.units
        await self.begin.run(lambda uow: inventory.allocate(uow, demand_id=held.id, units=parts))
        return held

    async def promote(self, held: "Held") -> bool:
        """Make held units an order's own."""
        return await self.begin.run(
            lambda uow: inventory.promote(uow, order_id=held.id, units=sum(part.quantity for part in held.units))
        )

    async def let_go(self, held: "Held") -> None:
        """Give held units back."""
        await self.begin.run(lambda uow: inventory.release_soft(uow, demand_id=held.id))

    async def cancel(self, held: "Held", wanted: Mapping[Shelf, int] | None = None) -> None:
        """Take a promise off, wholly or in part."""
        parts = held.of(wanted)
        await self.begin.run(lambda uow: inventory.release_firm(uow, demand_id=held.id, units=parts))

    async def ship(self, held: "Held", wanted: Mapping[Shelf, int] | None = None) -> None:
        """Let promised units leave, wholly or in part."""
        parts = held.of(wanted)
        await self.begin.run(
            lambda uow: inventory.take_out(uow, demand_id=held.id, units=parts, reason=MovementReason.SHIPPED)
        )

    async def write_off(
        self,
        held: "Held",
        wanted: Mapping[Shelf, int] | None = None,
        *,
        reason: MovementReason = MovementReason.NOT_FOUND,
    ) -> None:
        """Say that promised units are not there, or not whole."""
        parts = held.of(wanted)
        await self.begin.run(lambda uow: inventory.write_off(uow, demand_id=held.id, units=parts, reason=reason))

    async def count(self, counted: Mapping[Shelf, int], *, by: str = "system") -> int:
        """Say how many sellable units there are."""
        lines = [StockLine(VARIANTS[sku], LOCATIONS[code], n) for (sku, code), n in counted.items()]
        return await self.shop.begin(by).run(
            lambda uow: inventory.set_levels(uow, lines=lines, reason=MovementReason.FEED)
        )

    async def sweep(self, *, most: int = 500) -> int:
        """Give back what nobody waits for any more."""
        return await self.begin.run(lambda uow: inventory.sweep_expired(uow, most=most))

    async def level(self, sku: str, location: str) -> Level:
        """Read one level."""
        async with self.shop.database.read() as session:
            levels = await queries.list_levels(session, variant_ids=[VARIANTS[sku]])
        return next(level for level in levels if level.location_id == LOCATIONS[location])

    async def counters(self, sku: str, location: str) -> tuple[int, int, int]:
        """Read sellable, soft and firm units of one level."""
        level = await self.level(sku, location)
        return level.sellable, level.soft, level.firm

    async def ledger(self, sku: str, location: str) -> list[tuple[str, int, int, str]]:
        """Read the ledger of one level: bucket, delta, balance and reason, oldest first; the opening left out."""
        found: list[Any] = await self.shop.fetch(
            "SELECT bucket, delta, balance, reason FROM movements "
            "WHERE variant_id = $1 AND location_id = $2 AND reason <> 'OPENING' ORDER BY at, level_version, bucket",
            VARIANTS[sku],
            LOCATIONS[location],
        )
        return [tuple(entry) for entry in found]

    async def states(self, held: "Held") -> dict[str, int]:
        """Count the units of a demand's reservations by their state, and of those that ended by how they did."""
        found = await self.shop.fetch(
            "SELECT state, sum(quantity)::int FROM reservations WHERE demand_id = $1 GROUP BY state "
            "UNION ALL SELECT ended, sum(quantity)::int FROM reservation_endings WHERE demand_id = $1 GROUP BY ended",
            held.id,
        )
        return {entry[0]: entry[1] for entry in found}


class Held:
    """Units of one checkout or order: one line a shelf."""

    def __init__(self, held_id: OrderId, held: list[Units]) -> None:
        self.id = held_id
        self.units = held

    def of(self, wanted: Mapping[Shelf, int] | None) -> list[Units]:
        """Name some of the units."""
        if wanted is None:
            return self.units
        lines = {(part.variant_id, part.location_id): part.line_id for part in self.units}
        keys = {shelf: (VARIANTS[shelf[0]], LOCATIONS[shelf[1]]) for shelf in wanted}
        return [Units(lines[keys[shelf]], *keys[shelf], n) for shelf, n in wanted.items()]


def units(wanted: Mapping[Shelf, int]) -> list[Units]:
    """Write units, each for a line of its own."""
    return [Units(new_id(), VARIANTS[sku], LOCATIONS[code], n) for (sku, code), n in wanted.items()]


async def broken_stock(shop: Shop) -> list[str]:
    """Name the rules of stock that do not hold, for histories whose orders were never written."""
    ours = {1, 2, 3, 4}
    return [rule.name for rule in STOCK_RULES if rule.number in ours and await shop.fetch(rule.sql)]
