"""Reading customers."""

from uuid import UUID

import strawberry

from app.customers import queries
from app.kernel.ids import IdKind
from schema.core.context import Context, Info
from schema.core.ids import finds
from schema.customers.loaders import CustomerById
from schema.customers.types import Customer, CustomerAddress


@strawberry.type
class CustomersQuery:
    """Root fields about customers."""

    @strawberry.field
    async def me(self, info: Info) -> Customer | None:
        """The customer who is logged in; null for guests, and for staff who are no customers."""
        customer_id = info.context.actor.customer_id
        return None if customer_id is None else Customer.maybe(await info.context.load(CustomerById, customer_id))


@finds(IdKind.CUSTOMER)
async def find_customer(context: Context, key: UUID, _token: str | None) -> Customer | None:
    """Find a customer, for themselves and for staff who may see customers."""
    return Customer.shown_to(context.actor, await context.load(CustomerById, key))


@finds(IdKind.CUSTOMER_ADDRESS)
async def find_customer_address(context: Context, key: UUID, _token: str | None) -> CustomerAddress | None:
    """Find an entry of an address book, for whoever may see its customer."""
    found = await queries.list_addresses_by_id(context.session, address_ids=[key])
    owner = await context.load(CustomerById, found[0].customer_id) if found else None
    return None if Customer.shown_to(context.actor, owner) is None else CustomerAddress.of(found[0])
