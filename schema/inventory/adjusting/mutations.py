"""Stock changed by hand: corrected, moved between buckets, received without any announcement."""

from asyncio import gather

import strawberry

from app.inventory.rules.adjusting import Adjustment, BucketMove, Delivered
from app.inventory.rules.lines import refuse_length
from app.inventory.service import adjusting
from app.inventory.states import Bucket, MovementReason
from app.kernel.db import UnitOfWork
from app.kernel.ids import IdKind, LocationId, VariantId, decode
from app.kernel.paging import PageRequest
from schema.core.context import Context, Info
from schema.core.mutations import Done, Outcome, perform
from schema.inventory.adjusting.inputs import StockAdjustInput, StockMoveInput, StockReceiveInput
from schema.inventory.adjusting.loaders import MovementsByAdjustmentId
from schema.inventory.adjusting.types import StockChangePayload
from schema.inventory.levels.loaders import LevelsByVariantId, LevelsWanted
from schema.inventory.levels.types import StockLevel, StockMovement

#: A variant has one level at a location.
_ONE = PageRequest(size=1)


@strawberry.type
class AdjustingMutation:
    """Mutations of stock by hand."""

    @strawberry.mutation
    async def stock_adjust(self, info: Info, input: StockAdjustInput) -> StockChangePayload:
        """Correct stock by hand, with a reason. Needs inventory:adjust at the location.

        Taking more than is there is QUANTITY_EXCEEDED, taking what customers are promised OUT_OF_STOCK.
        """

        async def command(uow: UnitOfWork) -> Done:
            refuse_length(input.lines)
            return Done(
                await adjusting.adjust(
                    uow,
                    location_id=_location_id(input.location_id),
                    reason=MovementReason(input.reason.value),
                    lines=[
                        Adjustment(_variant_id(i, line.variant_id), line.delta, line.bucket or Bucket.SELLABLE)
                        for i, line in enumerate(input.lines)
                    ],
                    note=input.note,
                )
            )

        outcome = await perform(info.context, "stockAdjust", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)

    @strawberry.mutation
    async def stock_move(self, info: Info, input: StockMoveInput) -> StockChangePayload:
        """Move units between the buckets of a location. Needs inventory:adjust there.

        Taking more than is there is QUANTITY_EXCEEDED, taking what customers are promised OUT_OF_STOCK.
        """

        async def command(uow: UnitOfWork) -> Done:
            refuse_length(input.lines)
            return Done(
                await adjusting.move(
                    uow,
                    location_id=_location_id(input.location_id),
                    reason=MovementReason(input.reason.value),
                    lines=[
                        BucketMove(_variant_id(i, line.variant_id), line.from_, line.to, line.quantity)
                        for i, line in enumerate(input.lines)
                    ],
                    note=input.note,
                )
            )

        outcome = await perform(info.context, "stockMove", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)

    @strawberry.mutation
    async def stock_receive(self, info: Info, input: StockReceiveInput) -> StockChangePayload:
        """Take goods in that nobody had announced. Needs inventory:adjust at the location."""

        async def command(uow: UnitOfWork) -> Done:
            refuse_length(input.lines)
            return Done(
                await adjusting.receive(
                    uow,
                    location_id=_location_id(input.location_id),
                    lines=[
                        Delivered(_variant_id(i, line.variant_id), line.quantity, line.bucket or Bucket.SELLABLE)
                        for i, line in enumerate(input.lines)
                    ],
                    note=input.note,
                )
            )

        outcome = await perform(info.context, "stockReceive", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)


def _location_id(text: str) -> LocationId:
    return LocationId(decode(IdKind.LOCATION, text, field=("locationId",)))


def _variant_id(i: int, text: str) -> VariantId:
    return VariantId(decode(IdKind.VARIANT, text, field=("lines", str(i), "variantId")))


async def _payload(context: Context, outcome: Outcome) -> StockChangePayload:
    if outcome.object_id is None:
        return StockChangePayload(levels=[], movements=[], errors=outcome.errors)
    rows = await context.load(MovementsByAdjustmentId, outcome.object_id)
    keys = dict.fromkeys((row.variant_id, row.location_id) for row in rows)
    found = await gather(
        *(
            context.load(LevelsByVariantId, LevelsWanted(variant_id, frozenset({LocationId(at)}), None, _ONE))
            for variant_id, at in keys
        )
    )
    return StockChangePayload(
        levels=[StockLevel.of(level) for levels in found for level in levels],
        movements=[StockMovement.of(row) for row in rows],
        errors=outcome.errors,
    )
