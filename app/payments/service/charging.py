"""Goods are charged as the order was placed to be, and credited when they are cancelled or come back; money follows.

What an order owes is written down first, apart from the money. Then `settle_accounts` lets money move for it: back, where
the customer is owed; out of what is held, where the order owes; held anew, where it is held no more. It may be called
whenever something has changed: it asks for nothing twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from app.channels import queries as channels
from app.channels.states import CaptureAt
from app.kernel.db import UnitOfWork
from app.kernel.ids import PaymentId, new_id
from app.kernel.money import Money
from app.orders import service as orders
from app.orders.rules import OrderWithLines
from app.orders.states import HoldReason
from app.payments import queries
from app.payments.errors import PaymentRequired, RefundExceeded
from app.payments.events import AccountsSettled
from app.payments.rules import (
    Charge,
    Charged,
    Payment,
    Refund,
    Units,
    chargeable,
    due,
    order_payment_status,
    overcharged,
    refund_parts,
    spread,
    taken_by_authorization,
    uncharged,
    waivers,
)
from app.payments.service.moves import Moves, gives_back_at_once, promised
from app.payments.states import ChargeCause


@dataclass(slots=True)
class Books:
    """What an order owes and is owed, and the tenders that settle it; all of it locked."""

    order: OrderWithLines
    moves: Moves
    charges: list[Charge]
    refunds: list[Refund]

    @property
    def still_due(self) -> int:
        """What will still be taken, if nothing more is cancelled: charged and not asked for, or not charged yet."""
        return uncharged(self.order, self.charges) + sum(charge.missing for charge in self.charges)

    @property
    def due(self) -> int:
        """What will have been taken in the end, if nothing more is cancelled."""
        charged = sum(charge.amount_minor - charge.waived_minor for charge in self.charges)
        return charged + uncharged(self.order, self.charges)

    @property
    def capturable(self) -> int:
        """What its tenders hold and nothing has been asked for yet."""
        return sum(payment.capturable for payment in self.moves.payments)


async def open_books(uow: UnitOfWork, order: OrderWithLines) -> Books:
    """Lock the tenders of a locked order, and read what it owes and is owed."""
    payments = await queries.lock_for_order(uow, order_id=order.order.id)
    charges = await queries.list_charges(uow, order_ids=[order.order.id])
    refunds = await queries.list_refunds(uow, order_ids=[order.order.id])
    return Books(order, Moves(payments), charges, refunds)


async def charge(uow: UnitOfWork, order: OrderWithLines, *, cause: ChargeCause, delivered: Units | None = None) -> None:
    """Charge what is to be charged of an order by now and was not yet, and ask for its money.

    `delivered` are units that have reached their customer, for orders that are charged at hand-over; left out, what has left
    has reached them. Locks: the order's payments, accounts. Emits PaymentStepRequested, PaymentStepSettled.
    """
    books = await open_books(uow, order)
    await add_charge(uow, books, due(order, books.charges, chargeable(order, delivered=delivered)), cause)
    await settle_accounts(uow, books)


async def charge_at_placement(uow: UnitOfWork, order: OrderWithLines, payments: Sequence[Payment]) -> OrderWithLines:
    """Charge a whole new order, where it was placed to be charged at once; its tenders are the caller's.

    What somebody promised to pay in the store is charged when they do. Answers the order with what has been paid of it.
    Locks: accounts. Emits PaymentStepRequested, PaymentStepSettled.
    """
    if order.order.capture_at is not CaptureAt.PLACEMENT or promised(payments):
        return order
    books = Books(order, Moves(payments), [], [])
    await add_charge(uow, books, due(order, [], chargeable(order)), ChargeCause.PLACEMENT)
    await settle_accounts(uow, books)
    return books.order


async def settle_cancellation(
    uow: UnitOfWork, before: OrderWithLines, after: OrderWithLines, *, cause_id: UUID, reason: str
) -> None:
    """Let held money go that nothing is left to be paid with, and give back what was taken for units that are cancelled now.

    Locks: the order's payments, accounts. Emits PaymentStepRequested, PaymentStepSettled.
    """
    books = await open_books(uow, after)
    credit = overcharged(before, after, books.charges)
    # With the last of its goods cancelled, those that have left bring their delivery along.
    await add_charge(uow, books, due(after, books.charges, {}), ChargeCause.CANCELLATION)
    if sum(part.amount_minor for part in credit):
        await _credit(uow, books, credit, cause_id=cause_id, reason=reason, to_store_credit=False)
    if books.still_due <= books.capturable:
        for payment in promised(books.moves.payments):
            books.moves.cancel(payment)
    await settle_accounts(uow, books, surplus_minor=books.capturable)


async def request_refund(
    uow: UnitOfWork,
    order: OrderWithLines,
    *,
    lines: Sequence[Charged],
    cause_id: UUID,
    reason: str,
    to_store_credit: bool = False,
) -> None:
    """Write down that a customer is to have money back, and ask for it to be given to the tenders it came from.

    The refund keeps the sequence of tenders that its channel has by now. What has not been taken yet is given back when it has;
    what came back before anybody knew that it had arrived is charged
    first. Locks: the order's payments, accounts. Emits PaymentStepRequested, PaymentStepSettled. Raises: RefundExceeded.
    """
    books = await open_books(uow, order)
    came_back = {line.id: line.returned for line in order.lines}
    await add_charge(uow, books, due(order, books.charges, came_back), ChargeCause.HAND_OVER)
    amount = sum(part.amount_minor for part in lines)
    left = sum(one.amount_minor for one in books.charges) - sum(one.amount_minor for one in books.refunds)
    if amount > left:
        raise RefundExceeded(f"no more than {Money(left, order.order.currency)} can be given back")
    if amount:
        await _credit(uow, books, lines, cause_id=cause_id, reason=reason, to_store_credit=to_store_credit)
    await settle_accounts(uow, books)


async def refuse_unpaid(uow: UnitOfWork, order: OrderWithLines) -> None:
    """Refuse to hand goods of a locked order over that somebody has promised to pay for and has not.

    Locks: the order's payments. Raises: PaymentRequired, saying how much is to be paid.
    """
    if not promised(await queries.list_payments(uow, order_ids=[order.order.id])):
        return
    books = await open_books(uow, order)
    amount = Money(books.still_due - books.capturable, order.order.currency)
    raise PaymentRequired(f"{amount} is to be paid before the goods are handed over")


async def give_up(uow: UnitOfWork, payments: Sequence[Payment]) -> None:
    """Let all money go that tenders without an order hold, and end promises. They are locked by the caller.

    Locks: accounts. Emits PaymentStepRequested.
    """
    moves = Moves(payments)
    for payment in payments:
        if payment.capturable:
            moves.let_go(payment, payment.capturable)
    for payment in promised(payments):
        moves.cancel(payment)
    await moves.write(uow)


async def settle_accounts(
    uow: UnitOfWork,
    books: Books,
    *,
    surplus_minor: int = 0,
    for_later: bool = False,
    refund_to: Sequence[PaymentId] = (),
) -> None:
    """Let money move for what an order owes and is owed, as far as it can, and say of the order what has been paid.

    Up to `surplus_minor` of what is held and not needed is let go; `for_later` holds anew also what will be needed later.
    With `refund_to`, money goes back to these tenders alone, in this order.
    Where money cannot be had the order is held, saying why; where all is paid it is held no more. Emits AccountsSettled where
    what is owed and what is to be given back are settled against each other.
    """
    await _give_back(uow, books, refund_to)
    waived = await _waive(uow, books)
    short = _take(books)
    if for_later:
        _hold_for_later(books)
    if short:
        short -= _hold_anew(books, short)
    _let_go(books, min(surplus_minor + waived, max(0, books.capturable - books.still_due)))
    await books.moves.write(uow)
    if short > 0:
        amount = Money(short, books.order.order.currency)
        await orders.apply_hold(
            uow,
            books.order.order.id,
            reason=HoldReason.CAPTURE_FAILED,
            message=f"{amount} is owed for goods, and no tender holds it",
        )
    await _end_holds(uow, books)
    await derive(uow, books)


async def settle_without_asking(uow: UnitOfWork, books: Books) -> None:
    """Settle an order's accounts after a refusal, as far as that moves no money but what is let go."""
    waived = await _waive(uow, books)
    _let_go(books, min(waived, max(0, books.capturable - books.still_due)))
    await books.moves.write(uow)
    await _end_holds(uow, books)
    await derive(uow, books)


