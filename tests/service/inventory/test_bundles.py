"""What can be promised of bundles: at each location as many as the scarcest component makes."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest

from app.assortment.queries import find_products
from app.assortment.rules import ProductSort, Wanted
from app.channels.rules import ChannelInput
from app.channels.service import put_channels
from app.inventory import queries
from app.inventory.rules import Promise
from app.kernel.paging import PageRequest
from app.pricing.rules import PriceInput
from app.pricing.service import put_prices
from tests.builders.shop import LOCATIONS, VARIANTS, Shop
from tests.builders.statements import Sent
from tests.builders.stocked import Shelves
from tests.builders.supplied import bundle, link, set_own

WEB = ChannelInput(code="web", name="Web", currency="GBP", tax_included=True, countries=("GB", "IE"), is_default=True)
#: A kettle comes with two mugs and a lamp. Of mugs there are 10, 5 and 3, of lamps 5, 0 and 2.
SET = {"mug": 2, "lamp": 1}


async def promise(shop: Shop, sku: str) -> Promise | None:
    """Say what the web channel can promise."""
    async with shop.database.read() as session:
        found = await queries.list_promises(session, channel_id=shop.channel_id, variant_ids=list(VARIANTS.values()))
    return found.get(VARIANTS[sku])


async def at_locations(shop: Shop, sku: str) -> dict[str, int]:
    """Say what each location could hand out."""
    async with shop.database.read() as session:
        found = await queries.list_at_locations(
            session, variant_ids=[VARIANTS[sku]], location_ids=list(LOCATIONS.values())
        )
    codes = {location_id: code for code, location_id in LOCATIONS.items()}
    return {codes[row.location_id]: row.available for row in found}  # type: ignore[index]


async def in_stock(shop: Shop, *, wanted: bool = True) -> set[str]:
    """List the products that a shopper finds who asks for what is in stock."""
    async with shop.database.read() as session:
        page = await find_products(
            session,
            channel_id=shop.channel_id,
            wanted=Wanted(in_stock=wanted),
            sort=ProductSort.NAME_ASC,
            request=PageRequest(size=50),
        )
    return {product.slug for product in page.items}


class TestBundles:
    async def test_are_as_many_as_the_scarcest_component_makes(self, shop: Shop) -> None:
        await bundle(shop, "kettle", SET)

        assert await at_locations(shop, "kettle") == {"warehouse": 5, "soho": 1}
        assert await promise(shop, "kettle") == Promise(VARIANTS["kettle"], shippable=6, collectable=True)

    async def test_leave_the_promises_of_other_variants_alone(self, shop: Shop) -> None:
        before = [await promise(shop, sku) for sku in VARIANTS if sku != "kettle"]

        await bundle(shop, "kettle", SET)

        assert [await promise(shop, sku) for sku in VARIANTS if sku != "kettle"] == before

    async def test_never_mix_locations(self, shop: Shop) -> None:
        shelves = Shelves(shop)
        await shelves.count({("lamp", "warehouse"): 0, ("mug", "soho"): 1})
        await bundle(shop, "kettle", SET)

        assert await promise(shop, "kettle") == Promise(VARIANTS["kettle"], shippable=0, collectable=False)

    async def test_count_what_is_promised_and_kept_back(self, shop: Shop) -> None:
        await bundle(shop, "kettle", SET)
        await Shelves(shop).hold({("mug", "warehouse"): 3})
        await set_own(shop, {("lamp", "soho"): 2, ("mug", "warehouse"): 2})

        assert await at_locations(shop, "kettle") == {"warehouse": 2, "soho": 0}

    async def test_obey_the_channel(self, shop: Shop) -> None:
        await bundle(shop, "kettle", SET)
        await shop.begin().run(lambda uow: put_channels(uow, channels=[replace(WEB, threshold=2)]))
        await link(shop, "soho", ships=False, hands_out=True)

        assert await promise(shop, "kettle") == Promise(VARIANTS["kettle"], shippable=3, collectable=True)

        await link(shop, "soho", ships=False, hands_out=False)
        assert await promise(shop, "kettle") == Promise(VARIANTS["kettle"], shippable=3, collectable=False)

    async def test_are_found_by_who_asks_for_what_is_in_stock(self, shop: Shop) -> None:
        await shop.begin().run(
            lambda uow: put_prices(uow, price_list="retail", prices=[PriceInput("kettle", 9900, None)])
        )
        assert "kettle" not in await in_stock(shop)

        await bundle(shop, "kettle", SET)
        assert "kettle" in await in_stock(shop)
        assert "kettle" not in await in_stock(shop, wanted=False)

        await shop.begin().run(lambda uow: put_channels(uow, channels=[replace(WEB, threshold=6)]))
        await link(shop, "soho", ships=True, hands_out=False)
        assert "kettle" not in await in_stock(shop)

    @pytest.mark.parametrize("skus", [("mug",), ("mug", "kettle", "lamp", "tent")])
    async def test_are_asked_of_with_all_others_at_once(
        self, shop: Shop, skus: tuple[str, ...], statements: Callable[[], AbstractAsyncContextManager[Sent]]
    ) -> None:
        await bundle(shop, "kettle", SET)

        async with statements() as sent, shop.database.read() as session:
            await queries.list_promises(
                session, channel_id=shop.channel_id, variant_ids=[VARIANTS[sku] for sku in skus]
            )

        assert sent.count == 1
