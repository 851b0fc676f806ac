"""The mutation that takes stock feeds."""

from typing import Any

import strawberry

from app.integration.rules.stock import LineProblem, StockLine
from app.integration.service import TakenFeed, take_stock_feed
from app.inventory.states import Bucket
from app.kernel.db import UnitOfWork
from app.kernel.errors import ErrorCode, Invalid
from app.kernel.ids import IdKind, decode
from app.kernel.puts import Put
from schema.core.context import Info
from schema.core.errors import UserError
from schema.core.ids import public_id
from schema.core.mutations import Done, perform
from schema.inventory.feeds.inputs import StockFeedInput, StockFeedLineInput, StockFeedMode


@strawberry.type
class StockFeedRowError:
    """Why one line of a feed was not taken; the others were."""

    index: int
    """Which line, counted from 0."""
    field: str
    """Which of its fields is at fault."""
    code: ErrorCode
    """What a program switches on: INVALID, NOT_FOUND, FORBIDDEN, CONFLICT or OUT_OF_STOCK."""
    message: str
    """What a person may read, in English."""


@strawberry.type
class StockFeedPayload:
    """The answer to a stock feed. Lines that were not taken are no errors of the call."""

    feed_id: strawberry.ID | None
    """Names the feed as the cause of movements; null when the call was refused."""
    taken: int
    """Lines that were taken: changed and unchanged ones."""
    changed: int
    """Lines that changed a level, or opened it."""
    unchanged: int
    """Lines that said what was so already."""
    refused: int
    """Lines that were not taken."""
    row_errors: list[StockFeedRowError]
    """Why each of them was not, in the order of the lines."""
    errors: list[UserError]
    """Why the call as a whole was refused; then nothing was taken."""


@strawberry.type
class StockFeedMutation:
    """Root fields through which other systems say what stock there is."""

    @strawberry.mutation
    async def stock_feed(self, info: Info, input: StockFeedInput) -> StockFeedPayload:
        """Set the stock of variants at locations to what others counted, or change it by what came and went.

        Good lines are taken, and each of the others is answered for: one that speaks of nothing here, of a place where the
        caller does not work, or that would leave less than customers were promised. Levels not there yet are opened.
        """

        async def command(uow: UnitOfWork) -> Done:
            taken = await take_stock_feed(
                uow,
                lines=[_line(line) for line in input.lines],
                delta=input.mode is StockFeedMode.DELTA,
                source=input.source,
            )
            return _done(taken)

        outcome = await perform(info.context, "stockFeed", input, command, key=input.idempotency_key)
        result = outcome.result
        changed, unchanged, rows = result.get("changed", 0), result.get("unchanged", 0), result.get("rowErrors", [])
        return StockFeedPayload(
            feed_id=None if outcome.object_id is None else public_id(IdKind.STOCK_FEED, outcome.object_id),
            taken=changed + unchanged,
            changed=changed,
            unchanged=unchanged,
            refused=len(rows),
            row_errors=[_row_error(row) for row in rows],
            errors=outcome.errors,
        )


def _line(given: StockFeedLineInput) -> StockLine | LineProblem:
    try:
        return StockLine(
            quantity=given.quantity,
            bucket=given.bucket or Bucket.SELLABLE,
            sku=given.sku,
            variant_id=None
            if given.variant_id is None
            else decode(IdKind.VARIANT, given.variant_id, field=("variantId",)),
            location=given.location_code,
            location_id=None
            if given.location_id is None
            else decode(IdKind.LOCATION, given.location_id, field=("locationId",)),
        )
    except Invalid as malformed:
        return LineProblem(malformed.field[0], malformed.code, malformed.message)


def _done(taken: TakenFeed) -> Done:
    problems = [(i, effect) for i, effect in enumerate(taken.lines) if isinstance(effect, LineProblem)]
    unchanged = sum(effect is Put.UNCHANGED for effect in taken.lines)
    return Done(
        taken.id,
        {
            "changed": len(taken.lines) - len(problems) - unchanged,
            "unchanged": unchanged,
            "rowErrors": [[i, problem.field, problem.code.value, problem.message] for i, problem in problems],
        },
    )


def _row_error(row: list[Any]) -> StockFeedRowError:
    index, field, code, message = row
    return StockFeedRowError(index=index, field=field, code=ErrorCode(code), message=message)
