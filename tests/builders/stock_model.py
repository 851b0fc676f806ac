"""What stock should be, kept in plain Python: dictionaries and lists, no database, no locks, one thing after the other.

Each method is an event of stock, as `app.inventory.service` has it: it does the same, answers the same, and refuses with
the same refusal. A refused event may leave a model half changed; whoever asks keeps a copy (`copied`).
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self
from uuid import UUID

from app.inventory.errors import OutOfStock, Shortage, WouldOversell
from app.inventory.rules import Cause, StockLine, Units
from app.inventory.states import Bucket, DemandKind, MovementReason, ReservationEnd, SupplyKind, TransferStatus
from app.kernel.errors import BrokenInvariant, QuantityExceeded

TRANSFERRED = DemandKind.TRANSFER
#: A variant at a location.
Key = tuple[UUID, UUID]


@dataclass(slots=True)
class Floor:
    """What physically is at one level, by bucket, and how often that changed."""

    units: dict[Bucket, int] = field(default_factory=lambda: dict.fromkeys(Bucket, 0))
    version: int = 0


@dataclass(slots=True)
class Promise:
    """Units promised to a line: softly until `expires_at`, or firmly without it."""

    demand: UUID
    kind: DemandKind
    line: UUID
    key: Key
    quantity: int
    expires_at: datetime | None
    priority: int = 0
    #: What it waits for; None when the units are there.
    supply: UUID | None = None
    #: When it was given, and which of all promises it was.
    created_at: datetime | None = None
    number: int = 0


@dataclass(slots=True)
class Expected:
    """Supply: units that are to come to a level, or may be ordered there without a date."""

    key: Key
    kind: SupplyKind
    expected: int
    sold_ahead: int
    expected_at: datetime | None = None
    received: int = 0
    lost: int = 0
    closed: bool = False

    @property
    def outstanding(self) -> int:
        """Units still to come."""
        return max(0, self.expected - self.received - self.lost)


@dataclass(slots=True)
class Journey:
    """A transfer: its state, its ends, and units of each line by what became of them."""

    status: TransferStatus
    origin: UUID
    target: UUID
    variants: dict[UUID, UUID]
    requested: Counter[UUID]
    on_their_way: Counter[UUID] = field(default_factory=Counter)
    #: What each line is expected as at the other end.
    supplies: dict[UUID, UUID] = field(default_factory=dict)

    def copied(self) -> "Journey":
        """Keep what is known now."""
        return replace(
            self,
            requested=self.requested.copy(),
            on_their_way=self.on_their_way.copy(),
            supplies=dict(self.supplies),
        )

    def units(self, quantities: Mapping[UUID, int]) -> list[Units]:
        """Name units of lines where they are sent from."""
        return [Units(line, self.variants[line], self.origin, n) for line, n in quantities.items() if n]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger."""

    key: Key
    version: int
    bucket: Bucket
    delta: int
    balance: int
    reason: MovementReason
    cause: Cause


