"""Statements about transfers, and what of them is expected where they go."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.inventory import models  # noqa: F401  # The statements below are about these tables.
from app.inventory.rules import Supply
from app.inventory.rules.transfers import Transfer, TransferLine, TransferWithLines
from app.inventory.states import TransferStatus
from app.kernel.db import UnitOfWork
from app.kernel.ids import LocationId, TransferId, VariantId, new_id
from app.kernel.paging import PageRequest, bound
from app.kernel.sql import Session, rows, statement

_HEADER = (
    "id, number, from_location_id, to_location_id, status, cause, note, settled_note, expected_at, created_at, updated_at,"
    " shipped_at, closed_at"
)
_LINE = "id, transfer_id, variant_id, requested, shipped, received, written_back, written_off"
_SUPPLY = (
    "id, variant_id, location_id, kind, purchase_order_id, transfer_id, expected, received, lost, reserved, sold_ahead,"
    " expected_at, created_at, updated_at, closed_at"
)

_LIST = rows(f"SELECT {_HEADER} FROM transfers WHERE id = ANY(:ids::uuid[])", Transfer)
_LOCK = rows(f"SELECT {_HEADER} FROM transfers WHERE id = :id FOR NO KEY UPDATE", Transfer)
_LIST_LINES = rows(
    f"SELECT {_LINE} FROM transfer_lines WHERE transfer_id = ANY(:ids::uuid[]) ORDER BY transfer_id, id", TransferLine
)
_LINES_BY_ID = rows(f"SELECT {_LINE} FROM transfer_lines WHERE id = ANY(:ids::uuid[])", TransferLine)

_INSERT = statement(
    f"""
    WITH line AS (
        INSERT INTO transfer_lines (id, transfer_id, variant_id, requested)
        SELECT id, :id::uuid, variant_id, requested
        FROM unnest(:line_ids::uuid[], :variants::uuid[], :requested::int[]) AS line (id, variant_id, requested)
    )
    INSERT INTO transfers ({_HEADER})
    VALUES (:id::uuid, :number, :from_location_id, :to_location_id, :status, :cause, :note, :settled_note, :expected_at,
        :created_at, :updated_at, :shipped_at, :closed_at)
    """
)
_UPDATE = statement(
    """
    UPDATE transfers SET status = :status, note = :note, settled_note = :settled_note, expected_at = :expected_at,
        updated_at = :updated_at, shipped_at = :shipped_at, closed_at = :closed_at
    WHERE id = :id
    """
)
#: A draft's lines become those that are wanted; a variant that stays keeps its line.
_REPLACE_LINES = rows(
    f"""
    WITH gone AS (
        DELETE FROM transfer_lines WHERE transfer_id = :transfer_id::uuid AND variant_id <> ALL(:variants::uuid[])
    )
    INSERT INTO transfer_lines AS line (id, transfer_id, variant_id, requested)
    SELECT id, :transfer_id::uuid, variant_id, requested
    FROM unnest(:line_ids::uuid[], :variants::uuid[], :requested::int[]) AS wanted (id, variant_id, requested)
    ON CONFLICT (transfer_id, variant_id) DO UPDATE SET requested = excluded.requested
    RETURNING {_LINE}
    """,
    TransferLine,
)
_UPDATE_LINES = statement(
    """
    UPDATE transfer_lines AS line SET shipped = now.shipped, received = now.received, written_back = now.written_back,
        written_off = now.written_off
    FROM unnest(:ids::uuid[], :shipped::int[], :received::int[], :written_back::int[], :written_off::int[])
        AS now (id, shipped, received, written_back, written_off)
    WHERE line.id = now.id
    """
)

_LOCK_SUPPLIES = rows(
    f"SELECT {_SUPPLY} FROM supplies WHERE transfer_id = :transfer_id ORDER BY id FOR NO KEY UPDATE", Supply
)
_LIST_SUPPLIES = rows(f"SELECT {_SUPPLY} FROM supplies WHERE transfer_id = :transfer_id", Supply)
_EXPECT = statement(
    """
    INSERT INTO supplies (id, variant_id, location_id, kind, transfer_id, expected, sold_ahead, expected_at, created_at,
        updated_at)
    SELECT id, variant_id, :location_id::uuid, 'TRANSFER', :transfer_id::uuid, expected,
        CASE WHEN :sold_ahead::bool THEN expected ELSE 0 END, :expected_at::timestamptz, :at::timestamptz, :at::timestamptz
    FROM unnest(:ids::uuid[], :variants::uuid[], :expected::int[]) AS supply (id, variant_id, expected)
    """
)
#: Supply from which more is promised than would still come is left as it is and not answered. Once nothing is to come any
#: more, it is closed.
_SETTLE_SUPPLY = rows(
    """
    UPDATE supplies AS supply SET
        received = supply.received + told.received,
        lost = supply.lost + told.lost,
        updated_at = :at::timestamptz,
        closed_at = CASE WHEN supply.expected - supply.received - told.received - supply.lost - told.lost <= 0
            THEN :at::timestamptz END
    FROM unnest(:variants::uuid[], :received::int[], :lost::int[]) AS told (variant_id, received, lost)
    WHERE supply.transfer_id = :transfer_id::uuid AND supply.variant_id = told.variant_id
      AND supply.reserved <= supply.expected - supply.received - told.received - supply.lost - told.lost
    RETURNING supply.variant_id
    """,
    UUID,
)


@dataclass(frozen=True, slots=True)
class TransferFilter:
    """Which transfers are asked for. `scope` is where the caller works, who sees a transfer from both its ends."""

    scope: Collection[LocationId] | None = None
    location_id: LocationId | None = None
    from_location_id: LocationId | None = None
    to_location_id: LocationId | None = None
    statuses: Sequence[TransferStatus] | None = None
    variant_id: VariantId | None = None

    @property
    def ends(self) -> list[UUID] | None:
        """Name the fewest locations that every transfer asked for begins or ends at; None when it may be any."""
        for location_id in (self.location_id, self.from_location_id, self.to_location_id):
            if location_id is not None:
                return [location_id]
        return None if self.scope is None else list(self.scope)


_WANTED = """
    (:after_id::uuid IS NULL OR id < :after_id)
    AND (:scope::uuid[] IS NULL OR from_location_id = ANY(:scope) OR to_location_id = ANY(:scope))
    AND (:location_id::uuid IS NULL OR from_location_id = :location_id OR to_location_id = :location_id)
    AND (:from_id::uuid IS NULL OR from_location_id = :from_id)
    AND (:to_id::uuid IS NULL OR to_location_id = :to_id)
    AND (:statuses::text[] IS NULL OR status = ANY(:statuses))
    AND (:variant_id::uuid IS NULL OR EXISTS (
        SELECT FROM transfer_lines AS line WHERE line.transfer_id = transfers.id AND line.variant_id = :variant_id
    ))
