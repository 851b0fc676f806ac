"""What a pickup is, without a database: its slots and their names, how long goods wait, how often one may guess."""

from base64 import b32hexdecode, b32hexencode
from binascii import Error as Base32Error
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from app.kernel.errors import Invalid
from app.kernel.ids import FulfillmentOrderId, LocationId, OrderId, PickupId
from app.locations.rules import Location, Opening, openings_between
from app.pickup.states import AT_THE_COUNTER, PICKUP, PickupStatus

SLOT = timedelta(hours=1)
#: How much longer goods wait for a customer who has said that they are there.
ARRIVED_GRACE = timedelta(days=1)
LONGEST_WINDOW = timedelta(days=31)
USUAL_WINDOW = timedelta(days=7)
#: Wrong codes that one pickup bears before its code is void.
MOST_ATTEMPTS = 5
#: Wrong codes that the counter of one store bears within the window.
MOST_STORE_FAILURES = 20
STORE_WINDOW = timedelta(minutes=15)

_SLOT_PREFIX = "psl_"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UUID_BYTES = 16
_SLOT_BYTES = _UUID_BYTES + 4


@dataclass(frozen=True, slots=True)
class Pickup:
    """Goods that a customer collects at a store."""

    id: PickupId
    fulfillment_order_id: FulfillmentOrderId
    order_id: OrderId
    store_id: LocationId
    status: PickupStatus
    slot_starts_at: datetime | None
    slot_ends_at: datetime | None
    ready_by: datetime | None
    ready_at: datetime | None
    collect_by: datetime | None
    collected_at: datetime | None
    code_generation: int
    code_attempts: int
    collected_by: str | None
    spot: str | None
    vehicle: str | None
    created_at: datetime
    updated_at: datetime

    def is_overdue(self, now: datetime) -> bool:
        """Say whether the time to collect is over; who has arrived in time is not sent away."""
        if self.collect_by is None or self.status not in AT_THE_COUNTER:
            return False
        grace = ARRIVED_GRACE if self.status is PickupStatus.ARRIVED else timedelta()
        return self.collect_by + grace <= now


@dataclass(frozen=True, slots=True)
class Slot:
    """An hour in which a store hands out a limited number of pickups."""

    store_id: LocationId
    starts_at: datetime
    ends_at: datetime
    remaining: int

    @property
    def id(self) -> str:
        """The slot's name for clients."""
        return slot_id(self.store_id, self.starts_at)


def slot_id(store_id: UUID, starts_at: datetime) -> str:
    """Name a slot: it says which store and when, so that no slot needs a row before somebody takes a place in it."""
    minutes = int((starts_at - _EPOCH) / timedelta(minutes=1))
    return _SLOT_PREFIX + b32hexencode(store_id.bytes + minutes.to_bytes(4)).decode().lower()


def parse_slot_id(text: str, *, field: Sequence[str] = ("pickupSlotId",)) -> tuple[LocationId, datetime]:
    """Read which store's slot is meant, and when it starts.

    Raises: Invalid when it is not the id of a slot.
    """
    try:
        if not text.startswith(_SLOT_PREFIX):
            raise ValueError(text)
        packed = b32hexdecode(text.removeprefix(_SLOT_PREFIX).upper())
        if len(packed) != _SLOT_BYTES:
            raise ValueError(text)
        starts_at = _EPOCH + timedelta(minutes=int.from_bytes(packed[_UUID_BYTES:]))
    except (ValueError, Base32Error, OverflowError):
        raise Invalid(f"{text[:60]!r} is not the id of a pickup slot", field=field) from None
    return LocationId(UUID(bytes=packed[:_UUID_BYTES])), starts_at


def slot_window(*, start: datetime | None, end: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """Say between which moments slots are listed: a week from now, when nothing else is asked for.

    Raises: Invalid when it ends before it starts, or is longer than a month.
    """
    begins = max(start or now, now)
    ends = end or begins + USUAL_WINDOW
    if start is not None and end is not None and end < start:
        raise Invalid("this ends before it starts", field=("to",))
    if ends - begins > LONGEST_WINDOW:
        raise Invalid(f"at most {LONGEST_WINDOW.days} days", field=("to",))
    return begins, ends


def slot_starts(hours: Sequence[Opening], timezone: str, *, start: datetime, end: datetime) -> list[datetime]:
    """List when slots start from `start` until before `end`: whole hours of the local clock, all of them while open."""
    starts: list[datetime] = []
    for opens, closes in openings_between(hours, timezone, start, end + SLOT):
        starts_at = _next_full_hour(opens, ZoneInfo(timezone))
        while starts_at + SLOT <= closes and starts_at < end:
            starts.append(starts_at)
            starts_at += SLOT
    return starts


def is_slot(hours: Sequence[Opening], timezone: str, starts_at: datetime) -> bool:
    """Say whether a store has a slot that starts then."""
    return starts_at in slot_starts(hours, timezone, start=starts_at, end=starts_at + timedelta(minutes=1))


def collect_by(location: Location, hours: Sequence[Opening], *, ready_at: datetime) -> datetime:
    """Say until when goods wait: the store's days of grace, and then until it closes."""
    earliest = ready_at + timedelta(days=location.pickup_hold_days)
    openings = openings_between(hours, location.timezone, earliest, earliest + timedelta(days=14))
    # A place that never closes would keep goods for the whole fortnight that was asked about.
    if not openings or openings[0][1] - openings[0][0] > timedelta(days=1):
        return earliest
    return openings[0][1]


def _next_full_hour(at: datetime, zone: ZoneInfo) -> datetime:
    local = at.astimezone(zone)
    past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return at if not past else at - past + SLOT


#: Which mutation each move of a pickup is made by; the others follow from its work or from time.
_MUTATIONS = {"set_out": "pickupCheckIn", "arrive": "pickupCheckIn", "hand_over": "pickupHandOver"}


def next_steps(pickup: Pickup, now: datetime) -> list[str]:
    """Name the mutations that the state of a pickup allows now, whoever asks."""
    if pickup.is_overdue(now):
        return []
    actions = (_MUTATIONS.get(action) for action in PICKUP.actions(pickup.status))
    return list(dict.fromkeys(action for action in actions if action is not None))
