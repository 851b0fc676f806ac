"""Store pickups as clients see them."""

from datetime import datetime

import strawberry

from app.kernel.ids import IdKind
from app.kernel.permissions import Permission
from app.orders.service import may_read
from app.pickup import rules
from app.pickup.rules import next_steps
from app.pickup.states import AT_THE_COUNTER, PickupStatus
from schema.core.context import Context, Info
from schema.core.errors import UserError
from schema.core.ids import Node, public_id
from schema.locations.loaders import LocationById
from schema.locations.types import PickupSlot, Store
from schema.orders.blocked import HAND_OVER, blocked
from schema.orders.loaders import OrderById
from schema.pickup.loaders import SlotByStart

strawberry.enum(PickupStatus)


@strawberry.type
class Pickup(Node):
    """Goods that a customer collects at a store, against a code."""

    row: strawberry.Private[rules.Pickup]
    holder: strawberry.Private[bool]
    status: PickupStatus
    """Where it has got to."""
    ready_by: datetime | None
    """When it is expected to be ready; null for a store without opening hours."""
    ready_at: datetime | None
    """When it was put behind the counter; null before."""
    collect_by: datetime | None
    """Until when it waits; null before it is ready."""
    collected_at: datetime | None
    """When it was handed over; null before."""
    spot: str | None
    """Where the customer said they are parked; null when they did not."""
    vehicle: str | None
    """What the customer said they came with; null when they did not."""

    @classmethod
    def kind(cls) -> IdKind:
        """Say which prefix these ids have."""
        return IdKind.PICKUP

    @classmethod
    def of(cls, row: rules.Pickup, *, holder: bool = False) -> "Pickup":
        """Show a pickup. `holder` says that the caller proved to be its buyer with the order's token."""
        return cls(
            id=public_id(IdKind.PICKUP, row.id),
            row=row,
            holder=holder,
            status=row.status,
            ready_by=row.ready_by,
            ready_at=row.ready_at,
            collect_by=row.collect_by,
            collected_at=row.collected_at,
            spot=row.spot,
            vehicle=row.vehicle,
        )

    @strawberry.field
    async def store(self, info: Info) -> Store:
        """The store that hands it over."""
        row = await info.context.load(LocationById, self.row.store_id)
        assert row is not None
        return Store.of(row)

    @strawberry.field
    async def slot(self, info: Info) -> PickupSlot | None:
        """The hour that was chosen at checkout; null when none was."""
        if self.row.slot_starts_at is None:
            return None
        slot = await info.context.load(SlotByStart, (self.row.store_id, self.row.slot_starts_at))
        return None if slot is None else PickupSlot.of(slot)

    @strawberry.field
    async def code(self, info: Info) -> str | None:
        """What to say at the counter. Shown to the customer alone, once it is ready; null for everybody else."""
        if self.row.status not in AT_THE_COUNTER or not await self._is_buyers(info.context):
            return None
        return info.context.keys.code("pickup", self.row.id, generation=self.row.code_generation)

    @strawberry.field
    async def next_actions(self, info: Info) -> list[str]:
        """The mutations that would be accepted from this caller now."""
        steps = next_steps(self.row, info.context.now)
        if not steps:
            return steps
        if info.context.actor.may(Permission.PICKUPS_HAND_OVER, at=self.row.store_id):
            refused = await blocked(info.context, self.row.order_id) if HAND_OVER in steps else set()
            return [step for step in steps if step not in refused]
        order = await info.context.load(OrderById, self.row.order_id)
        allowed = self.holder or (order is not None and may_read(info.context.actor, info.context.keys, order, None))
        return [step for step in steps if allowed and step != HAND_OVER]

    async def _is_buyers(self, context: Context) -> bool:
        if self.holder:
            return True
        if context.actor.customer_id is None:
            return False
        order = await context.load(OrderById, self.row.order_id)
        return order is not None and order.customer_id == context.actor.customer_id


@strawberry.type
class PickupPayload:
    """The answer to a mutation about one pickup."""

    pickup: Pickup | None
    """As it is now; null when refused."""
    errors: list[UserError]
    """Why it was refused."""
