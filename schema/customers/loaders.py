"""Batches of customers and their address books."""

from collections import defaultdict
from uuid import UUID

from app.customers import queries
from app.customers.rules import Customer, CustomerAddress
from schema.core.context import Batch, Context


async def _customers(context: Context, keys: list[UUID]) -> list[Customer | None]:
    found = {customer.id: customer for customer in await queries.list_customers(context.session, customer_ids=keys)}
    return [found.get(key) for key in keys]  # type: ignore[call-overload]  # A CustomerId is a UUID.


async def _addresses(context: Context, keys: list[UUID]) -> list[list[CustomerAddress]]:
    books: dict[UUID, list[CustomerAddress]] = defaultdict(list)
    for entry in await queries.list_addresses(context.session, customer_ids=keys):
        books[entry.customer_id].append(entry)
    return [books[key] for key in keys]


CustomerById: Batch[UUID, Customer | None] = Batch(_customers)
AddressesByCustomerId: Batch[UUID, list[CustomerAddress]] = Batch(_addresses)
