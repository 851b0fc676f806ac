"""Every statement about customers and their address books."""

from collections.abc import Collection, Sequence
from uuid import UUID

from app.customers import models  # noqa: F401  # The statements below are about these tables.
from app.customers.rules import Customer, CustomerAddress, NewAddress, NewCustomer
from app.kernel.db import UnitOfWork
from app.kernel.ids import CustomerId, UserId, new_id
from app.kernel.sql import Session, rows, statement

_CUSTOMER = "id, user_id, email, phone, first_name, last_name, created_at, erased_at"
_ADDRESS = "id, customer_id, address, default_shipping, default_billing"

_LIST_CUSTOMERS = rows(f"SELECT {_CUSTOMER} FROM customers WHERE id = ANY(:ids::uuid[])", Customer)

_LIST_ADDRESSES = rows(
    f"SELECT {_ADDRESS} FROM customer_addresses WHERE customer_id = ANY(:customer_ids::uuid[]) ORDER BY id",
    CustomerAddress,
)

_LIST_ADDRESSES_BY_ID = rows(f"SELECT {_ADDRESS} FROM customer_addresses WHERE id = ANY(:ids::uuid[])", CustomerAddress)

_INSERT_CUSTOMER = statement(
    """
    INSERT INTO customers (id, user_id, email, first_name, last_name, created_at)
    VALUES (:id, :user_id, :email, :first_name, :last_name, :now)
    ON CONFLICT (email) WHERE email IS NOT NULL DO NOTHING
    """
)

_PUT_CUSTOMERS_BY_EMAIL = rows(
    """
    INSERT INTO customers AS customer (id, user_id, email, phone, first_name, last_name, created_at)
    SELECT id, user_id, email, phone, first_name, last_name, :now::timestamptz
    FROM unnest(
        :ids::uuid[], :users::uuid[], :emails::text[], :phones::text[], :first_names::text[], :last_names::text[]
    ) AS new (id, user_id, email, phone, first_name, last_name)
    ORDER BY email
    ON CONFLICT (email) WHERE email IS NOT NULL DO UPDATE SET
        user_id = coalesce(excluded.user_id, customer.user_id),
        phone = excluded.phone,
        first_name = excluded.first_name,
        last_name = excluded.last_name
    RETURNING id, user_id, email, phone, first_name, last_name, created_at, erased_at
    """,
    Customer,
)

#: A phone is no key, as families share one: it tells apart only those who gave nothing else.
_PUT_CUSTOMERS_BY_PHONE = rows(
    """
    WITH new AS (
        SELECT * FROM unnest(:ids::uuid[], :phones::text[], :first_names::text[], :last_names::text[])
            AS new (id, phone, first_name, last_name)
    ), known AS (
        UPDATE customers SET first_name = new.first_name, last_name = new.last_name
        FROM new WHERE customers.phone = new.phone AND customers.email IS NULL
        RETURNING customers.id, user_id, email, customers.phone, customers.first_name, customers.last_name, created_at,
            erased_at
    ), added AS (
        INSERT INTO customers (id, phone, first_name, last_name, created_at)
        SELECT id, phone, first_name, last_name, :now::timestamptz FROM new
        WHERE NOT EXISTS (SELECT FROM customers WHERE customers.phone = new.phone AND customers.email IS NULL)
        RETURNING id, user_id, email, phone, first_name, last_name, created_at, erased_at
    )
    SELECT * FROM known UNION ALL SELECT * FROM added
    """,
    Customer,
)

#: The whole of a customer's new entries or none of them: a book that has been begun belongs to the customer.
_FILL_EMPTY_ADDRESS_BOOKS = statement(
    """
    INSERT INTO customer_addresses (id, customer_id, address, default_shipping, default_billing, created_at)
    SELECT id, customer_id, address, default_shipping, default_billing, :now::timestamptz
    FROM unnest(:ids::uuid[], :customers::uuid[], :addresses::jsonb[], :shippings::bool[], :billings::bool[])
        AS entry (id, customer_id, address, default_shipping, default_billing)
    WHERE NOT EXISTS (SELECT FROM customer_addresses AS book WHERE book.customer_id = entry.customer_id)
    """
)


async def get_customer(session: Session, *, customer_id: CustomerId) -> Customer | None:
    """Find a customer."""
    found = await list_customers(session, customer_ids=[customer_id])
    return found[0] if found else None


async def list_customers(session: Session, *, customer_ids: Collection[UUID]) -> list[Customer]:
    """List customers by id, in no order."""
    return await _LIST_CUSTOMERS.all(session, ids=list(customer_ids))


async def list_addresses(session: Session, *, customer_ids: Collection[UUID]) -> list[CustomerAddress]:
    """List the address books of customers, oldest entries first."""
    return await _LIST_ADDRESSES.all(session, customer_ids=list(customer_ids))


async def list_addresses_by_id(session: Session, *, address_ids: Collection[UUID]) -> list[CustomerAddress]:
    """List entries of address books by id, in no order."""
    return await _LIST_ADDRESSES_BY_ID.all(session, ids=list(address_ids))


async def insert_customer(
    uow: UnitOfWork,
    *,
    customer_id: CustomerId,
    user_id: UserId,
    email: str,
    first_name: str | None,
    last_name: str | None,
) -> bool:
    """Add a customer who logs in; answers False when somebody has this e-mail address."""
    return bool(
        await _INSERT_CUSTOMER.run(
            uow,
            id=customer_id,
            user_id=user_id,
            email=email,
            first_name=first_name,
            last_name=last_name,
            now=uow.now,
        )
    )


async def put_customers(uow: UnitOfWork, *, customers: Sequence[NewCustomer]) -> list[Customer]:
    """Add customers, or give those with the same e-mail address, or failing one the same phone, these names."""
    by_email = [customer for customer in customers if customer.email is not None]
    by_phone = [customer for customer in customers if customer.email is None]
    return [
        *await _PUT_CUSTOMERS_BY_EMAIL.all(
            uow,
            users=[customer.user_id for customer in by_email],
            emails=[customer.email for customer in by_email],
            **_columns(uow, by_email),
        ),
        *await _PUT_CUSTOMERS_BY_PHONE.all(uow, **_columns(uow, by_phone)),
    ]


async def fill_empty_address_books(uow: UnitOfWork, *, entries: Sequence[tuple[CustomerId, NewAddress]]) -> None:
    """Write entries into the address books of those customers who have none yet."""
    await _FILL_EMPTY_ADDRESS_BOOKS.run(
        uow,
        ids=[new_id() for _ in entries],
        customers=[customer_id for customer_id, _ in entries],
        addresses=[entry.address.to_json() for _, entry in entries],
        shippings=[entry.default_shipping for _, entry in entries],
        billings=[entry.default_billing for _, entry in entries],
        now=uow.now,
    )


def _columns(uow: UnitOfWork, customers: Sequence[NewCustomer]) -> dict[str, object]:
    return {
        "ids": [new_id() for _ in customers],
        "phones": [customer.phone for customer in customers],
        "first_names": [customer.first_name for customer in customers],
        "last_names": [customer.last_name for customer in customers],
        "now": uow.now,
    }
