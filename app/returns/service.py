"""What may happen to a return: asked for, approved or declined, counted in, closed with its refund.

Locks: the order, then the return, then payments, then gift cards, then levels.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from app.channels import queries as channels
from app.fulfillment import queries as fulfillment
from app.inventory import service as inventory
from app.inventory.rules import Units
from app.inventory.states import Bucket
from app.kernel.actor import Actor
from app.kernel.db import UnitOfWork
from app.kernel.errors import BrokenInvariant, Invalid, NotFound
from app.kernel.ids import LocationId, OrderId, OrderLineId, ReturnId, ReturnLineId, new_id
from app.kernel.money import Money
from app.kernel.permissions import Permission
from app.kernel.plain import counted
from app.kernel.sql import Session
from app.kernel.tokens import KeyRing
from app.locations import queries as locations
from app.orders import queries as order_queries
from app.orders import service as orders
from app.orders.errors import OrderNotFound
from app.orders.rules import Order, OrderLine, OrderWithLines
from app.payments import service as payments
from app.payments.queries import accounts as cards_sold
from app.payments.rules import Charged, ChargedKind
from app.payments.rules import accounts as card_rules
from app.payments.service import sold_cards
from app.returns import queries, rules
from app.returns.errors import ReturnNotFound
from app.returns.events import ReturnApproved, ReturnClosed, ReturnDeclined, ReturnReceived, ReturnRequested
from app.returns.rules import (
    CountedLine,
    Draft,
    Refund,
    RequestedLine,
    Return,
    ReturnLine,
    ReturnReceipt,
    ReturnWithLines,
)
from app.returns.states import RETURN, Disposition, RefundMethod, ReturnStatus

#: Where accepted goods go that enter our stock; what goes to the vendor or is destroyed does not.
_BUCKETS = {
    Disposition.RESTOCK: Bucket.SELLABLE,
    Disposition.DAMAGED: Bucket.DAMAGED,
    Disposition.QUALITY: Bucket.QUALITY,
}


def may_read(actor: Actor, keys: KeyRing, order: Order, token: str | None) -> bool:
    """Say whether the caller may see an order's returns: whoever may see the order, and staff who read returns."""
    return orders.may_read(actor, keys, order, token) or actor.may(Permission.RETURNS_READ)


async def preview(
    uow: UnitOfWork, *, order_id: OrderId, token: str | None, lines: Sequence[RequestedLine], method: RefundMethod
) -> tuple[Order, Draft]:
    """Say what a return of these lines would give back. Keeps nothing.

    Raises: as `request` does.
    """
    order = await _served(uow, order_id, token)
    order_lines = await order_queries.list_lines(uow, order_ids=[order_id])
    deliveries = await order_queries.list_deliveries(uow, order_ids=[order_id])
    return order, await _draft(uow, OrderWithLines(order, tuple(order_lines), tuple(deliveries)), lines, method)


async def request(
    uow: UnitOfWork, *, order_id: OrderId, token: str | None, lines: Sequence[RequestedLine], method: RefundMethod
) -> Return:
    """Ask for goods to be taken back: by the customer, whoever holds the order's token, or staff for them.

    It is approved with that when staff ask who may approve returns or take them in, because a return over the counter is
    one visit. Locks: the order. Emits ReturnRequested, ReturnApproved.
    Raises: OrderNotFound; Forbidden; ReturnNotAllowed, QuantityExceeded, Invalid and NotFound naming the field at fault.
    """
    await _served(uow, order_id, token)
    order = await orders.lock(uow, order_id=order_id)
    draft = await _draft(uow, order, lines, method)
    requested = _new(uow, order, draft, method)
    await queries.insert(uow, header=requested.header, lines=requested.lines)
    await orders.note(
        uow,
        order_id,
        kind="RETURN_REQUESTED",
        message=f"return {requested.header.number} asked for: {rules.described(order, draft.units)}",
    )
    uow.moved("return", requested.header.id, before=None, after=ReturnStatus.REQUESTED.value, action="returnRequest")
    uow.emit(ReturnRequested(return_id=requested.header.id, order_id=order_id, units=sum(draft.units.values())))
    if rules.is_approved_at_once(uow.actor):
        return await _approve(uow, requested.header)
    return requested.header


