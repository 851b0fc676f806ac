"""Phase three: record what the gateways said, and place the order, ask the shopper, wait, or give everything back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from types import MappingProxyType
from uuid import UUID

from app.cart import queries as carts
from app.cart import service as cart_service
from app.cart.rules import Cart
from app.channels.states import CaptureAt
from app.checkout import queries
from app.checkout.errors import Kept, PaymentActionRequired, PaymentPending
from app.checkout.events import CheckoutAttemptEnded
from app.checkout.rules import Attempt, Snapshot, SnapshotDelivery, SnapshotLine, as_held, supplied
from app.checkout.service.supply import supply
from app.checkout.states import ATTEMPT, LIVE, AttemptStatus
from app.delivery.states import DeliveryMethod
from app.fulfillment import service as fulfillment
from app.fulfillment.rules import Allocation
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.inventory.errors import OutOfStock
from app.inventory.rules import Ahead, Units
from app.inventory.rules.transfers import ToStore
from app.inventory.states import DemandKind
from app.kernel import idempotency
from app.kernel.db import UnitOfWork
from app.kernel.errors import BrokenInvariant, DomainError, ErrorCode
from app.kernel.ids import AttemptId, CartId, OrderId, PaymentId
from app.kernel.money import Money
from app.kernel.plain import counted, from_plain, to_plain
from app.orders import service as orders
from app.orders.rules import Order, OrderDelivery, OrderLine
from app.orders.states import FulfillmentStatus, OrderPaymentStatus, OrderStatus, ReturnProgress
from app.payments import queries as payment_queries
from app.payments import service as payments
from app.payments.errors import PaymentDeclined
from app.payments.gateway import Answer, Outcome
from app.payments.queries import accounts as account_queries
from app.payments.rules import Payment
from app.payments.states import PaymentStatus
from app.pickup import service as pickup
from app.sourcing import service as sourcing

#: How long whoever asks the gateways has an attempt for themselves, and so the least that stock is held meanwhile.
GATEWAY_PATIENCE = timedelta(seconds=30)
#: A gateway has answered by then, or its answer is lost.
GATEWAY_ANSWERS_WITHIN = timedelta(seconds=15)
#: How long a shopper may take to act, and a gateway to find out, before the cart is given back.
GIVE_UP_AFTER = timedelta(minutes=15)
#: How soon a lost answer is asked for again, and a shopper who was asked to act is looked after.
ASK_AGAIN_AFTER = timedelta(seconds=5)
LOOK_AFTER_SHOPPER = timedelta(seconds=60)
#: Work that nobody has promised a time for is due within a day.
SHIP_WITHIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PaymentAsked:
    """What the shopper has to do before the payment goes on."""

    payment_id: PaymentId
    kind: str
    url: str | None
    client_secret: str | None


@dataclass(frozen=True, slots=True)
class Completed:
    """Where a checkout has got to: an order, or a refusal, with what the shopper has to do where something is.

    `order` is the order as it stands, where this call placed it and nothing has changed it since.
    """

    cart_id: CartId
    order_id: OrderId | None = None
    order: Order | None = None
    refusal: DomainError | None = None
    action: PaymentAsked | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """An attempt and the cart that it holds, which is locked before it.

    Whoever began the attempt knows what was frozen, and has not to read it again.
    """

    attempt_id: AttemptId
    cart_id: CartId
    snapshot: Snapshot | None = None


class Lapsed(Exception):
    """The stock held for the attempt is not held any more; the order has to be supplied anew."""


class _Verdict(Enum):
    PLACE = auto()
    DECLINE = auto()
    ASK_SHOPPER = auto()
    WAIT = auto()


#: What the gateways said: an answer for each tender that was asked, None where it was lost.
Answers = Mapping[PaymentId, Answer | None]


async def conclude(
    uow: UnitOfWork, held: Held, tenders: Sequence[Payment], answers: Answers, *, resupply: bool = False
) -> Completed:
    """End or suspend an attempt by what its gateways answered. One that has ended meanwhile is answered as it ended.

    Whoever works on an attempt knows its tenders, and nobody else touches them while it holds the attempt.
    Locks: cart, payments, accounts, slots, levels. Raises: Lapsed; and with `resupply`, OutOfStock when nothing is left to promise.
    """
    cart, attempt = await lock(uow, held)
    if attempt.status is not AttemptStatus.AUTHORIZING:
        return await ended(uow, attempt)
    snapshot = held.snapshot or snapshot_of(attempt)
    verdict = _verdict(tenders, answers)
    if verdict is _Verdict.PLACE:
        return await place(uow, cart, attempt, snapshot, tenders, answers, resupply=resupply)
    recorded = [await _record(uow, tender, answers) for tender in tenders]
    if verdict is _Verdict.DECLINE:
        return await give_back(uow, cart, attempt, snapshot, recorded, "fail", _declined(snapshot, tenders, answers))
    if verdict is _Verdict.ASK_SHOPPER:
        await _suspend(uow, attempt, "ask_shopper", LOOK_AFTER_SHOPPER)
        asked = next(payment for payment in recorded if payment.action_kind)
        return _asking(cart.id, asked)
    await _suspend(uow, attempt, "lose", ASK_AGAIN_AFTER)
    return Completed(
        cart.id, refusal=PaymentPending("the payment's result is not known yet; ask again with the same key")
    )


async def give_back(
    uow: UnitOfWork,
    cart: Cart,
    attempt: Attempt,
    snapshot: Snapshot,
    tenders: Sequence[Payment],
    action: str,
    refusal: DomainError,
) -> Completed:
    """End an attempt without an order: stock, pickup places and held money go back, and the cart is free again."""
    status = ATTEMPT.next(attempt.status, action)
    await queries.update_attempt(
        uow,
        attempt_id=attempt.id,
        status=status,
        failure_code=refusal.code.value,
        failure=refusal.message,
    )
    uow.moved("checkout attempt", attempt.id, before=attempt.status.value, after=status.value, action=action)
    uow.emit(CheckoutAttemptEnded(attempt_id=attempt.id, cart_id=cart.id, status=status.value))
    held_until = snapshot.cart_held_until
    holds_again = snapshot.holds_stock and held_until is not None and held_until > uow.now
    await cart_service.let_go(uow, cart=cart, reserved_until=held_until if holds_again else None)
    await payments.give_up(uow, tenders)
    await payment_queries.redact_tokens(uow, attempt_id=attempt.id)
    await pickup.give_back_places(uow, slots=snapshot.slots())
    if holds_again and held_until is not None:
        # What the cart held before goes back to it: who was declined may pay with another card.
        await inventory.reserve_in_part(
            uow,
            demand_id=cart.id,
            units=snapshot.for_cart(snapshot.units()),
            expires_at=held_until,
            kind=DemandKind.CART,
            priority=snapshot.priority,
            instead_of=snapshot.order_id,
        )
        await inventory.reserve_ahead(
            uow,
            demand_id=cart.id,
            parts=snapshot.ahead_for_cart(),
            expires_at=held_until,
            kind=DemandKind.CART,
            priority=snapshot.priority,
        )
    else:
        await inventory.release_soft(uow, demand_id=snapshot.order_id)
    idempotency.keep(
        uow,
        _key(attempt),
        object_id=attempt.id,
        result={"refusal": {"code": refusal.code.value, "message": refusal.message, "field": list(refusal.field)}},
    )
    return Completed(cart.id, refusal=refusal)


async def abandon_for_edit(uow: UnitOfWork, attempt_id: UUID) -> bool:
    """Give up an attempt that waits for its shopper, because they went back to the cart. The cart is locked already.

    It waits when they have to act, and when some tenders are held and the others were not asked yet. Answers False for an
    attempt whose payment is under way: its cart may not change.
    """
    attempt = await queries.lock_attempt(uow, attempt_id=attempt_id)
    if attempt is None or attempt.status not in {AttemptStatus.ACTION_REQUIRED, AttemptStatus.UNKNOWN}:
        return False
    cart = await carts.get_cart(uow, cart_id=attempt.cart_id)
    if cart is None:
        raise BrokenInvariant(f"attempt {attempt_id} has no cart")
    tenders = await payment_queries.lock_for_attempt(uow, attempt_id=attempt_id)
    if attempt.status is AttemptStatus.UNKNOWN and any(one.status is PaymentStatus.UNKNOWN for one in tenders):
        return False
    refusal = PaymentDeclined("the payment was given up, because the cart was changed")
    await give_back(uow, cart, attempt, snapshot_of(attempt), tenders, "abandon", refusal)
    return True


async def lock(uow: UnitOfWork, held: Held) -> tuple[Cart, Attempt]:
    """Lock an attempt and, before it, its cart. What `held` knows was frozen is not read again."""
    found = await queries.lock_with_cart(uow, attempt_id=held.attempt_id, with_snapshot=held.snapshot is None)
    if found is None:
        raise BrokenInvariant(f"attempt {held.attempt_id} or its cart is gone")
    return found.cart, found.attempt


async def ended(uow: UnitOfWork, attempt: Attempt) -> Completed:
    """Say how an attempt ended, or what it waits for."""
    if attempt.status is AttemptStatus.PLACED:
        return Completed(attempt.cart_id, order_id=attempt.order_id)
    if attempt.status is AttemptStatus.ACTION_REQUIRED:
        tenders = await payment_queries.list_for_attempt(uow, attempt_id=attempt.id)
        return _asking(attempt.cart_id, next(payment for payment in tenders if payment.action_kind))
    if attempt.status in LIVE:
        return Completed(
            attempt.cart_id, refusal=PaymentPending("the payment is under way; ask again with the same key")
        )
    refusal = Kept(attempt.failure_code or ErrorCode.PAYMENT_DECLINED, attempt.failure or "", [])
    return Completed(attempt.cart_id, refusal=refusal)


def snapshot_of(attempt: Attempt) -> Snapshot:
    """Read what an attempt froze."""
    if attempt.snapshot is None:
        raise BrokenInvariant(f"attempt {attempt.id} has ended and forgotten its snapshot")
    return from_plain(Snapshot, attempt.snapshot)


def _asking(cart_id: CartId, payment: Payment) -> Completed:
    return Completed(
        cart_id,
        refusal=PaymentActionRequired("the payment needs the shopper; call again with the same key afterwards"),
        action=PaymentAsked(payment.id, payment.action_kind or "", payment.action_url, payment.action_secret),
    )


def _verdict(tenders: Sequence[Payment], answers: Answers) -> _Verdict:
    outcomes = []
    for tender in tenders:
        if tender.id in answers:
            answer = answers[tender.id]
            outcomes.append(Outcome.PENDING if answer is None else answer.outcome)
        elif tender.status is PaymentStatus.AUTHORIZED or not tender.asks_gateway:
            outcomes.append(Outcome.SUCCEEDED)
        else:
            outcomes.append(Outcome.PENDING)
    if Outcome.DECLINED in outcomes:
        return _Verdict.DECLINE
    if Outcome.ACTION_REQUIRED in outcomes:
        return _Verdict.ASK_SHOPPER
    return _Verdict.WAIT if Outcome.PENDING in outcomes else _Verdict.PLACE


def _declined(snapshot: Snapshot, tenders: Sequence[Payment], answers: Answers) -> PaymentDeclined:
    for tender in tenders:
        answer = answers.get(tender.id)
        if answer is not None and answer.outcome is Outcome.DECLINED:
            return PaymentDeclined(
                answer.message or "the payment was declined", field=snapshot.field_of(tender.position)
            )
    raise BrokenInvariant("no tender was declined")


async def _record(uow: UnitOfWork, tender: Payment, answers: Answers, *, order_id: OrderId | None = None) -> Payment:
    if tender.id in answers:
        return await payments.record_authorization(uow, tender, answers[tender.id], order_id=order_id)
    return tender


async def _join(uow: UnitOfWork, tenders: Sequence[Payment], answers: Answers, order_id: OrderId) -> list[Payment]:
    """Write down what the gateways answered, and give all tenders to the order that was placed with them."""
    asked = [await _record(uow, tender, answers, order_id=order_id) for tender in tenders if tender.id in answers]
    others = [tender for tender in tenders if tender.id not in answers]
    joined = asked + await payments.join_order(uow, others, order_id=order_id)
    return sorted(joined, key=lambda tender: tender.position)


async def _suspend(uow: UnitOfWork, attempt: Attempt, action: str, pause: timedelta) -> None:
    status = ATTEMPT.next(attempt.status, action)
    await queries.update_attempt(uow, attempt_id=attempt.id, status=status, worked_until=uow.now + pause)
    uow.moved("checkout attempt", attempt.id, before=attempt.status.value, after=status.value, action=action)


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

    The cart and the attempt are locked. Locks: payments, accounts, slots, levels. Raises: see `conclude`.
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
    idempotency.keep(uow, _key(attempt), object_id=order.id, result={"order": str(order.id)})

    # All of this is written in one step, before the levels are locked: the time that they are is what limits everybody.
    await uow.flush()
    await _hold_for_good(uow, snapshot, resupply=resupply)
    await fulfillment.take_carried_out(uow, placed, by_method[DeliveryMethod.CARRY_OUT])
    # What is charged or carried out at once has changed the order that was written.
    unchanged = snapshot.capture_at is not CaptureAt.PLACEMENT and not by_method[DeliveryMethod.CARRY_OUT]
    return Completed(cart.id, order_id=order.id, order=order if unchanged else None)


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


def _key(attempt: Attempt) -> idempotency.Key:
    # The input's hash was stored when the key was claimed; keeping a result needs only its name.
    return idempotency.Key(scope=attempt.key_scope, key=attempt.key, input_hash=b"")
