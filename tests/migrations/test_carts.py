"""Carts that are there when the shop begins to keep notes and to let carts expire, and when it goes back."""

import asyncio
from datetime import timedelta

import pytest
from alembic import command
from alembic.script import ScriptDirectory

from app.cart.rules import AddLine
from tests.builders import postgres
from tests.builders.carts import opened, units
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

MEANT = "carts keep notes and expire"


async def test_bear_the_way_back_and_forth(shop: Shop) -> None:
    mug = shop.variants["mug"]
    noted = await opened(shop, AddLine(mug, 1), AddLine(mug, 2, note="for Eve"), *units(shop, lamp=4))
    adas = await opened(shop, *units(shop, mug=1), by=shop.begin("ada"))
    await shop.database.close()
    config = postgres.alembic_config(shop.database.dsn)
    revisions = ScriptDirectory.from_config(config).walk_revisions()
    before = next(revision.down_revision for revision in revisions if revision.doc == MEANT)

    await asyncio.to_thread(command.downgrade, config, str(before))
    await asyncio.to_thread(command.upgrade, config, "head")

    await shop.database.connect()
    lines = await shop.fetch("SELECT quantity, note FROM cart_lines WHERE cart_id = $1 ORDER BY id", noted.id)
    ends = await shop.fetch("SELECT id, expires_at - updated_at FROM carts")
    assert [tuple(line) for line in lines] == [(3, None), (4, None)]
    assert {row[0]: row[1] for row in ends} == {noted.id: timedelta(days=90), adas.id: None}
