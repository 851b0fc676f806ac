"""Reading transfers."""

from uuid import UUID

import strawberry

from app.inventory.queries import transfers as queries
from app.inventory.queries.transfers import TransferFilter as Wanted
from app.inventory.rules.transfers import may_read
from app.kernel.ids import IdKind, LocationId, VariantId, decode
from app.kernel.paging import page, page_request
from app.kernel.permissions import Permission
from schema.core.context import Context, Info
from schema.core.ids import Node, finds
from schema.inventory.transfers.inputs import TransferFilter
from schema.inventory.transfers.loaders import TransferById, TransferLineById
from schema.inventory.transfers.types import Transfer, TransferConnection, TransferLine


async def visible_transfer(context: Context, key: UUID) -> Transfer | None:
    """Show a transfer to those who see the stock of one of its ends."""
    row = await context.load(TransferById, key)
    return None if row is None or not may_read(context.actor, row) else Transfer.of(row)


@strawberry.type
class TransferQuery:
    """Root fields about transfers."""

    @strawberry.field
    async def transfers(
        self, info: Info, filter: TransferFilter | None = None, first: int | None = None, after: str | None = None
    ) -> TransferConnection | None:
        """Transfers that begin or end where the caller works, newest first. Needs inventory:read."""
        context = info.context
        wanted = _wanted(context, filter or TransferFilter())
        request = page_request(first=first, after=after)
        found = await queries.list_newest_transfers(context.session, wanted=wanted, request=request)
        cut = page(found, request, queries.transfer_key)
        return TransferConnection.of(
            cut,
            [Transfer.of(row) for row in cut.items],
            lambda: queries.count_transfers(context.session, wanted=wanted),
        )

    @strawberry.field
    async def transfer(self, info: Info, id: strawberry.ID) -> Transfer | None:
        """One transfer, for staff who see the stock of one of its ends."""
        return await visible_transfer(info.context, decode(IdKind.TRANSFER, id))


def _wanted(context: Context, given: TransferFilter) -> Wanted:
    context.actor.require(Permission.INVENTORY_READ)
    location_id = _location_id(given.location_id, "locationId")
    if location_id is not None:
        context.actor.require(Permission.INVENTORY_READ, at=location_id)
    return Wanted(
        scope=context.actor.location_ids,
        location_id=location_id,
        from_location_id=_location_id(given.from_, "from"),
        to_location_id=_location_id(given.to, "to"),
        statuses=given.status,
        variant_id=None
        if given.variant_id is None
        else VariantId(decode(IdKind.VARIANT, given.variant_id, field=("filter", "variantId"))),
    )


def _location_id(text: str | None, name: str) -> LocationId | None:
    return None if text is None else LocationId(decode(IdKind.LOCATION, text, field=("filter", name)))


@finds(IdKind.TRANSFER)
async def _transfer_node(context: Context, key: UUID, _token: str | None) -> Node | None:
    return await visible_transfer(context, key)


@finds(IdKind.TRANSFER_LINE)
async def _line_node(context: Context, key: UUID, _token: str | None) -> Node | None:
    line = await context.load(TransferLineById, key)
    transfer = None if line is None else await visible_transfer(context, line.transfer_id)
    return None if line is None or transfer is None else TransferLine.of(line)
