"""Becoming a customer."""

import strawberry

from app.customers import service as customers
from app.kernel.errors import DomainError
from schema.core.context import Info
from schema.core.errors import user_errors
from schema.core.mutations import answer_of
from schema.customers.inputs import CustomerRegisterInput
from schema.customers.loaders import CustomerById
from schema.customers.types import Customer, CustomerPayload
from schema.identity.types import AuthTokens


@strawberry.type
class CustomersMutation:
    """Mutations of customers."""

    @strawberry.mutation
    async def customer_register(self, info: Info, input: CustomerRegisterInput) -> CustomerPayload:
        """Become a customer with a log-in. Earlier orders as a guest stay with their tokens: nobody has verified the address.

        Refused with CONFLICT when the address is in use.
        """
        context = info.context
        registered = await answer_of(
            context,
            customers.register(
                context.begin,
                email=input.email,
                password=input.password,
                first_name=input.first_name or None,
                last_name=input.last_name or None,
                credentials=context.services.secrets,
            ),
        )
        if isinstance(registered, DomainError):
            return CustomerPayload(customer=None, tokens=None, errors=user_errors(registered))
        row = await context.load(CustomerById, registered.customer_id)
        return CustomerPayload(customer=Customer.maybe(row), tokens=AuthTokens.of(registered.tokens), errors=[])
