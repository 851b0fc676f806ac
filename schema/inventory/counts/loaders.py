"""Relations of counts, each read for all parents at once."""

from collections.abc import Sequence
from uuid import UUID

from app.inventory import queries
from app.inventory.rules import Count, CountLine
from schema.core.batches import by_id, grouped
from schema.core.context import Batch, Context


async def _counts(context: Context, ids: list[UUID]) -> Sequence[Count | None]:
    """Counts by id."""
    return by_id(await queries.list_counts(context.session, count_ids=ids), ids)


async def _lines(context: Context, count_ids: list[UUID]) -> Sequence[list[CountLine]]:
    """Lines by count."""
    found = await queries.list_count_lines(context.session, count_ids=count_ids)
    return grouped(found, count_ids, lambda row: row.count_id)


async def _line(context: Context, ids: list[UUID]) -> Sequence[CountLine | None]:
    """Lines by id."""
    return by_id(await queries.list_count_lines_by_id(context.session, line_ids=ids), ids)


CountById = Batch(_counts)
LinesByCountId = Batch(_lines)
CountLineById = Batch(_line)
