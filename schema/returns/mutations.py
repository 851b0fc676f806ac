"""Giving goods back: asked about, asked for, decided on, received."""

from collections.abc import Sequence

import strawberry

from app.kernel.db import UnitOfWork
from app.kernel.ids import IdKind, LocationId, OrderId, OrderLineId, ReturnId, ReturnLineId, decode
from app.returns import service as returns
from app.returns.rules import CountedLine, Refund, RequestedLine
from app.returns.states import Disposition, RefundMethod
from schema.core.context import Context, Info
from schema.core.mutations import Done, Outcome, perform
from schema.returns.inputs import (
    ReturnApproveInput,
    ReturnDeclineInput,
    ReturnLineInput,
    ReturnPreviewInput,
    ReturnReceiveInput,
    ReturnReceiveLineInput,
    ReturnRequestInput,
)
from schema.returns.loaders import ReturnById
from schema.returns.types import RefundSummary, Return, ReturnPayload, ReturnPreviewPayload


@strawberry.type
class ReturnMutation:
    """Mutations of returns."""

    @strawberry.mutation
    async def return_preview(self, info: Info, input: ReturnPreviewInput) -> ReturnPreviewPayload:
        """What would be refused or refunded; keeps nothing."""
        method = input.refund_method or RefundMethod.ORIGINAL

        async def command(uow: UnitOfWork) -> Done:
            order, draft = await returns.preview(
                uow,
                order_id=OrderId(decode(IdKind.ORDER, input.order_id, field=("orderId",))),
                token=input.token,
                lines=_requested(input.lines),
                method=method,
            )
            refund = draft.refund
            return Done(
                order.id,
                {
                    "currency": order.currency,
                    "lines": refund.lines_minor,
                    "tax": refund.tax_minor,
                    "delivery": refund.delivery_minor,
                },
            )

        outcome = await perform(info.context, "returnPreview", input, command)
        if outcome.object_id is None:
            return ReturnPreviewPayload(refund=None, errors=outcome.errors)
        found = outcome.result
        refund = Refund(lines_minor=found["lines"], tax_minor=found["tax"], delivery_minor=found["delivery"])
        return ReturnPreviewPayload(refund=RefundSummary.of(refund, found["currency"], method), errors=[])

    @strawberry.mutation
    async def return_request(self, info: Info, input: ReturnRequestInput) -> ReturnPayload:
        """Ask for goods to be taken back. Asked by staff who may approve or receive returns, it is approved at once."""

        async def command(uow: UnitOfWork) -> Done:
            requested = await returns.request(
                uow,
                order_id=OrderId(decode(IdKind.ORDER, input.order_id, field=("orderId",))),
                token=input.token,
                lines=_requested(input.lines),
                method=input.refund_method or RefundMethod.ORIGINAL,
            )
            return Done(requested.id)

        outcome = await perform(
            info.context, "returnRequest", input, command, key=input.idempotency_key, subject=input.order_id
        )
        return await _payload(info.context, outcome, for_buyer=not info.context.actor.is_staff)

    @strawberry.mutation
    async def return_approve(self, info: Info, input: ReturnApproveInput) -> ReturnPayload:
        """Let the goods come back. Needs returns:approve."""

        async def command(uow: UnitOfWork) -> Done:
            return Done((await returns.approve(uow, return_id=_return_id(input.return_id))).id)

        outcome = await perform(info.context, "returnApprove", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)

    @strawberry.mutation
    async def return_decline(self, info: Info, input: ReturnDeclineInput) -> ReturnPayload:
        """Refuse to take the goods back, and say why. Needs returns:approve."""

        async def command(uow: UnitOfWork) -> Done:
            declined = await returns.decline(uow, return_id=_return_id(input.return_id), reason=input.reason)
            return Done(declined.id)

        outcome = await perform(info.context, "returnDecline", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)

    @strawberry.mutation
    async def return_receive(self, info: Info, input: ReturnReceiveInput) -> ReturnPayload:
        """Count goods in. Needs returns:receive at the location.

        Once every line is settled and none waits in QUALITY, the same call inspects, closes and requests the refund.
        """

        async def command(uow: UnitOfWork) -> Done:
            received = await returns.receive(
                uow,
                return_id=_return_id(input.return_id),
                location_id=LocationId(decode(IdKind.LOCATION, input.location_id, field=("locationId",))),
                lines=[_counted(i, line) for i, line in enumerate(input.lines)],
            )
            return Done(received.id)

        outcome = await perform(info.context, "returnReceive", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)


async def _payload(context: Context, outcome: Outcome, *, for_buyer: bool = False) -> ReturnPayload:
    if outcome.object_id is None:
        return ReturnPayload(return_=None, errors=outcome.errors)
    row = await context.load(ReturnById, outcome.object_id)
    return ReturnPayload(return_=None if row is None else Return.of(row, for_buyer=for_buyer), errors=outcome.errors)


def _return_id(text: str) -> ReturnId:
    return ReturnId(decode(IdKind.RETURN, text, field=("returnId",)))


def _requested(lines: Sequence[ReturnLineInput]) -> list[RequestedLine]:
    return [
        RequestedLine(
            order_line_id=OrderLineId(
                decode(IdKind.ORDER_LINE, line.order_line_id, field=("lines", str(i), "orderLineId"))
            ),
            quantity=line.quantity,
            reason=line.reason,
            note=line.note,
        )
        for i, line in enumerate(lines)
    ]


def _counted(i: int, line: ReturnReceiveLineInput) -> CountedLine:
    return CountedLine(
        return_line_id=ReturnLineId(
            decode(IdKind.RETURN_LINE, line.return_line_id, field=("lines", str(i), "returnLineId"))
        ),
        quantity=line.quantity,
        accepted=line.accepted is not False,
        disposition=line.disposition or Disposition.RESTOCK,
    )
