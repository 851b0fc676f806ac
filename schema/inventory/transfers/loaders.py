"""Relations of transfers, each read for all parents at once."""

from collections.abc import Sequence
from uuid import UUID

from app.inventory.queries import transfers as queries
from app.inventory.rules.transfers import Transfer, TransferLine
from schema.core.batches import by_id, grouped
from schema.core.context import Batch, Context


async def _transfers(context: Context, ids: list[UUID]) -> Sequence[Transfer | None]:
    """Transfers by id."""
    return by_id(await queries.list_transfers(context.session, transfer_ids=ids), ids)


async def _lines(context: Context, transfer_ids: list[UUID]) -> Sequence[list[TransferLine]]:
    """Lines by transfer."""
    found = await queries.list_transfer_lines(context.session, transfer_ids=transfer_ids)
    return grouped(found, transfer_ids, lambda row: row.transfer_id)


async def _line(context: Context, ids: list[UUID]) -> Sequence[TransferLine | None]:
    """Lines by id."""
    return by_id(await queries.list_transfer_lines_by_id(context.session, line_ids=ids), ids)


TransferById = Batch(_transfers)
LinesByTransferId = Batch(_lines)
TransferLineById = Batch(_line)
