"""Opening and changing locations, and saying what belongs to them."""

import asyncio
from dataclasses import replace

import pytest

from app.channels.errors import UnknownChannel
from app.inventory.queries.stores import StoresWanted, find_stores
from app.kernel.address import Address
from app.kernel.errors import Forbidden
from app.kernel.paging import PageRequest
from app.kernel.puts import Put
from app.locations import queries
from app.locations.errors import StaysStore, UnknownLocation
from app.locations.rules import ChannelLocationInput, LocationChange, LocationInput, Opening, StaffLocationsInput
from app.locations.service import change_locations, put_channel_locations, put_locations, put_staff_locations
from app.locations.states import LocationKind
from tests.builders.shop import Shop

WEEK = tuple(Opening(day, 540, 1080) for day in range(6))
YORK = LocationInput(
    code="york",
    name="York",
    kind=LocationKind.STORE,
    timezone="Europe/London",
    address=Address(line1="1 Coney Street", city="York", country="GB"),
    latitude=53.959,
    longitude=-1.0815,
    pickup_enabled=True,
    hours=WEEK,
)


async def put(shop: Shop, *locations: LocationInput) -> list[Put]:
    """Put locations as the system."""
    rows = await shop.begin().run(lambda uow: put_locations(uow, locations=locations))
    return [row.effect for row in rows]


async def link(shop: Shop, *, ships: bool, hands_out: bool, location: str = "york", channel: str = "web") -> Put:
    """Say what a location does for a channel."""
    wanted = ChannelLocationInput(channel=channel, location=location, ships=ships, hands_out=hands_out)
    [row] = await shop.begin().run(lambda uow: put_channel_locations(uow, links=[wanted]))
    return row.effect


async def stores(shop: Shop) -> list[str]:
    """List the codes of the web channel's stores."""
    async with shop.database.read() as session:
        found = await find_stores(session, wanted=StoresWanted(), request=PageRequest(size=10))
    return [store.location.code for store in found.page.items]


class TestPutLocations:
    async def test_opens_them_once(self, shop: Shop) -> None:
        assert await put(shop, YORK) == [Put.INSERTED]
        assert await put(shop, YORK, replace(YORK, code="hull", hours=())) == [Put.UNCHANGED, Put.INSERTED]

    async def test_changes_hours_alone(self, shop: Shop) -> None:
        await put(shop, YORK)

        assert await put(shop, replace(YORK, hours=WEEK[:5])) == [Put.UPDATED]

        async with shop.database.read() as session:
            [york] = await queries.list_locations_by_code(session, codes=["york"])
            assert (await queries.list_hours(session, location_ids=[york.id]))[york.id] == list(WEEK[:5])

    async def test_leaves_hours_that_nobody_speaks_of(self, shop: Shop) -> None:
        await put(shop, YORK)

        assert await put(shop, replace(YORK, hours=None)) == [Put.UNCHANGED]

    async def test_archives_and_opens_again(self, shop: Shop) -> None:
        await put(shop, YORK)
        await link(shop, ships=True, hands_out=True)
        assert "york" in await stores(shop)

        assert await put(shop, replace(YORK, archived=True)) == [Put.UPDATED]
        assert await put(shop, replace(YORK, archived=True)) == [Put.UNCHANGED]
        assert "york" not in await stores(shop)

        assert await put(shop, YORK) == [Put.UPDATED]
        assert "york" in await stores(shop)

    async def test_refuses_to_make_a_store_anything_else(self, shop: Shop) -> None:
        await put(shop, YORK)

        with pytest.raises(StaysStore) as refused:
            await put(shop, replace(YORK, code="hull"), replace(YORK, kind=LocationKind.WAREHOUSE))

        assert refused.value.field == ("locations", "1", "kind")

    async def test_is_for_those_who_may(self, shop: Shop) -> None:
        with pytest.raises(Forbidden):
            await shop.begin("associate").run(lambda uow: put_locations(uow, locations=[YORK]))


class TestChangeLocations:
    async def test_loses_nothing_that_others_say_meanwhile(self, shop: Shop) -> None:
        await put(shop, YORK)
        changes = [LocationChange(code="york", name="Minster"), LocationChange(code="york", pickup_hold_days=3)] * 3

        begin = shop.begin()
        await asyncio.gather(
            *(begin.run(lambda uow, change=change: change_locations(uow, changes=[change])) for change in changes)  # type: ignore[misc]
        )

        async with shop.database.read() as session:
            [york] = await queries.list_locations_by_code(session, codes=["york"])
            hours = await queries.list_hours(session, location_ids=[york.id])
        assert (york.name, york.pickup_hold_days, york.latitude) == ("Minster", 3, YORK.latitude)
        assert hours[york.id] == list(WEEK)

    async def test_is_for_those_who_may(self, shop: Shop) -> None:
        with pytest.raises(Forbidden):
            await shop.begin("associate").run(lambda uow: change_locations(uow, changes=[]))


class TestPutChannelLocations:
    async def test_puts_a_location_into_a_channel_and_takes_it_out(self, shop: Shop) -> None:
        await put(shop, YORK)

        effects = [await link(shop, ships=ships, hands_out=False) for ships in (True, True, False, False)]

        assert effects == [Put.INSERTED, Put.UNCHANGED, Put.UPDATED, Put.UNCHANGED]
        assert "york" not in await stores(shop)

    async def test_refuses_what_is_not_there(self, shop: Shop) -> None:
        with pytest.raises(UnknownLocation) as location:
            await link(shop, ships=True, hands_out=True, location="hull")
        with pytest.raises(UnknownChannel) as channel:
            await link(shop, ships=True, hands_out=True, location="camden", channel="moon")

        assert location.value.field == ("links", "0", "location")
        assert channel.value.field == ("links", "0", "channel")


class TestPutStaffLocations:
    async def test_moves_people(self, shop: Shop) -> None:
        associate = shop.people["associate"].user_id

        async def work(*locations: str) -> Put:
            wanted = StaffLocationsInput(user_id=associate, locations=locations)
            [row] = await shop.begin("admin").run(lambda uow: put_staff_locations(uow, staff=[wanted]))
            return row.effect

        assert [await work("soho", "leeds"), await work("leeds", "soho")] == [Put.UPDATED, Put.UNCHANGED]

        async with shop.database.read() as session:
            works_at = await queries.list_staff_location_ids(session, user_id=associate)
        assert works_at == {shop.locations["soho"], shop.locations["leeds"]}

    async def test_is_no_matter_of_merchandise(self, shop: Shop) -> None:
        with pytest.raises(Forbidden):
            await shop.begin("merchandiser").run(lambda uow: put_staff_locations(uow, staff=[]))

    async def test_refuses_an_unknown_location(self, shop: Shop) -> None:
        wanted = StaffLocationsInput(user_id=shop.people["associate"].user_id, locations=("soho", "hull"))

        with pytest.raises(UnknownLocation) as refused:
            await shop.begin().run(lambda uow: put_staff_locations(uow, staff=[wanted]))

        assert refused.value.field == ("staff", "0", "locations", "1")