async def approve(uow: UnitOfWork, *, return_id: ReturnId) -> Return:
    """Let the goods of a return come back.

    Locks: the order, the return. Emits ReturnApproved. Raises: Forbidden; ReturnNotFound; IllegalTransition.
    """
    uow.actor.require(Permission.RETURNS_APPROVE)
    _, found = await _lock(uow, return_id)
    return await _approve(uow, found.header)


async def decline(uow: UnitOfWork, *, return_id: ReturnId, reason: str) -> Return:
    """Refuse to take goods back, and say why.

    Locks: the order, the return. Emits ReturnDeclined.
    Raises: Forbidden; ReturnNotFound; IllegalTransition; Invalid without a reason.
    """
    uow.actor.require(Permission.RETURNS_APPROVE)
    told = rules.short_text(reason, field=("reason",))
    if told is None:
        raise Invalid("the customer will want to know why", field=("reason",))
    _, found = await _lock(uow, return_id)
    declined = _moved(uow, found.header, "returnDecline")
    declined = replace(_with_refund(declined, Refund()), decline_reason=told)
    await queries.update(uow, header=declined)
    # The reason stays with the return: a timeline is never erased, and people are named in reasons.
    await orders.note(uow, declined.order_id, kind="RETURN_DECLINED", message=f"return {declined.number} declined")
    uow.emit(ReturnDeclined(return_id=declined.id, order_id=declined.order_id))
    return declined


async def receive(
    uow: UnitOfWork, *, return_id: ReturnId, location_id: LocationId, lines: Sequence[CountedLine]
) -> Return:
    """Count goods in at a location. What is accepted counts as returned, and goes where its line says.

    When with this every unit has come and none waits to be inspected, the return is closed and its money asked to be given
    back. Gift cards are closed with the units that are accepted. Locks: the order, the return, payments, gift cards, levels.
    Emits ReturnReceived, ReturnClosed, CreditChanged.
    Raises: Forbidden; ReturnNotFound; IllegalTransition; NotFound, Invalid, QuantityExceeded and ReturnNotAllowed naming the
    field at fault.
    """
    uow.actor.require(Permission.RETURNS_RECEIVE)
    await _refuse_location(uow, location_id)
    uow.actor.require(Permission.RETURNS_RECEIVE, at=location_id)
    order, found = await _lock(uow, return_id)
    header = _moved(uow, found.header, "returnReceive")
    changed = rules.counted(found, order, lines)
    before = {line.id: line for line in found.lines}
    accepted = {line.order_line_id: line.accepted - before[line.id].accepted for line in changed}

    receipts = _receipts(uow, location_id, lines)
    await queries.insert_receipts(uow, receipts=receipts)
    await queries.update_lines(uow, lines=changed)
    order = await orders.record_returned(uow, order, accepted)
    completed = rules.deliveries_completed(order, [line_id for line_id, units in accepted.items() if units])
    if completed:
        await queries.insert_deliveries(uow, return_id=return_id, deliveries=completed)
    by_id = before | {line.id: line for line in changed}
    now = await _valued(uow, order, ReturnWithLines(header, tuple(by_id.values())))
    await _note_receipt(uow, now.header, receipts)
    header = await _close_if_settled(uow, order, now)
    await queries.update(uow, header=header)
    await _take_cards_back(uow, order, found, lines)
    await _into_stock(uow, header.id, now.lines, receipts)
    return header


