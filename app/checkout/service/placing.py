"""Phase three, when the money is held: the order is written, with everything that goes with it."""

from collections.abc import Sequence
from datetime import timedelta
from types import MappingProxyType

from app.cart import service as cart_service
from app.cart.rules import Cart
from app.channels.states import CaptureAt
from app.checkout import queries
from app.checkout.rules import Attempt, Snapshot, SnapshotDelivery, SnapshotLine, as_held, supplied
from app.checkout.service.attempts import Answers, Completed, key_of, record_answer
from app.checkout.service.supply import supply
from app.checkout.states import ATTEMPT
from app.delivery.states import DeliveryMethod
from app.fulfillment import service as fulfillment
from app.fulfillment.rules import Allocation
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.inventory.errors import OutOfStock
from app.inventory.rules import Ahead, Units
from app.inventory.rules.transfers import ToStore
from app.kernel import idempotency
from app.kernel.db import UnitOfWork
from app.kernel.ids import OrderId
from app.kernel.money import Money
from app.kernel.plain import counted, to_plain
from app.orders import service as orders
from app.orders.rules import Order, OrderDelivery, OrderLine
from app.orders.states import FulfillmentStatus, OrderPaymentStatus, OrderStatus, ReturnProgress
from app.payments import service as payments
from app.payments.queries import accounts as account_queries
from app.payments.rules import Payment
from app.pickup import service as pickup
from app.sourcing import service as sourcing

#: Work that nobody has promised a time for is due within a day.
SHIP_WITHIN = timedelta(days=1)


class Lapsed(Exception):
    """The stock held for the attempt is not held any more; the order has to be supplied anew."""


async def place(
    uow: UnitOfWork,
    cart: Cart,
    attempt: Attempt,
    snapshot: Snapshot,
    tenders: Sequence[Payment],
    answers: Answers = MappingProxyType({}),
    *,
    resupply: bool = False,
) -> Completed:
    """Place the order that an attempt was made for: its money is held, promised, or nothing is to be paid.

    The cart and the attempt are locked. Locks: payments, accounts, slots, levels.
    Raises: Lapsed; and with `resupply`, OutOfStock when nothing is left to promise.
    """
    taken = snapshot.slots()
    if resupply:
        snapshot = supplied(snapshot, await supply(uow, snapshot.lines, snapshot=snapshot, held_by=snapshot.order_id))
    elif snapshot.ahead and snapshot.holds_stock:
        # What takes money locks accounts, and they are locked before stock.
        accounts = [tender.account_id for tender in tenders if tender.account_id is not None]
        if accounts:
            await account_queries.lock_accounts(uow, account_ids=accounts)
        snapshot = await _as_held(uow, snapshot)
    slots = {store_id: starts_at for store_id, starts_at in taken.items() if store_id in snapshot.slots()}
    order, lines, deliveries = _order(uow, snapshot, tenders, answers)
    total = Money(snapshot.total_minor, snapshot.currency)
    placed = await orders.place(
        uow,
        order=order,
        lines=lines,
        deliveries=deliveries,
        message=f"placed in {snapshot.channel_code}: {counted(len(lines), 'line')}, {total}",
    )
    allocations = _allocations(snapshot)
    by_method = {method: [part for part in allocations if part.method is method] for method in DeliveryMethod}
    if by_method[DeliveryMethod.SHIPPING]:
        await fulfillment.open_first_work(uow, placed, by_method[DeliveryMethod.SHIPPING], due_at=uow.now + SHIP_WITHIN)
    if by_method[DeliveryMethod.PICKUP]:
        await pickup.open_pickups(uow, placed, by_method[DeliveryMethod.PICKUP], slots=slots)
    joined = await _join(uow, tenders, answers, order.id)
    placed = await payments.charge_at_placement(uow, placed, joined)
    if snapshot.decision is not None:
        await sourcing.record_decision(uow, subject_id=order.id, cause="PLACEMENT", record=snapshot.decision)
    await fulfillment.carry_out(uow, placed, by_method[DeliveryMethod.CARRY_OUT])
    await pickup.give_back_places(uow, slots={store: taken[store] for store in taken.keys() - slots.keys()})

    status = ATTEMPT.next(attempt.status, "place")
    await queries.update_attempt(uow, attempt_id=attempt.id, status=status, order_id=order.id)
    uow.moved("checkout attempt", attempt.id, before=attempt.status.value, after=status.value, action="place")
    await cart_service.record_ordered(uow, cart=cart)
    idempotency.keep(uow, key_of(attempt), object_id=order.id, result={"order": str(order.id)})

    # All of this is written in one step, before the levels are locked: the time that they are is what limits everybody.
    await uow.flush()
    await _hold_for_good(uow, snapshot, resupply=resupply)
    await fulfillment.take_carried_out(uow, placed, by_method[DeliveryMethod.CARRY_OUT])
    # What is charged or carried out at once has changed the order that was written.
    unchanged = snapshot.capture_at is not CaptureAt.PLACEMENT and not by_method[DeliveryMethod.CARRY_OUT]
    return Completed(cart.id, order_id=order.id, order=order if unchanged else None)


