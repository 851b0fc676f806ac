"""Returns as clients see them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from app.kernel.ids import IdKind
from app.kernel.permissions import Permission
from app.returns import rules
from app.returns.states import Disposition, RefundMethod, ReturnReason, ReturnStatus
from schema.catalog.loaders import VariantById
from schema.catalog.types import ProductVariant
from schema.core.context import Info
from schema.core.errors import UserError
from schema.core.ids import Node, public_id
from schema.core.money import Money
from schema.locations.loaders import LocationById
from schema.locations.types import Location, location_of

# Orders and returns show each other: modules in a circle are named, and their types met at run time.
from schema.orders import types as order_types
from schema.orders.loaders import OrderById, OrderLineById
from schema.returns.loaders import LinesByReturnId, ReceiptsByReturnLineId, RefundedByReturnId

if TYPE_CHECKING:
    from schema.orders.types import Order, OrderLine

strawberry.enum(ReturnStatus)
strawberry.enum(ReturnReason)
strawberry.enum(Disposition)
strawberry.enum(RefundMethod)


@strawberry.type
class RefundSummary:
    """What is or will be given back; computed from the money stored on the order's lines.

    Until a return is closed it says what is given back if all that is still expected comes and is accepted.
    """

    key: strawberry.Private[UUID | None]
    currency: strawberry.Private[str]
    lines: Money
    """For the units, discounts taken off, tax included whether or not prices show it."""
    tax: Money
    """The tax within `lines` and `delivery`."""
    delivery: Money
    """For deliveries of which with this return everything has come back."""
    fees: Money
    """What is kept back; nothing, today."""
    total: Money
    """lines + delivery − fees."""
    method: RefundMethod
    """How it goes back."""

    @classmethod
    def of(
        cls, refund: rules.Refund, currency: str, method: RefundMethod, *, return_id: UUID | None = None
    ) -> "RefundSummary":
        """Show a refund; without a return, one that was only asked about."""
        return cls(
            key=return_id,
            currency=currency,
            lines=Money.of(refund.lines_minor, currency),
            tax=Money.of(refund.tax_minor, currency),
            delivery=Money.of(refund.delivery_minor, currency),
            fees=Money.of(0, currency),
            total=Money.of(refund.total_minor, currency),
            method=method,
        )

    @strawberry.field
    async def refunded(self, info: Info) -> Money:
        """What has gone back by now; a moment behind, as payment services are asked after the goods were received."""
        refunded = 0 if self.key is None else await info.context.load(RefundedByReturnId, self.key)
        return Money.of(refunded, self.currency)


@strawberry.type
class ReturnReceipt:
    """Units of a line that were counted in together."""

    location_key: strawberry.Private[UUID]
    at: datetime
    """When."""
    quantity: int
    """How many."""
    accepted: bool
    """Whether they count as returned, and are paid back."""
    disposition: Disposition | None
    """Where they went; null when they were not accepted."""

    @classmethod
    def of(cls, row: rules.ReturnReceipt) -> "ReturnReceipt":
        """Show a receipt."""
        return cls(
            location_key=row.location_id,
            at=row.at,
            quantity=row.quantity,
            accepted=row.accepted,
            disposition=row.disposition,
        )

    @strawberry.field
    async def location(self, info: Info) -> Location:
        """Where they were counted in."""
        row = await info.context.load(LocationById, self.location_key)
        assert row is not None
        return location_of(row)


@strawberry.type
class ReturnLine(Node):
    """Units of one order line that are to come back."""

    row: strawberry.Private[rules.ReturnLine]
    currency: strawberry.Private[str]
    quantity: int
    """Units asked to come back."""
    reason: ReturnReason
    """Why."""
    note: str | None
    """In the customer's words; null when there are none, and after erasure."""
    received: int
    """Units that came."""
    accepted: int
    """Units that count as returned, of those that came."""

    @classmethod
    def kind(cls) -> IdKind:
        """Say which prefix these ids have."""
        return IdKind.RETURN_LINE

    @classmethod
    def of(cls, row: rules.ReturnLine, currency: str) -> "ReturnLine":
        """Show a line."""
        return cls(
            id=public_id(IdKind.RETURN_LINE, row.id),
            row=row,
            currency=currency,
            quantity=row.quantity,
            reason=row.reason,
            note=row.note,
            received=row.received,
            accepted=row.accepted,
        )

    @strawberry.field
    async def order_line(self, info: Info) -> Annotated["OrderLine", strawberry.lazy("schema.orders.types")] | None:
        """What was bought; null for goods without an order."""
        line = await info.context.load(OrderLineById, self.row.order_line_id)
        order = None if line is None else await info.context.load(OrderById, line.order_id)
        if line is None or order is None:
            return None
        return order_types.OrderLine.of(line, self.currency, order.channel_id)

    @strawberry.field
    async def variant(self, info: Info) -> ProductVariant | None:
        """The variant as it is now; null where it is sold no more."""
        row = await info.context.load(VariantById, self.row.variant_id)
        return None if row is None or row.archived else ProductVariant.of(row, None)

    @strawberry.field
    async def disposition(self, info: Info) -> Disposition | None:
        """Where the accepted units went. Null when mixed or none yet."""
        receipts = await info.context.load(ReceiptsByReturnLineId, self.row.id)
        return rules.disposition_of(receipts)

    @strawberry.field
    async def receipts(self, info: Info) -> list[ReturnReceipt]:
        """What was counted in, oldest first; at most one entry for each unit."""
        return [ReturnReceipt.of(row) for row in await info.context.load(ReceiptsByReturnLineId, self.row.id)]


