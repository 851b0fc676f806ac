"""Groups of locations, what they do for channels, and the lanes between locations."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from app.channels.errors import UnknownChannel
from app.inventory.queries.stores import StoresWanted, find_stores
from app.kernel.errors import Forbidden, Invalid
from app.kernel.paging import PageRequest, page_request
from app.kernel.puts import Put
from app.locations import queries
from app.locations.errors import UnknownLocation, UnknownLocationGroup
from app.locations.rules import ChannelLocationInput, LocationGroupInput, TransferLane, TransferLaneInput
from app.locations.service import put_channel_locations, put_location_groups, put_transfer_lanes
from tests.builders.shop import LOCATIONS, Shop
from tests.builders.statements import Sent
from tests.builders.supplied import group, in_force, link, link_group

OWN, FOLLOWS = True, False


async def events(shop: Shop) -> list[str]:
    """Name the locations of which it was told that their groups changed."""
    codes = {str(location_id): code for code, location_id in LOCATIONS.items()}
    sql = "SELECT payload ->> 'location_id' FROM outbox WHERE name = 'LocationGroupChanged' ORDER BY seq"
    return sorted(codes[record[0]] for record in await shop.fetch(sql))


async def put_lane(shop: Shop, start: str, end: str, minutes: int | None) -> Put:
    """Put one lane."""
    wanted = TransferLaneInput(from_location=start, to_location=end, lead_minutes=minutes)
    [row] = await shop.begin().run(lambda uow: put_transfer_lanes(uow, lanes=[wanted]))
    return row.effect


class TestLocationGroups:
    async def test_are_made_once_and_renamed(self, shop: Shop) -> None:
        async def put(name: str, members: tuple[str, ...] | None) -> Put:
            wanted = LocationGroupInput(code="london", name=name, locations=members)
            [row] = await shop.begin("merchandiser").run(lambda uow: put_location_groups(uow, groups=[wanted]))
            return row.effect

        effects = [
            await put("London", ("camden", "soho")),
            await put("London", ("soho", "camden")),
            await put("Greater London", None),
            await put("Greater London", ("camden",)),
        ]

        assert effects == [Put.INSERTED, Put.UNCHANGED, Put.UPDATED, Put.UPDATED]
        async with shop.database.read() as session:
            [found] = await queries.list_groups(session)
            members = await queries.list_members(session, group_ids=[found.id])
        assert [member.location_id for member in members] == [shop.locations["camden"]]

    async def test_tell_which_locations_came_and_left(self, shop: Shop) -> None:
        await group(shop, "london", "camden", "soho")
        await group(shop, "london", "camden", "leeds")

        assert await events(shop) == ["camden", "leeds", "soho", "soho"]

    async def test_refuse_what_is_not_there(self, shop: Shop) -> None:
        with pytest.raises(UnknownLocation) as refused:
            await group(shop, "london", "camden", "atlantis")

        assert refused.value.field == ("groups", "0", "locations", "1")
        assert await shop.fetch("SELECT 1 FROM location_groups") == []

    @pytest.mark.parametrize(("code", "name", "field"), [("", "London", "code"), ("london", " ", "name")])
    async def test_have_a_code_and_a_name(self, shop: Shop, code: str, name: str, field: str) -> None:
        with pytest.raises(Invalid) as refused:
            await group(shop, code, name=name)

        assert refused.value.field == ("groups", "0", field)

    async def test_are_no_matter_of_the_shop_floor(self, shop: Shop) -> None:
        wanted = LocationGroupInput(code="london", name="London", locations=("camden",))

        with pytest.raises(Forbidden):
            await shop.begin("manager").run(lambda uow: put_location_groups(uow, groups=[wanted]))


class TestChannelSupply:
    async def test_follows_groups_where_nothing_else_was_said(self, shop: Shop) -> None:
        await group(shop, "london", "camden", "soho")
        for code in ("camden", "soho"):
            await link(shop, code, ships=None, hands_out=None)
        assert "camden" not in await in_force(shop)

        assert await link_group(shop, "london", ships=False, hands_out=True) is Put.INSERTED
        assert await link_group(shop, "london", ships=False, hands_out=True) is Put.UNCHANGED

        found = await in_force(shop)
        assert found["camden"] == found["soho"] == (False, True, FOLLOWS)
        assert found["leeds"] == (True, True, OWN)

    async def test_is_whatever_any_of_the_groups_does(self, shop: Shop) -> None:
        await link(shop, "camden", ships=None, hands_out=None)
        await group(shop, "london", "camden")
        await group(shop, "south", "camden")
        await link_group(shop, "london", ships=False, hands_out=True)
        await link_group(shop, "south", ships=True, hands_out=False)

        assert (await in_force(shop))["camden"] == (True, True, FOLLOWS)

        await link_group(shop, "london", ships=False, hands_out=False)
        assert (await in_force(shop))["camden"] == (True, False, FOLLOWS)

    async def test_ends_with_the_membership(self, shop: Shop) -> None:
        await link(shop, "camden", ships=None, hands_out=None)
        await group(shop, "london", "camden", "soho")
        await link_group(shop, "london", ships=True, hands_out=True)

        await group(shop, "london", "soho")

        found = await in_force(shop)
        assert "camden" not in found
        assert found["soho"] == (True, True, OWN)

    async def test_of_its_own_holds_over_groups_and_can_be_nothing(self, shop: Shop) -> None:
        await group(shop, "everywhere", *LOCATIONS)
        await link_group(shop, "everywhere", ships=True, hands_out=True)
        assert (await in_force(shop))["warehouse"] == (True, False, OWN)

        assert await link(shop, "soho", ships=False, hands_out=False) is Put.UPDATED
        assert await link(shop, "soho", ships=False, hands_out=False) is Put.UNCHANGED
        assert (await in_force(shop))["soho"] == (False, False, OWN)

        assert await link(shop, "soho", ships=None, hands_out=None) is Put.UPDATED
        assert await link(shop, "soho", ships=None, hands_out=None) is Put.UNCHANGED
        assert (await in_force(shop))["soho"] == (True, True, FOLLOWS)

    async def test_of_nothing_hides_a_store(self, shop: Shop) -> None:
        await link(shop, "soho", ships=False, hands_out=False)

        async with shop.database.read() as session:
            found = await find_stores(session, wanted=StoresWanted(), request=PageRequest(size=10))
            served = await queries.list_channel_locations(session, channel_id=shop.channel_id)
        assert [store.location.code for store in found.page.items] == ["camden", "leeds"]
        assert shop.locations["soho"] not in {place.location_id for place in served}

    async def test_is_said_in_whole(self, shop: Shop) -> None:
        with pytest.raises(Invalid) as half:
            await link(shop, "soho", ships=True, hands_out=None)
        twice = [
            ChannelLocationInput(channel="web", location="soho", ships=ships, hands_out=True) for ships in (False, True)
        ]
        with pytest.raises(Invalid) as doubled:
            await shop.begin().run(lambda uow: put_channel_locations(uow, links=twice))

        assert half.value.field == ("links", "0", "handsOut")
        assert doubled.value.field == ("links", "1", "location")

    async def test_refuses_what_is_not_there(self, shop: Shop) -> None:
        await group(shop, "london", "camden")

        with pytest.raises(UnknownLocationGroup) as nowhere:
            await link_group(shop, "paris", ships=True, hands_out=True)
        with pytest.raises(UnknownChannel) as unsold:
            await link_group(shop, "london", ships=True, hands_out=True, channel="moon")

        assert nowhere.value.field == ("links", "0", "group")
        assert unsold.value.field == ("links", "0", "channel")

    async def test_is_the_same_whoever_comes_first(self, shop: Shop) -> None:
        for code in LOCATIONS:
            await link(shop, code, ships=None, hands_out=None)

        await asyncio.gather(
            *(
                work
                for n, code in enumerate(LOCATIONS)
                for work in (self._make(shop, f"group {n}", code), link(shop, "leeds", ships=True, hands_out=False))
            )
        )

        found = await in_force(shop)
        assert {code: found[code] for code in ("warehouse", "camden", "soho")} == dict.fromkeys(
            ("warehouse", "camden", "soho"), (True, False, FOLLOWS)
        )
        assert found["leeds"] == (True, False, OWN)

    async def _make(self, shop: Shop, code: str, *members: str) -> None:
        await group(shop, code, *members)
        await link_group(shop, code, ships=True, hands_out=False)

    async def test_costs_the_same_for_many(
        self, shop: Shop, statements: Callable[[], AbstractAsyncContextManager[Sent]]
    ) -> None:
        async with statements() as one:
            await group(shop, "one", "camden")
        async with statements() as many:
            await group(shop, "many", *LOCATIONS)

        assert many.count == one.count


class TestTransferLanes:
    async def test_are_made_changed_and_taken_away(self, shop: Shop) -> None:
        effects = [await put_lane(shop, "warehouse", "camden", minutes) for minutes in (60, 60, 90, None, None)]

        assert effects == [Put.INSERTED, Put.UNCHANGED, Put.UPDATED, Put.UPDATED, Put.UNCHANGED]

    async def test_are_found_by_where_they_end(self, shop: Shop) -> None:
        for start, end, minutes in (("warehouse", "camden", 600), ("soho", "camden", 60), ("camden", "soho", 60)):
            await put_lane(shop, start, end, minutes)
        camden, soho, warehouse = (shop.locations[code] for code in ("camden", "soho", "warehouse"))

        async with shop.database.read() as session:
            quickest = await queries.list_lanes_to(session, location_ids=[camden])
            first = await queries.find_lanes(
                session, from_id=None, to_id=camden, request=page_request(first=1, after=None)
            )
            [cursor] = first.cursors
            rest = await queries.find_lanes(
                session, from_id=None, to_id=camden, request=page_request(first=5, after=cursor)
            )
            count = await queries.count_lanes(session, from_id=camden, to_id=None)

        assert quickest == [TransferLane(soho, camden, 60), TransferLane(warehouse, camden, 600)]
        assert {lane.from_location_id for lane in first.items + rest.items} == {soho, warehouse}
        assert first.has_next
        assert not rest.has_next
        assert count == 1

    @pytest.mark.parametrize(
        ("start", "end", "minutes", "field"),
        [
            ("camden", "camden", 60, "toLocation"),
            ("camden", "soho", 0, "leadMinutes"),
            ("camden", "soho", -5, "leadMinutes"),
        ],
    )
    async def test_lead_somewhere_and_take_time(
        self, shop: Shop, start: str, end: str, minutes: int, field: str
    ) -> None:
        with pytest.raises(Invalid) as refused:
            await put_lane(shop, start, end, minutes)

        assert refused.value.field == ("lanes", "0", field)

    async def test_refuse_what_is_not_there(self, shop: Shop) -> None:
        with pytest.raises(UnknownLocation) as refused:
            await put_lane(shop, "camden", "atlantis", 60)

        assert refused.value.field == ("lanes", "0", "toLocation")
