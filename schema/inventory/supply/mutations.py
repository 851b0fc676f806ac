"""Mutations of purchase orders, and of what may be ordered without a date."""

from uuid import UUID

import strawberry

from app.inventory import service as inventory
from app.inventory.rules import AnnouncedLine, AnnouncedOrder, BackorderLimit, ReceivedLine
from app.kernel.db import UnitOfWork
from app.kernel.ids import IdKind, LocationId, PurchaseOrderId, decode
from app.kernel.permissions import Permission
from app.servicing import service as servicing
from schema.core.context import Context, Info
from schema.core.mutations import Done, Outcome, perform
from schema.inventory.supply.inputs import (
    BackorderLimitSetInput,
    PurchaseOrderCancelInput,
    PurchaseOrderCloseInput,
    PurchaseOrderPutInput,
    PurchaseOrderReceiveInput,
)
from schema.inventory.supply.loaders import PurchaseOrderById, SupplyById
from schema.inventory.supply.types import BackorderLimitPayload, PurchaseOrder, PurchaseOrderPayload, Supply

_NONE = UUID(int=0)


@strawberry.type
class SupplyMutation:
    """Root fields that say what is expected, and what came of it."""

    @strawberry.mutation
    async def purchase_order_put(self, info: Info, input: PurchaseOrderPutInput) -> PurchaseOrderPayload:
        """Announce a delivery, or change what was announced under its number. Needs inventory:adjust at its location."""

        async def command(uow: UnitOfWork) -> Done:
            uow.actor.require(Permission.INVENTORY_ADJUST)
            put = await servicing.put_purchase_order(uow, announced=_announced(input))
            return Done(put.id)

        outcome = await perform(info.context, "purchaseOrderPut", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)

    @strawberry.mutation
    async def purchase_order_receive(self, info: Info, input: PurchaseOrderReceiveInput) -> PurchaseOrderPayload:
        """Take a delivery into stock, or some of it. Orders that wait for it are served, and their work begins."""

        async def command(uow: UnitOfWork) -> Done:
            uow.actor.require(Permission.INVENTORY_ADJUST)
            lines = [
                ReceivedLine(
                    decode(IdKind.VARIANT, line.variant_id, field=("lines", str(i), "variantId")),
                    line.quantity,
                    line.bucket,
                )
                for i, line in enumerate(input.lines)
            ]
            key = _key(input.purchase_order_id)
            return Done((await servicing.receive_purchase_order(uow, purchase_order_id=key, lines=lines)).id)

        outcome = await perform(info.context, "purchaseOrderReceive", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)

    @strawberry.mutation
    async def purchase_order_close(self, info: Info, input: PurchaseOrderCloseInput) -> PurchaseOrderPayload:
        """End a purchase order that came short: what is missing will not come, and orders that wait for it are told."""

        async def command(uow: UnitOfWork) -> Done:
            uow.actor.require(Permission.INVENTORY_ADJUST)
            key = _key(input.purchase_order_id)
            return Done((await servicing.close_purchase_order(uow, purchase_order_id=key)).id)

        outcome = await perform(info.context, "purchaseOrderClose", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)

    @strawberry.mutation
    async def purchase_order_cancel(self, info: Info, input: PurchaseOrderCancelInput) -> PurchaseOrderPayload:
        """End a purchase order of which nothing came; orders that wait for it are told."""

        async def command(uow: UnitOfWork) -> Done:
            uow.actor.require(Permission.INVENTORY_ADJUST)
            key = _key(input.purchase_order_id)
            return Done((await servicing.cancel_purchase_order(uow, purchase_order_id=key)).id)

        outcome = await perform(info.context, "purchaseOrderCancel", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)

    @strawberry.mutation
    async def backorder_limit_set(self, info: Info, input: BackorderLimitSetInput) -> BackorderLimitPayload:
        """Say how many units may be ordered beyond what is there. Needs inventory:adjust at the locations."""

        async def command(uow: UnitOfWork) -> Done:
            uow.actor.require(Permission.INVENTORY_ADJUST)
            supplies = await inventory.limit_backorders(uow, limits=_limits(input))
            # The answer is about several, so none of them names it.
            return Done(_NONE, {"supplies": [str(supply.id) for supply in supplies]})

        outcome = await perform(info.context, "backorderLimitSet", input, command, key=input.idempotency_key)
        keys = [UUID(key) for key in outcome.result.get("supplies", ())]
        rows = [await info.context.load(SupplyById, key) for key in keys]
        return BackorderLimitPayload(supplies=[Supply.of(row) for row in rows if row], errors=outcome.errors)


async def _payload(context: Context, outcome: Outcome) -> PurchaseOrderPayload:
    if outcome.object_id is None:
        return PurchaseOrderPayload(purchase_order=None, errors=outcome.errors)
    row = await context.load(PurchaseOrderById, outcome.object_id)
    return PurchaseOrderPayload(purchase_order=None if row is None else PurchaseOrder.of(row), errors=outcome.errors)


def _key(text: str) -> PurchaseOrderId:
    return PurchaseOrderId(decode(IdKind.PURCHASE_ORDER, text, field=("purchaseOrderId",)))


def _announced(input: PurchaseOrderPutInput) -> AnnouncedOrder:
    return AnnouncedOrder(
        number=input.number,
        supplier=input.supplier,
        location_id=LocationId(decode(IdKind.LOCATION, input.location_id, field=("locationId",))),
        lines=tuple(
            AnnouncedLine(
                decode(IdKind.VARIANT, line.variant_id, field=("lines", str(i), "variantId")),
                line.expected,
                line.expected_at,
                line.sold_ahead,
            )
            for i, line in enumerate(input.lines)
        ),
        note=input.note,
    )


def _limits(input: BackorderLimitSetInput) -> list[BackorderLimit]:
    return [
        BackorderLimit(
            decode(IdKind.VARIANT, line.variant_id, field=("lines", str(i), "variantId")),
            LocationId(decode(IdKind.LOCATION, line.location_id, field=("lines", str(i), "locationId"))),
            line.limit,
        )
        for i, line in enumerate(input.lines)
    ]