@strawberry.type
class Return(Node):
    """Goods that a customer gives back, under a number."""

    row: strawberry.Private[rules.Return]
    for_buyer: strawberry.Private[bool]
    number: str
    """For people: unique in the shop, not sequential; begins with R."""
    status: ReturnStatus
    """Where it has got to."""
    decline_reason: str | None
    """What the customer is told; null unless it was declined, and after erasure."""
    created_at: datetime
    """When it was asked for."""

    @classmethod
    def kind(cls) -> IdKind:
        """Say which prefix these ids have."""
        return IdKind.RETURN

    @classmethod
    def of(cls, row: rules.Return, *, for_buyer: bool = False) -> "Return":
        """Show a return. The order behind it shows its token to its buyer alone."""
        return cls(
            id=public_id(IdKind.RETURN, row.id),
            row=row,
            for_buyer=for_buyer,
            number=row.number,
            status=row.status,
            decline_reason=row.decline_reason,
            created_at=row.created_at,
        )

    @strawberry.field
    async def order(self, info: Info) -> Annotated["Order", strawberry.lazy("schema.orders.types")] | None:
        """The order that the goods were bought with. Null for a return without an order, and for who sees no orders."""
        actor = info.context.actor
        row = await info.context.load(OrderById, self.row.order_id)
        if row is None:
            return None
        if self.for_buyer or (row.customer_id is not None and row.customer_id == actor.customer_id):
            return order_types.Order.for_buyer(row, info.context)
        if actor.is_staff and not actor.may(Permission.ORDERS_READ):
            return None
        return order_types.Order.of(row)

    @strawberry.field
    async def lines(self, info: Info) -> list[ReturnLine]:
        """What is to come back."""
        rows = await info.context.load(LinesByReturnId, self.row.id)
        return [ReturnLine.of(row, self.row.currency) for row in rows]

    @strawberry.field
    async def refund(self) -> RefundSummary:
        """What is or will be given back."""
        refund = rules.Refund(
            lines_minor=self.row.refund_lines_minor,
            tax_minor=self.row.refund_tax_minor,
            delivery_minor=self.row.refund_delivery_minor,
        )
        return RefundSummary.of(refund, self.row.currency, self.row.refund_method, return_id=self.row.id)

    @strawberry.field
    async def next_actions(self, info: Info) -> list[str]:
        """The mutations that would be accepted from this caller now."""
        lines = await info.context.load(LinesByReturnId, self.row.id)
        return rules.next_actions(rules.ReturnWithLines(self.row, tuple(lines)), info.context.actor)


@strawberry.type
class ReturnPreviewPayload:
    """The answer to returnPreview."""

    refund: RefundSummary | None
    """What would be given back; null when such a return would be refused."""
    errors: list[UserError]
    """Why it would be refused."""


@strawberry.type
class ReturnPayload:
    """The answer to a mutation about one return."""

    return_: Return | None = strawberry.field(name="return")
    """As it is now; null when refused."""
    errors: list[UserError]
    """Why it was refused."""
