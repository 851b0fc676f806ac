"""Why orders are held, as clients see it."""

from datetime import datetime

import strawberry

from app.kernel.ids import IdKind
from app.kernel.permissions import Permission
from app.orders import rules
from app.orders.states import HoldReason, HoldStatus
from app.payments.service import RETRIED
from schema.core.context import Info
from schema.core.ids import Node, public_id

# Orders, fulfillment orders and returns show each other: modules in a circle are named, and their types met at run time.

strawberry.enum(HoldReason)
strawberry.enum(HoldStatus)


@strawberry.type
class Hold(Node):
    """Why an order may not go on, or might not for a while."""

    row: strawberry.Private[rules.Hold]
    reason: HoldReason
    """What kind of reason it is."""
    message: str
    """What happened, for people who work here."""
    blocks: list[str]
    """The mutations that are refused meanwhile."""
    status: HoldStatus
    """Whether it still holds."""
    applied_at: datetime
    """Since when it holds."""
    ended_at: datetime | None
    """When it was released or rejected; null while it holds."""

    @classmethod
    def kind(cls) -> IdKind:
        """Say which prefix these ids have."""
        return IdKind.HOLD

    @classmethod
    def of(cls, row: rules.Hold) -> "Hold":
        """Show a hold."""
        return cls(
            row=row,
            id=public_id(IdKind.HOLD, row.id),
            reason=row.reason,
            message=row.message,
            blocks=list(row.blocks),
            status=row.status,
            applied_at=row.applied_at,
            ended_at=row.ended_at,
        )

    @strawberry.field
    async def next_actions(self, info: Info) -> list[str]:
        """The mutations that would be accepted from this caller now, and may end it."""
        if self.status is not HoldStatus.APPLIED or not info.context.actor.may(Permission.PAYMENTS_MANAGE):
            return []
        retries = ["orderPaymentRetry"] if self.reason in RETRIED else []
        return [*retries, "orderHoldRelease", "orderHoldReject"]
