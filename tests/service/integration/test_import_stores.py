"""Stores of a file open with hours and time zones, and serve the channels that they were brought in for."""

from dataclasses import replace

import pytest

from app.channels.errors import UnknownChannel
from app.integration.rules.hours import Opening
from app.integration.rules.outcome import Terms
from app.integration.rules.stores import StoreRow
from app.integration.service import StoreTerms, import_stores
from app.kernel.address import Address
from app.kernel.puts import Put
from app.locations.states import PickupSupply
from tests.builders.imports import Heard
from tests.builders.shop import Shop
from tests.builders.supplied import group, in_force, link, link_group

BATH = StoreRow(
    row=1,
    code="bath",
    name="Bath",
    address=Address(line1="1 Pulteney Bridge", city="Bath", country="GB"),
    timezone="Europe/London",
    latitude=51.3829,
    longitude=-2.3578,
    hours=(Opening(0, 540, 1080),),
)


async def channels_of(shop: Shop, code: str) -> list[tuple[object, ...]]:
    found = await shop.fetch(
        "SELECT ships, hands_out FROM channel_locations JOIN locations ON locations.id = location_id WHERE code = $1",
        code,
    )
    return [tuple(row) for row in found]


async def channel_code(shop: Shop) -> str:
    found = await shop.fetch("SELECT code FROM channels WHERE is_default")
    return str(found[0][0])


class TestImportStores:
    async def test_opens_a_store_with_hours_and_a_channel(self, shop: Shop) -> None:
        heard = Heard()
        serving = StoreTerms(channels=(await channel_code(shop),))

        await import_stores(shop.begin(), rows=[BATH], serving=serving, terms=Terms(), listener=heard)

        assert heard.effects == {1: Put.INSERTED}
        assert await channels_of(shop, "bath") == [(False, True)]
        hours = await shop.fetch(
            "SELECT timezone, day, opens_minute FROM opening_hours JOIN locations ON locations.id = location_id"
            " WHERE code = 'bath'"
        )
        assert [tuple(row) for row in hours] == [("Europe/London", 0, 540)]

    async def test_leaves_stores_to_their_groups(self, shop: Shop) -> None:
        serving = StoreTerms(channels=(await channel_code(shop),))
        await link(shop, "leeds", ships=None, hands_out=None)
        await group(shop, "north", "leeds")
        await link_group(shop, "north", ships=True, hands_out=False)

        await import_stores(
            shop.begin(), rows=[replace(BATH, code="leeds")], serving=serving, terms=Terms(), listener=Heard()
        )

        assert (await in_force(shop))["leeds"] == (True, False, False)

    async def test_says_where_pickups_come_from_once_the_file_does(self, shop: Shop) -> None:
        serving = StoreTerms(channels=(await channel_code(shop),))
        asked = "SELECT pickup_supply FROM locations WHERE code = 'leeds'"
        found = []
        for supply in (PickupSupply.TRANSFER, None, PickupSupply.OWN):
            row = replace(BATH, code="leeds", pickup_supply=supply)
            await import_stores(shop.begin(), rows=[row], serving=serving, terms=Terms(), listener=Heard())
            found.append((await shop.fetch(asked))[0][0])

        assert found == ["TRANSFER", "TRANSFER", "OWN"]

    async def test_leaves_alone_what_the_file_does_not_say(self, shop: Shop) -> None:
        heard = Heard()
        row = replace(BATH, code="leeds", hours=None, latitude=None, longitude=None)
        asked = "SELECT pickup_enabled, pickup_slot_capacity, latitude FROM locations WHERE code = 'leeds'"
        before = [tuple(found) for found in await shop.fetch(asked)]

        await import_stores(shop.begin(), rows=[row], serving=StoreTerms(), terms=Terms(), listener=heard)

        assert heard.effects == {1: Put.UPDATED}
        assert [tuple(found) for found in await shop.fetch(asked)] == before
        assert (
            len(
                await shop.fetch(
                    "SELECT 1 FROM opening_hours JOIN locations ON locations.id = location_id WHERE code = 'camden'"
                )
            )
            == 7
        )

    async def test_lets_a_store_ship_that_ships_already(self, shop: Shop) -> None:
        serving = StoreTerms(channels=(await channel_code(shop),))
        row = replace(BATH, code="camden")

        await import_stores(shop.begin(), rows=[row], serving=serving, terms=Terms(), listener=Heard())

        assert await channels_of(shop, "camden") == [(True, True)]

    async def test_changes_nothing_when_it_is_repeated(self, shop: Shop) -> None:
        heard = Heard()
        serving = StoreTerms(channels=(await channel_code(shop),), ships=True)
        await import_stores(shop.begin(), rows=[BATH], serving=serving, terms=Terms(), listener=Heard())

        await import_stores(shop.begin(), rows=[BATH], serving=serving, terms=Terms(), listener=heard)

        assert heard.effects == {1: Put.UNCHANGED}

    async def test_refuses_a_code_that_comes_twice_and_one_of_a_warehouse(self, shop: Shop) -> None:
        heard = Heard()
        rows = [BATH, replace(BATH, row=2), replace(BATH, row=3, code="warehouse")]

        await import_stores(shop.begin(), rows=rows, serving=StoreTerms(), terms=Terms(), listener=heard)

        assert list(heard.effects) == [1]
        assert heard.refusals == {2: "row 1 has this code already", 3: "is the code of a location that is no store"}

    async def test_keeps_nothing_of_a_dry_run(self, shop: Shop) -> None:
        heard = Heard()

        await import_stores(shop.begin(), rows=[BATH], serving=StoreTerms(), terms=Terms(dry_run=True), listener=heard)

        assert heard.effects == {1: Put.INSERTED}
        assert await shop.fetch("SELECT 1 FROM locations WHERE code = 'bath'") == []

    async def test_refuses_a_channel_that_there_is_not(self, shop: Shop) -> None:
        with pytest.raises(UnknownChannel):
            await import_stores(
                shop.begin(), rows=[BATH], serving=StoreTerms(channels=("moon",)), terms=Terms(), listener=Heard()
            )