async def list_requestable(
    session: Session, *, actor: Actor, order_ids: Collection[UUID], now: datetime
) -> set[OrderId]:
    """Say for which of these orders, all of which the caller may see, they could ask for a return now.

    Who sees an order and is not staff is its customer or holds its token; staff need returns:request.
    """
    placed = [
        order
        for order in await order_queries.list_orders(session, order_ids=order_ids)
        if not actor.is_staff
        or actor.may(Permission.RETURNS_REQUEST)
        or (order.customer_id is not None and order.customer_id == actor.customer_id)
    ]
    ids = [order.id for order in placed]
    lines = await order_queries.list_lines(session, order_ids=ids)
    pending = await queries.list_pending(session, order_ids=ids)
    used = await _used_cards(session, lines)
    kept = {line.id: pending.get(line.id, 0) + used.get(line.id, 0) for line in lines}
    windows = {
        channel.id: channel.return_window_days
        for channel in await channels.list_channels_by_id(session, channel_ids={order.channel_id for order in placed})
    }
    works = await fulfillment.list_for_orders(session, order_ids=ids)
    shipments = await fulfillment.list_shipments(session, fulfillment_order_ids=[work.id for work in works])
    requestable = set()
    for order in placed:
        mine = {work.id: work for work in works if work.order_id == order.id}
        left_at = rules.last_left_at(
            mine.values(), [shipment for shipment in shipments if shipment.fulfillment_order_id in mine]
        )
        if rules.is_in_time(left_at, window_days=windows[order.channel_id], now=now) and rules.is_requestable(
            [line for line in lines if line.order_id == order.id], pending=kept
        ):
            requestable.add(order.id)
    return requestable


async def _served(uow: UnitOfWork, order_id: OrderId, token: str | None) -> Order:
    """Find an order for whom its returns are served: its customer, whoever holds its token, staff who may do so.

    Raises: OrderNotFound when the caller may not even see it; Forbidden when they may see it and no more.
    """
    found = await order_queries.list_orders(uow, order_ids=[order_id])
    if not found or not may_read(uow.actor, uow.keys, found[0], token):
        raise OrderNotFound("there is no such order", field=("orderId",))
    if not orders.is_buyer(uow.actor, uow.keys, found[0], token):
        uow.actor.require(Permission.RETURNS_REQUEST)
    return found[0]


async def _draft(uow: UnitOfWork, order: OrderWithLines, lines: Sequence[RequestedLine], method: RefundMethod) -> Draft:
    """Work out a return, for the preview and for the request alike."""
    rules.refuse_method(method, order=order)
    pending = await queries.list_pending(uow, order_ids=[order.order.id])
    draft = rules.draft(order, lines, pending=pending)
    used = await _used_cards(uow, order.lines)
    rules.refuse_used_cards(
        lines,
        {
            line.id: line.fulfilled - line.returned - pending.get(line.id, 0) - used[line.id]
            for line in order.lines
            if line.id in used
        },
    )
    channel = await channels.get_channel(uow, channel_id=order.order.channel_id)
    if channel is None:
        raise BrokenInvariant(f"order {order.order.id} was placed in no channel")
    works = await fulfillment.list_for_orders(uow, order_ids=[order.order.id])
    shipments = await fulfillment.list_shipments(uow, fulfillment_order_ids=[work.id for work in works])
    rules.refuse_late(rules.last_left_at(works, shipments), window_days=channel.return_window_days, now=uow.now)
    return draft


def _new(uow: UnitOfWork, order: OrderWithLines, draft: Draft, method: RefundMethod) -> ReturnWithLines:
    return_id = ReturnId(new_id())
    header = Return(
        id=return_id,
        number=f"R{orders.new_number()}",
        order_id=order.order.id,
        status=ReturnStatus.REQUESTED,
        refund_method=method,
        decline_reason=None,
        currency=order.order.currency,
        refund_lines_minor=draft.refund.lines_minor,
        refund_tax_minor=draft.refund.tax_minor,
        refund_delivery_minor=draft.refund.delivery_minor,
        refund_total_minor=draft.refund.total_minor,
        created_at=uow.now,
        updated_at=uow.now,
    )
    variants = {line.id: line.variant_id for line in order.lines}
    lines = tuple(
        ReturnLine(
            id=ReturnLineId(new_id()),
            return_id=return_id,
            order_line_id=line.order_line_id,
            variant_id=variants[line.order_line_id],
            quantity=line.quantity,
            reason=line.reason,
            note=line.note,
            received=0,
            accepted=0,
            refund_minor=0,
            refund_tax_minor=0,
        )
        for line in draft.lines
    )
    return ReturnWithLines(header, lines)


