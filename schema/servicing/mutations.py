"""Mutations of placed orders."""

import strawberry

from app.kernel.db import UnitOfWork
from app.kernel.ids import IdKind, LocationId, OrderId, OrderLineId, PaymentId, decode
from app.payments import service as payments
from app.servicing import service as servicing
from app.servicing.rules import OrderLineQuantity
from schema.core.context import Context, Info
from schema.core.mutations import Done, Outcome, perform
from schema.orders.loaders import OrderById
from schema.orders.queries import visible_order
from schema.orders.types import OrderPayload
from schema.servicing.inputs import (
    OrderCancelInput,
    OrderHoldEndInput,
    OrderPaymentRetryInput,
    PaymentAuthorizeMoreInput,
    PaymentReceiveInput,
    PaymentTransactionRecordInput,
)


@strawberry.type
class ServicingMutation:
    """Root fields about placed orders."""

    @strawberry.mutation
    async def order_cancel(self, info: Info, input: OrderCancelInput) -> OrderPayload:
        """Cancel what has not left the building, or some of it; stock and money are given back.

        Customers cancel their own orders, guests with the order's token, staff with orders:cancel.
        """
        context = info.context

        async def command(uow: UnitOfWork) -> Done:
            order = await servicing.cancel(
                uow,
                order_id=OrderId(decode(IdKind.ORDER, input.order_id, field=("orderId",))),
                token=input.token,
                lines=_lines(input),
                reason=input.reason,
            )
            return Done(order.order.id)

        outcome = await perform(
            context, "orderCancel", input, command, key=input.idempotency_key, subject=input.order_id
        )
        return await _payload(context, outcome, input.token)

    @strawberry.mutation
    async def order_hold_release(self, info: Info, input: OrderHoldEndInput) -> OrderPayload:
        """Let an order go on although it is held. Needs payments:manage."""
        return await _end_hold(info.context, "orderHoldRelease", input, "release")

    @strawberry.mutation
    async def order_hold_reject(self, info: Info, input: OrderHoldEndInput) -> OrderPayload:
        """Decide that a held order shall not go on; it can still be cancelled. Needs payments:manage."""
        return await _end_hold(info.context, "orderHoldReject", input, "reject")

    @strawberry.mutation
    async def order_payment_retry(self, info: Info, input: OrderPaymentRetryInput) -> OrderPayload:
        """Ask again for money that could not be captured, held anew, or given back. Needs payments:manage.

        What comes of it is seen a moment later; where all is paid the order is held no more.
        """

        async def command(uow: UnitOfWork) -> Done:
            order_id = OrderId(decode(IdKind.ORDER, input.order_id, field=("orderId",)))
            await payments.retry(uow, order_id=order_id, refund_to=_payments(input))
            return Done(order_id)

        outcome = await perform(info.context, "orderPaymentRetry", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)

    @strawberry.mutation
    async def payment_authorize_more(self, info: Info, input: PaymentAuthorizeMoreInput) -> OrderPayload:
        """Hold more money of a tender, for an order that has grown. Needs payments:manage.

        What comes of it is seen a moment later.
        """
        context = info.context

        async def command(uow: UnitOfWork) -> Done:
            payment_id = PaymentId(decode(IdKind.PAYMENT, input.payment_id, field=("paymentId",)))
            order_id = await payments.hold_more(
                uow, context.services.gateways, payment_id=payment_id, amount=input.amount
            )
            return Done(order_id)

        outcome = await perform(context, "paymentAuthorizeMore", input, command, key=input.idempotency_key)
        return await _payload(context, outcome)

    @strawberry.mutation
    async def payment_receive(self, info: Info, input: PaymentReceiveInput) -> OrderPayload:
        """Take the money that was promised for an order, before its goods are handed over.

        Needs pickups:hand-over at the store.
        """

        async def command(uow: UnitOfWork) -> Done:
            order_id = await payments.receive(
                uow,
                payment_id=PaymentId(decode(IdKind.PAYMENT, input.payment_id, field=("paymentId",))),
                tender=input.tender,
                location_id=LocationId(decode(IdKind.LOCATION, input.location_id, field=("locationId",))),
                reference=input.reference,
            )
            return Done(order_id)

        outcome = await perform(info.context, "paymentReceive", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)

    @strawberry.mutation
    async def payment_transaction_record(self, info: Info, input: PaymentTransactionRecordInput) -> OrderPayload:
        """Write down how a refund went that a person made at a terminal. Needs payments:manage."""

        async def command(uow: UnitOfWork) -> Done:
            step_id = decode(IdKind.PAYMENT_TRANSACTION, input.transaction_id, field=("transactionId",))
            order_id = await payments.record_by_hand(
                uow, step_id=step_id, succeeded=input.succeeded, reference=input.reference
            )
            return Done(order_id)

        outcome = await perform(info.context, "paymentTransactionRecord", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)


async def _end_hold(context: Context, mutation: str, given: OrderHoldEndInput, action: str) -> OrderPayload:
    async def command(uow: UnitOfWork) -> Done:
        order_id = OrderId(decode(IdKind.ORDER, given.order_id, field=("orderId",)))
        await servicing.end_hold(uow, order_id=order_id, reason=given.reason, action=action)
        return Done(order_id)

    return await _payload(context, await perform(context, mutation, given, command, key=given.idempotency_key))


async def _payload(context: Context, outcome: Outcome, token: str | None = None) -> OrderPayload:
    if outcome.object_id is None:
        return OrderPayload(order=None, errors=outcome.errors)
    order = await context.load(OrderById, outcome.object_id)
    return OrderPayload(order=visible_order(context, order, token), errors=[])


def _payments(given: OrderPaymentRetryInput) -> list[PaymentId] | None:
    if given.refund_to is None:
        return None
    return [
        PaymentId(decode(IdKind.PAYMENT, payment_id, field=("refundTo", str(i))))
        for i, payment_id in enumerate(given.refund_to)
    ]


def _lines(given: OrderCancelInput) -> list[OrderLineQuantity] | None:
    if given.lines is None:
        return None
    return [
        OrderLineQuantity(
            OrderLineId(decode(IdKind.ORDER_LINE, line.order_line_id, field=("lines", str(i), "orderLineId"))),
            line.quantity,
        )
        for i, line in enumerate(given.lines)
    ]
