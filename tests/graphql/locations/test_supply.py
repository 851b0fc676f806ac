"""Who supplies whom, as those who decide it see it."""

import pytest

from app.kernel.ids import IdKind, encode, new_id
from tests.builders.client import Client, Json
from tests.builders.shop import Shop

GROUP = """
mutation Put($input: LocationGroupPutInput!) {
  locationGroupPut(input: $input) {
    locationGroup { id code name locations { code } supplies { channel { code } ships handsOut } }
    errors { code field }
  }
}
"""
GROUPS = "{ locationGroups { code locations { code } supplies { channel { code } ships handsOut } } }"
SUPPLY = """
mutation Put($input: ChannelSupplyPutInput!) {
  channelSupplyPut(input: $input) {
    channelSupply { channel { code } location { code } group { code } ships handsOut followsGroups }
    errors { code field }
  }
}
"""
LANE = """
mutation Put($input: TransferLanePutInput!) {
  transferLanePut(input: $input) {
    transferLane { fromLocation { code } toLocation { code } leadMinutes }
    errors { code field }
  }
}
"""
LANES = """
query Lanes($from: ID, $to: ID, $first: Int, $after: String) {
  transferLanes(fromLocationId: $from, toLocationId: $to, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor } nodes { fromLocation { code } toLocation { code } leadMinutes }
  }
}
"""


class Office:
    """A merchandiser at work."""

    def __init__(self, client: Client, shop: Shop) -> None:
        self.client = client
        self.shop = shop
        self.token = shop.token("merchandiser")
        self._calls = 0

    async def put(self, document: str, key: str | None = None, **given: object) -> Json:
        """Change something."""
        self._calls += 1
        call = {"input": {"idempotencyKey": key or f"call {self._calls}", **given}}
        return await self.client.mutate(document, call, token=self.token)

    async def refused(self, document: str, **given: object) -> Json:
        """Ask for what is refused, for one reason."""
        self._calls += 1
        call = {"input": {"idempotencyKey": f"call {self._calls}", **given}}
        [error] = await self.client.refused(document, call, token=self.token)
        return error

    async def group(self, code: str, *members: str) -> str:
        """Put a group; answers its id."""
        ids = [self.shop.location_ref(member) for member in members]
        put = await self.put(GROUP, code=code, name=code.capitalize(), locationIds=ids)
        found: str = put["locationGroup"]["id"]
        return found

    async def ask(self, document: str, **given: object) -> Json:
        """Read something."""
        return await self.client.query(document, given, token=self.token)


@pytest.fixture
def office(client: Client, shop: Shop) -> Office:
    """Put a merchandiser to work."""
    return Office(client, shop)


class TestLocationGroups:
    async def test_are_put_and_listed(self, office: Office) -> None:
        london = await office.group("london", "soho", "camden")
        await office.put(SUPPLY, channel="web", groupId=london, ships=False, handsOut=True)
        renamed = await office.put(GROUP, code="london", name="Greater London")

        supplies = [{"channel": {"code": "web"}, "ships": False, "handsOut": True}]
        assert renamed["locationGroup"]["name"] == "Greater London"
        assert (await office.ask(GROUPS))["locationGroups"] == [
            {"code": "london", "locations": [{"code": "camden"}, {"code": "soho"}], "supplies": supplies}
        ]

    async def test_answer_a_repeated_call_with_the_same(self, office: Office) -> None:
        first = await office.put(GROUP, key="once", code="london", name="London")
        again = await office.put(GROUP, key="once", code="london", name="London")

        assert first == again

    async def test_name_what_is_wrong(self, office: Office, shop: Shop) -> None:
        nowhere = encode(IdKind.LOCATION, new_id())
        ids = [shop.location_ref("soho"), nowhere]

        unknown = await office.refused(GROUP, code="london", name="London", locationIds=ids)
        nameless = await office.refused(GROUP, code="london", name="")

        assert unknown == {"code": "NOT_FOUND", "field": ["locationIds", "1"]}
        assert nameless == {"code": "INVALID", "field": ["name"]}

    async def test_are_nodes_for_staff_alone(self, office: Office, client: Client) -> None:
        london = await office.group("london", "soho")
        document = "query($id: ID!) { node(id: $id) { ... on LocationGroup { code } } }"

        assert (await office.ask(document, id=london))["node"] == {"code": "london"}
        assert (await client.query(document, {"id": london}))["node"] is None


