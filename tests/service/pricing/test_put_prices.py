"""What things cost, and saying so."""

from dataclasses import replace

import pytest

from app.channels.rules import ChannelInput
from app.channels.service import put_channels
from app.kernel.errors import Forbidden, Invalid
from app.kernel.puts import Put
from app.pricing.errors import CurrencyMismatch, UnknownPriceList, UnknownSku
from app.pricing.queries import Price, list_prices
from app.pricing.rules import PriceInput, PriceListInput
from app.pricing.service import put_price_lists, put_prices
from tests.builders.shop import Shop

RETAIL = PriceListInput(code="retail", name="Retail", currency="GBP")
SALE = PriceListInput(code="sale", name="Sale", currency="GBP", channels=("web",), asked_first=True)
MUG_PRICE, TEE_PRICE, TEE_LIST_PRICE = 1200, 2000, 2500


async def put(shop: Shop, *prices: PriceInput, price_list: str = "retail") -> list[Put]:
    """Put prices as the system."""
    rows = await shop.begin().run(lambda uow: put_prices(uow, price_list=price_list, prices=prices))
    return [row.effect for row in rows]


async def put_lists(shop: Shop, *price_lists: PriceListInput) -> list[Put]:
    """Put price lists as the system."""
    rows = await shop.begin().run(lambda uow: put_price_lists(uow, price_lists=price_lists))
    return [row.effect for row in rows]


async def price(shop: Shop, sku: str) -> Price | None:
    """Ask what one unit costs in the web channel."""
    variant_id = shop.variants[sku]
    async with shop.database.read() as session:
        return (await list_prices(session, channel_id=shop.channel_id, variant_ids=[variant_id])).get(variant_id)


class TestPutPrices:
    async def test_changes_what_differs(self, shop: Shop) -> None:
        effects = await put(shop, PriceInput("mug", 1300, 1500), PriceInput("tee-s", TEE_PRICE, TEE_LIST_PRICE))

        assert effects == [Put.UPDATED, Put.UNCHANGED]
        assert await price(shop, "mug") == Price(shop.variants["mug"], 1300, 1500)

    async def test_takes_a_price_away(self, shop: Shop) -> None:
        assert await put(shop, PriceInput("mug", None)) == [Put.UPDATED]
        assert await put(shop, PriceInput("mug", None)) == [Put.UNCHANGED]

        assert await price(shop, "mug") is None

    async def test_puts_it_back(self, shop: Shop) -> None:
        await put(shop, PriceInput("mug", None))

        assert await put(shop, PriceInput("mug", MUG_PRICE)) == [Put.INSERTED]

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            (PriceInput("mug", -1), "amount"),
            (PriceInput("mug", 1200, 1200), "listAmount"),
            (PriceInput("mug", None, 1200), "listAmount"),
        ],
    )
    async def test_refuses_what_is_no_price(self, shop: Shop, wrong: PriceInput, field: str) -> None:
        with pytest.raises(Invalid) as refused:
            await put(shop, wrong)

        assert refused.value.field == ("prices", "0", field)

    async def test_refuses_unknown_names(self, shop: Shop) -> None:
        with pytest.raises(UnknownSku) as refused:
            await put(shop, PriceInput("mug", 1300), PriceInput("jug", 1300))
        with pytest.raises(UnknownPriceList):
            await put(shop, PriceInput("mug", 1300), price_list="wholesale")

        assert refused.value.field == ("prices", "1", "sku")

    async def test_is_for_those_who_may(self, shop: Shop) -> None:
        with pytest.raises(Forbidden):
            await shop.begin("associate").run(lambda uow: put_prices(uow, price_list="retail", prices=[]))


class TestPutPriceLists:
    async def test_lets_a_sale_be_asked_first(self, shop: Shop) -> None:
        assert await put_lists(shop, SALE) == [Put.INSERTED]
        assert await put_lists(shop, SALE) == [Put.UNCHANGED]

        await put(shop, PriceInput("mug", 900, MUG_PRICE), price_list="sale")

        assert await price(shop, "mug") == Price(shop.variants["mug"], 900, MUG_PRICE)
        assert await price(shop, "tee-s") == Price(shop.variants["tee-s"], TEE_PRICE, TEE_LIST_PRICE)

    async def test_ends_a_sale(self, shop: Shop) -> None:
        await put_lists(shop, SALE)
        await put(shop, PriceInput("mug", 900), price_list="sale")

        assert await put_lists(shop, replace(SALE, channels=())) == [Put.UPDATED]

        assert await price(shop, "mug") == Price(shop.variants["mug"], MUG_PRICE, None)

    async def test_asks_a_new_list_last(self, shop: Shop) -> None:
        await put_lists(shop, replace(SALE, asked_first=False))

        await put(shop, PriceInput("mug", 900), price_list="sale")

        assert await price(shop, "mug") == Price(shop.variants["mug"], MUG_PRICE, None)

    async def test_leaves_channels_that_nobody_speaks_of(self, shop: Shop) -> None:
        assert await put_lists(shop, replace(RETAIL, name="Everyday")) == [Put.UPDATED]

        assert await price(shop, "mug") is not None

    async def test_speaks_one_currency(self, shop: Shop) -> None:
        euro = ChannelInput(code="ie", name="Ireland", currency="EUR", tax_included=True, countries=("IE",))
        await shop.begin().run(lambda uow: put_channels(uow, channels=[euro]))

        with pytest.raises(CurrencyMismatch):
            await put_lists(shop, replace(SALE, channels=("web", "ie")))
        with pytest.raises(CurrencyMismatch):
            await put_lists(shop, replace(RETAIL, currency="EUR"))
