"""Reading pickups."""

from uuid import UUID

import strawberry

from app.kernel.ids import IdKind, decode
from app.kernel.permissions import Permission
from app.orders.service import may_read
from schema.core.context import Context, Info
from schema.core.ids import Node, finds
from schema.orders.loaders import OrderById
from schema.pickup.loaders import PickupById
from schema.pickup.types import Pickup


@strawberry.type
class PickupQuery:
    """Root fields about pickups."""

    @strawberry.field
    async def pickup(self, info: Info, id: strawberry.ID, token: str | None = None) -> Pickup | None:
        """One pickup. Customers see their own; guests give the token of the order; associates see their stores'."""
        return await visible_pickup(info.context, decode(IdKind.PICKUP, id), token)


async def visible_pickup(context: Context, key: UUID, token: str | None) -> Pickup | None:
    """Show a pickup to a caller who may see it."""
    row = await context.load(PickupById, key)
    order = None if row is None else await context.load(OrderById, row.order_id)
    if row is None or order is None:
        return None
    # Staff who send along whatever token are not its buyer: the token itself has to hold.
    holder = token is not None and context.keys.verifies(token, "order", order.id, generation=order.token_generation)
    at_the_counter = any(
        context.actor.may(permission, at=row.store_id)
        for permission in (Permission.PICKUPS_HAND_OVER, Permission.FULFILLMENT_READ)
    )
    if not (holder or at_the_counter or may_read(context.actor, context.keys, order, None)):
        return None
    return Pickup.of(row, holder=holder)


@finds(IdKind.PICKUP)
async def _pickup_node(context: Context, key: UUID, token: str | None) -> Node | None:
    return await visible_pickup(context, key, token)