class TestChannelSupply:
    async def test_of_a_location_can_be_its_own_or_its_groups(self, office: Office, shop: Shop) -> None:
        london = await office.group("london", "soho")
        await office.put(SUPPLY, channel="web", groupId=london, ships=False, handsOut=True)
        soho = {"channel": "web", "locationId": shop.location_ref("soho")}

        nothing = await office.put(SUPPLY, **soho, ships=False, handsOut=False)
        followed = await office.put(SUPPLY, **soho, ships=None, handsOut=None)

        place = {"channel": {"code": "web"}, "location": {"code": "soho"}, "group": None}
        assert nothing["channelSupply"] == place | {"ships": False, "handsOut": False, "followsGroups": False}
        assert followed["channelSupply"] == place | {"ships": False, "handsOut": True, "followsGroups": True}

    async def test_names_what_is_wrong(self, office: Office, shop: Shop) -> None:
        soho, both = shop.location_ref("soho"), {"ships": True, "handsOut": True}
        london = await office.group("london", "soho")
        nowhere = encode(IdKind.LOCATION_GROUP, new_id())

        found = [
            await office.refused(SUPPLY, channel="moon", locationId=soho, **both),
            await office.refused(SUPPLY, channel="web", groupId=nowhere, **both),
            await office.refused(SUPPLY, channel="web", **both),
            await office.refused(SUPPLY, channel="web", locationId=soho, groupId=london, **both),
            await office.refused(SUPPLY, channel="web", locationId=soho, ships=True),
            await office.refused(SUPPLY, channel="web", groupId=london, ships=True),
        ]

        assert [(error["code"], error["field"]) for error in found] == [
            ("INVALID", ["channel"]),
            ("NOT_FOUND", ["groupId"]),
            ("INVALID", ["locationId"]),
            ("INVALID", ["locationId"]),
            ("INVALID", ["handsOut"]),
            ("INVALID", ["handsOut"]),
        ]


class TestTransferLanes:
    async def test_are_put_paged_and_taken_away(self, office: Office, shop: Shop) -> None:
        warehouse, camden, soho = map(shop.location_ref, ("warehouse", "camden", "soho"))
        for end in (camden, soho):
            put = await office.put(LANE, fromLocationId=warehouse, toLocationId=end, leadMinutes=600)
        assert put["transferLane"]["toLocation"] == {"code": "soho"}

        first = (await office.ask(LANES, first=1))["transferLanes"]
        rest = (await office.ask(LANES, first=1, after=first["pageInfo"]["endCursor"]))["transferLanes"]
        assert first["totalCount"] == 2
        assert first["pageInfo"]["hasNextPage"]
        assert not rest["pageInfo"]["hasNextPage"]
        assert {node["toLocation"]["code"] for node in first["nodes"] + rest["nodes"]} == {"camden", "soho"}

        gone = await office.put(LANE, fromLocationId=warehouse, toLocationId=camden, leadMinutes=None)
        assert gone["transferLane"] is None
        assert (await office.ask(LANES, to=camden))["transferLanes"]["nodes"] == []

    async def test_name_what_is_wrong(self, office: Office, shop: Shop) -> None:
        camden, nowhere = shop.location_ref("camden"), encode(IdKind.LOCATION, new_id())

        found = [
            await office.refused(LANE, fromLocationId=camden, toLocationId=camden, leadMinutes=5),
            await office.refused(LANE, fromLocationId=nowhere, toLocationId=camden, leadMinutes=5),
            await office.refused(LANE, fromLocationId=shop.location_ref("soho"), toLocationId=camden, leadMinutes=0),
        ]

        assert [error["field"] for error in found] == [["toLocationId"], ["fromLocationId"], ["leadMinutes"]]

    async def test_refuse_a_cursor_of_another_list(self, office: Office, client: Client) -> None:
        [error] = await client.errors(LANES, {"after": "WyJhIiwiYiJd"}, token=office.token)

        assert error["extensions"] == {"code": "INVALID", "field": ["after"]}
