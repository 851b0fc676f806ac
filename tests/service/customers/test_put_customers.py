"""Putting known customers in place, as seeding and imports do."""

from dataclasses import replace

import pytest

from app.customers import queries
from app.customers import service as customers
from app.customers.rules import Customer, NewAddress, NewCustomer
from app.identity import service as identity
from app.identity.queries import LogIn, get_user
from app.identity.rules.roles import Role
from app.kernel.actor import ANONYMOUS, SYSTEM
from app.kernel.address import Address
from app.kernel.db import Database
from app.kernel.errors import Invalid, Unauthenticated

pytestmark = pytest.mark.anyio
HOME = NewAddress(Address(line1="1  Some Street", city="Leeds", country="GB"), default_shipping=True)
WORK = NewAddress(Address(line1="2 Other Street", city="Leeds", country="GB"), default_billing=True)
CAROL = NewCustomer(email="Carol@Shop.Test", phone="+447700900001", first_name="Carol", addresses=(HOME, WORK))
BY_PHONE = NewCustomer(email=None, phone="+447700900002", first_name="Dan")


async def put(database: Database, *wanted: NewCustomer) -> dict[str | None, Customer]:
    """Put customers in place; answers them by first name."""
    async with database.unit(SYSTEM) as uow:
        return {customer.first_name: customer for customer in await customers.put_customers(uow, customers=wanted)}


class TestPutCustomers:
    """Customers are as they were asked to be, however often they are asked."""

    async def test_adds_them_once(self, database: Database) -> None:
        """By e-mail address, or failing one by phone."""
        first = await put(database, CAROL, BY_PHONE)
        again = await put(database, CAROL, BY_PHONE)

        assert first == again
        assert first["Carol"].email == "carol@shop.test"
        assert first["Dan"].email is None

    async def test_gives_known_ones_their_new_names(self, database: Database) -> None:
        """They stay who they are."""
        before = await put(database, CAROL, BY_PHONE)
        after = await put(database, replace(CAROL, first_name="Caroline"), replace(BY_PHONE, first_name="Daniel"))

        assert after["Caroline"].id == before["Carol"].id
        assert after["Daniel"].id == before["Dan"].id

    async def test_does_not_take_a_phone_for_a_person(self, database: Database) -> None:
        """A family shares one: whoever gave an e-mail address too is somebody else."""
        sharing = replace(BY_PHONE, first_name="Dora", phone=CAROL.phone)

        both = await put(database, CAROL, sharing)

        assert both["Carol"].id != both["Dora"].id

    async def test_fills_an_address_book_that_is_empty(self, database: Database) -> None:
        """In order, tidied; one that has been begun is its customer's own."""
        carol = (await put(database, CAROL))["Carol"]
        await put(database, replace(CAROL, addresses=(replace(HOME, address=replace(HOME.address, city="York")),)))

        async with database.read() as session:
            book = await queries.list_addresses(session, customer_ids=[carol.id])
        assert [entry.address.line1 for entry in book] == ["1 Some Street", "2 Other Street"]
        assert [entry.address.city for entry in book] == ["Leeds", "Leeds"]
        assert [(entry.default_shipping, entry.default_billing) for entry in book] == [(True, False), (False, True)]

    async def test_links_a_customer_and_their_log_in_both_ways(self, database: Database) -> None:
        """An associate who buys is one log-in."""
        async with database.unit(SYSTEM) as uow:
            ids = await identity.put_users(uow, log_ins=[LogIn("carol@shop.test", "hash", (Role.ASSOCIATE,))])
        linked = (await put(database, replace(CAROL, user_id=ids["carol@shop.test"])))["Carol"]
        unchanged = (await put(database, CAROL))["Carol"]

        async with database.read() as session:
            user = await get_user(session, email="carol@shop.test")
        assert user is not None
        assert user.customer_id == linked.id
        assert linked.user_id == unchanged.user_id == user.id

    async def test_takes_none_and_many(self, database: Database) -> None:
        """In a fixed number of statements."""
        assert await put(database) == {}
        many = [NewCustomer(email=f"c{number}@shop.test", phone=None, first_name=str(number)) for number in range(2000)]
        assert len(await put(database, *many)) == 2000

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            (replace(CAROL, email="nobody"), ("customers", "1", "email")),
            (replace(CAROL, email=None, phone=None), ("customers", "1", "email")),
            (replace(CAROL, first_name="a" * 101), ("customers", "1", "firstName")),
            (
                replace(CAROL, addresses=(HOME, NewAddress(replace(HOME.address, city=" ")))),
                ("customers", "1", "addresses", "1", "address", "city"),
            ),
        ],
    )
    async def test_names_the_field_at_fault(self, database: Database, wrong: NewCustomer, field: tuple[str]) -> None:
        """And whose it is."""
        with pytest.raises(Invalid) as refused:
            await put(database, BY_PHONE, wrong)

        assert refused.value.field == field

    async def test_is_for_those_who_administer_the_shop(self, database: Database) -> None:
        """Nobody else writes customers without being them."""
        async with database.unit(ANONYMOUS) as uow:
            with pytest.raises(Unauthenticated):
                await customers.put_customers(uow, customers=[CAROL])
