"""Migrations lead from nothing to today's tables and back, also with a shop in them."""

import asyncio

import asyncpg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from app.kernel.partitions import described
from app.tables import METADATA
from tests.builders import postgres
from tests.builders.shop import Shop


class TestMigrations:
    # Alembic cannot compare an expression that has an operator class, and says so.
    @pytest.mark.filterwarnings("ignore:Expression #1 'upper.sku. text_pattern_ops':UserWarning")
    def test_make_the_tables_that_the_models_describe(self, empty_template: tuple[postgres.Server, str]) -> None:
        async def differences() -> list[object]:
            server, template = empty_template
            async with postgres.cloned(server, template) as dsn:
                engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(dsn))
                async with engine.connect() as connection:
                    found = await connection.run_sync(compare)
                await engine.dispose()
            return found

        assert asyncio.run(differences()) == []

    async def test_lead_back_and_forth_with_a_shop_in_the_tables(self, shop: Shop) -> None:
        config = postgres.alembic_config(shop.database.dsn)

        await asyncio.to_thread(command.downgrade, config, "base")
        left = await tables(shop)
        await asyncio.to_thread(command.upgrade, config, "head")

        assert left == {"alembic_version"}
        assert await tables(shop) == {"alembic_version", *METADATA.tables}

    def test_have_one_head_and_say_what_they_are(self) -> None:
        script = ScriptDirectory.from_config(postgres.alembic_config("postgresql://"))

        assert len(script.get_heads()) == 1
        for revision in script.walk_revisions():
            assert "Kind: expand" in revision.longdoc or "Kind: contract" in revision.longdoc, revision.revision
            assert "Locks: " in revision.longdoc, revision.revision


def compare(connection: Connection) -> list[object]:
    """Say what would have to change for the tables to be as described."""
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": True, "include_name": described}
    )
    return list(compare_metadata(context, METADATA))


async def tables(shop: Shop) -> set[str]:
    """List the tables there are."""
    found = await shop.fetch("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
    return {row["table_name"] for row in found if described(row["table_name"], "table", {})}