async def _join(uow: UnitOfWork, tenders: Sequence[Payment], answers: Answers, order_id: OrderId) -> list[Payment]:
    """Write down what the gateways answered, and give all tenders to the order that was placed with them."""
    asked = [await record_answer(uow, tender, answers, order_id=order_id) for tender in tenders if tender.id in answers]
    others = [tender for tender in tenders if tender.id not in answers]
    joined = asked + await payments.join_order(uow, others, order_id=order_id)
    return sorted(joined, key=lambda tender: tender.position)


async def _as_held(uow: UnitOfWork, snapshot: Snapshot) -> Snapshot:
    """Write down where the units are by now: what was expected when the attempt began may have come meanwhile."""
    await stock.lock_stock_of_demand(uow, demand_ids=[snapshot.order_id])
    held = await stock.list_open_for_demand(uow, demand_id=snapshot.order_id)
    if sum(part.quantity for part in held) != snapshot.held():
        raise Lapsed
    return as_held(
        snapshot,
        [Units(p.line_id, p.variant_id, p.location_id, p.quantity) for p in held if p.supply_id is None],
        [Ahead(p.line_id, p.supply_id, p.variant_id, p.location_id, p.quantity) for p in held if p.supply_id],
    )


async def _hold_for_good(uow: UnitOfWork, snapshot: Snapshot, *, resupply: bool) -> None:
    if resupply:
        # What is still held, and what is planned instead, are locked at once: in two rounds others could wait for us.
        held = await stock.list_open_for_demand(uow, demand_id=snapshot.order_id)
        levels = {(part.variant_id, part.location_id) for part in held if part.supply_id is None}
        levels |= {(part.variant_id, part.location_id) for part in snapshot.units()}
        await stock.lock_levels(uow, levels=sorted(levels))
        await inventory.release_soft(uow, demand_id=snapshot.order_id)
        await _promise(uow, snapshot)
    elif not snapshot.holds_stock:
        try:
            await _promise(uow, snapshot)
        except OutOfStock as lost:
            raise Lapsed from lost
    elif not await inventory.promote(
        uow, order_id=snapshot.order_id, units=snapshot.held(), on_one_level=snapshot.on_one_level()
    ):
        raise Lapsed
    if snapshot.sent:
        await inventory.send_to_stores(
            uow,
            order_id=snapshot.order_id,
            parts=[
                ToStore(unit, part.store_id, uow.now + timedelta(minutes=part.lead_minutes))
                for unit, part in zip(snapshot.units_sent(), snapshot.sent, strict=True)
            ],
            priority=snapshot.priority,
        )


async def _promise(uow: UnitOfWork, snapshot: Snapshot) -> None:
    """Promise units that nothing held: of what is there, then of what is expected."""
    await inventory.allocate(uow, demand_id=snapshot.order_id, units=snapshot.units(), priority=snapshot.priority)
    await inventory.reserve_ahead(
        uow,
        demand_id=snapshot.order_id,
        parts=snapshot.units_ahead(),
        expires_at=None,
        priority=snapshot.priority,
    )


