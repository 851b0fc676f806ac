"""A guest finds goods, buys them for the post and for a store, collects, brings one back, and gets the money for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from app import worker
from app.audit import audit
from app.demo.content import shop as content_of
from app.demo.journey import JourneyFailed, ShopWindow, play
from app.demo.journey.client import DEMO_PASSWORD
from app.demo.seed import seed
from app.identity.gateways.argon2id import Argon2id
from app.identity.rules.terms import PasswordCost
from app.inventory import service as inventory
from app.inventory.queries import list_levels
from app.inventory.rules import StockLine
from app.inventory.states import MovementReason
from app.kernel.actor import SYSTEM
from app.kernel.db import Database, UnitOfWork
from app.main import create_app, gateways_of
from tests.builders import shop as shops

SCENES = 9


class Heard:
    """Remembers a story."""

    def __init__(self) -> None:
        self.scenes: list[str] = []
        self.told: list[str] = []

    def scene(self, title: str) -> None:
        """Hear a new part begin."""
        self.scenes.append(title)

    def step(self, who: str, what: str, *facts: str) -> None:
        """Hear who has done what."""
        self.told.extend((f"{who} {what}", *facts))

    def says(self, words: str) -> bool:
        """Say whether anything in the story has these words."""
        return any(words in line for line in self.told)


@asynccontextmanager
async def open_demo(dsn: str, database: Database) -> AsyncIterator[ShopWindow]:
    """Serve the demo shop, with its worker."""
    settings = shops.settings(dsn, STOA_ENV="demo")
    password_hash = await Argon2id(PasswordCost.CHEAPEST).hash(DEMO_PASSWORD)
    await seed(database.begin(SYSTEM), content_of(), password_hash=password_hash)
    app, stop = create_app(settings, database=database), asyncio.Event()
    working = asyncio.create_task(worker.run(database, gateways_of(settings, database), stop))
    try:
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://shop.test") as http,
        ):
            yield ShopWindow(http)
    finally:
        stop.set()
        await working


async def broken_rules(database: Database) -> list[str]:
    return [finding.invariant.name async for finding in audit(database) if finding.rows]


async def sell_out(database: Database, product_words: str) -> None:
    """Empty every shelf of the products whose name has these words."""

    async def work(uow: UnitOfWork) -> None:
        found = await uow.fetch(
            "SELECT variant.id FROM variants AS variant JOIN products AS product ON product.id = variant.product_id"
            " WHERE product.name LIKE '%' || $1 || '%'",
            [product_words],
        )
        levels = await list_levels(uow, variant_ids=[row[0] for row in found])
        lines = [StockLine(level.variant_id, level.location_id, level.soft + level.firm) for level in levels]
        await inventory.set_levels(uow, lines=lines, reason=MovementReason.ADJUSTED)

    await database.begin(SYSTEM).run(work)


class TestFirstPurchase:
    async def test_goes_from_the_first_look_to_the_refund(self, dsn: str, database: Database) -> None:
        heard = Heard()

        async with open_demo(dsn, database) as shop:
            await play(shop, heard)

        assert len(heard.scenes) == SCENES
        assert all(heard.says(code) for code in ("PAYMENT_DECLINED", "PICKUP_CODE_WRONG", "PAYMENT_PENDING"))
        assert await broken_rules(database) == []

    async def test_can_be_made_again_though_goods_are_sold_out(self, dsn: str, database: Database) -> None:
        first, again = Heard(), Heard()

        async with open_demo(dsn, database) as shop:
            await play(shop, first)
            await sell_out(database, "Blanket")
            await play(shop, again)

        assert first.says("Blanket, Cream, to be shipped")
        assert not again.says("Blanket, Cream, to be shipped")
        assert len(again.scenes) == SCENES
        assert await broken_rules(database) == []

    async def test_ends_in_a_sentence_when_nothing_is_left(self, dsn: str, database: Database) -> None:
        async with open_demo(dsn, database) as shop:
            await sell_out(database, "")

            with pytest.raises(JourneyFailed, match="nothing is left"):
                await play(shop, Heard())
