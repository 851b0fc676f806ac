"""Mutations of placed orders."""

import strawberry

from app.kernel.db import UnitOfWork
from app.kernel.ids import IdKind, OrderId, OrderLineId, decode
from app.servicing import service as servicing
from app.servicing.rules import OrderLineQuantity
from schema.core.context import Info
from schema.core.mutations import Done, perform
from schema.orders.loaders import OrderById
from schema.orders.queries import visible_order
from schema.orders.types import OrderPayload
from schema.servicing.inputs import OrderCancelInput


@strawberry.type
class ServicingMutation:
    """Root fields about placed orders."""

    @strawberry.mutation
    async def order_cancel(self, info: Info, input: OrderCancelInput) -> OrderPayload:
        """Cancel what has not left the building, or some of it; stock and money are given back.

        Customers cancel their own orders, guests with the order's token, staff with orders:cancel.
        """
        context = info.context

        async def command(uow: UnitOfWork) -> Done:
            order = await servicing.cancel(
                uow,
                order_id=OrderId(decode(IdKind.ORDER, input.order_id, field=("orderId",))),
                token=input.token,
                lines=_lines(input),
                reason=input.reason,
            )
            return Done(order.order.id)

        outcome = await perform(
            context, "orderCancel", input, command, key=input.idempotency_key, subject=input.order_id
        )
        if outcome.object_id is None:
            return OrderPayload(order=None, errors=outcome.errors)
        order = await context.load(OrderById, outcome.object_id)
        return OrderPayload(order=visible_order(context, order, input.token), errors=[])


def _lines(given: OrderCancelInput) -> list[OrderLineQuantity] | None:
    if given.lines is None:
        return None
    return [
        OrderLineQuantity(
            OrderLineId(decode(IdKind.ORDER_LINE, line.order_line_id, field=("lines", str(i), "orderLineId"))),
            line.quantity,
        )
        for i, line in enumerate(given.lines)
    ]
