"""What is expected, kept in plain Python beside what is there: supply, who waits for it, safety stock, transfers."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from app.inventory.errors import OutOfStock, Shortage, WouldOversell
from app.inventory.rules import Ahead, Cause, Receipt
from app.inventory.states import Bucket, DemandKind, MovementReason, ReservationEnd, SupplyKind, TransferStatus
from app.kernel.errors import BrokenInvariant
from app.kernel.ids import OrderLineId
from tests.builders.stock_model import Expected, Floor, Journey, Key, Promise, StockModel

#: Units of lines that came, and the buckets they went into; each line once.
Came = Sequence[tuple[UUID, int, Bucket]]


class SupplyModel(StockModel):
    """Everything that is there and that is expected."""

    # What can be seen.

    def reserved(self, supply: UUID) -> int:
        """Count the units that are promised from a supply."""
        return sum(part.quantity for part in self.promises if part.supply == supply)

    def open_supplies(self, *kinds: SupplyKind) -> list[UUID]:
        """List supply that something may still come of."""
        return [supply for supply, expected in self.supplies.items() if not expected.closed and expected.kind in kinds]

    def waiting_firmly(self) -> list[UUID]:
        """List the demands that wait firmly, in the order in which they came."""
        return list(dict.fromkeys(part.demand for part in self.promises if part.supply and not part.expires_at))

    def left(self, supply: UUID) -> int:
        """Count the units that can still be promised from a supply."""
        expected = self.supplies[supply]
        most = min(expected.sold_ahead, expected.outstanding)
        return 0 if expected.closed else max(0, most - self.reserved(supply))

    # Promises from supply.

    def reserve_ahead(
        self,
        now: datetime,
        *,
        demand: UUID,
        parts: Sequence[Ahead],
        expires_at: datetime | None,
        priority: int,
        kind: DemandKind = DemandKind.ORDER,
    ) -> None:
        """Promise units that are to come."""
        wanted: Counter[UUID] = Counter()
        for part in parts:
            wanted[part.supply_id] += part.quantity
        if any(n > self.left(supply) for supply, n in wanted.items()):
            self._expire_of(now, wanted)
        if short := {supply for supply, n in wanted.items() if n > self.left(supply)}:
            raise OutOfStock(self._shortages_ahead(short, wanted, parts))
        sums: Counter[tuple[UUID, UUID]] = Counter()
        for part in parts:
            sums[part.line_id, part.supply_id] += part.quantity
        for (line, supply), quantity in sorted(sums.items()):
            self._add(
                Promise(demand, kind, line, self.supplies[supply].key, quantity, expires_at, priority, supply, now)
            )

    def release_ahead(self, *, demand: UUID, units: Mapping[OrderLineId, int]) -> None:
        """Let go what lines wait for, what would come last first."""
        for line, quantity in units.items():
            waiting = [
                part
                for part in self.promises
                if (part.demand, part.line) == (demand, line) and part.supply and not part.expires_at
            ]
            if sum(part.quantity for part in waiting) < quantity:
                raise BrokenInvariant("waits for less")
            self._end_some(sorted(waiting, key=self._latest_first), quantity, ReservationEnd.RELEASED)

    def receive_supply(
        self,
        now: datetime,
        *,
        receipts: Sequence[Receipt],
        cause: Cause,
        reason: MovementReason = MovementReason.RECEIVED,
    ) -> None:
        """Take in what came, and serve who waits."""
        came = {receipt.supply_id: self.supplies[receipt.supply_id] for receipt in receipts}
        keys = {expected.key for expected in came.values()}
        for key in keys:
            self.floors.setdefault(key, Floor())
        safe = {key: self.available(key) - self.safety[key] for key in keys}
        backorders = self._backorders(keys)
        self._expire_of(now, {*came, *backorders})
        moves = {key: dict.fromkeys(Bucket, 0) for key in keys}
        for receipt in receipts:
            expected = came[receipt.supply_id]
            safe[expected.key] += receipt.sellable - self._serve(receipt.supply_id, receipt.sellable)
            left = max(0, expected.outstanding - receipt.received - receipt.lost)
            self._break(receipt.supply_id, self.reserved(receipt.supply_id) - left)
            for bucket, n in ((Bucket.SELLABLE, receipt.sellable), (Bucket.DAMAGED, receipt.damaged)):
                moves[expected.key][bucket] += n
            moves[expected.key][Bucket.QUALITY] += receipt.quality
            expected.received += receipt.received
            expected.lost += receipt.lost
            expected.closed = not expected.outstanding
        for supply in backorders:
            self._serve(supply, safe[self.supplies[supply].key])
        self._move(moves, reason, cause)

    def fill_backorders(self, now: datetime, *, keys: Iterable[Key]) -> None:
        """Give what is there to those who wait without a date."""
        wanted = set(keys)
        backorders = self._backorders(wanted)
        self._expire_at(now, wanted)
        self._expire_of(now, backorders)
        for supply in backorders:
            key = self.supplies[supply].key
            self._serve(supply, self.available(key) - self.safety[key] if key in self.floors else 0)

    def limit_backorders(
        self, now: datetime, *, limits: Sequence[tuple[Key, int | None]], ids: Mapping[Key, UUID]
    ) -> None:
        """Say how many units may be ordered beyond what is there."""
        there = {self.supplies[supply].key: supply for supply in self._backorders([key for key, _ in limits])}
        self._expire_of(now, list(there.values()))
        for i, (key, limit) in enumerate(limits):
            if key in there and (limit or 0) < self.reserved(there[key]):
                raise WouldOversell("promised", field=("lines", str(i), "limit"))
        for key, limit in limits:
            if key in there:
                known = self.supplies[there[key]]
                known.expected = known.sold_ahead = limit or 0
                known.closed = limit is None
            elif limit is not None:
                self.supplies[ids[key]] = Expected(key, SupplyKind.BACKORDER, limit, limit)

    def keep_safe(self, lines: Mapping[Key, int | None]) -> None:
        """Keep units of levels from selling."""
        for key, units in lines.items():
            self.floors.setdefault(key, Floor())
            self.safety[key] = units or 0

    # Transfers.

    def request_transfer(
        self, now: datetime, *, transfer: UUID, journey: Journey, supplies: Mapping[UUID, UUID]
    ) -> None:
        """Promise a transfer its units; with `supplies`, by variant, they are expected at the other end from now on."""
        self.allocate(now, demand=transfer, units=journey.units(journey.requested), kind=DemandKind.TRANSFER)
        self.transfers[transfer] = journey
        self._expect(journey, journey.requested, supplies)

    def ship_transfer(
        self, now: datetime, *, transfer: UUID, leaving: Mapping[UUID, int], supplies: Mapping[UUID, UUID]
    ) -> None:
        """Let units of a transfer leave, and the others stay."""
        journey = self.transfers[transfer]
        staying = {line: n - leaving.get(line, 0) for line, n in journey.requested.items()}
        known = bool(journey.supplies)
        self._lose(now, transfer, staying)
        cause, reason = Cause("transfer", transfer), MovementReason.TRANSFER_SHIPPED
        self.take_out(demand=transfer, units=journey.units(leaving), reason=reason, cause=cause)
        self.release_firm(demand=transfer, units=journey.units(staying), ended=ReservationEnd.RELEASED)
        journey.status, journey.on_their_way = TransferStatus.IN_TRANSIT, +Counter(dict(leaving))
        if not known:
            self._expect(journey, journey.on_their_way, supplies)

    def receive_transfer(self, now: datetime, *, transfer: UUID, came: Came) -> None:
        """Take units in where they were sent, and serve who waits there."""
        journey = self.transfers[transfer]
        receipts = [
            Receipt(journey.supplies[line], **{bucket.value.lower(): quantity}) for line, quantity, bucket in came
        ]
        reason = MovementReason.TRANSFER_RECEIVED
        self.receive_supply(now, receipts=receipts, cause=Cause("transfer", transfer), reason=reason)
        journey.on_their_way -= _sums(came)

    def write_back(self, now: datetime, *, transfer: UUID, came: Came) -> None:
        """Take units in where they had left."""
        journey = self.transfers[transfer]
        self._lose(now, transfer, _sums(came))
        moves: dict[Key, dict[Bucket, int]] = {}
        for line, quantity, bucket in came:
            moves.setdefault((journey.variants[line], journey.origin), {})[bucket] = quantity
        journey.on_their_way -= _sums(came)
        self._move(moves, MovementReason.TRANSFER_WRITTEN_BACK, Cause("transfer", transfer))

    def write_off_transfer(self, now: datetime, *, transfer: UUID, came: Came) -> None:
        """Give up units that were lost on the way."""
        journey = self.transfers[transfer]
        self._lose(now, transfer, _sums(came))
        journey.on_their_way -= _sums(came)

    def cancel_transfer(self, now: datetime, *, transfer: UUID) -> None:
        """End a transfer of which nothing has left."""
        journey = self.transfers[transfer]
        self._lose(now, transfer, journey.requested)
        self.release_firm(demand=transfer, units=journey.units(journey.requested), ended=ReservationEnd.RELEASED)
        journey.status = TransferStatus.CANCELLED

    def _expect(self, journey: Journey, units: Mapping[UUID, int], supplies: Mapping[UUID, UUID]) -> None:
        for line, variant in journey.variants.items():
            if variant in supplies:
                key = (variant, journey.target)
                self.supplies[supplies[variant]] = Expected(key, SupplyKind.TRANSFER, units[line], 0)
                journey.supplies[line] = supplies[variant]

    def _lose(self, now: datetime, transfer: UUID, units: Mapping[UUID, int]) -> None:
        known = self.transfers[transfer].supplies
        receipts = [Receipt(known[line], lost=n) for line, n in units.items() if n and line in known]
        if receipts:
            self.receive_supply(now, receipts=receipts, cause=Cause("transfer", transfer))

    # What the events are made of.

    def _backorders(self, keys: Collection[Key]) -> list[UUID]:
        return [supply for supply in self.open_supplies(SupplyKind.BACKORDER) if self.supplies[supply].key in keys]

    def _expire_of(self, now: datetime, supplies: Collection[UUID]) -> None:
        self._expire(now, lambda promise: promise.supply in supplies)

    def _serve(self, supply: UUID, units: int) -> int:
        """Let who waits have units that are there, higher priority and longer waiting first; answers how many went."""
        waiting = [part for part in self.promises if part.supply == supply]
        given = 0
        for part in sorted(waiting, key=lambda one: (-one.priority, one.created_at, one.number)):
            quantity = min(part.quantity, units - given)
            if quantity <= 0:
                break
            given += quantity
            part.quantity -= quantity
            self._add(replace(part, quantity=quantity, supply=None, number=0))
            if not part.quantity:
                self._drop([part])
        return given

    def _break(self, supply: UUID, units: int) -> None:
        """Take promises off units that will not come: held ones first, then lower priority, then the latest."""
        waiting = [part for part in self.promises if part.supply == supply]
        latest = sorted(waiting, key=lambda one: (one.created_at, one.number), reverse=True)
        self._end_some(
            sorted(latest, key=lambda one: (one.expires_at is None, one.priority)), units, ReservationEnd.BROKEN
        )

    def _end_some(self, promises: Sequence[Promise], units: int, ended: ReservationEnd) -> None:
        for part in promises:
            quantity = min(part.quantity, units)
            if quantity <= 0:
                return
            units -= quantity
            part.quantity -= quantity
            self.endings[part.demand, part.line, part.key, part.supply, ended] += quantity
            if not part.quantity:
                self._drop([part])

    def _latest_first(self, part: Promise) -> tuple[bool, float, int]:
        assert part.supply is not None
        expected_at = self.supplies[part.supply].expected_at
        return expected_at is not None, -(expected_at.timestamp() if expected_at else 0), part.number

    def _shortages_ahead(
        self, short: Collection[UUID], wanted: Mapping[UUID, int], parts: Sequence[Ahead]
    ) -> list[Shortage]:
        found = []
        for variant in sorted({part.variant_id for part in parts if part.supply_id in short}):
            own = {part.supply_id for part in parts if part.variant_id == variant}
            lines = tuple(dict.fromkeys(part.line_id for part in parts if part.variant_id == variant))
            left = sum(min(wanted[supply], self.left(supply)) for supply in own)
            found.append(Shortage(variant, sum(wanted[supply] for supply in own), left, lines))
        return found


def _sums(came: Came) -> Counter[UUID]:
    sums: Counter[UUID] = Counter()
    for line, quantity, _ in came:
        sums[line] += quantity
    return sums
