"""Finding the stores of a channel, with what they have of a cart."""

import random
from dataclasses import replace
from math import inf
from uuid import UUID, uuid4

import pytest

from app.channels.errors import UnknownChannel
from app.inventory.queries.stores import FoundStores, StoresWanted, count_stores, find_stores, list_store_stock
from app.inventory.rules.pickups import LineWanted, Sending, supply_of
from app.kernel.ids import ChannelId
from app.kernel.paging import PageRequest, page_request
from app.locations.errors import PostalCodeUnknown
from app.locations.rules import Near, Point, PostalCode, distance_km
from app.locations.service import put_postal_codes
from tests.builders.shop import LOCATIONS, VARIANTS, Shop
from tests.builders.stocked import Shelves
from tests.builders.supplied import bundle, collected_by_transfer, link, new_variant, set_own

TRAFALGAR_SQUARE = Near(Point(51.508, -0.1281))
ANYWHERE = StoresWanted()
EVERYTHING = PageRequest(size=100)


def lines(**wanted: int) -> tuple[LineWanted, ...]:
    """Want units of variants; hyphens of SKUs are written as underscores."""
    return tuple(LineWanted(VARIANTS[sku.replace("_", "-")], units) for sku, units in wanted.items())


async def found(shop: Shop, wanted: StoresWanted, request: PageRequest = EVERYTHING) -> FoundStores:
    async with shop.database.read() as session:
        return await find_stores(session, wanted=wanted, request=request)


async def codes(shop: Shop, wanted: StoresWanted) -> list[str]:
    """List stores by their codes; there are as many as are counted."""
    stores = [store.location.code for store in (await found(shop, wanted)).page.items]
    async with shop.database.read() as session:
        assert await count_stores(session, wanted=wanted) == len(stores)
    return stores


async def change(shop: Shop, code: str, sql: str) -> None:
    """Change a location where no command does so yet."""
    await shop.begin().run(lambda uow: uow.execute(f"UPDATE locations SET {sql} WHERE id = $1", [LOCATIONS[code]]))


class TestFindStores:
    async def test_are_sorted_by_name_or_nearest_first(self, shop: Shop) -> None:
        assert await codes(shop, ANYWHERE) == ["camden", "leeds", "soho"]
        assert await codes(shop, StoresWanted(near=TRAFALGAR_SQUARE)) == ["soho", "camden", "leeds"]

    async def test_come_last_when_nobody_knows_where_they_are(self, shop: Shop) -> None:
        await change(shop, "soho", "latitude = NULL, longitude = NULL")

        stores = (await found(shop, StoresWanted(near=TRAFALGAR_SQUARE))).page.items

        assert [store.location.code for store in stores] == ["camden", "leeds", "soho"]
        assert stores[-1].distance_km is None
        assert await codes(shop, StoresWanted(near=TRAFALGAR_SQUARE, within_km=20_000)) == ["camden", "leeds"]

    async def test_are_those_within_a_distance(self, shop: Shop) -> None:
        assert await codes(shop, StoresWanted(near=TRAFALGAR_SQUARE, within_km=5)) == ["soho", "camden"]
        assert await codes(shop, StoresWanted(near=TRAFALGAR_SQUARE, within_km=0)) == []

    async def test_are_those_with_pickup(self, shop: Shop) -> None:
        assert await codes(shop, StoresWanted(pickup=True)) == ["camden", "soho"]

        await link(shop, "soho", ships=True, hands_out=False)

        assert await codes(shop, StoresWanted(pickup=True)) == ["camden"]

    async def test_are_of_one_channel(self, shop: Shop) -> None:
        for wanted in (StoresWanted(channel="none"), StoresWanted(channel_id=ChannelId(uuid4()))):
            with pytest.raises(UnknownChannel):
                await found(shop, wanted)
        assert (await found(shop, StoresWanted(channel="web"))).channel_id == shop.channel_id

    async def test_are_of_a_channel_without_any(self, shop: Shop) -> None:
        for code in ("camden", "soho", "leeds"):
            await link(shop, code, ships=False, hands_out=False)

        stores = await found(shop, StoresWanted(near=TRAFALGAR_SQUARE, lines=lines(mug=1)))

        assert (stores.page.items, stores.channel_id) == ([], shop.channel_id)
        assert set(stores.told.variants) == {VARIANTS["mug"]}

    async def test_tell_their_hours(self, shop: Shop) -> None:
        [camden, *_] = (await found(shop, ANYWHERE)).page.items

        assert [(o.day, o.opens_minute, o.closes_minute) for o in camden.hours] == [
            *((day, 540, 1080) for day in range(6)),
            (6, 660, 1020),
        ]