async def _lock(uow: UnitOfWork, return_id: ReturnId) -> tuple[OrderWithLines, ReturnWithLines]:
    """Lock a return, and before it its order."""
    known = await queries.list_returns(uow, return_ids=[return_id])
    if not known:
        raise ReturnNotFound("there is no such return", field=("returnId",))
    order = await orders.lock(uow, order_id=known[0].order_id)
    header = await queries.lock(uow, return_id=return_id)
    if header is None:
        raise BrokenInvariant(f"return {return_id} is gone")
    lines = await queries.list_lines(uow, return_ids=[return_id])
    return order, ReturnWithLines(header, tuple(lines))


def _moved(uow: UnitOfWork, header: Return, action: str) -> Return:
    status = RETURN.next(header.status, action)
    uow.moved("return", header.id, before=header.status.value, after=status.value, action=action)
    return replace(header, status=status)


def _with_refund(header: Return, refund: Refund) -> Return:
    return replace(
        header,
        refund_lines_minor=refund.lines_minor,
        refund_tax_minor=refund.tax_minor,
        refund_delivery_minor=refund.delivery_minor,
        refund_total_minor=refund.total_minor,
    )


async def _approve(uow: UnitOfWork, header: Return) -> Return:
    approved = _moved(uow, header, "returnApprove")
    await queries.update(uow, header=approved)
    await orders.note(uow, approved.order_id, kind="RETURN_APPROVED", message=f"return {approved.number} approved")
    uow.emit(ReturnApproved(return_id=approved.id, order_id=approved.order_id))
    return approved


async def _refuse_location(uow: UnitOfWork, location_id: LocationId) -> None:
    found = await locations.list_locations(uow, location_ids=[location_id])
    if not found:
        raise NotFound("there is no such location", field=("locationId",))
    if found[0].archived_at is not None:
        raise Invalid("this location is no longer in use", field=("locationId",))


def _receipts(uow: UnitOfWork, location_id: LocationId, lines: Sequence[CountedLine]) -> list[ReturnReceipt]:
    return [
        ReturnReceipt(
            id=new_id(),
            return_line_id=line.return_line_id,
            location_id=location_id,
            quantity=line.quantity,
            accepted=line.accepted,
            disposition=line.disposition if line.accepted else None,
            actor=uow.actor.label,
            at=uow.now,
        )
        for line in lines
    ]


async def _valued(uow: UnitOfWork, order: OrderWithLines, found: ReturnWithLines) -> ReturnWithLines:
    """Say anew what a return gives back: for what was accepted, and for what is still expected."""
    pending = await queries.list_pending(uow, order_ids=[order.order.id], but_id=found.header.id)
    refund = (
        rules.refund_accepted(found.lines)
        + await queries.get_delivery_refund(uow, return_id=found.header.id)
        + rules.refund_expected(order, found.open_units, pending=pending)
    )
    return replace(found, header=_with_refund(found.header, refund))


async def _note_receipt(uow: UnitOfWork, header: Return, receipts: Sequence[ReturnReceipt]) -> None:
    units = sum(receipt.quantity for receipt in receipts)
    accepted = sum(receipt.quantity for receipt in receipts if receipt.accepted)
    await orders.note(
        uow,
        header.order_id,
        kind="RETURN_RECEIVED",
        message=f"return {header.number}: {counted(units, 'unit')} received, {accepted} of them accepted",
    )
    uow.emit(
        ReturnReceived(
            return_id=header.id,
            order_id=header.order_id,
            location_id=receipts[0].location_id,
            units=units,
            accepted=accepted,
        )
    )