"""
_NEWEST = f"SELECT {_HEADER} FROM transfers WHERE {_WANTED} ORDER BY id DESC LIMIT :most"
#: Each location is asked for its own newest, once for each end, because an index scan of either is all that costs.
_NEWEST_AT = f"""
    SELECT found.* FROM unnest(:ends::uuid[]) AS place (id) CROSS JOIN LATERAL (
        SELECT {_HEADER} FROM transfers WHERE from_location_id = place.id AND {_WANTED} ORDER BY id DESC LIMIT :most
    ) AS found
    UNION
    SELECT found.* FROM unnest(:ends::uuid[]) AS place (id) CROSS JOIN LATERAL (
        SELECT {_HEADER} FROM transfers WHERE to_location_id = place.id AND {_WANTED} ORDER BY id DESC LIMIT :most
    ) AS found
    ORDER BY id DESC LIMIT :most
"""
_LIST_NEWEST = rows(_NEWEST, Transfer)
_LIST_NEWEST_AT = rows(_NEWEST_AT, Transfer)
_COUNT = rows(f"SELECT count(*)::int FROM transfers WHERE {_WANTED}", int)


async def list_transfers(session: Session, *, transfer_ids: Collection[UUID]) -> list[Transfer]:
    """List transfers by their ids, in no order."""
    return await _LIST.all(session, ids=list(transfer_ids))


async def lock_transfer(uow: UnitOfWork, *, transfer_id: TransferId) -> Transfer | None:
    """Lock one transfer, before any stock."""
    return await _LOCK.first(uow, id=transfer_id)


async def list_transfer_lines(session: Session, *, transfer_ids: Collection[UUID]) -> list[TransferLine]:
    """List the lines of these transfers, in their order."""
    return await _LIST_LINES.all(session, ids=list(transfer_ids))


async def list_transfer_lines_by_id(session: Session, *, line_ids: Collection[UUID]) -> list[TransferLine]:
    """List lines by their ids, in no order."""
    return await _LINES_BY_ID.all(session, ids=list(line_ids))


async def list_newest_transfers(session: Session, *, wanted: TransferFilter, request: PageRequest) -> list[Transfer]:
    """List transfers, newest first, one more than the page holds.

    Raises: Invalid when the cursor is not one of this list.
    """
    after = bound(request.after, datetime, name="after")
    params = _filters(wanted) | {"after_id": None if after is None else after[1], "most": request.size + 1}
    if wanted.ends is None:
        return await _LIST_NEWEST.all(session, **params)
    return await _LIST_NEWEST_AT.all(session, ends=wanted.ends, **params)


async def count_transfers(session: Session, *, wanted: TransferFilter) -> int:
    """Count the transfers that a filter asks for."""
    return await _COUNT.one(session, **_filters(wanted), after_id=None)


def transfer_key(transfer: Transfer) -> tuple[object, ...]:
    """Write where a transfer stands in its list."""
    return (transfer.created_at.isoformat(), str(transfer.id))


async def insert_transfer(uow: UnitOfWork, *, transfer: TransferWithLines) -> None:
    """Write a new transfer with its lines."""
    header = transfer.header
    await _INSERT.run(
        uow,
        id=header.id,
        number=header.number,
        from_location_id=header.from_location_id,
        to_location_id=header.to_location_id,
        cause=header.cause.value,
        created_at=header.created_at,
        **_changing(header),
        line_ids=[line.id for line in transfer.lines],
        variants=[line.variant_id for line in transfer.lines],
        requested=[line.requested for line in transfer.lines],
    )


async def update_transfer(uow: UnitOfWork, *, header: Transfer) -> None:
    """Write what may change of a transfer."""
    await _UPDATE.run(uow, id=header.id, **_changing(header))


async def replace_transfer_lines(
    uow: UnitOfWork, *, transfer_id: TransferId, wanted: Mapping[VariantId, int]
) -> list[TransferLine]:
    """Make a draft's lines those that are wanted, and answer them."""
    return await _REPLACE_LINES.all(
        uow,
        transfer_id=transfer_id,
        line_ids=[new_id() for _ in wanted],
        variants=list(wanted),
        requested=list(wanted.values()),
    )


