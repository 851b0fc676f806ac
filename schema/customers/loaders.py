"""Batches of customers and their address books."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from uuid import UUID

from app.customers import queries
from app.customers.rules import Customer, CustomerAddress
from app.kernel.ids import CustomerId
from schema.core.context import Batch, Context

if TYPE_CHECKING:
    from schema.orders.types import OrderConnection


async def _customers(context: Context, keys: list[UUID]) -> list[Customer | None]:
    found = {customer.id: customer for customer in await queries.list_customers(context.session, customer_ids=keys)}
    return [found.get(key) for key in keys]  # type: ignore[call-overload]  # A CustomerId is a UUID.


async def _addresses(context: Context, keys: list[UUID]) -> list[list[CustomerAddress]]:
    books: dict[UUID, list[CustomerAddress]] = defaultdict(list)
    for entry in await queries.list_addresses(context.session, customer_ids=keys):
        books[entry.customer_id].append(entry)
    return [books[key] for key in keys]


#: How a customer's orders are listed: said by schema/orders, which stands above and shows customers itself.
ORDER_LISTS: list[Callable[[Context, CustomerId, int | None, str | None], Awaitable["OrderConnection | None"]]] = []

CustomerById: Batch[UUID, Customer | None] = Batch(_customers)
AddressesByCustomerId: Batch[UUID, list[CustomerAddress]] = Batch(_addresses)
