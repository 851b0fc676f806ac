"""Relations of returns, each read for all parents at once."""

from collections.abc import Sequence
from uuid import UUID

from app.payments import queries as payments
from app.returns import queries, service
from app.returns.rules import Return, ReturnLine, ReturnReceipt
from schema.core.batches import by_id, grouped
from schema.core.context import Batch, Context


async def _returns(context: Context, ids: list[UUID]) -> Sequence[Return | None]:
    """Returns by id."""
    return by_id(await queries.list_returns(context.session, return_ids=ids), ids)


async def _returns_of(context: Context, order_ids: list[UUID]) -> Sequence[list[Return]]:
    """Returns by order, oldest first."""
    found = await queries.list_for_orders(context.session, order_ids=order_ids)
    return grouped(found, order_ids, lambda row: row.order_id)


async def _lines(context: Context, return_ids: list[UUID]) -> Sequence[list[ReturnLine]]:
    """Lines by return."""
    found = await queries.list_lines(context.session, return_ids=return_ids)
    return grouped(found, return_ids, lambda row: row.return_id)


async def _line(context: Context, ids: list[UUID]) -> Sequence[ReturnLine | None]:
    """Lines by id."""
    return by_id(await queries.list_lines_by_id(context.session, line_ids=ids), ids)


async def _receipts(context: Context, line_ids: list[UUID]) -> Sequence[list[ReturnReceipt]]:
    """Receipts by line of a return, oldest first."""
    found = await queries.list_receipts(context.session, line_ids=line_ids)
    return grouped(found, line_ids, lambda row: row.return_line_id)


async def _refunded(context: Context, return_ids: list[UUID]) -> Sequence[int]:
    """What has been given back by now, in minor units, by return."""
    found = await payments.refunded_for_cause(context.session, cause_ids=return_ids)
    return [found[key].refunded_minor if key in found else 0 for key in return_ids]


async def _requestable(context: Context, order_ids: list[UUID]) -> Sequence[bool]:
    """Whether the caller, who sees the order, could ask for a return of it now."""
    found: set[UUID] = set()
    found |= await service.list_requestable(context.session, actor=context.actor, order_ids=order_ids, now=context.now)
    return [key in found for key in order_ids]


ReturnById = Batch(_returns)
ReturnsByOrderId = Batch(_returns_of)
LinesByReturnId = Batch(_lines)
ReturnLineById = Batch(_line)
ReceiptsByReturnLineId = Batch(_receipts)
RefundedByReturnId = Batch(_refunded)
RequestableByOrderId = Batch(_requestable)