class TestNearAPostalCode:
    async def test_is_known_without_a_table_in_the_us(self, shop: Shop) -> None:
        [nearest, *_] = (await found(shop, StoresWanted(near=Near(country="US", postal_code="10001")))).page.items

        assert nearest.location.code == "leeds"
        assert nearest.distance_km == pytest.approx(5_400, abs=10)

    async def test_is_known_once_it_was_imported(self, shop: Shop) -> None:
        near = Near(country="GB", postal_code="ZE1 0AA")
        with pytest.raises(PostalCodeUnknown):
            await found(shop, StoresWanted(near=near))

        imported = [PostalCode("GB", "ZE1", 60.15, -1.15), PostalCode("US", "10001", 53.8, -1.5)]
        await shop.begin().run(lambda uow: put_postal_codes(uow, postal_codes=imported))

        assert await codes(shop, StoresWanted(near=near)) == ["leeds", "camden", "soho"]
        # What the shop says goes before what the package says.
        assert await codes(shop, StoresWanted(near=Near(country="US", postal_code="10001-7777"), within_km=20)) == [
            "leeds"
        ]

    async def test_is_told_by_our_own_places_otherwise(self, shop: Shop) -> None:
        near = Near(country="GB", postal_code="ls27 8aa")

        assert (await codes(shop, StoresWanted(near=near)))[0] == "leeds"
        assert await codes(shop, StoresWanted(near=near, within_km=5)) == ["leeds"]

    @pytest.mark.parametrize("code", ["", "!", "12345678901234567890"])
    async def test_is_refused_when_it_is_none(self, shop: Shop, code: str) -> None:
        with pytest.raises(PostalCodeUnknown):
            await found(shop, StoresWanted(near=Near(country="US", postal_code=code)))


class TestStock:
    async def available(self, shop: Shop, **wanted: int) -> dict[str, list[int]]:
        stores = await found(shop, StoresWanted(lines=lines(**wanted)))
        return {
            store.location.code: [
                line.available for line in supply_of(store.stock, lines(**wanted), stores.told.bundles).lines
            ]
            for store in stores.page.items
        }

    async def test_is_what_is_promised_to_nobody_and_not_kept_back(self, shop: Shop) -> None:
        assert (await self.available(shop, mug=1, lamp=1))["camden"] == [5, 0]

        await Shelves(shop).promise({("mug", "camden"): 1})
        await Shelves(shop).hold({("mug", "camden"): 1})
        await set_own(shop, {("mug", "camden"): 1, ("lamp", "soho"): 3})

        assert await self.available(shop, mug=1, lamp=1) == {"camden": [2, 0], "leeds": [0, 2], "soho": [3, 0]}

    async def test_is_none_where_nothing_is_handed_out(self, shop: Shop) -> None:
        await link(shop, "camden", ships=True, hands_out=False)

        assert (await self.available(shop, mug=1))["camden"] == [0]

    async def test_of_bundles_is_what_their_components_suffice_for(self, shop: Shop) -> None:
        await new_variant(shop, "tea-set", "kitchen")
        set_id: UUID = (await shop.fetch("SELECT id FROM variants WHERE sku = 'tea-set'"))[0][0]
        await bundle(shop, "tea-set", {"mug": 2, "lamp": 1})
        wanted = (LineWanted(set_id, 1),)

        stores = await found(shop, StoresWanted(lines=wanted))
        units = {
            s.location.code: supply_of(s.stock, wanted, stores.told.bundles).lines[0].available
            for s in stores.page.items
        }

        assert units == {"camden": 0, "leeds": 0, "soho": 1}
        assert await codes(shop, StoresWanted(lines=wanted, complete=True)) == ["soho"]
        both = (*wanted, *lines(mug=2))
        assert await codes(shop, StoresWanted(lines=both, complete=True)) == []

    async def test_can_be_sent_from_elsewhere(self, shop: Shop) -> None:
        await collected_by_transfer(shop, "warehouse", "soho", 240)
        await collected_by_transfer(shop, "leeds", "soho", 600)

        stores = await found(shop, StoresWanted(near=TRAFALGAR_SQUARE, lines=lines(lamp=6, tent=1)))
        [soho, camden, _] = stores.page.items
        sent = {
            variant_id: sorted(sendings, key=lambda one: one.units) for variant_id, sendings in soho.stock.sent.items()
        }

        assert sent == {VARIANTS["lamp"]: [Sending(2, 600), Sending(5, 240)], VARIANTS["tent"]: [Sending(1, 240)]}
        assert camden.stock.sent == {}
        assert await codes(shop, StoresWanted(lines=lines(lamp=9, tent=1), complete=True)) == ["soho"]
        assert await codes(shop, StoresWanted(lines=lines(lamp=10), complete=True)) == []

    @pytest.mark.parametrize(
        ("location", "sql"),
        [
            ("soho", "pickup_supply = 'OWN'"),
            ("soho", "pickup_enabled = false"),
            ("warehouse", "archived_at = created_at"),
        ],
    )
    async def test_is_not_sent_where_it_may_not(self, shop: Shop, location: str, sql: str) -> None:
        await collected_by_transfer(shop, "warehouse", "soho", 240)
        assert await codes(shop, StoresWanted(lines=lines(tent=1), complete=True)) == ["soho"]

        await change(shop, location, sql)

        assert await codes(shop, StoresWanted(lines=lines(tent=1), complete=True)) == []
        stores = await found(shop, StoresWanted(lines=lines(tent=1)))
        assert all(store.stock.sent == {} for store in stores.page.items)


