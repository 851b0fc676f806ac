"""Statements about the ledger: what moved, and what there was at any moment."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.inventory import models  # noqa: F401  # The statements below are about these tables.
from app.inventory.rules import Movement
from app.inventory.states import Bucket, MovementReason
from app.kernel.errors import Invalid
from app.kernel.ids import LocationId
from app.kernel.paging import PageRequest, bound
from app.kernel.sql import Session, Statement, rows

_COLUMNS = (
    "variant_id", "location_id", "bucket", "level_version", "delta", "balance", "reason", "cause_kind", "cause_id", "note",
    "actor", "at",
)  # fmt: skip
_MOVEMENT = ", ".join(f"m.{column}" for column in _COLUMNS)


@dataclass(frozen=True, slots=True)
class PastUnits:
    """What was physically at a level at some moment."""

    variant_id: UUID
    location_id: UUID
    sellable: int
    damaged: int
    quality: int


@dataclass(frozen=True, slots=True)
class MovementFilter:
    """Which entries of the ledger are asked for. `location_ids` None means everywhere; `until` is exclusive."""

    location_ids: Collection[LocationId] | None = None
    variant_id: UUID | None = None
    buckets: Collection[Bucket] | None = None
    reasons: Collection[MovementReason] | None = None
    cause_kind: str | None = None
    cause_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


_LIST_MOVEMENTS = rows(
    """
    SELECT variant_id, location_id, bucket, level_version, delta, balance, reason, cause_kind, cause_id, note, actor, at
    FROM movements
    WHERE variant_id = :variant_id AND (:location_id::uuid IS NULL OR location_id = :location_id)
    ORDER BY at DESC, level_version DESC, bucket LIMIT :most
    """,
    Movement,
)
_LIST_STOCK_AS_OF = rows(
    """
    SELECT variant_id, location_id, sellable, damaged, quality
    FROM stock_as_of(:moment::timestamptz, :variants::uuid[], :locations::uuid[])
    """,
    PastUnits,
)
_ORDER = "ORDER BY m.at DESC, m.level_version DESC, m.bucket DESC, m.variant_id DESC, m.location_id DESC LIMIT :most"


def _part(where: str) -> str:
    """Write the statement for one stretch of an index. Its bounds in time say which months need not be looked at."""
    return f"""
        SELECT {_MOVEMENT} FROM movements AS m
        WHERE {where}
          AND m.at >= coalesce(:since::timestamptz, '-infinity') AND m.at < coalesce(:until::timestamptz, 'infinity')
          AND m.at <= coalesce(:after_at::timestamptz, 'infinity')
          AND (:after_at::timestamptz IS NULL OR (m.at, m.level_version, m.bucket, m.variant_id, m.location_id)
              < (:after_at, :after_version::int, :after_bucket::text, :after_variant::uuid, :after_location::uuid))
          AND (:buckets::text[] IS NULL OR m.bucket = ANY(:buckets))
          AND (:reasons::text[] IS NULL OR m.reason = ANY(:reasons))
          AND (:cause_kind::text IS NULL OR m.cause_kind = :cause_kind)
          AND (:cause_id::uuid IS NULL OR m.cause_id = :cause_id)
        {_ORDER}
    """


#: A level that has not moved since the moment that is asked about has nothing to say, and a later month nothing of it.
_OF_LEVEL = _part(
    """
    m.variant_id = level.variant_id AND m.location_id = level.location_id AND m.bucket = shelf.bucket
    AND m.at <= level.moved_at
    """
)
_EVERY_BUCKET = "unnest(coalesce(:buckets::text[], '{SELLABLE,DAMAGED,QUALITY}')) AS shelf (bucket)"
_FIND: dict[str, Statement[Movement]] = {
    "cause": rows(_part("m.cause_id = :cause_id AND (:locations::uuid[] IS NULL OR m.location_id = ANY(:locations))"
                        " AND (:variant_id::uuid IS NULL OR m.variant_id = :variant_id)"), Movement),
    "variant": rows(
        f"""
        SELECT m.* FROM levels AS level CROSS JOIN {_EVERY_BUCKET} CROSS JOIN LATERAL ({_OF_LEVEL}) AS m
        WHERE level.variant_id = :variant_id AND (:locations::uuid[] IS NULL OR level.location_id = ANY(:locations))
          AND level.moved_at >= coalesce(:since::timestamptz, '-infinity')
        {_ORDER}
        """,
        Movement,
    ),
    # Each place is asked for its own latest entries, because one look into the index for each is all that costs.
    "places": rows(
        f"""
        SELECT m.* FROM unnest(:locations::uuid[]) AS place (id)
        CROSS JOIN LATERAL ({_part("m.location_id = place.id")}) AS m {_ORDER}
        """,
        Movement,
    ),
    "everywhere": rows(
        f"SELECT m.* FROM locations AS place CROSS JOIN LATERAL ({_part('m.location_id = place.id')}) AS m {_ORDER}",
        Movement,
    ),
}  # fmt: skip
_LIST_OF_LEVELS = rows(
    f"""
    SELECT {_MOVEMENT} FROM levels AS level
    CROSS JOIN LATERAL (
        SELECT m.* FROM {_EVERY_BUCKET} CROSS JOIN LATERAL ({_OF_LEVEL}) AS m {_ORDER}
    ) AS m
    WHERE (level.variant_id, level.location_id) IN (SELECT * FROM unnest(:level_variants::uuid[], :level_locations::uuid[]))
    ORDER BY m.at DESC, m.level_version DESC, m.bucket DESC, m.variant_id DESC, m.location_id DESC
    """,
    Movement,
)


async def list_movements(
    session: Session, *, variant_id: UUID, location_id: UUID | None = None, most: int = 100
) -> list[Movement]:
    """List the latest entries of a variant's ledger, newest first."""
    return await _LIST_MOVEMENTS.all(session, variant_id=variant_id, location_id=location_id, most=most)


