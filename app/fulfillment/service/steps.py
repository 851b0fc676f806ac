"""The steps that go well: accepted, packed, made ready, shipped. Picking may come up short: see `rerouting`."""

from collections.abc import Sequence
from dataclasses import replace

from app.channels.states import CaptureAt
from app.delivery.states import DeliveryMethod
from app.fulfillment import queries, rules
from app.fulfillment.errors import FulfillmentOrderNotFound, ShipmentNotFound, WrongDeliveryMethod
from app.fulfillment.events import GoodsDelivered, GoodsShipped
from app.fulfillment.rules import LineQuantity, Shipment, Work, short_text, tracking_url
from app.fulfillment.service.charging import charge
from app.fulfillment.service.locking import Locked, lock, named, per_order_line, units_of, write
from app.fulfillment.states import FULFILLMENT_ORDER, SHIPMENT, ShipmentStatus
from app.inventory import service as inventory
from app.inventory.states import MovementReason
from app.kernel.db import UnitOfWork
from app.kernel.ids import FulfillmentOrderId, ShipmentId, new_id
from app.kernel.permissions import Permission
from app.orders import service as orders
from app.payments.states import ChargeCause


async def accept(uow: UnitOfWork, *, fulfillment_order_id: FulfillmentOrderId) -> Work:
    """Take work up: from now on the order is being processed.

    Locks: order, work. Raises: FulfillmentOrderNotFound; IllegalTransition.
    """
    locked = await lock(uow, fulfillment_order_id=fulfillment_order_id)
    work = await write(uow, locked.work, locked.work, "fulfillmentOrderAccept")
    await orders.record_started(uow, locked.order)
    return work


async def pack(
    uow: UnitOfWork, *, fulfillment_order_id: FulfillmentOrderId, lines: Sequence[LineQuantity] | None = None
) -> Work:
    """Put picked units in a parcel: those named, or all of them. Once nothing is left to pick or pack, work is PACKED.

    Locks: order, work. Raises: FulfillmentOrderNotFound; IllegalTransition; QuantityExceeded.
    """
    locked = await lock(uow, fulfillment_order_id=fulfillment_order_id)
    FULFILLMENT_ORDER.next(locked.work.header.status, "fulfillmentOrderPack")
    quantities = rules.asked(locked.work, lines, lambda line: line.to_pack)
    now = locked.work.changed(
        {line.id: rules.packed(line, quantities[line.id]) for line in locked.work.lines if line.id in quantities}
    )
    return await write(uow, locked.work, now, *(["fulfillmentOrderPack"] if rules.is_packed(now.lines) else []))


async def make_ready(uow: UnitOfWork, locked: Locked) -> Work:
    """Put a packed pickup behind the counter. The journey above tells the customer.

    Raises: IllegalTransition; WrongDeliveryMethod when it is not a pickup.
    """
    if locked.work.header.method is not DeliveryMethod.PICKUP:
        raise WrongDeliveryMethod("only a pickup is made ready; this work is shipped")
    return await write(uow, locked.work, locked.work, "fulfillmentOrderReady")


