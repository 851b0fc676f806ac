"""Products of a file become variants with prices, row by row, however often the file is sent."""

import pytest

from app.integration.rules.outcome import Terms
from app.integration.service import channel_to_sell_in, import_products
from app.integration.service.channel import Selling
from app.kernel.actor import ANONYMOUS, SYSTEM
from app.kernel.db import Begin, Database
from app.kernel.errors import Conflict, Invalid, Unauthenticated
from app.kernel.puts import Put
from tests.builders.imports import Heard, product
from tests.builders.shop import Shop

MANY = 260


async def selling(begin: Begin, *, code: str | None = None, currency: str | None = "GBP") -> Selling:
    return await begin.run(lambda uow: channel_to_sell_in(uow, code=code, currency=currency))


async def price_of(database: Database, sku: str) -> int | None:
    async with database.read() as session:
        found = await session.fetch(
            "SELECT amount_minor FROM prices JOIN variants ON variants.id = variant_id WHERE sku = $1", [sku]
        )
    return found[0][0] if found else None


class TestChannelToSellIn:
    async def test_is_opened_for_a_shop_that_has_none(self, database: Database) -> None:
        begin = database.begin(SYSTEM)

        first = await selling(begin)
        second = await selling(begin)

        assert (first.channel, first.currency, first.is_new) == ("web", "GBP", True)
        assert (second.channel_id, second.price_list, second.is_new) == (first.channel_id, first.price_list, False)

    async def test_needs_a_currency_for_that(self, database: Database) -> None:
        with pytest.raises(Invalid, match="--currency"):
            await selling(database.begin(SYSTEM), currency=None)

    async def test_is_the_default_one(self, shop: Shop) -> None:
        chosen = await selling(shop.begin(), currency=None)

        assert (chosen.price_list, chosen.is_new) == ("retail", False)

    async def test_refuses_prices_of_another_currency(self, shop: Shop) -> None:
        with pytest.raises(Conflict, match="sells in GBP"):
            await selling(shop.begin(), currency="USD")