class TestListStoreStock:
    async def test_answers_the_same_as_the_page(self, shop: Shop) -> None:
        await collected_by_transfer(shop, "warehouse", "soho", 240)
        wanted = lines(mug=1, lamp=1, tent=1)

        page = await found(shop, StoresWanted(lines=wanted))
        async with shop.database.read() as session:
            alone = await list_store_stock(
                session, channel_id=None, store_ids=list(LOCATIONS.values()), variant_ids=[line.variant_id for line in wanted]
            )  # fmt: skip

        for store in page.page.items:
            assert alone.stocks[store.location.id] == store.stock
            assert alone.hours[store.location.id] == store.hours
        assert alone.told == page.told

    async def test_hands_over_nothing_of_what_is_closed_for_good(self, shop: Shop) -> None:
        await change(shop, "camden", "archived_at = created_at")

        async with shop.database.read() as session:
            alone = await list_store_stock(
                session, channel_id=shop.channel_id, store_ids=[LOCATIONS["camden"]], variant_ids=[VARIANTS["mug"]]
            )

        assert alone.stocks[LOCATIONS["camden"]].own == {}


class TestPages:
    """A page taken up where another ended shows what one long page would, whatever is asked."""

    STORES = 60

    async def open_many(self, shop: Shop, chance: random.Random) -> dict[UUID, tuple[float | None, dict[UUID, int]]]:
        """Open stores at random places, some at the same one, some nowhere; answers how far and what they have."""
        stores: dict[UUID, tuple[float | None, dict[UUID, int]]] = {}
        spots = [(chance.uniform(50, 55), chance.uniform(-4, 1)) for _ in range(self.STORES // 2)]
        skus = [VARIANTS[sku] for sku in ("mug", "lamp", "tent")]
        at = TRAFALGAR_SQUARE.point
        assert at is not None
        for number in range(self.STORES):
            store_id = uuid4()
            spot = chance.choice([*spots, None])
            stock: dict[UUID, int] = {sku: chance.randint(0, 3) for sku in skus if chance.random() < 0.8}
            away = None if spot is None else distance_km(at.latitude, at.longitude, *spot)
            stores[store_id] = away, stock

            async def write(
                uow: object, key: UUID = store_id, name: str = f"S{number % 7}", code: int = number
            ) -> None:
                latitude, longitude = spot or (None, None)  # noqa: B023  # Run before the loop goes on.
                await uow.execute(  # type: ignore[attr-defined]
                    "INSERT INTO locations (id, code, name, latitude, longitude, kind, address, timezone, pickup_enabled,"
                    " pickup_lead_minutes, pickup_slot_capacity, pickup_hold_days, created_at)"
                    " SELECT $1, $2, $3, $4, $5, kind, address, timezone, pickup_enabled, pickup_lead_minutes,"
                    " pickup_slot_capacity, pickup_hold_days, created_at FROM locations WHERE code = 'camden'",
                    [key, f"many-{code}", name, latitude, longitude],
                )
                await uow.execute(  # type: ignore[attr-defined]
                    "INSERT INTO channel_locations SELECT $1::uuid, $2::uuid, true, true", [shop.channel_id, key]
                )
                for sku, units in stock.items():  # noqa: B023  # As above.
                    await uow.execute(  # type: ignore[attr-defined]
                        "INSERT INTO levels (variant_id, location_id, sellable) VALUES ($1, $2, $3)", [sku, key, units]
                    )

            await shop.begin().run(write)
        return stores

    async def test_follow_each_other(self, shop: Shop) -> None:
        for code in ("camden", "soho", "leeds"):
            await link(shop, code, ships=False, hands_out=False)
        chance = random.Random(20261121)
        stores = await self.open_many(shop, chance)
        cart = lines(mug=1, lamp=2)
        for near, within_km, complete in (
            (None, None, False), (TRAFALGAR_SQUARE, None, False), (TRAFALGAR_SQUARE, 200.0, False),
            (None, None, True), (TRAFALGAR_SQUARE, None, True), (TRAFALGAR_SQUARE, 250.0, True),
        ):  # fmt: skip
            wanted = StoresWanted(near=near, within_km=within_km, lines=cart, complete=complete)

            paged: list[UUID] = []
            after: str | None = None
            while True:
                page = (await found(shop, wanted, page_request(first=chance.randint(1, 7), after=after))).page
                paged.extend(store.location.id for store in page.items)
                if not page.has_next:
                    break
                after = page.cursors[-1]

            expected = {
                key
                for key, (away, stock) in stores.items()
                if (within_km is None or (away or inf) <= within_km)
                and (not complete or all(stock.get(line.variant_id, 0) >= line.quantity for line in cart))
            }
            assert len(paged) == len(set(paged))
            assert set(paged) == expected
            assert paged == [store.location.id for store in (await found(shop, wanted)).page.items]
            if near is not None:
                distances = [stores[key][0] or inf for key in paged]
                assert distances == sorted(distances)
            async with shop.database.read() as session:
                assert await count_stores(session, wanted=replace(wanted, lines=cart)) == len(expected)
