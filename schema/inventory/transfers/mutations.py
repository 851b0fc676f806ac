"""Transfers: written, requested, sent, received, settled, cancelled."""

from collections.abc import Sequence

import strawberry

from app.inventory.rules.lines import refuse_length
from app.inventory.rules.transfers import LineUnits, WantedLine
from app.inventory.service import transfers
from app.inventory.states import Bucket
from app.kernel.changes import LEFT_OUT
from app.kernel.db import UnitOfWork
from app.kernel.ids import IdKind, LocationId, TransferId, TransferLineId, VariantId, decode
from app.servicing import service as servicing
from schema.core.context import Context, Info
from schema.core.mutations import Done, Outcome, perform
from schema.inventory.transfers.inputs import (
    TransferCancelInput,
    TransferCreateInput,
    TransferLineInput,
    TransferLostLineInput,
    TransferReceiveInput,
    TransferRequestInput,
    TransferShipInput,
    TransferShipLineInput,
    TransferUnitsInput,
    TransferUpdateInput,
    TransferWriteBackInput,
    TransferWriteOffInput,
)
from schema.inventory.transfers.loaders import TransferById
from schema.inventory.transfers.types import Transfer, TransferPayload


@strawberry.type
class TransferMutation:
    """Mutations of transfers."""

    @strawberry.mutation
    async def transfer_create(self, info: Info, input: TransferCreateInput) -> TransferPayload:
        """Write down what is to be sent; nothing is promised to it yet. Needs inventory:adjust where it is sent from."""

        async def command(uow: UnitOfWork) -> Done:
            transfer = await transfers.create(
                uow,
                from_location_id=LocationId(decode(IdKind.LOCATION, input.from_location_id, field=("fromLocationId",))),
                to_location_id=LocationId(decode(IdKind.LOCATION, input.to_location_id, field=("toLocationId",))),
                lines=_wanted(input.lines),
                note=input.note,
                expected_at=input.expected_at,
            )
            return Done(transfer.id)

        outcome = await perform(info.context, "transferCreate", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)

    @strawberry.mutation
    async def transfer_update(self, info: Info, input: TransferUpdateInput) -> TransferPayload:
        """Write a draft anew. Needs inventory:adjust where it is sent from."""

        async def command(uow: UnitOfWork) -> Done:
            transfer = await transfers.update(
                uow,
                transfer_id=_key(input.transfer_id),
                lines=None if input.lines is None else _wanted(input.lines),
                note=LEFT_OUT if input.note is strawberry.UNSET else input.note,
                expected_at=LEFT_OUT if input.expected_at is strawberry.UNSET else input.expected_at,
            )
            return Done(transfer.id)

        outcome = await perform(info.context, "transferUpdate", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)

    @strawberry.mutation
    async def transfer_request(self, info: Info, input: TransferRequestInput) -> TransferPayload:
        """Promise a draft its units where they are, all of them or none.

        OUT_OF_STOCK says which variant there is too little of. Needs inventory:adjust where it is sent from.
        """

        async def command(uow: UnitOfWork) -> Done:
            return Done((await transfers.request(uow, transfer_id=_key(input.transfer_id))).id)

        outcome = await perform(info.context, "transferRequest", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)

    @strawberry.mutation
    async def transfer_ship(self, info: Info, input: TransferShipInput) -> TransferPayload:
        """Let its units leave, all or fewer; what stays is not promised to it any more.

        Needs inventory:adjust where it is sent from.
        """

        async def command(uow: UnitOfWork) -> Done:
            lines = None if input.lines is None else _units(input.lines)
            transfer = await servicing.ship_transfer(uow, transfer_id=_key(input.transfer_id), lines=lines)
            return Done(transfer.id)

        outcome = await perform(info.context, "transferShip", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)

    @strawberry.mutation
    async def transfer_receive(self, info: Info, input: TransferReceiveInput) -> TransferPayload:
        """Take its units into stock, all or some. Needs inventory:adjust where it goes."""

        async def command(uow: UnitOfWork) -> Done:
            lines = None if input.lines is None else _units(input.lines)
            transfer = await servicing.receive_transfer(uow, transfer_id=_key(input.transfer_id), lines=lines)
            return Done(transfer.id)

        outcome = await perform(info.context, "transferReceive", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)

    @strawberry.mutation
    async def transfer_write_back(self, info: Info, input: TransferWriteBackInput) -> TransferPayload:
        """Take units that came back into the stock of where they had left. Needs inventory:adjust there."""

        async def command(uow: UnitOfWork) -> Done:
            transfer = await servicing.write_back_transfer(
                uow,
                transfer_id=_key(input.transfer_id),
                lines=None if input.lines is None else _units(input.lines),
                note=input.note,
            )
            return Done(transfer.id)

        outcome = await perform(info.context, "transferWriteBack", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)

    @strawberry.mutation
    async def transfer_write_off(self, info: Info, input: TransferWriteOffInput) -> TransferPayload:
        """Give up units that were lost on their way, and say why. Needs inventory:adjust where it goes."""

        async def command(uow: UnitOfWork) -> Done:
            transfer = await servicing.write_off_transfer(
                uow,
                transfer_id=_key(input.transfer_id),
                lines=None if input.lines is None else _units(input.lines),
                note=input.note,
            )
            return Done(transfer.id)

        outcome = await perform(info.context, "transferWriteOff", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)

    @strawberry.mutation
    async def transfer_cancel(self, info: Info, input: TransferCancelInput) -> TransferPayload:
        """End a transfer of which nothing has left. Needs inventory:adjust where it is sent from."""

        async def command(uow: UnitOfWork) -> Done:
            return Done((await servicing.cancel_transfer(uow, transfer_id=_key(input.transfer_id))).id)

        outcome = await perform(info.context, "transferCancel", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome)


def _key(text: str) -> TransferId:
    return TransferId(decode(IdKind.TRANSFER, text, field=("transferId",)))


def _wanted(lines: Sequence[TransferLineInput]) -> list[WantedLine]:
    refuse_length(lines)
    return [
        WantedLine(
            VariantId(decode(IdKind.VARIANT, line.variant_id, field=("lines", str(i), "variantId"))), line.quantity
        )
        for i, line in enumerate(lines)
    ]


def _units(
    lines: Sequence[TransferShipLineInput | TransferUnitsInput | TransferLostLineInput],
) -> list[LineUnits]:
    refuse_length(lines)
    return [
        LineUnits(
            TransferLineId(
                decode(IdKind.TRANSFER_LINE, line.transfer_line_id, field=("lines", str(i), "transferLineId"))
            ),
            line.quantity,
            (line.bucket if isinstance(line, TransferUnitsInput) else None) or Bucket.SELLABLE,
        )
        for i, line in enumerate(lines)
    ]


async def _payload(context: Context, outcome: Outcome) -> TransferPayload:
    row = None if outcome.object_id is None else await context.load(TransferById, outcome.object_id)
    return TransferPayload(transfer=None if row is None else Transfer.of(row), errors=outcome.errors)
