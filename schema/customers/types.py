"""Customers as they see themselves, and as staff see them."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from app.customers import rules
from app.kernel.actor import Actor
from app.kernel.ids import CustomerId, IdKind
from app.kernel.permissions import Permission
from schema.core.address import Address
from schema.core.context import Info
from schema.core.errors import UserError
from schema.core.ids import Node, public_id
from schema.customers.loaders import ORDER_LISTS, AddressesByCustomerId
from schema.identity.types import AuthTokens

# Customers and their credit show each other: modules in a circle are named, and their types met at run time.
from schema.payments import types as payment_types
from schema.payments.loaders import StoreCreditByCustomerId

if TYPE_CHECKING:
    from schema.orders.types import OrderConnection
    from schema.payments.types import StoreCredit


@strawberry.type
class CustomerAddress(Node):
    """An entry of a customer's address book."""

    address: Address
    """Where it is."""
    default_shipping: bool
    """Whether goods go there unless said otherwise; one entry at most."""
    default_billing: bool
    """Whether bills go there unless said otherwise; one entry at most."""

    @classmethod
    def kind(cls) -> IdKind:
        """Say which prefix these ids have."""
        return IdKind.CUSTOMER_ADDRESS

    @classmethod
    def of(cls, row: rules.CustomerAddress) -> "CustomerAddress":
        """Show an entry."""
        return cls(
            id=public_id(IdKind.CUSTOMER_ADDRESS, row.id),
            address=Address.of(row.address),
            default_shipping=row.default_shipping,
            default_billing=row.default_billing,
        )


@strawberry.type
class Customer(Node):
    """A party that buys."""

    key: strawberry.Private[UUID]
    email: str | None
    """Null for a customer known by phone alone, and after erasure."""
    phone: str | None
    """E.164; null when not known, and after erasure."""
    first_name: str | None
    """Null when not known, and after erasure."""
    last_name: str | None
    """Null when not known, and after erasure."""

    @classmethod
    def kind(cls) -> IdKind:
        """Say which prefix these ids have."""
        return IdKind.CUSTOMER

    @classmethod
    def of(cls, row: rules.Customer) -> "Customer":
        """Show a customer."""
        return cls(
            id=public_id(IdKind.CUSTOMER, row.id),
            key=row.id,
            email=row.email,
            phone=row.phone,
            first_name=row.first_name,
            last_name=row.last_name,
        )

    @classmethod
    def maybe(cls, row: rules.Customer | None) -> "Customer | None":
        """Show a customer, or nothing."""
        return None if row is None else cls.of(row)

    @classmethod
    def shown_to(cls, actor: Actor, row: rules.Customer | None) -> "Customer | None":
        """Show a customer to themselves and to staff who see customers; who holds a token of theirs alone sees nothing."""
        seen = row is not None and (actor.customer_id == row.id or actor.may(Permission.CUSTOMERS_READ))
        return cls.maybe(row) if seen else None

    @strawberry.field
    async def addresses(self, info: Info) -> list[CustomerAddress]:
        """The address book, oldest entries first."""
        return [CustomerAddress.of(entry) for entry in await info.context.load(AddressesByCustomerId, self.key)]

    @strawberry.field
    async def store_credit(
        self, info: Info
    ) -> list[Annotated["StoreCredit", strawberry.lazy("schema.payments.types")]]:
        """What they can pay with instead of money, by currency."""
        rows = await info.context.load(StoreCreditByCustomerId, self.key)
        return [payment_types.StoreCredit.of(row, info.context.now) for row in rows]

    @strawberry.field
    async def orders(
        self, info: Info, first: int | None = None, after: str | None = None
    ) -> Annotated["OrderConnection", strawberry.lazy("schema.orders.types")] | None:
        """What they bought, newest first; null for a caller who may see the customer but not their orders."""
        (list_orders,) = ORDER_LISTS
        return await list_orders(info.context, CustomerId(self.key), first, after)


@strawberry.type
class CustomerPayload:
    """The answer to customerRegister."""

    customer: Customer | None
    """Null when refused."""
    tokens: AuthTokens | None
    """The new customer is logged in at once; null when refused."""
    errors: list[UserError]
    """Why it was refused."""