async def list_stock_as_of(
    session: Session,
    *,
    moment: datetime,
    variant_ids: Collection[UUID] | None = None,
    location_ids: Collection[UUID] | None = None,
) -> list[PastUnits]:
    """Say what was physically there at a moment, at every level of these variants and locations, in no order."""
    return await _LIST_STOCK_AS_OF.all(
        session,
        moment=moment,
        variants=None if variant_ids is None else list(variant_ids),
        locations=None if location_ids is None else list(location_ids),
    )


async def find_movements(session: Session, *, wanted: MovementFilter, request: PageRequest) -> list[Movement]:
    """List entries of the ledger, newest first, one more than the page holds.

    Raises: Invalid when the cursor is not one of this list.
    """
    if wanted.cause_id is not None:
        along = "cause"
    elif wanted.variant_id is not None:
        along = "variant"
    else:
        along = "everywhere" if wanted.location_ids is None else "places"
    return await _FIND[along].all(session, **_params(wanted), **_page(request))


async def list_movements_of_levels(
    session: Session, *, levels: Sequence[tuple[UUID, UUID]], until: datetime | None, request: PageRequest
) -> list[Movement]:
    """List the latest entries of each of these levels, newest first, one more than the page holds; `until` is exclusive.

    Raises: Invalid when the cursor is not one of this list.
    """
    return await _LIST_OF_LEVELS.all(
        session,
        level_variants=[level[0] for level in levels],
        level_locations=[level[1] for level in levels],
        **_params(MovementFilter(until=until)),
        **_page(request),
    )


def movements_key(movement: Movement) -> tuple[object, ...]:
    """Write the sort key of an entry in its list."""
    return (
        movement.at.isoformat(),
        str(movement.variant_id),
        movement.level_version,
        movement.bucket.value,
        str(movement.location_id),
    )


def _page(request: PageRequest) -> dict[str, object]:
    params: dict[str, object] = dict.fromkeys(
        ("after_at", "after_variant", "after_version", "after_bucket", "after_location")
    )
    params["most"] = request.size + 1
    if request.after is None:
        return params
    refusal = Invalid("this is not a cursor of this list", field=("after",))
    if len(request.after) != len(params) - 1:
        raise refusal
    written_at, variant, version, bucket, location = request.after
    found = bound((written_at, variant), datetime, name="after")
    if found is None or type(version) is not int or not 0 < version < 2**31 or bucket not in set(Bucket):
        raise refusal
    try:
        place = UUID(location)  # type: ignore[arg-type]  # Refused when it is no text.
    except (ValueError, TypeError, AttributeError):
        raise refusal from None
    params |= {"after_at": found[0], "after_variant": found[1], "after_version": version, "after_bucket": bucket}
    return params | {"after_location": place}


def _params(wanted: MovementFilter) -> dict[str, object]:
    return {
        "locations": None if wanted.location_ids is None else list(wanted.location_ids),
        "variant_id": wanted.variant_id,
        "buckets": None if wanted.buckets is None else [bucket.value for bucket in wanted.buckets],
        "reasons": None if wanted.reasons is None else [reason.value for reason in wanted.reasons],
        "cause_kind": wanted.cause_kind,
        "cause_id": wanted.cause_id,
        "since": wanted.since,
        "until": wanted.until,
    }