@dataclass(slots=True)
class StockModel:
    """Everything that is there, that is promised, and that happened."""

    floors: dict[Key, Floor]
    ledger: list[Entry]
    promises: list[Promise] = field(default_factory=list)
    #: Units by demand, line, level, supply, and how their promise ended.
    endings: Counter[tuple[UUID, UUID, Key, UUID | None, ReservationEnd]] = field(default_factory=Counter)
    supplies: dict[UUID, Expected] = field(default_factory=dict)
    #: Units of levels that are kept from selling.
    safety: Counter[Key] = field(default_factory=Counter)
    transfers: dict[UUID, Journey] = field(default_factory=dict)
    given: int = 0

    def copied(self) -> Self:
        """Keep what is known now."""
        return type(self)(
            {key: Floor(dict(floor.units), floor.version) for key, floor in self.floors.items()},
            list(self.ledger),
            [replace(promise) for promise in self.promises],
            self.endings.copy(),
            {supply: replace(expected) for supply, expected in self.supplies.items()},
            self.safety.copy(),
            {transfer: journey.copied() for transfer, journey in self.transfers.items()},
            self.given,
        )

    # What can be seen.

    def soft(self, key: Key) -> int:
        """Count the units of a level that are held."""
        return sum(part.quantity for part in self._there(key) if part.expires_at)

    def firm(self, key: Key) -> int:
        """Count the units of a level that are promised firmly."""
        return sum(part.quantity for part in self._there(key) if not part.expires_at)

    def available(self, key: Key) -> int:
        """Count the units of a level that nobody was promised."""
        floor = self.floors.get(key)
        return floor.units[Bucket.SELLABLE] - self.soft(key) - self.firm(key) if floor else 0

    def held_by(self, demand: UUID) -> list[Promise]:
        """List what a demand holds softly."""
        return [promise for promise in self.promises if promise.demand == demand and promise.expires_at]

    def firm_of(self, demand: UUID) -> list[Promise]:
        """List what a demand was promised firmly of what is there."""
        return [part for part in self.promises if part.demand == demand and not part.expires_at and part.supply is None]

    def demands(self, *, soft: bool) -> list[UUID]:
        """List the demands that hold units softly or firmly, in the order in which they came."""
        return list(
            dict.fromkeys(
                part.demand
                for part in self.promises
                if bool(part.expires_at) is soft and (soft or part.supply is None) and part.kind is not TRANSFERRED
            )
        )

    def lapsed(self, now: datetime) -> bool:
        """Say whether anybody holds anything beyond its time."""
        return any(part.expires_at and part.expires_at <= now for part in self.promises)

    # Soft promises.

    def reserve_soft(
        self,
        now: datetime,
        *,
        demand: UUID,
        units: Sequence[Units],
        expires_at: datetime,
        kind: DemandKind = DemandKind.ORDER,
        instead_of: UUID | None = None,
    ) -> None:
        """Hold all of the units or none."""
        if instead_of is not None:
            self._end(self.held_by(instead_of), ReservationEnd.RELEASED)
        self._need(now, units)
        self._promise(demand, kind, units, expires_at=expires_at)

    def reserve_in_part(
        self,
        now: datetime,
        *,
        demand: UUID,
        units: Sequence[Units],
        expires_at: datetime,
        kind: DemandKind = DemandKind.ORDER,
        instead_of: UUID | None = None,
    ) -> tuple[list[Units], list[Shortage]]:
        """Hold what there is, earlier lines first."""
        if instead_of is not None:
            self._end(self.held_by(instead_of), ReservationEnd.RELEASED)
        asked = _by_level(units)
        self._expire_at(now, asked)
        left = {key: self.available(key) for key in asked}
        short = _shortages({key: n for key, n in asked.items() if n > left[key]}, left, units)
        parts: list[Units] = []
        for part in units:
            key = (part.variant_id, part.location_id)
            quantity = min(part.quantity, left[key])
            left[key] -= quantity
            if quantity:
                parts.append(Units(part.line_id, *key, quantity))
        self._promise(demand, kind, parts, expires_at=expires_at)
        return parts, short

    def extend_soft(self, *, demand: UUID, expires_at: datetime) -> int:
        """Hold a demand's units longer."""
        shorter = [part for part in self.held_by(demand) if part.expires_at and part.expires_at < expires_at]
        for part in shorter:
            part.expires_at = expires_at
        return len(shorter)

    def promote(self, *, demand: UUID, units: int) -> bool:
        """Make what a demand holds firm, or give all of it back when it is not what was asked for."""
        held = self.held_by(demand)
        if sum(part.quantity for part in held) != units:
            self._end(held, ReservationEnd.RELEASED)
            return False
        self._drop(held)
        parts: dict[tuple[UUID, Key, UUID | None], list[Promise]] = {}
        for part in held:
            parts.setdefault((part.line, part.key, part.supply), []).append(part)
        for alike in parts.values():
            # What a line holds in parts, because some of it came while it waited, is one promise from now on.
            quantity, priority = sum(part.quantity for part in alike), max(part.priority for part in alike)
            kind = min(part.kind for part in alike)
            self._add(replace(alike[0], quantity=quantity, priority=priority, kind=kind, expires_at=None))
        return True

    def release_soft(self, *, demand: UUID) -> bool:
        """Give back what a demand holds."""
        return self._end(self.held_by(demand), ReservationEnd.RELEASED) > 0

    def sweep(self, now: datetime) -> int:
        """Give back whatever is held beyond its time."""
        return self._expire(now, lambda _: True)

    def reclaim(self, now: datetime, variants: Iterable[UUID]) -> int:
        """Give back what is held of some variants beyond its time."""
        wanted = set(variants)
        return self._expire(now, lambda promise: promise.key[0] in wanted)

    # Firm promises.

    def allocate(
        self,
        now: datetime,
        *,
        demand: UUID,
        units: Sequence[Units],
        kind: DemandKind = DemandKind.ORDER,
        priority: int = 0,
    ) -> None:
        """Promise units firmly at once; a line that has some there already has more then."""
        self._need(now, units)
        self._promise(demand, kind, units, expires_at=None, priority=priority)

    def release_firm(self, *, demand: UUID, units: Sequence[Units], ended: ReservationEnd) -> None:
        """Take promises off units that stay."""
        self._lower(demand, units, ended)

    def take_out(
        self, *, demand: UUID, units: Sequence[Units], reason: MovementReason, cause: Cause | None = None
    ) -> None:
        """Let promised units leave."""
        self._lower(demand, units, ReservationEnd.CONSUMED)
        self._move(
            {key: {Bucket.SELLABLE: -n} for key, n in _by_level(units).items()}, reason, cause or Cause("order", demand)
        )

    def write_off(self, *, demand: UUID, units: Sequence[Units], reason: MovementReason) -> None:
        """Say that promised units are not there, or not whole."""
        self._lower(demand, units, ReservationEnd.RELEASED)
        damaged = 1 if reason is MovementReason.DAMAGED else 0
        self._move(
            {key: {Bucket.SELLABLE: -n, Bucket.DAMAGED: n * damaged} for key, n in _by_level(units).items()},
            reason,
            Cause("order", demand),
        )

    # What comes and goes otherwise.

    def receive_return(self, *, return_id: UUID, units: Sequence[tuple[Units, Bucket]]) -> None:
        """Take units back."""
        moves: dict[Key, dict[Bucket, int]] = {}
        for part, bucket in units:
            buckets = moves.setdefault((part.variant_id, part.location_id), {})
            buckets[bucket] = buckets.get(bucket, 0) + part.quantity
        self._move(moves, MovementReason.RETURNED, Cause("return", return_id))

    def set_levels(self, now: datetime, *, lines: Sequence[StockLine], reason: MovementReason) -> int:
        """Make levels what a snapshot says."""
        moves: dict[Key, dict[Bucket, int]] = {}
        at_fault: list[int] = []
        for i, line in enumerate(lines):
            key = (line.variant_id, line.location_id)
            floor = self.floors.setdefault(key, Floor())
            delta = line.quantity - floor.units[Bucket.SELLABLE]
            if delta:
                moves[key] = {Bucket.SELLABLE: delta}
                if not self._bears(now, key, delta):
                    at_fault.append(i)
        if at_fault:
            raise WouldOversell("fewer than promised", field=("lines", str(at_fault[0]), "quantity"))
        self._move(moves, reason, Cause("feed"))
        return len(moves)

    def by_hand(
        self,
        now: datetime,
        *,
        steps: Sequence[tuple[Key, Mapping[Bucket, int], str]],
        reason: MovementReason,
        cause: Cause,
    ) -> None:
        """Correct buckets, move units between them, or put there what came: whatever was said about one location.

        Each step is what a line says: the level, the units, and what its field is called.
        """
        moves: dict[Key, dict[Bucket, int]] = {}
        for key, buckets, _ in steps:
            sums = moves.setdefault(key, dict.fromkeys(Bucket, 0))
            for bucket, delta in buckets.items():
                sums[bucket] += delta
        moves = {key: buckets for key, buckets in sorted(moves.items()) if any(buckets.values())}
        for key, buckets in moves.items():
            floor = self.floors.setdefault(key, Floor())
            for bucket in Bucket:
                if floor.units[bucket] + buckets[bucket] < 0:
                    raise QuantityExceeded("not there", field=_at_fault(steps, key, bucket))
        for key, buckets in moves.items():
            if not self._bears(now, key, buckets[Bucket.SELLABLE]):
                raise WouldOversell("promised", field=_at_fault(steps, key, Bucket.SELLABLE))
        self._move(moves, reason, cause)

    # What the events are made of.

    def _need(self, now: datetime, units: Sequence[Units]) -> None:
        asked = _by_level(units)
        missing = {key for key, n in asked.items() if n > self.available(key)}
        self._expire_at(now, missing)
        short = {key: n for key, n in asked.items() if n > self.available(key)}
        if short:
            raise OutOfStock(_shortages(short, {key: self.available(key) for key in short}, units))

    def _bears(self, now: datetime, key: Key, delta: int) -> bool:
        if self.available(key) + delta < 0:
            self._expire_at(now, [key])
        return self.available(key) + delta >= 0

    def _promise(
        self,
        demand: UUID,
        kind: DemandKind,
        units: Sequence[Units],
        *,
        expires_at: datetime | None,
        priority: int = 0,
    ) -> None:
        for (line, key), quantity in sorted(_by_line(units).items()):
            self._add(Promise(demand, kind, line, key, quantity, expires_at, priority))

    def _add(self, promise: Promise) -> None:
        """Promise something; a line has one firm promise of the same units, and more of them when it is given more."""
        alike = [
            part
            for part in self.promises
            if promise.expires_at is None
            and part.expires_at is None
            and (part.line, part.key, part.supply) == (promise.line, promise.key, promise.supply)
        ]
        if alike:
            alike[0].quantity += promise.quantity
        else:
            self.given += 1
            self.promises.append(replace(promise, number=promise.number or self.given))

    def _lower(self, demand: UUID, units: Sequence[Units], ended: ReservationEnd) -> None:
        for (line, key), quantity in _by_line(units).items():
            bearing = [
                part
                for part in self.firm_of(demand)
                if (part.line, part.key) == (line, key) and part.quantity >= quantity
            ]
            if not bearing:
                raise BrokenInvariant("promised less than leaves")
            bearing[0].quantity -= quantity
            self.endings[demand, line, key, None, ended] += quantity
            if not bearing[0].quantity:
                self._drop(bearing)

    def _end(self, promises: Sequence[Promise], ended: ReservationEnd) -> int:
        for part in promises:
            self.endings[part.demand, part.line, part.key, part.supply, ended] += part.quantity
        self._drop(promises)
        return len(promises)

    def _there(self, key: Key) -> list[Promise]:
        return [part for part in self.promises if part.key == key and part.supply is None]

    def _expire_at(self, now: datetime, keys: Collection[Key]) -> int:
        return self._expire(now, lambda promise: promise.supply is None and promise.key in keys)

    def _expire(self, now: datetime, concerned: Callable[[Promise], bool]) -> int:
        lapsed = [part for part in self.promises if part.expires_at and part.expires_at <= now and concerned(part)]
        return self._end(lapsed, ReservationEnd.EXPIRED)

    def _drop(self, promises: Sequence[Promise]) -> None:
        gone = {id(part) for part in promises}
        self.promises = [part for part in self.promises if id(part) not in gone]

    def _move(self, moves: Mapping[Key, Mapping[Bucket, int]], reason: MovementReason, cause: Cause) -> None:
        for key, buckets in moves.items():
            floor = self.floors.setdefault(key, Floor())
            if any(buckets.values()):
                floor.version += 1
            for bucket, delta in buckets.items():
                if delta:
                    floor.units[bucket] += delta
                    self.ledger.append(Entry(key, floor.version, bucket, delta, floor.units[bucket], reason, cause))


def _by_level(units: Iterable[Units]) -> dict[Key, int]:
    sums: Counter[Key] = Counter()
    for part in units:
        sums[part.variant_id, part.location_id] += part.quantity
    return dict(sorted(sums.items()))


def _by_line(units: Iterable[Units]) -> dict[tuple[UUID, Key], int]:
    sums: Counter[tuple[UUID, Key]] = Counter()
    for part in units:
        sums[part.line_id, (part.variant_id, part.location_id)] += part.quantity
    return dict(sums)


def _at_fault(steps: Sequence[tuple[Key, Mapping[Bucket, int], str]], key: Key, bucket: Bucket) -> tuple[str, ...]:
    """Name the first line that takes from a bucket."""
    return next(
        ("lines", str(i), name)
        for i, (level, units, name) in enumerate(steps)
        if level == key and units.get(bucket, 0) < 0
    )


def _shortages(short: Mapping[Key, int], left: Mapping[Key, int], units: Sequence[Units]) -> list[Shortage]:
    return [
        Shortage(
            key[0], n, left[key], tuple(dict.fromkeys(part.line_id for part in units if part.variant_id == key[0]))
        )
        for key, n in short.items()
    ]