async def add_charge(uow: UnitOfWork, books: Books, lines: Sequence[Charged], cause: ChargeCause) -> None:
    """Write down what is owed for goods; an order without tenders owes nothing."""
    amount = sum(part.amount_minor for part in lines)
    if not amount or not books.moves.payments:
        return
    charge = Charge(
        id=new_id(),
        order_id=books.order.order.id,
        cause=cause,
        amount_minor=amount,
        waived_minor=0,
        lines=tuple(lines),
        requested_at=uow.now,
        captured_minor=0,
        capturing_minor=0,
    )
    await queries.insert_charge(uow, charge=charge)
    books.charges.append(charge)


async def _credit(
    uow: UnitOfWork, books: Books, lines: Sequence[Charged], *, cause_id: UUID, reason: str, to_store_credit: bool
) -> None:
    channel = await channels.get_channel(uow, channel_id=books.order.order.channel_id)
    assert channel is not None
    refund = Refund(
        id=new_id(),
        order_id=books.order.order.id,
        cause_id=cause_id,
        reason=reason,
        amount_minor=sum(part.amount_minor for part in lines),
        waived_minor=0,
        to_store_credit=to_store_credit,
        sequence=channel.refund_sequence,
        lines=tuple(lines),
        requested_at=uow.now,
        refunded_minor=0,
        refunding_minor=0,
    )
    await queries.insert_refund(uow, refund=refund)
    books.refunds.append(refund)