class TestImportProducts:
    async def test_brings_in_what_is_new(self, database: Database) -> None:
        begin, heard = database.begin(SYSTEM), Heard()
        rows = [
            product("COSY-RED", product="COSY", options=(("Colour", "Red"),), category=("Home", "Tea")),
            product("COSY-BLUE", row=2, product="COSY", options=(("Colour", "Blue"),), price_minor=1300),
            product("POT", row=3, name="Tea Pot", gtin="4006381333931"),
        ]

        await import_products(
            begin, rows=rows, price_list=(await selling(begin)).price_list, terms=Terms(), listener=heard
        )

        assert heard.effects == {1: Put.INSERTED, 2: Put.INSERTED, 3: Put.INSERTED}
        assert [await price_of(database, sku) for sku in ("COSY-RED", "COSY-BLUE", "POT")] == [1200, 1300, 1200]

    async def test_changes_nothing_when_it_is_repeated(self, database: Database) -> None:
        begin, heard = database.begin(SYSTEM), Heard()
        rows = [product(f"COSY-{number}", row=number) for number in range(1, 4)]
        price_list = (await selling(begin)).price_list
        await import_products(begin, rows=rows, price_list=price_list, terms=Terms(), listener=Heard())

        await import_products(begin, rows=rows, price_list=price_list, terms=Terms(), listener=heard)

        assert set(heard.effects.values()) == {Put.UNCHANGED}

    async def test_finds_a_product_again_under_a_new_name_and_price(self, database: Database) -> None:
        begin, heard = database.begin(SYSTEM), Heard()
        price_list = (await selling(begin)).price_list
        await import_products(begin, rows=[product("COSY")], price_list=price_list, terms=Terms(), listener=Heard())

        await import_products(
            begin,
            rows=[product("COSY", name="Cosier Cosy", price_minor=999)],
            price_list=price_list,
            terms=Terms(),
            listener=heard,
        )

        assert heard.effects == {1: Put.UPDATED}
        assert await price_of(database, "COSY") == 999
        async with database.read() as session:
            assert [tuple(row) for row in await session.fetch("SELECT name FROM products", [])] == [("Cosier Cosy",)]

    async def test_finds_it_again_in_other_letters_if_asked_to(self, database: Database) -> None:
        begin, heard = database.begin(SYSTEM), Heard()
        price_list = (await selling(begin)).price_list
        await import_products(begin, rows=[product("85123A")], price_list=price_list, terms=Terms(), listener=Heard())

        await import_products(
            begin, rows=[product("85123a")], price_list=price_list, terms=Terms(), listener=heard, ignore_case=True
        )

        assert heard.effects == {1: Put.UNCHANGED}

    async def test_keeps_apart_what_differs_in_case_otherwise(self, database: Database) -> None:
        begin, heard = database.begin(SYSTEM), Heard()
        rows = [product("85123A"), product("85123a", row=2, price_minor=900)]

        await import_products(
            begin, rows=rows, price_list=(await selling(begin)).price_list, terms=Terms(), listener=heard
        )

        assert (await price_of(database, "85123A"), await price_of(database, "85123a")) == (1200, 900)
        async with database.read() as session:
            assert (await session.fetch("SELECT count(*) FROM products", []))[0][0] == 2

    async def test_loses_one_row_to_the_database_and_not_its_chunk(self, database: Database) -> None:
        begin, heard = database.begin(SYSTEM), Heard()
        price_list = (await selling(begin)).price_list
        rows = [product(f"COSY-{number}", row=number) for number in range(1, 8)]
        # The rules let no such character pass; it stands for whatever the database alone refuses.
        rows[3] = product("COSY-4", row=4, name="Tea\x00Cosy")

        await import_products(begin, rows=rows, price_list=price_list, terms=Terms(), listener=heard)

        assert list(heard.refusals) == [4]
        assert heard.counted(Put.INSERTED) == len(rows) - 1
        assert await price_of(database, "COSY-4") is None

    async def test_refuses_variants_beyond_what_a_product_can_have(self, database: Database) -> None:
        begin, heard = database.begin(SYSTEM), Heard()
        rows = [product(f"COSY-{number}", row=number, product="COSY") for number in range(1, MANY + 1)]

        await import_products(
            begin, rows=rows, price_list=(await selling(begin)).price_list, terms=Terms(), listener=heard
        )

        assert list(heard.refusals) == list(range(251, MANY + 1))
        assert heard.counted(Put.INSERTED) == 250

    async def test_goes_on_from_a_row(self, database: Database) -> None:
        begin, heard = database.begin(SYSTEM), Heard()
        rows = [product(f"COSY-{number}", row=number) for number in range(1, 6)]

        await import_products(
            begin, rows=rows, price_list=(await selling(begin)).price_list, terms=Terms(from_row=4), listener=heard
        )

        assert list(heard.effects) == [4, 5]

    async def test_keeps_nothing_of_a_dry_run(self, database: Database) -> None:
        begin, heard = database.begin(SYSTEM), Heard()
        price_list = (await selling(begin)).price_list

        await import_products(
            begin, rows=[product("COSY")], price_list=price_list, terms=Terms(dry_run=True), listener=heard
        )

        assert heard.effects == {1: Put.INSERTED}
        assert await price_of(database, "COSY") is None

    async def test_uses_the_categories_that_are_there(self, shop: Shop) -> None:
        begin = shop.begin()
        before = await shop.fetch("SELECT count(*) FROM categories")
        rows = [product("COSY", category=("home", "KITCHEN"))]

        await import_products(begin, rows=rows, price_list="retail", terms=Terms(), listener=Heard())

        assert await shop.fetch("SELECT count(*) FROM categories") == before
        found = await shop.fetch(
            "SELECT category.slug FROM products AS product JOIN categories AS category ON category.id = product.category_id"
            " WHERE product.name = 'Tea Cosy'"
        )
        assert [tuple(row) for row in found] == [("kitchen",)]

    async def test_is_not_for_everybody(self, database: Database) -> None:
        with pytest.raises(Unauthenticated):
            await import_products(database.begin(ANONYMOUS), rows=[], price_list="x", terms=Terms(), listener=Heard())
