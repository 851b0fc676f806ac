"""Counting: begun, counted, handed in, decided."""

from collections.abc import Sequence
from uuid import UUID

import strawberry

from app.inventory import service as inventory
from app.inventory.rules import Counted
from app.inventory.states import Bucket
from app.kernel.db import UnitOfWork
from app.kernel.errors import Invalid
from app.kernel.ids import CountId, CountLineId, IdKind, LocationId, VariantId, decode
from app.servicing import service as servicing
from app.servicing.service import BrokenPromise as Broken
from schema.core.context import Context, Info
from schema.core.mutations import Done, Outcome, perform
from schema.inventory.counts.inputs import (
    CountCreateInput,
    CountedInput,
    CountPostInput,
    CountRecordInput,
    CountRecountInput,
    CountRejectInput,
    CountSubmitInput,
)
from schema.inventory.counts.loaders import CountById
from schema.inventory.counts.types import BrokenPromise, Count, CountPayload, CountPostPayload

#: More lines than a count may have are refused before any of them is read.
_MOST_LINES = 1_000


@strawberry.type
class CountMutation:
    """Mutations of counts."""

    @strawberry.mutation
    async def count_create(self, info: Info, input: CountCreateInput) -> CountPayload:
        """Plan a count of some variants, or of everything that is there. Needs inventory:count at the location."""

        async def command(uow: UnitOfWork) -> Done:
            count = await inventory.create_count(
                uow,
                location_id=LocationId(decode(IdKind.LOCATION, input.location_id, field=("locationId",))),
                bucket=input.bucket or Bucket.SELLABLE,
                variant_ids=_variant_ids(input.variant_ids),
                blind=bool(input.blind),
                note=input.note,
            )
            return Done(count.id)

        outcome = await perform(info.context, "countCreate", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)

    @strawberry.mutation
    async def count_record(self, info: Info, input: CountRecordInput) -> CountPayload:
        """Say how many units were found of some lines; what the ledger says at this moment is kept beside it.

        Needs inventory:count at the location.
        """

        async def command(uow: UnitOfWork) -> Done:
            count = await inventory.record_count(uow, count_id=_key(input.count_id), counted=_counted(input.lines))
            return Done(count.id)

        outcome = await perform(info.context, "countRecord", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)

    @strawberry.mutation
    async def count_submit(self, info: Info, input: CountSubmitInput) -> CountPayload:
        """Hand a count in, once every line is counted. Needs inventory:count at the location."""

        async def command(uow: UnitOfWork) -> Done:
            return Done((await inventory.submit_count(uow, count_id=_key(input.count_id))).id)

        outcome = await perform(info.context, "countSubmit", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)

    @strawberry.mutation
    async def count_recount(self, info: Info, input: CountRecountInput) -> CountPayload:
        """Have lines counted once more. Needs inventory:adjust at the location."""

        async def command(uow: UnitOfWork) -> Done:
            line_ids = None if input.line_ids is None else _line_ids(input.line_ids)
            return Done((await inventory.recount(uow, count_id=_key(input.count_id), line_ids=line_ids)).id)

        outcome = await perform(info.context, "countRecount", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)

    @strawberry.mutation
    async def count_post(self, info: Info, input: CountPostInput) -> CountPostPayload:
        """Let the stock follow a count: each level changes by what was found against what was expected then.

        Where less is left than is promised, soft reservations end, transfers send less, and orders are served from
        elsewhere or wait; units that are packed stay. Needs inventory:adjust at the location.
        """

        async def command(uow: UnitOfWork) -> Done:
            posted = await servicing.post_count(uow, count_id=_key(input.count_id))
            return Done(posted.count.id, {"broken": [_written(promise) for promise in posted.broken]})

        outcome = await perform(info.context, "countPost", input, command, key=input.idempotency_key)
        answer = await _payload(info.context, outcome)
        return CountPostPayload(
            count=answer.count,
            broken_promises=[_read(promise) for promise in outcome.result.get("broken", ())],
            errors=answer.errors,
        )

    @strawberry.mutation
    async def count_reject(self, info: Info, input: CountRejectInput) -> CountPayload:
        """End a count that is not to change any stock. Needs inventory:adjust at the location."""

        async def command(uow: UnitOfWork) -> Done:
            return Done((await inventory.reject_count(uow, count_id=_key(input.count_id))).id)

        outcome = await perform(info.context, "countReject", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)


def _key(text: strawberry.ID) -> CountId:
    return CountId(decode(IdKind.COUNT, text, field=("countId",)))


def _variant_ids(given: Sequence[strawberry.ID] | None) -> list[VariantId] | None:
    if given is None:
        return None
    _refuse_many(given, "variantIds")
    return [VariantId(decode(IdKind.VARIANT, text, field=("variantIds", str(i)))) for i, text in enumerate(given)]


def _line_ids(given: Sequence[strawberry.ID]) -> list[CountLineId]:
    _refuse_many(given, "lineIds")
    return [CountLineId(decode(IdKind.COUNT_LINE, text, field=("lineIds", str(i)))) for i, text in enumerate(given)]


def _counted(given: Sequence[CountedInput]) -> list[Counted]:
    _refuse_many(given, "lines")
    return [
        Counted(
            CountLineId(decode(IdKind.COUNT_LINE, line.count_line_id, field=("lines", str(i), "countLineId"))),
            line.counted,
        )
        for i, line in enumerate(given)
    ]


def _refuse_many(given: Sequence[object], field: str) -> None:
    if len(given) > _MOST_LINES:
        raise Invalid(f"at most {_MOST_LINES}", field=(field,))


def _written(promise: Broken) -> dict[str, object]:
    return {
        "order": str(promise.order_id),
        "variant": str(promise.variant_id),
        "units": promise.units,
        "waiting": promise.waiting,
    }


def _read(promise: dict[str, object]) -> BrokenPromise:
    return BrokenPromise(
        order_key=UUID(str(promise["order"])),
        variant_key=UUID(str(promise["variant"])),
        units=int(str(promise["units"])),
        units_waiting=int(str(promise["waiting"])),
    )


async def _payload(context: Context, outcome: Outcome) -> CountPayload:
    row = None if outcome.object_id is None else await context.load(CountById, outcome.object_id)
    return CountPayload(count=None if row is None else Count.of(row), errors=outcome.errors)