def _order(
    uow: UnitOfWork, snapshot: Snapshot, tenders: Sequence[Payment], answers: Answers
) -> tuple[Order, list[OrderLine], list[OrderDelivery]]:
    held = sum(tender.amount_minor for tender in tenders if tender.id in answers or tender.held)
    order = Order(
        id=snapshot.order_id,
        number=snapshot.number,
        channel_id=snapshot.channel_id,
        cart_id=snapshot.cart_id,
        customer_id=snapshot.customer_id,
        email=snapshot.email,
        currency=snapshot.currency,
        tax_included=snapshot.tax_included,
        status=OrderStatus.PLACED,
        payment_status=_payment_status(snapshot, held, paid=bool(tenders)),
        fulfillment_status=FulfillmentStatus.UNFULFILLED,
        return_status=ReturnProgress.NONE,
        started=False,
        shipping_address=snapshot.shipping_address,
        billing_address=snapshot.billing_address,
        subtotal_minor=snapshot.subtotal_minor,
        discount_minor=snapshot.discount_minor,
        delivery_minor=snapshot.delivery_minor,
        tax_minor=snapshot.tax_minor,
        total_minor=snapshot.total_minor,
        token_generation=0,
        placed_at=uow.now,
        updated_at=uow.now,
        capture_at=snapshot.capture_at,
        capture_delivery=snapshot.capture_delivery,
    )
    waiting = snapshot.waiting()
    lines = [_line(snapshot, i, line, waiting.get(line.id, 0)) for i, line in enumerate(snapshot.lines)]
    return order, lines, [_delivery(snapshot, delivery) for delivery in snapshot.deliveries]


def _payment_status(snapshot: Snapshot, held_minor: int, *, paid: bool) -> OrderPaymentStatus:
    if not paid:
        return OrderPaymentStatus.NOT_REQUIRED
    if not held_minor:
        return OrderPaymentStatus.PENDING
    whole = held_minor == snapshot.total_minor
    return OrderPaymentStatus.AUTHORIZED if whole else OrderPaymentStatus.PARTIALLY_AUTHORIZED


def _line(snapshot: Snapshot, position: int, line: SnapshotLine, waiting: int) -> OrderLine:
    return OrderLine(
        id=line.id,
        order_id=snapshot.order_id,
        position=position,
        variant_id=line.variant_id,
        product_name=line.product_name,
        sku=line.sku,
        options=list(line.options),
        delivery=line.delivery,
        store_id=line.store_id,
        ordered=line.quantity,
        unallocated=0,
        backordered=waiting,
        allocated=line.quantity - waiting,
        fulfilled=0,
        cancelled=0,
        returned=0,
        unit_price_minor=line.unit_price_minor,
        subtotal_minor=line.subtotal_minor,
        discount_minor=line.discount_minor,
        tax_minor=line.tax_minor,
        total_minor=line.total_minor,
        discounts=to_plain(line.discounts),
        tax_included=snapshot.tax_included,
        bundle_id=line.bundle_id,
        note=line.note,
        gift_message=line.gift_message,
    )


def _delivery(snapshot: Snapshot, delivery: SnapshotDelivery) -> OrderDelivery:
    return OrderDelivery(
        id=delivery.id,
        order_id=snapshot.order_id,
        method=delivery.method,
        store_id=delivery.store_id,
        option_code=delivery.option_code,
        option_name=delivery.option_name,
        price_minor=delivery.price_minor,
        discount_minor=delivery.discount_minor,
        tax_minor=delivery.tax_minor,
        total_minor=delivery.total_minor,
        discounts=to_plain(delivery.discounts),
    )


def _allocations(snapshot: Snapshot) -> list[Allocation]:
    lines = {line.id: line for line in snapshot.lines}
    return [
        Allocation(
            order_line_id=part.order_line_id,
            variant_id=part.variant_id,
            sku=lines[part.order_line_id].sku,
            product_name=lines[part.order_line_id].product_name,
            location_id=part.location_id,
            quantity=part.quantity,
            method=lines[part.order_line_id].delivery,
        )
        for part in snapshot.supplies
    ]
