"""What nobody may do with the work of an order now, whoever asks."""

from uuid import UUID

from app.orders.states import HoldStatus
from app.payments.service.moves import promised
from schema.core.context import Context
from schema.orders.loaders import HoldsByOrderId, PaymentsByOrderId

HAND_OVER = "pickupHandOver"


async def blocked(context: Context, order_id: UUID) -> set[str]:
    """Name the steps that would be refused: by holds, and handing over what was promised to be paid and is not."""
    holds = await context.load(HoldsByOrderId, order_id)
    steps = {step for hold in holds if hold.status is not HoldStatus.RELEASED for step in hold.blocks}
    tenders = await context.load(PaymentsByOrderId, order_id)
    return steps | {HAND_OVER} if promised(tenders) else steps
