"""What else happens to the stock of a shop: units are announced, waited for and sent about, and corrected by hand."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule
from hypothesis.strategies import DataObject

from app.inventory import service as inventory
from app.inventory.rules import Ahead, AnnouncedLine, AnnouncedOrder, BackorderLimit, Cause, Receipt
from app.inventory.rules.adjusting import Adjustment, BucketMove, Delivered
from app.inventory.rules.safety import SafetyStockLine
from app.inventory.rules.transfers import LineUnits, WantedLine
from app.inventory.service import adjusting, safety, transfers
from app.inventory.states import Bucket, DemandKind, MovementReason, SupplyKind, TransferStatus
from app.kernel.db import UnitOfWork
from app.kernel.ids import LocationId, OrderLineId, TransferId, TransferLineId, VariantId
from app.servicing import service as servicing
from tests.builders.shop import LOCATIONS, VARIANTS
from tests.builders.stock_model import Expected, Journey, Key
from tests.builders.supply_model import SupplyModel
from tests.simulation.stock_machine import CODES, OURS, SKUS, TTL, StockMachine, levels, line_of, quantities, servers

variants = st.sampled_from([VARIANTS[sku] for sku in SKUS])
locations = st.sampled_from([LOCATIONS[code] for code in CODES])
buckets = st.sampled_from(Bucket)
#: Why units are added and taken by hand, and moved between buckets, wherever they may go.
BY_HAND = MovementReason.ADJUSTED
SOME = st.integers(0, 4)
#: Purchase orders' lines that are open at once; with more of them, few would ever meet.
MOST_SUPPLIES = 6
FEW = st.integers(1, 2)
WHY = "fell off the van"


class SupplyMachine(StockMachine):
    """A shop whose stock is expected, moved and corrected too."""

    @initialize()
    def open(self) -> None:
        """Open the shop, to which some goods are on their way, and which sells some that it need not have."""
        super().open()
        soon = self.clock.at + timedelta(days=1)
        for code in CODES:
            self._announce(0, LOCATIONS[code], dict.fromkeys(OURS[:2], (8, 6)), soon)
        self._limit(0, {(variant, LOCATIONS[code]): 4 for variant in OURS for code in CODES})

    # By hand.

    @rule(
        server=servers,
        at=locations,
        said=st.dictionaries(st.tuples(variants, buckets), st.integers(-4, 4).filter(bool), min_size=1, max_size=3),
    )
    def adjust(self, server: int, at: LocationId, said: dict[tuple[VariantId, Bucket], int]) -> None:
        """Correct buckets, up and down."""
        lines = [Adjustment(variant, delta, bucket) for (variant, bucket), delta in said.items()]
        self._by_hand(
            server,
            lambda uow: adjusting.adjust(uow, location_id=at, reason=BY_HAND, lines=lines),
            [((line.variant_id, at), {line.bucket: line.delta}, "delta") for line in lines],
        )

    @rule(
        server=servers,
        at=locations,
        said=st.dictionaries(
            st.tuples(variants, buckets, buckets).filter(lambda move: move[1] != move[2]),
            quantities,
            min_size=1,
            max_size=3,
        ),
    )
    def move(self, server: int, at: LocationId, said: dict[tuple[VariantId, Bucket, Bucket], int]) -> None:
        """Move units between buckets."""
        lines = [BucketMove(*move, quantity) for move, quantity in said.items()]
        self._by_hand(
            server,
            lambda uow: adjusting.move(uow, location_id=at, reason=BY_HAND, lines=lines),
            [
                ((line.variant_id, at), {line.origin: -line.quantity, line.target: line.quantity}, "quantity")
                for line in lines
            ],
        )

    @rule(
        server=servers,
        at=locations,
        said=st.dictionaries(st.tuples(variants, buckets), quantities, min_size=1, max_size=3),
    )
    def receive(self, server: int, at: LocationId, said: dict[tuple[VariantId, Bucket], int]) -> None:
        """Take in what nobody announced."""
        lines = [Delivered(variant, quantity, bucket) for (variant, bucket), quantity in said.items()]
        self._by_hand(
            server,
            lambda uow: adjusting.receive(uow, location_id=at, lines=lines),
            [((line.variant_id, at), {line.bucket: line.quantity}, "quantity") for line in lines],
            reason=MovementReason.RECEIVED,
        )

    @rule(server=servers, said=st.dictionaries(levels, st.none() | st.integers(0, 3), min_size=1, max_size=3))
    def keep_safe(self, server: int, said: dict[Key, int | None]) -> None:
        """Keep units from selling, which those who wait without a date do not get."""
        lines = [SafetyStockLine(*key, units) for key, units in said.items()]

        async def keep(uow: UnitOfWork) -> None:
            await safety.set_safety_stock(uow, lines=lines)

        self._agree(server, keep, lambda model: model.keep_safe(said))

    # Supply.

    @precondition(lambda self: len(self.model.open_supplies(SupplyKind.PURCHASE_ORDER)) < MOST_SUPPLIES)
    @rule(
        server=servers,
        at=locations,
        said=st.dictionaries(variants, st.tuples(st.integers(1, 6), SOME), min_size=1, max_size=2),
        days=st.none() | st.integers(1, 9),
    )
    def announce(self, server: int, at: LocationId, said: dict[VariantId, tuple[int, int]], days: int | None) -> None:
        """Expect a supplier's delivery, some of which may be sold before it is there."""
        self._announce(server, at, said, None if days is None else self.clock.at + timedelta(days=days))

    def _announce(
        self, server: int, at: LocationId, said: Mapping[VariantId, tuple[int, int]], expected_at: datetime | None
    ) -> None:
        lines = tuple(AnnouncedLine(variant, units, expected_at, ahead) for variant, (units, ahead) in said.items())
        order = AnnouncedOrder(str(self.new_id()), "Potters", at, lines)

        made: list[UUID] = []

        async def announced(uow: UnitOfWork) -> None:
            announcement = await inventory.begin_announcement(uow, announced_order=order)
            made.append(announcement.order.id)
            await inventory.finish_announcement(uow, announcement=announcement, locked=[])

        def expected() -> None:
            for variant, supply in self._supplies_of("purchase_order_id", made[0]).items():
                units, ahead = said[VariantId(variant)]
                self.model.supplies[supply] = Expected(
                    (variant, at), SupplyKind.PURCHASE_ORDER, units, ahead, expected_at
                )

        self._agree(server, announced, lambda _: expected())

    @rule(server=servers, said=st.dictionaries(levels, st.none() | SOME, min_size=1, max_size=3))
    def limit_backorders(self, server: int, said: dict[Key, int | None]) -> None:
        """Say how many units may be ordered without a date."""
        self._limit(server, said)

    def _limit(self, server: int, said: Mapping[Key, int | None]) -> None:
        limits = [BackorderLimit(key[0], LocationId(key[1]), limit) for key, limit in said.items()]
        ids: dict[Key, UUID] = {}

        async def limit(uow: UnitOfWork) -> None:
            ids.update({supply.level: supply.id for supply in await inventory.limit_backorders(uow, limits=limits)})

        self._agree(
            server, limit, lambda model: model.limit_backorders(self.clock.at, limits=list(said.items()), ids=ids)
        )

    @precondition(lambda self: self.model.open_supplies(SupplyKind.PURCHASE_ORDER, SupplyKind.BACKORDER))
    @rule(server=servers, held=st.booleans(), priority=st.integers(-1, 1), data=st.data())
    def reserve_ahead(self, server: int, held: bool, priority: int, data: DataObject) -> None:
        """Promise units that are to come, softly or firmly, to somebody new or to somebody who was promised others.

        Never to an order: what orders do when supply comes or fails is more than stock.
        """
        supplies = self.model.open_supplies(SupplyKind.PURCHASE_ORDER, SupplyKind.BACKORDER)
        demand = self._maybe(data, self.model.demands(soft=held)) or self.new_id()
        asked = data.draw(
            st.lists(st.tuples(st.integers(0, 1), st.sampled_from(supplies), FEW), min_size=1, max_size=3)
        )
        expires_at: datetime | None = self.clock.at + TTL if held else None
        parts = [
            Ahead(line_of(demand, number, self.model.supplies[supply].key), supply, *self.model.supplies[supply].key, n)
            for number, supply, n in asked
        ]
        self._agree(
            server,
            lambda uow: inventory.reserve_ahead(
                uow, demand_id=demand, parts=parts, expires_at=expires_at, priority=priority, kind=DemandKind.CART
            ),
            lambda model: model.reserve_ahead(
                self.clock.at,
                demand=demand,
                parts=parts,
                expires_at=expires_at,
                priority=priority,
                kind=DemandKind.CART,
            ),
        )

    @precondition(lambda self: self.model.waiting_firmly())
    @rule(server=servers, data=st.data())
    def release_ahead(self, server: int, data: DataObject) -> None:
        """Let go what somebody waits for."""
        demand = data.draw(st.sampled_from(self.model.waiting_firmly()))
        waiting: Counter[UUID] = Counter()
        for part in self.model.promises:
            if part.demand == demand and part.supply and not part.expires_at:
                waiting[part.line] += part.quantity
        line = data.draw(st.sampled_from(list(waiting)))
        units = {OrderLineId(line): data.draw(st.integers(1, waiting[line] + 1))}
        self._agree(
            server,
            lambda uow: inventory.release_ahead(uow, demand_id=demand, units=units),
            lambda model: model.release_ahead(demand=demand, units=units),
        )

    @precondition(lambda self: self.model.open_supplies(SupplyKind.PURCHASE_ORDER))
    @rule(server=servers, data=st.data())
    def receive_supply(self, server: int, data: DataObject) -> None:
        """Unload what came, in part, in full or more, and give up what will not come."""
        supplies = self.model.open_supplies(SupplyKind.PURCHASE_ORDER)
        chosen = data.draw(st.lists(st.sampled_from(supplies), min_size=1, max_size=3, unique=True))
        receipts = [
            Receipt(supply, data.draw(SOME), data.draw(st.integers(0, 1)), data.draw(st.integers(0, 1)), lost)
            for supply in chosen
            for lost in [data.draw(st.integers(0, self.model.supplies[supply].outstanding))]
        ]
        cause = Cause("supply", self.new_id())

        async def come(uow: UnitOfWork) -> None:
            await inventory.receive_supply(uow, receipts=receipts, cause=cause)

        self._agree(server, come, lambda model: model.receive_supply(self.clock.at, receipts=receipts, cause=cause))

    @precondition(lambda self: any(part.supply for part in self.model.promises))
    @rule(server=servers, keys=st.lists(levels, min_size=1, max_size=6))
    def fill_backorders(self, server: int, keys: list[Key]) -> None:
        """Give what is there to those who wait without a date."""

        async def fill(uow: UnitOfWork) -> None:
            await inventory.fill_backorders(uow, levels=keys)

        self._agree(server, fill, lambda model: model.fill_backorders(self.clock.at, keys=keys))

    # Transfers.

    @rule(
        server=servers,
        ends=st.lists(locations, min_size=2, max_size=2, unique=True),
        wanted=st.dictionaries(variants, FEW, min_size=1, max_size=2),
        dated=st.booleans(),
    )
    def request_transfer(self, server: int, ends: list[LocationId], wanted: dict[VariantId, int], dated: bool) -> None:
        """Promise units to a transfer."""
        transfer, lines = self.runner.run(self._draft(ends, wanted, dated=dated))
        journey = Journey(
            TransferStatus.REQUESTED,
            ends[0],
            ends[1],
            lines,
            Counter({line: wanted[VariantId(variant)] for line, variant in lines.items()}),
        )

        async def request(uow: UnitOfWork) -> None:
            await transfers.request(uow, transfer_id=transfer)

        self._agree(
            server,
            request,
            lambda model: model.request_transfer(
                self.clock.at, transfer=transfer, journey=journey, supplies=self._supplies_of("transfer_id", transfer)
            ),
        )

    @precondition(lambda self: self._transfers(TransferStatus.REQUESTED))
    @rule(server=servers, data=st.data())
    def ship_transfer(self, server: int, data: DataObject) -> None:
        """Send what was requested, or less."""
        transfer = data.draw(st.sampled_from(self._transfers(TransferStatus.REQUESTED)))
        requested = self.model.transfers[transfer].requested
        leaving = {line: data.draw(st.integers(0, n)) for line, n in requested.items()}
        leaving = leaving if any(leaving.values()) else dict(requested)
        lines = [LineUnits(TransferLineId(line), n) for line, n in leaving.items()]

        async def ship(uow: UnitOfWork) -> None:
            await servicing.ship_transfer(uow, transfer_id=transfer, lines=lines)

        self._agree(
            server,
            ship,
            lambda model: model.ship_transfer(
                self.clock.at,
                transfer=transfer,
                leaving=leaving,
                supplies=self._supplies_of("transfer_id", transfer),
            ),
        )

    @precondition(lambda self: self._transfers(TransferStatus.IN_TRANSIT))
    @rule(server=servers, what=st.sampled_from(("receive", "write back", "write off")), data=st.data())
    def end_journey(self, server: int, what: str, data: DataObject) -> None:
        """Say of units on their way that they came, came back, or were lost."""
        transfer = data.draw(st.sampled_from(self._transfers(TransferStatus.IN_TRANSIT)))
        way = +self.model.transfers[transfer].on_their_way
        chosen = data.draw(st.lists(st.sampled_from(list(way)), min_size=1, max_size=2, unique=True))
        told = [(line, data.draw(st.integers(1, way[line])), data.draw(buckets)) for line in chosen]
        lines = [LineUnits(TransferLineId(line), n, bucket) for line, n, bucket in told]

        async def end(uow: UnitOfWork) -> None:
            match what:
                case "receive":
                    await servicing.receive_transfer(uow, transfer_id=transfer, lines=lines)
                case "write back":
                    await servicing.write_back_transfer(uow, transfer_id=transfer, lines=lines)
                case "write off":
                    await servicing.write_off_transfer(uow, transfer_id=transfer, lines=lines, note=WHY)

        def ended(model: SupplyModel) -> None:
            match what:
                case "receive":
                    model.receive_transfer(self.clock.at, transfer=transfer, came=told)
                case "write back":
                    model.write_back(self.clock.at, transfer=transfer, came=told)
                case "write off":
                    model.write_off_transfer(self.clock.at, transfer=transfer, came=told)

        self._agree(server, end, ended)

    @precondition(lambda self: self._transfers(TransferStatus.REQUESTED))
    @rule(server=servers, data=st.data())
    def cancel_transfer(self, server: int, data: DataObject) -> None:
        """End a transfer of which nothing has left."""
        transfer = data.draw(st.sampled_from(self._transfers(TransferStatus.REQUESTED)))

        async def cancel(uow: UnitOfWork) -> None:
            await servicing.cancel_transfer(uow, transfer_id=transfer)

        self._agree(server, cancel, lambda model: model.cancel_transfer(self.clock.at, transfer=transfer))

    # What is asked of the database, which gives ids.

    def _by_hand(
        self,
        server: int,
        event: Callable[[UnitOfWork], Awaitable[UUID]],
        steps: list[tuple[Key, Mapping[Bucket, int], str]],
        *,
        reason: MovementReason = BY_HAND,
    ) -> None:
        made: list[UUID] = []

        async def noted(uow: UnitOfWork) -> None:
            made.append(await event(uow))

        self._agree(
            server,
            noted,
            lambda model: model.by_hand(
                self.clock.at, steps=steps, reason=reason, cause=Cause("adjustment", made[-1] if made else None)
            ),
        )

    def _transfers(self, status: TransferStatus) -> list[TransferId]:
        """List transfers in a state; of those that were sent, the ones of which something is still on its way."""
        return [
            TransferId(transfer)
            for transfer, journey in self.model.transfers.items()
            if journey.status is status and (status is TransferStatus.REQUESTED or +journey.on_their_way)
        ]

    def _supplies_of(self, column: str, document: UUID) -> dict[UUID, UUID]:
        """Say which supply a purchase order or a transfer brings, by variant."""
        found = self.runner.run(
            self.shop.fetch(f"SELECT variant_id, id FROM supplies WHERE {column} = $1", document),
        )
        return {row[0]: row[1] for row in found}

    async def _draft(
        self, ends: Sequence[LocationId], wanted: Mapping[VariantId, int], *, dated: bool
    ) -> tuple[TransferId, dict[UUID, UUID]]:
        """Write down what is to be sent; answers the transfer, and its lines with their variants."""
        expected_at = self.clock.at + timedelta(days=1) if dated else None
        lines = [WantedLine(variant, n) for variant, n in wanted.items()]
        transfer = await self.shop.begin().run(
            lambda uow: transfers.create(
                uow, from_location_id=ends[0], to_location_id=ends[1], lines=lines, expected_at=expected_at
            )
        )
        written = await self.shop.fetch(
            "SELECT id, variant_id FROM transfer_lines WHERE transfer_id = $1 ORDER BY id", transfer.id
        )
        return transfer.id, {row[0]: row[1] for row in written}