async def _close_if_settled(uow: UnitOfWork, order: OrderWithLines, found: ReturnWithLines) -> Return:
    """Close a return of which nothing is left to come or to decide, and ask for its money to be given back."""
    receipts = await queries.list_receipts(uow, line_ids=[line.id for line in found.lines])
    if not rules.is_settled(found, receipts):
        return found.header
    closed = _moved(uow, _moved(uow, found.header, "inspect"), "close")
    if closed.refund_total_minor:
        await payments.request_refund(
            uow,
            order,
            lines=await _credited(uow, found),
            cause_id=closed.id,
            reason=f"return {closed.number}",
            to_store_credit=closed.refund_method is RefundMethod.STORE_CREDIT,
        )
    await orders.note(
        uow,
        closed.order_id,
        kind="RETURN_CLOSED",
        message=f"return {closed.number} closed: {Money(closed.refund_total_minor, closed.currency)} to be given back",
    )
    uow.emit(ReturnClosed(return_id=closed.id, order_id=closed.order_id, refund_minor=closed.refund_total_minor))
    return closed


async def _credited(uow: UnitOfWork, found: ReturnWithLines) -> list[Charged]:
    """Name what a return gives back: the units that were accepted, and deliveries of which nothing is left."""
    lines = [
        Charged(ChargedKind.LINE, line.order_line_id, line.accepted, line.refund_minor, line.refund_tax_minor)
        for line in found.lines
        if line.accepted
    ]
    deliveries = [
        Charged(ChargedKind.DELIVERY, back.order_delivery_id, 1, back.amount_minor, back.tax_minor)
        for back in await queries.list_deliveries(uow, return_id=found.header.id)
    ]
    return [*lines, *deliveries]


async def _used_cards(session: Session, lines: Collection[OrderLine]) -> dict[OrderLineId, int]:
    """Say of how many units of each line of gift cards the card was paid with, or closed otherwise, and is still out."""
    sold = {line.id: line for line in lines if line.gift_card and line.fulfilled}
    if not sold:
        return {}
    cards = card_rules.by_line(await cards_sold.list_sold(session, line_ids=list(sold)))
    # Those that were given back are no longer out, and were closed with that.
    return {
        line_id: max(0, len(cards.get(line_id, ())) - len(card_rules.unused(cards.get(line_id, ()))) - line.returned)
        for line_id, line in sold.items()
    }


async def _take_cards_back(
    uow: UnitOfWork, order: OrderWithLines, found: ReturnWithLines, lines: Sequence[CountedLine]
) -> None:
    """Close as many unused gift cards as units of them were accepted.

    Locks: the gift cards of these lines. Raises: ReturnNotAllowed naming the line of which too few are unused.
    """
    accepted: dict[OrderLineId, int] = {}
    sold_with = {line.id: line.order_line_id for line in found.lines}
    gift_cards = {line.id for line in order.lines if line.gift_card and line.unit_price_minor}
    for part in lines:
        if part.accepted and sold_with[part.return_line_id] in gift_cards:
            line_id = sold_with[part.return_line_id]
            accepted[line_id] = accepted.get(line_id, 0) + part.quantity
    if not accepted:
        return
    # Goods may be back before the worker has issued their cards.
    await sold_cards.issue_bought(uow, order_id=order.order.id)
    cards = card_rules.by_line(await cards_sold.lock_sold(uow, line_ids=list(accepted)))
    unused = {line_id: card_rules.unused(cards.get(line_id, ())) for line_id in accepted}
    rules.refuse_used_cards_counted(found, lines, {line_id: len(left) for line_id, left in unused.items()})
    back = [card for line_id, units in accepted.items() for card in unused[line_id][:units]]
    await sold_cards.take_back(uow, back, cause_id=found.header.id)


async def _into_stock(
    uow: UnitOfWork, return_id: ReturnId, lines: Sequence[ReturnLine], receipts: Sequence[ReturnReceipt]
) -> None:
    known = {line.id: line for line in lines}
    units = [
        (
            Units(
                line_id=receipt.return_line_id,
                variant_id=known[receipt.return_line_id].variant_id,
                location_id=receipt.location_id,
                quantity=receipt.quantity,
            ),
            _BUCKETS[receipt.disposition],
        )
        for receipt in receipts
        if receipt.disposition in _BUCKETS
    ]
    if units:
        await inventory.receive_return(uow, return_id=return_id, units=units)
