"""Relations of gift cards and store credit, each read for all parents at once."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.kernel.paging import PageRequest
from app.payments.queries import accounts as queries
from app.payments.rules.accounts import CreditAccount, CreditEntry
from schema.core.batches import by_id, grouped
from schema.core.context import Batch, Context


@dataclass(frozen=True, slots=True)
class EntriesWanted:
    """A page of the ledger of one account."""

    account_id: UUID
    request: PageRequest


async def _accounts(context: Context, ids: list[UUID]) -> Sequence[CreditAccount | None]:
    """Accounts by id."""
    return by_id(await queries.list_accounts(context.session, account_ids=ids), ids)


async def _store_credit(context: Context, customer_ids: list[UUID]) -> Sequence[list[CreditAccount]]:
    """Store credit by customer."""
    found = await queries.list_store_credit(context.session, customer_ids=customer_ids)
    return grouped(found, customer_ids, lambda row: row.customer_id)


async def _sold(context: Context, line_ids: list[UUID]) -> Sequence[list[CreditAccount]]:
    """Gift cards by the order line that they were sold with."""
    found = await queries.list_sold(context.session, line_ids=line_ids)
    return grouped(found, line_ids, lambda row: row.order_line_id)


async def _entries(context: Context, keys: list[EntriesWanted]) -> Sequence[list[CreditEntry]]:
    """Ledgers by account, newest first, one more than the page holds; a document seldom asks for more than one kind of page."""
    found: dict[EntriesWanted, list[CreditEntry]] = {key: [] for key in keys}
    pages: defaultdict[PageRequest, list[UUID]] = defaultdict(list)
    for key in keys:
        pages[key.request].append(key.account_id)
    for request, account_ids in pages.items():
        for row in await queries.list_entries(context.session, account_ids=account_ids, request=request):
            found[EntriesWanted(row.account_id, request)].append(row)
    return [found[key] for key in keys]


CreditAccountById = Batch(_accounts)
StoreCreditByCustomerId = Batch(_store_credit)
GiftCardsByLineId = Batch(_sold)
EntriesByAccountId = Batch(_entries)