async def ship(
    uow: UnitOfWork,
    *,
    fulfillment_order_id: FulfillmentOrderId,
    lines: Sequence[LineQuantity] | None = None,
    carrier: str | None = None,
    tracking_number: str | None = None,
) -> Work:
    """Hand packed units to a carrier: those named, or all of them. Stock leaves, and their money is asked for.

    Work with units left to ship stays PACKED. Locks: order, work, payments, accounts, levels. Emits GoodsShipped.
    Raises: FulfillmentOrderNotFound; IllegalTransition; WrongDeliveryMethod for a pickup; QuantityExceeded; OrderOnHold.
    """
    locked = await lock(uow, fulfillment_order_id=fulfillment_order_id)
    before = locked.work
    if before.header.method is not DeliveryMethod.SHIPPING:
        raise WrongDeliveryMethod("this work is handed over to its customer, not shipped")
    FULFILLMENT_ORDER.next(before.header.status, "fulfillmentOrderShip")
    await orders.refuse_held(uow, locked.order.order.id, step="fulfillmentOrderShip")
    quantities = rules.asked(before, lines, lambda line: line.to_hand_on)
    now = before.changed(
        {line.id: rules.fulfilled(line, quantities[line.id]) for line in before.lines if line.id in quantities}
    )
    work = await write(uow, before, now, *(["fulfillmentOrderShip"] if rules.is_fulfilled(now.lines) else []))
    shipment = await _send(uow, work, quantities, carrier=carrier, tracking_number=tracking_number)
    order = await orders.record_fulfilled(uow, locked.order, per_order_line(work, quantities))
    by = f" with {shipment.carrier}" if shipment.carrier else ""
    await orders.note(
        uow, order.order.id, kind="SHIPPED", message=f"Shipped{by}: {rules.described(named(work, quantities))}"
    )
    await charge(uow, order, cause=ChargeCause.SHIPMENT)
    # After the money: gift cards are shared by orders, and locked before levels by whoever buys with one.
    await inventory.take_out(
        uow, demand_id=order.order.id, units=units_of(work, quantities), reason=MovementReason.SHIPPED
    )
    return work


async def deliver(uow: UnitOfWork, *, shipment_id: ShipmentId) -> Shipment:
    """Note that a shipment has reached its customer; orders that are charged at hand-over are charged for it.

    One that is known to have been delivered stays as it is. Locks: order, work, shipment, payments.
    Raises: Unauthenticated, Forbidden; ShipmentNotFound, for shipments of other locations too.
    """
    uow.actor.require(Permission.FULFILLMENT_WORK)
    found = next(iter(await queries.list_shipments_by_id(uow, shipment_ids=[shipment_id])), None)
    if found is None:
        raise ShipmentNotFound("there is no such shipment", field=("shipmentId",))
    try:
        locked = await lock(uow, fulfillment_order_id=found.fulfillment_order_id)
    except FulfillmentOrderNotFound:
        raise ShipmentNotFound("there is no such shipment", field=("shipmentId",)) from None
    shipment = await queries.lock_shipment(uow, shipment_id=shipment_id)
    assert shipment is not None
    if shipment.status is ShipmentStatus.DELIVERED:
        return shipment
    delivered = replace(shipment, status=SHIPMENT.next(shipment.status, "deliver"), delivered_at=uow.now)
    await queries.update_shipment(uow, shipment=delivered)
    uow.moved(
        "shipment", shipment.id, before=shipment.status.value, after=delivered.status.value, action="shipmentDeliver"
    )
    order_id = locked.order.order.id
    await orders.note(uow, order_id, kind="DELIVERED", message=f"Delivered: {shipment.tracking_number or 'a shipment'}")
    uow.emit(GoodsDelivered(shipment_id=shipment.id, order_id=order_id))
    if locked.order.order.capture_at is CaptureAt.HAND_OVER:
        await charge(uow, locked.order, cause=ChargeCause.HAND_OVER)
    return delivered


async def _send(
    uow: UnitOfWork, work: Work, quantities: rules.Quantities, *, carrier: str | None, tracking_number: str | None
) -> Shipment:
    carrier = short_text(carrier, field="carrier")
    tracking_number = short_text(tracking_number, field="trackingNumber")
    shipment = Shipment(
        id=ShipmentId(new_id()),
        fulfillment_order_id=work.header.id,
        carrier=carrier,
        tracking_number=tracking_number,
        tracking_url=tracking_url(carrier, tracking_number),
        status=ShipmentStatus.IN_TRANSIT,
        shipped_at=uow.now,
        delivered_at=None,
    )
    await queries.insert_shipment(uow, shipment=shipment, quantities=quantities)
    uow.moved("shipment", shipment.id, before=None, after=shipment.status.value, action="fulfillmentOrderShip")
    uow.emit(
        GoodsShipped(
            fulfillment_order_id=work.header.id,
            order_id=work.header.order_id,
            location_id=work.header.location_id,
            shipment_id=shipment.id,
        )
    )
    return shipment
