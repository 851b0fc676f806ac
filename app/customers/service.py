"""Becoming a customer, and putting known customers in place."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.customers import queries
from app.customers.errors import EmailInUse
from app.customers.events import CustomerRegistered
from app.customers.rules import Customer, NewCustomer, checked_password, tidy_name
from app.identity import service as identity
from app.identity.rules.tokens import Credentials, IssuedTokens
from app.kernel.address import checked
from app.kernel.db import Begin, UnitOfWork
from app.kernel.email import normalized
from app.kernel.errors import Invalid
from app.kernel.ids import CustomerId, new_id
from app.kernel.permissions import Permission


@dataclass(frozen=True, slots=True)
class Registration:
    """A new customer, let in."""

    customer_id: CustomerId
    tokens: IssuedTokens


async def register(
    begin: Begin,
    *,
    email: str,
    password: str,
    credentials: Credentials,
    first_name: str | None = None,
    last_name: str | None = None,
) -> Registration:
    """Make somebody a customer with a log-in, and let them in. Anybody may.

    Nothing that a guest did under this e-mail address becomes theirs, because nobody has verified it. The password is
    hashed before the unit of work. Emits CustomerRegistered. Raises: Invalid and PasswordUnfit, naming the field;
    EmailInUse.
    """
    address = normalized(email)
    first, last = tidy_name(first_name, field="firstName"), tidy_name(last_name, field="lastName")
    password_hash = await credentials.passwords.hash(checked_password(password))

    async def work(uow: UnitOfWork) -> Registration:
        customer_id = CustomerId(new_id())
        opened = await identity.open_log_in(
            uow, email=address, password_hash=password_hash, customer_id=customer_id, credentials=credentials
        )
        if opened is None or not await queries.insert_customer(
            uow, customer_id=customer_id, user_id=opened.user_id, email=address, first_name=first, last_name=last
        ):
            raise EmailInUse
        uow.emit(CustomerRegistered(customer_id=customer_id, user_id=opened.user_id))
        return Registration(customer_id, opened.tokens)

    return await begin.run(work)


async def put_customers(uow: UnitOfWork, *, customers: Sequence[NewCustomer]) -> list[Customer]:
    """Make sure that these customers exist, by e-mail address or failing one by phone, and are linked to their log-ins.

    An address book that has been begun is left alone. Raises: Forbidden; Invalid, naming the customer at fault.
    """
    uow.actor.require(Permission.SHOP_ADMINISTER)
    wanted = {}
    for position, customer in enumerate(customers):
        tidy = _checked(customer, position)
        # One statement may touch a row once: of two customers with one address the later counts.
        wanted[tidy.email, None if tidy.email else tidy.phone] = tidy
    put = await queries.put_customers(uow, customers=list(wanted.values()))
    entries = [
        (customer.id, entry)
        for customer in put
        for entry in wanted[customer.email, None if customer.email else customer.phone].addresses
    ]
    await queries.fill_empty_address_books(uow, entries=entries)
    links = {customer.user_id: customer.id for customer in put if customer.user_id is not None}
    await identity.link_customers(uow, links=links)
    return put


def _checked(customer: NewCustomer, position: int) -> NewCustomer:
    at = ("customers", str(position))
    if customer.email is None and customer.phone is None:
        raise Invalid("a customer is known by e-mail address or by phone", field=(*at, "email"))
    try:
        return replace(
            customer,
            email=None if customer.email is None else normalized(customer.email),
            first_name=tidy_name(customer.first_name, field="firstName"),
            last_name=tidy_name(customer.last_name, field="lastName"),
            addresses=tuple(
                replace(entry, address=checked(entry.address, field=("addresses", str(number), "address")))
                for number, entry in enumerate(customer.addresses)
            ),
        )
    except Invalid as refusal:
        raise refusal.below(*at) from None
