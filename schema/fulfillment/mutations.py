"""Mutations of the work of locations."""

from collections.abc import Sequence
from uuid import UUID

import strawberry

from app.fulfillment import service as fulfillment
from app.fulfillment.rules import LineQuantity, Work
from app.fulfillment.service import Worked
from app.kernel.db import UnitOfWork
from app.kernel.errors import BrokenInvariant
from app.kernel.ids import FulfillmentOrderId, FulfillmentOrderLineId, IdKind, ShipmentId, decode
from app.pickup import service as pickups
from schema.core.context import Context, Info
from schema.core.mutations import Done, Outcome, perform
from schema.fulfillment.inputs import (
    FulfillmentOrderAcceptInput,
    FulfillmentOrderLineQuantityInput,
    FulfillmentOrderPackInput,
    FulfillmentOrderPickInput,
    FulfillmentOrderReadyInput,
    FulfillmentOrderRejectInput,
    FulfillmentOrderShipInput,
    ShipmentDeliverInput,
)
from schema.fulfillment.loaders import FulfillmentOrderById
from schema.fulfillment.types import FulfillmentOrder, FulfillmentOrderPayload


@strawberry.type
class FulfillmentMutation:
    """Root fields that get work done."""

    @strawberry.mutation
    async def fulfillment_order_accept(self, info: Info, input: FulfillmentOrderAcceptInput) -> FulfillmentOrderPayload:
        """Take work up: from now on the order is being processed."""

        async def command(uow: UnitOfWork) -> Done:
            return _done(await fulfillment.accept(uow, fulfillment_order_id=_key(input.fulfillment_order_id)))

        outcome = await perform(info.context, "fulfillmentOrderAccept", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)

    @strawberry.mutation
    async def fulfillment_order_pick(self, info: Info, input: FulfillmentOrderPickInput) -> FulfillmentOrderPayload:
        """Take units off the shelf. What is not there is taken off this location and routed to another."""

        async def command(uow: UnitOfWork) -> Done:
            worked = await pickups.pick_work(
                uow, fulfillment_order_id=_key(input.fulfillment_order_id), lines=_lines(input.lines)
            )
            return _done(worked)

        outcome = await perform(info.context, "fulfillmentOrderPick", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)

    @strawberry.mutation
    async def fulfillment_order_pack(self, info: Info, input: FulfillmentOrderPackInput) -> FulfillmentOrderPayload:
        """Put picked units into a parcel."""

        async def command(uow: UnitOfWork) -> Done:
            return _done(
                await fulfillment.pack(
                    uow, fulfillment_order_id=_key(input.fulfillment_order_id), lines=_lines(input.lines)
                )
            )

        outcome = await perform(info.context, "fulfillmentOrderPack", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)

    @strawberry.mutation
    async def fulfillment_order_ready(self, info: Info, input: FulfillmentOrderReadyInput) -> FulfillmentOrderPayload:
        """Packed pickups become READY; their customer sees the code from then on."""

        async def command(uow: UnitOfWork) -> Done:
            return _done(await pickups.make_ready(uow, fulfillment_order_id=_key(input.fulfillment_order_id)))

        outcome = await perform(info.context, "fulfillmentOrderReady", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)

    @strawberry.mutation
    async def fulfillment_order_ship(self, info: Info, input: FulfillmentOrderShipInput) -> FulfillmentOrderPayload:
        """Give packed units to a carrier. Their stock leaves, and their money is captured."""

        async def command(uow: UnitOfWork) -> Done:
            return _done(
                await fulfillment.ship(
                    uow,
                    fulfillment_order_id=_key(input.fulfillment_order_id),
                    lines=_lines(input.lines),
                    carrier=input.carrier,
                    tracking_number=input.tracking_number,
                )
            )

        outcome = await perform(info.context, "fulfillmentOrderShip", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)

    @strawberry.mutation
    async def fulfillment_order_reject(self, info: Info, input: FulfillmentOrderRejectInput) -> FulfillmentOrderPayload:
        """Refuse work that is not packed yet, or some of it: other locations take it over, or it waits."""

        async def command(uow: UnitOfWork) -> Done:
            worked = await pickups.reject_work(
                uow,
                fulfillment_order_id=_key(input.fulfillment_order_id),
                reason=input.reason,
                lines=_lines(input.lines),
                note=input.note,
            )
            return _done(worked)

        outcome = await perform(info.context, "fulfillmentOrderReject", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)

    @strawberry.mutation
    async def shipment_deliver(self, info: Info, input: ShipmentDeliverInput) -> FulfillmentOrderPayload:
        """Note that a shipment has reached its customer. Needs fulfillment:work where it was sent from.

        Orders that are charged at hand-over are charged for it.
        """

        async def command(uow: UnitOfWork) -> Done:
            shipment_id = ShipmentId(decode(IdKind.SHIPMENT, input.shipment_id, field=("shipmentId",)))
            return Done((await fulfillment.deliver(uow, shipment_id=shipment_id)).fulfillment_order_id)

        outcome = await perform(info.context, "shipmentDeliver", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)


def _key(text: strawberry.ID) -> FulfillmentOrderId:
    return FulfillmentOrderId(decode(IdKind.FULFILLMENT_ORDER, text, field=("fulfillmentOrderId",)))


def _lines(given: Sequence[FulfillmentOrderLineQuantityInput] | None) -> list[LineQuantity] | None:
    if given is None:
        return None
    return [
        LineQuantity(
            FulfillmentOrderLineId(
                decode(
                    IdKind.FULFILLMENT_ORDER_LINE,
                    line.fulfillment_order_line_id,
                    field=("lines", str(i), "fulfillmentOrderLineId"),
                )
            ),
            line.quantity,
        )
        for i, line in enumerate(given)
    ]


def _done(worked: Work | Worked) -> Done:
    if isinstance(worked, Work):
        return Done(worked.header.id)
    return Done(worked.work.header.id, {"successors": [str(successor.id) for successor in worked.successors]})


async def _payload(context: Context, outcome: Outcome) -> FulfillmentOrderPayload:
    if outcome.object_id is None:
        return FulfillmentOrderPayload(fulfillment_order=None, successors=[], errors=outcome.errors)
    keys = [outcome.object_id, *map(UUID, outcome.result.get("successors", ()))]
    rows = [await context.load(FulfillmentOrderById, key) for key in keys]
    work, *successors = [FulfillmentOrder.of(row) for row in rows if row is not None]
    if len(successors) != len(keys) - 1:
        raise BrokenInvariant(f"work that took over from {outcome.object_id} is gone")
    return FulfillmentOrderPayload(fulfillment_order=work, successors=successors, errors=[])
