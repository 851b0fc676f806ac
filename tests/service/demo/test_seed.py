"""The demo shop opens in an empty database, the same every time, and never in somebody else's."""

import pytest

from app.demo import queries
from app.demo.content import shop as content_of
from app.demo.seed import OtherData, seed
from app.kernel.actor import SYSTEM
from app.kernel.db import Database
from tests.builders.shop import Shop

CONTENT = content_of()
PASSWORD_HASH = "$argon2id$not-a-real-one"


async def count(database: Database, table: str) -> int:
    async with database.read() as session:
        return int((await session.fetch(f"SELECT count(*) FROM {table}", []))[0][0])


class TestSeed:
    async def test_opens_the_whole_shop(self, database: Database) -> None:
        await seed(database.begin(SYSTEM), CONTENT, password_hash=PASSWORD_HASH)

        counts = {
            table: await count(database, table) for table in ("products", "locations", "levels", "users", "customers")
        }
        assert counts == {
            "products": len(CONTENT.products),
            "locations": len(CONTENT.places),
            "levels": len(CONTENT.levels),
            "users": len(CONTENT.log_ins),
            "customers": len(CONTENT.customers),
        }

    async def test_marks_its_log_ins(self, database: Database) -> None:
        await seed(database.begin(SYSTEM), CONTENT, password_hash=PASSWORD_HASH)

        async with database.read() as session:
            found = await queries.survey(session)

        assert (found.is_demo, found.is_empty, found.demo_log_ins) == (True, False, len(CONTENT.log_ins))

    async def test_changes_nothing_the_second_time(self, database: Database) -> None:
        await seed(database.begin(SYSTEM), CONTENT, password_hash=PASSWORD_HASH)
        movements = await count(database, "movements")

        again = await seed(database.begin(SYSTEM), CONTENT, password_hash="another")

        assert not again.is_change
        assert await count(database, "movements") == movements

    async def test_tells_how_far_it_has_come(self, database: Database) -> None:
        told: list[tuple[int, int]] = []

        await seed(
            database.begin(SYSTEM),
            CONTENT,
            password_hash=PASSWORD_HASH,
            progress=lambda _what, done, of: told.append((done, of)),
        )

        assert [done for done, _ in told] == list(range(len(told)))
        assert told[-1][0] == told[-1][1]

    async def test_refuses_a_database_with_another_shop(self, shop: Shop, database: Database) -> None:
        with pytest.raises(OtherData, match="5 products"):
            await seed(database.begin(SYSTEM), CONTENT, password_hash=PASSWORD_HASH)

        assert await count(database, "products") == 5

    async def test_goes_beside_it_when_told_to(self, shop: Shop, database: Database) -> None:
        default = await shop.fetch("SELECT code FROM channels WHERE is_default")

        await seed(database.begin(SYSTEM), CONTENT, password_hash=PASSWORD_HASH, force=True)

        assert await count(database, "products") == 5 + len(CONTENT.products)
        assert await shop.fetch("SELECT code FROM channels WHERE is_default") == default
