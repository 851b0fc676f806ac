"""Imports of postal codes: where addresses and shoppers are, told without a network."""

from collections.abc import Sequence

from app.integration.rules.outcome import Listener, Terms
from app.integration.rules.postal_codes import Gathered, PostalCodeRow
from app.integration.rules.rows import RowProblem
from app.integration.service.chunks import in_chunks, put_chunk
from app.kernel.db import Begin, UnitOfWork
from app.kernel.permissions import Permission
from app.kernel.puts import Put
from app.locations import service as locations


async def import_postal_codes(begin: Begin, *, rows: Gathered, terms: Terms, listener: Listener) -> None:
    """Say where the postal codes of a file are; the shop believes them before those that come with the package.

    What the file does not name stays as it is. Running it again changes nothing.
    Raises: Forbidden; DatabaseUnavailable, after which all chunks that were told of are kept.
    """

    async def put(uow: UnitOfWork, items: Sequence[PostalCodeRow]) -> list[Put]:
        return await locations.put_postal_codes(uow, postal_codes=[item.postal_code for item in items])

    def done(items: Sequence[PostalCodeRow], effects: Sequence[Put]) -> None:
        for item, effect in zip(items, effects, strict=True):
            listener.taken(effect, row=item.row)

    def refused(item: PostalCodeRow, reason: str) -> None:
        listener.refused(RowProblem(item.row, "code", item.postal_code.code, reason))

    begin.actor.require(Permission.CATALOG_WRITE)
    for chunk in in_chunks(rows.rows(from_row=terms.from_row), terms.rows_at_once):
        await put_chunk(begin, chunk, put, dry_run=terms.dry_run, done=done, refused=refused)
