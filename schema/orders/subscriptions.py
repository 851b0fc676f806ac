"""Following an order."""

from collections.abc import AsyncGenerator
from uuid import UUID

import strawberry

from app.kernel.errors import NotFound
from app.kernel.ids import IdKind, decode
from schema.core.context import Context, Info
from schema.orders.loaders import OrderById
from schema.orders.queries import visible_order
from schema.orders.types import Order


@strawberry.type
class OrderSubscription:
    """Subscriptions to orders."""

    @strawberry.subscription
    async def order_changed(
        self, info: Info, id: strawberry.ID, token: str | None = None
    ) -> AsyncGenerator[Order, None]:
        """Each change of an order, after its commit, with the order as it is then.

        Customers follow their own; guests give the token of the order; staff need orders:read.
        """
        context = info.context
        key = decode(IdKind.ORDER, id)
        await _order(context, key, token)
        with context.services.news.subscribed(lambda notice: notice.ids.get("order_id") == str(key)) as changes:
            # Nothing is read while nothing happens, so nothing is held either.
            await context.renew()
            while await changes.next():
                yield await _order(context, key, token)


async def _order(context: Context, key: UUID, token: str | None) -> Order:
    order = visible_order(context, await context.load(OrderById, key), token)
    if order is None:
        raise NotFound("there is no such order", field=("id",))
    return order