def _take(books: Books) -> int:
    """Take what was charged out of what is held, tender by tender; answers what no tender holds."""
    short = 0
    for i, charge in enumerate(books.charges):
        if not charge.missing:
            continue
        tenders = books.moves.payments
        parts = spread(charge.missing, [payment.capturable for payment in tenders])
        for payment, part in zip(tenders, parts, strict=True):
            if part:
                books.moves.take(payment, part, charge_id=charge.id)
        at_once = sum(part for payment, part in zip(tenders, parts, strict=True) if not payment.asks_gateway)
        books.charges[i] = replace(
            charge,
            captured_minor=charge.captured_minor + at_once,
            capturing_minor=charge.capturing_minor + sum(parts) - at_once,
        )
        short += books.charges[i].missing
    return short


async def _give_back(uow: UnitOfWork, books: Books, to: Sequence[PaymentId]) -> None:
    """Give back what the customer is owed to the tenders that it came from, in the sequence of each refund."""
    if not any(refund.missing for refund in books.refunds):
        return
    tenders = books.moves.payments
    steps = await queries.list_steps(uow, payment_ids=[payment.id for payment in tenders])
    refunds = {refund.id: refund for refund in books.refunds}
    owed = sum(charge.missing for charge in books.charges)
    for part in refund_parts(books.refunds, tenders, taken_by_authorization(steps), owed_minor=owed, to=to):
        refund, payment = refunds[part.refund_id], books.moves.of(part.payment_id)
        at_once = gives_back_at_once(payment, to_store_credit=refund.to_store_credit)
        books.moves.give_back(
            payment,
            part.amount_minor,
            refund_id=refund.id,
            about=part.about,
            at_once=at_once,
            credit_to=books.order.order.customer_id if refund.to_store_credit else None,
        )
        refunds[refund.id] = replace(
            refund,
            refunded_minor=refund.refunded_minor + (part.amount_minor if at_once else 0),
            refunding_minor=refund.refunding_minor + (0 if at_once else part.amount_minor),
        )
    books.refunds = list(refunds.values())


async def _waive(uow: UnitOfWork, books: Books) -> int:
    """Settle what an order owes and is owed against each other; answers how much."""
    if any(payment.capturing_minor for payment in books.moves.payments):
        # While money is under way nothing is settled without it: it may come, and then goes back.
        return 0
    of_charges, of_refunds = waivers(books.charges, books.refunds)
    if not of_charges:
        return 0
    await queries.waive(uow, charges=of_charges, refunds=of_refunds)
    uow.emit(AccountsSettled(order_id=books.order.order.id))
    books.charges = [replace(one, waived_minor=one.waived_minor + of_charges.get(one.id, 0)) for one in books.charges]
    books.refunds = [replace(one, waived_minor=one.waived_minor + of_refunds.get(one.id, 0)) for one in books.refunds]
    return sum(of_charges.values())


def _hold_anew(books: Books, amount_minor: int) -> int:
    """Ask for money to be held anew that is needed and is not held any more; answers how much is being asked for."""
    under_way = sum(payment.authorizing_minor for payment in books.moves.payments)
    tenders = [payment for payment in books.moves.payments if payment.asks_gateway]
    parts = spread(max(0, amount_minor - under_way), [payment.missing for payment in tenders])
    for payment, part in zip(tenders, parts, strict=True):
        if part:
            books.moves.hold_anew(payment, part)
    return under_way + sum(parts)


def _hold_for_later(books: Books) -> None:
    """Ask for money to be held anew that the order will need, as far as tenders hold less than they were to pay."""
    # What is on its way takes the place of what is held.
    lacking = books.still_due - sum(
        max(payment.capturable, payment.authorizing_minor) for payment in books.moves.payments
    )
    for payment in books.moves.payments:
        part = min(lacking, payment.missing)
        if part > 0 and payment.asks_gateway:
            books.moves.hold_anew(payment, payment.capturable + part)
            lacking -= part


def _let_go(books: Books, surplus_minor: int) -> None:
    # The tender charged last is let go first, in whatever sequence money goes back: what is held then is what would have been
    # held for a smaller order, and no card is held for what credit pays.
    backward = list(reversed(books.moves.payments))
    for payment, part in zip(
        backward, spread(surplus_minor, [payment.capturable for payment in backward]), strict=True
    ):
        if part:
            books.moves.let_go(payment, part)


async def _end_holds(uow: UnitOfWork, books: Books) -> None:
    reasons: list[HoldReason] = []
    if books.charges and all(charge.is_settled for charge in books.charges):
        reasons.append(HoldReason.CAPTURE_FAILED)
    if books.capturable >= books.still_due:
        reasons.append(HoldReason.AUTHORIZATION_EXPIRED)
    if books.refunds and all(refund.is_settled for refund in books.refunds):
        reasons.append(HoldReason.REFUND_FAILED)
    if reasons:
        await orders.end_holds(uow, books.order.order.id, reasons=reasons)


async def derive(uow: UnitOfWork, books: Books) -> None:
    """Say of an order what has been paid of it."""
    status = order_payment_status(books.moves.payments, due_minor=books.due)
    order = books.order.order
    await orders.record_payment_status(uow, order_id=order.id, payment_status=status, before=order.payment_status)
    books.order = replace(books.order, order=replace(order, payment_status=status))
