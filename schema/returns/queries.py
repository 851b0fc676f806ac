"""Reading returns."""

from uuid import UUID

import strawberry

from app.kernel.ids import IdKind, decode
from app.orders.service import is_buyer
from app.returns import rules
from app.returns.service import may_read
from schema.core.context import Context, Info
from schema.core.ids import Node, finds
from schema.orders.loaders import OrderById
from schema.returns.loaders import ReturnById, ReturnLineById
from schema.returns.types import Return, ReturnLine


async def visible_return(context: Context, row: rules.Return | None, token: str | None) -> Return | None:
    """Show a return to a caller who may see it."""
    order = None if row is None else await context.load(OrderById, row.order_id)
    if row is None or order is None or not may_read(context.actor, context.keys, order, token):
        return None
    return Return.of(row, for_buyer=is_buyer(context.actor, context.keys, order, token))


async def _found(info: Info, id: strawberry.ID, token: str | None = None) -> Return | None:
    """One return. Customers see their own; guests give the token of the order; staff need returns:read."""
    row = await info.context.load(ReturnById, decode(IdKind.RETURN, id))
    return await visible_return(info.context, row, token)


@strawberry.type
class ReturnQuery:
    """Root fields about returns."""

    # The name is a word of Python's, so the field is declared apart from its resolver.
    return_: Return | None = strawberry.field(resolver=_found, name="return")


@finds(IdKind.RETURN)
async def _return_node(context: Context, key: UUID, token: str | None) -> Node | None:
    return await visible_return(context, await context.load(ReturnById, key), token)


@finds(IdKind.RETURN_LINE)
async def _line_node(context: Context, key: UUID, token: str | None) -> Node | None:
    line = await context.load(ReturnLineById, key)
    row = None if line is None else await context.load(ReturnById, line.return_id)
    if line is None or row is None or await visible_return(context, row, token) is None:
        return None
    return ReturnLine.of(line, row.currency)
