"""Becoming a customer."""

import asyncio

import pytest

from app.customers import queries
from app.customers import service as customers
from app.customers.errors import EmailInUse
from app.customers.rules import NewCustomer
from app.customers.service import Registration
from app.identity import service as identity
from app.identity.gateways.argon2id import Argon2id
from app.identity.rules.terms import PasswordCost, TokenTerms
from app.identity.rules.tokens import AccessTokens, Credentials
from app.kernel.actor import ANONYMOUS, SYSTEM
from app.kernel.db import Database
from app.kernel.errors import Invalid
from tests.builders.shop import KEYS, Shop

pytestmark = pytest.mark.anyio
CREDENTIALS = Credentials(passwords=Argon2id(PasswordCost.CHEAPEST), access_tokens=AccessTokens(KEYS, TokenTerms()))
PASSWORD = "a password that is long enough"


async def register(
    database: Database,
    *,
    email: str = "carol@shop.test",
    password: str = PASSWORD,
    first_name: str | None = None,
    last_name: str | None = None,
) -> Registration:
    """Register as somebody unknown."""
    return await customers.register(
        database.begin(ANONYMOUS),
        email=email,
        password=password,
        first_name=first_name,
        last_name=last_name,
        credentials=CREDENTIALS,
    )


class TestRegister:
    """A log-in and a customer, both or neither."""

    async def test_makes_a_customer_who_can_log_in(self, database: Database) -> None:
        """And who is logged in at once."""
        registered = await register(database, email=" Carol@Shop.Test", first_name=" Carol ", last_name="")

        async with database.read() as session:
            customer = await queries.get_customer(session, customer_id=registered.customer_id)
        assert customer is not None
        assert (customer.email, customer.first_name, customer.last_name) == ("carol@shop.test", "Carol", None)
        at_once = CREDENTIALS.access_tokens.read(registered.tokens.access_token, now=database.now())
        tokens = await identity.log_in(
            database.begin(ANONYMOUS), email="carol@shop.test", password=PASSWORD, credentials=CREDENTIALS
        )
        later = CREDENTIALS.access_tokens.read(tokens.access_token, now=database.now())
        assert at_once.customer_id == later.customer_id == registered.customer_id
        assert at_once.user_id == later.user_id == customer.user_id

    async def test_is_told_without_a_name(self, database: Database) -> None:
        """The event carries ids."""
        registered = await register(database)

        async with database.read() as session:
            [[name, payload]] = await session.fetch("SELECT name, payload FROM outbox", [])
        assert name == "CustomerRegistered"
        assert payload["customer_id"] == str(registered.customer_id)
        assert set(payload) == {"customer_id", "user_id"}

    @pytest.mark.parametrize("email", ["ada@shop.test", "ADA@shop.test", "manager@shop.test"])
    async def test_is_refused_for_an_address_in_use(self, shop: Shop, email: str) -> None:
        """By whomever, a customer or staff; and it leaves nothing behind."""
        with pytest.raises(EmailInUse) as refused:
            await register(shop.database, email=email)

        assert refused.value.field == ("email",)
        assert await shop.fetch("SELECT FROM refresh_tokens") == []

    async def test_is_refused_for_the_address_of_a_customer_without_log_in(self, shop: Shop) -> None:
        """Nobody gets another's history by typing their address, which nobody has verified."""
        async with shop.database.unit(SYSTEM) as uow:
            await customers.put_customers(
                uow, customers=[NewCustomer(email="till@shop.test", phone=None, first_name="Tilly")]
            )

        with pytest.raises(EmailInUse):
            await register(shop.database, email="till@shop.test")

        assert await shop.fetch("SELECT FROM users WHERE email = 'till@shop.test'") == []

    async def test_lets_one_of_many_at_once_have_the_address(self, database: Database) -> None:
        """The others are refused politely."""
        answers = await asyncio.gather(*[register(database) for _ in range(8)], return_exceptions=True)

        assert sum(isinstance(answer, Registration) for answer in answers) == 1
        assert sum(isinstance(answer, EmailInUse) for answer in answers) == 7

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("email", "nobody"),
            ("password", "seven77"),
            ("password", "a" * 201),
            ("firstName", "a" * 101),
            ("lastName", "a\x00b"),
        ],
    )
    async def test_names_the_field_at_fault(self, database: Database, field: str, value: str) -> None:
        """Before anything is written."""
        argument = {"firstName": "first_name", "lastName": "last_name"}.get(field, field)

        with pytest.raises(Invalid) as refused:
            await register(database, **{argument: value})

        assert refused.value.field == (field,)

    async def test_takes_passwords_of_eight_and_of_two_hundred_characters(self, database: Database) -> None:
        """Of whatever kind."""
        assert await register(database, email="short@shop.test", password="eight888")
        assert await register(database, email="long@shop.test", password="\u00fc" * 200)
