"""Putting log-ins in place, as seeding does."""

import pytest

from app.identity import service as identity
from app.identity.queries import LogIn, get_user
from app.identity.rules.roles import Role
from app.kernel.actor import ANONYMOUS, SYSTEM
from app.kernel.db import Database
from app.kernel.errors import Invalid, Unauthenticated

pytestmark = pytest.mark.anyio
STAFF = [
    LogIn("Manager@Shop.Test", "hash", (Role.STORE_MANAGER, Role.SHOPPER)),
    LogIn("operator@shop.test", "hash", (Role.OPERATIONS,), every_location=True, demo=True),
]


class TestPutUsers:
    """Log-ins are as they were asked to be, however often they are asked."""

    async def test_adds_them_once(self, database: Database) -> None:
        """Their ids stay."""
        async with database.unit(SYSTEM) as uow:
            first = await identity.put_users(uow, log_ins=STAFF)
        async with database.unit(SYSTEM) as uow:
            again = await identity.put_users(uow, log_ins=STAFF)

        assert first == again
        assert set(first) == {"manager@shop.test", "operator@shop.test"}

    async def test_makes_known_ones_like_these(self, database: Database) -> None:
        """Roles, reach and password; of two with one address the later counts."""
        changed = LogIn("manager@shop.test", "other", (Role.ADMIN,), every_location=True)
        async with database.unit(SYSTEM) as uow:
            await identity.put_users(uow, log_ins=STAFF)
            await identity.put_users(uow, log_ins=[STAFF[0], changed])

        async with database.read() as session:
            user = await get_user(session, email="manager@shop.test")

        assert user is not None
        assert user.roles == (Role.ADMIN,)
        assert user.every_location
        assert user.password_hash == "other"

    async def test_costs_one_statement_however_many(self, database: Database) -> None:
        """A chain's whole staff at once, or nobody."""
        many = [LogIn(f"associate{number}@shop.test", "hash", (Role.ASSOCIATE,)) for number in range(2000)]
        async with database.unit(SYSTEM) as uow:
            assert len(await identity.put_users(uow, log_ins=many)) == 2000
            assert await identity.put_users(uow, log_ins=[]) == {}

    async def test_names_the_one_whose_address_is_none(self, database: Database) -> None:
        """And adds nobody."""
        async with database.unit(SYSTEM) as uow:
            with pytest.raises(Invalid) as refused:
                await identity.put_users(uow, log_ins=[STAFF[0], LogIn("nobody", "hash", (Role.ADMIN,))])

        assert refused.value.field == ("users", "1", "email")

    async def test_is_for_those_who_administer_the_shop(self, database: Database) -> None:
        """Nobody makes themselves an admin."""
        async with database.unit(ANONYMOUS) as uow:
            with pytest.raises(Unauthenticated):
                await identity.put_users(uow, log_ins=STAFF)