async def update_transfer_lines(uow: UnitOfWork, *, lines: Sequence[TransferLine]) -> None:
    """Write how far lines have got."""
    await _UPDATE_LINES.run(
        uow,
        ids=[line.id for line in lines],
        shipped=[line.shipped for line in lines],
        received=[line.received for line in lines],
        written_back=[line.written_back for line in lines],
        written_off=[line.written_off for line in lines],
    )


async def lock_supplies_of_transfer(uow: UnitOfWork, *, transfer_id: TransferId) -> list[Supply]:
    """Lock what is expected from a transfer, after the levels."""
    return await _LOCK_SUPPLIES.all(uow, transfer_id=transfer_id)


async def list_supplies_of_transfer(session: Session, *, transfer_id: TransferId) -> list[Supply]:
    """List what is expected from a transfer, in no order."""
    return await _LIST_SUPPLIES.all(session, transfer_id=transfer_id)


async def expect_transfer(
    uow: UnitOfWork, *, header: Transfer, expected: Mapping[VariantId, int], sold_ahead: bool = False
) -> dict[UUID, UUID]:
    """Write what a transfer will bring to where it goes; answers the supply of each variant.

    Nothing can be promised from it, unless it is `sold_ahead`: sent because somebody bought it.
    """
    ids: dict[UUID, UUID] = {variant_id: new_id() for variant_id in expected}
    await _EXPECT.run(
        uow,
        transfer_id=header.id,
        location_id=header.to_location_id,
        expected_at=header.expected_at,
        at=uow.now,
        sold_ahead=sold_ahead,
        ids=list(ids.values()),
        variants=list(expected),
        expected=list(expected.values()),
    )
    return ids


async def settle_supply_of_transfer(
    uow: UnitOfWork, *, transfer_id: TransferId, told: Mapping[VariantId, tuple[int, int]]
) -> set[UUID]:
    """Write how many units came and how many will not; answers the variants whose supply bore it.

    What more is promised from than would still come is left alone.
    """
    return set(
        await _SETTLE_SUPPLY.all(
            uow,
            transfer_id=transfer_id,
            at=uow.now,
            variants=list(told),
            received=[received for received, _ in told.values()],
            lost=[lost for _, lost in told.values()],
        )
    )


def _changing(header: Transfer) -> dict[str, object]:
    return {
        "status": header.status.value,
        "note": header.note,
        "settled_note": header.settled_note,
        "expected_at": header.expected_at,
        "updated_at": header.updated_at,
        "shipped_at": header.shipped_at,
        "closed_at": header.closed_at,
    }


def _filters(wanted: TransferFilter) -> dict[str, object]:
    return {
        "scope": None if wanted.scope is None else list(wanted.scope),
        "location_id": wanted.location_id,
        "from_id": wanted.from_location_id,
        "to_id": wanted.to_location_id,
        "statuses": None if wanted.statuses is None else [status.value for status in wanted.statuses],
        "variant_id": wanted.variant_id,
    }
