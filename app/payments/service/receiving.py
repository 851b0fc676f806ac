"""Money that people take at a till: what was promised is paid, and what a terminal did is written down."""

from uuid import UUID

from app.channels.states import TenderKind
from app.kernel.db import UnitOfWork
from app.kernel.errors import IllegalTransition, Invalid, NotFound
from app.kernel.ids import LocationId, OrderId, PaymentId
from app.kernel.permissions import Permission
from app.locations import queries as locations
from app.orders import service as orders
from app.payments import queries
from app.payments.errors import PaymentNotFound
from app.payments.gateway import Abilities, Answer, Outcome
from app.payments.rules import AT_ONCE, Payment, due
from app.payments.service.carrying import settle
from app.payments.service.charging import add_charge, open_books, settle_accounts
from app.payments.service.moves import promised
from app.payments.states import ChargeCause

LONGEST_REFERENCE = 200


async def receive(
    uow: UnitOfWork,
    *,
    payment_id: PaymentId,
    tender: TenderKind,
    location_id: LocationId,
    reference: str | None = None,
) -> OrderId:
    """Take the money that was promised for an order, with one kind of money; answers the order.

    It is all that is still to be paid of it. `reference` is what a terminal calls it, for a card. Charges what is left of the order.
    Locks: order, payments, accounts. Emits PaymentStepSettled.
    Raises: Forbidden; PaymentNotFound; IllegalTransition when nothing is to be paid; Invalid; PaymentMismatch.
    """
    uow.actor.require(Permission.PICKUPS_HAND_OVER, at=location_id)
    if tender not in AT_ONCE:
        raise Invalid("only cash and cards are taken at a till", field=("tender",))
    if not await locations.list_locations(uow, location_ids=[location_id]):
        raise NotFound("there is no such location", field=("locationId",))
    name = _reference(tender, reference)
    found = await _find(uow, payment_id)
    assert found.order_id is not None
    books = await open_books(uow, await orders.lock(uow, order_id=found.order_id))
    if books.moves.of(payment_id) not in promised(books.moves.payments):
        raise IllegalTransition("nothing is to be paid with this payment any more", field=("paymentId",))
    order = books.order
    await add_charge(
        uow,
        books,
        due(order, books.charges, {line.id: line.remaining for line in order.lines}),
        ChargeCause.RECEIPT,
    )
    held = sum(payment.capturable for payment in books.moves.payments)
    amount = sum(charge.missing for charge in books.charges) - held
    if amount <= 0:
        raise IllegalTransition("the order is paid already", field=("paymentId",))
    await queries.keep_promise(uow, payment_id=payment_id, tender=tender, amount_minor=amount, reference=name)
    books.moves.keep(await _find(uow, payment_id))
    await settle_accounts(uow, books)
    return order.order.id


async def record_by_hand(uow: UnitOfWork, *, step_id: UUID, succeeded: bool, reference: str | None = None) -> OrderId:
    """Write down how a refund went that a person made at a terminal; answers its order.

    One that is settled already stays as it is. Locks: order, payments. Emits PaymentStepSettled.
    Raises: Forbidden; PaymentNotFound; IllegalTransition for a step that a payment service carries out; PaymentMismatch for a
    reference that another step has.
    """
    uow.actor.require(Permission.PAYMENTS_MANAGE)
    step = await queries.get_step(uow, step_id=step_id)
    if step is None:
        raise PaymentNotFound("there is no such step", field=("transactionId",))
    payment = await _find(uow, step.payment_id)
    if payment.asks_gateway:
        raise IllegalTransition("a payment service carries this out by itself", field=("transactionId",))
    name = (reference or "").strip() or None
    outcome = Outcome.SUCCEEDED if succeeded else Outcome.DECLINED
    answer = Answer(outcome, reference=name, message="" if succeeded else "the terminal refused it")
    with queries.named_once("reference"):
        await settle(uow, step, payment.order_id, answer, abilities=Abilities())
    assert payment.order_id is not None
    return payment.order_id


async def _find(uow: UnitOfWork, payment_id: PaymentId) -> Payment:
    found = next(iter(await queries.list_by_id(uow, payment_ids=[payment_id])), None)
    if found is None or found.order_id is None:
        raise PaymentNotFound("there is no such payment", field=("paymentId",))
    return found


def _reference(tender: TenderKind, reference: str | None) -> str | None:
    if tender is not TenderKind.CARD_PRESENT:
        return None
    name = (reference or "").strip()
    if not name or len(name) > LONGEST_REFERENCE:
        raise Invalid("the terminal's reference is needed", field=("reference",))
    return name
