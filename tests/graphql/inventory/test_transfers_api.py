"""Transfers as a tool in two stores sees them."""

from typing import Any

import pytest

from tests.builders.buyers import broken
from tests.builders.client import Client, Json
from tests.builders.shop import Shop
from tests.builders.transferred import draft, requested, shipped

pytestmark = pytest.mark.anyio

TRANSFER = """
    id number status cause note settledNote expectedAt createdAt shippedAt closedAt nextActions
    from { code } to { code }
    lines { id requested shipped received writtenBack writtenOff outstanding variant { sku } }
"""
ERRORS = "errors { __typename code message field ... on OutOfStockError { requested available variant { sku } } }"
LIST = f"""
    query ($filter: TransferFilter, $first: Int, $after: String) {{
        transfers(filter: $filter, first: $first, after: $after) {{
            totalCount nodes {{ {TRANSFER} }} pageInfo {{ hasNextPage endCursor }}
        }}
    }}
"""
READ = f"query ($id: ID!) {{ transfer(id: $id) {{ {TRANSFER} }} node(id: $id) {{ __typename id }} }}"


def mutation(name: str) -> str:
    """Write the mutation of a step."""
    kind = f"{name[0].upper()}{name[1:]}Input"
    return f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ transfer {{ {TRANSFER} }} {ERRORS} }} }}"


class Desk:
    """Somebody with a screen."""

    def __init__(self, client: Client, shop: Shop, who: str) -> None:
        self.client = client
        self.shop = shop
        self.token = shop.token(who)
        self.calls = 0

    def call(self, **more: Any) -> Json:
        """Write an input with a key of its own."""
        self.calls += 1
        return {"input": {"idempotencyKey": f"{self.token[-8:]} {self.calls}", **more}}

    async def do(self, name: str, **more: Any) -> Json:
        """Do a step that has to go well."""
        payload = await self.client.mutate(mutation(name), self.call(**more), token=self.token)
        found: Json = payload["transfer"]
        return found

    async def refused(self, name: str, **more: Any) -> Json:
        """Do a step that has to be refused, for one reason."""
        (error,) = await self.client.refused(mutation(name), self.call(**more), token=self.token)
        return error

    async def create(self, origin: str, target: str, lines: dict[str, int], **more: Any) -> Json:
        """Write a transfer."""
        return await self.do(
            "transferCreate",
            fromLocationId=self.shop.location_ref(origin),
            toLocationId=self.shop.location_ref(target),
            lines=[{"variantId": self.shop.variant_ref(sku), "quantity": n} for sku, n in lines.items()],
            **more,
        )

    async def list(self, **variables: Any) -> Json:
        """List transfers."""
        found: Json = (await self.client.query(LIST, variables, token=self.token))["transfers"]
        return found


@pytest.fixture
def manager(client: Client, shop: Shop) -> Desk:
    """The manager of Camden."""
    return Desk(client, shop, "manager")


@pytest.fixture
def operator(client: Client, shop: Shop) -> Desk:
    """Somebody who works everywhere."""
    return Desk(client, shop, "operator")


class TestTransfer:
    async def test_goes_from_one_store_to_another(self, shop: Shop, manager: Desk, operator: Desk) -> None:
        written = await operator.create(
            "warehouse", "camden", {"mug": 4, "lamp": 1}, note="for the window", expectedAt="2026-12-01T09:00:00Z"
        )
        asked = await operator.do("transferRequest", transferId=written["id"])
        left = await operator.do("transferShip", transferId=written["id"])
        mugs = left["lines"][0]["id"]
        partly = await manager.do(
            "transferReceive",
            transferId=written["id"],
            lines=[
                {"transferLineId": mugs, "quantity": 2},
                {"transferLineId": mugs, "quantity": 1, "bucket": "DAMAGED"},
            ],
        )
        done = await manager.do("transferWriteOff", transferId=written["id"], note="the box was open")

        assert written["number"].startswith("T")
        assert (written["status"], written["cause"], written["note"]) == ("DRAFT", "MANUAL", "for the window")
        assert (written["from"], written["to"]) == ({"code": "warehouse"}, {"code": "camden"})
        assert written["expectedAt"] == "2026-12-01T09:00:00Z"
        assert written["nextActions"] == ["transferUpdate", "transferRequest", "transferCancel"]
        assert (asked["status"], asked["nextActions"]) == ("REQUESTED", ["transferShip", "transferCancel"])
        assert left["status"] == "IN_TRANSIT"
        assert left["nextActions"] == ["transferReceive", "transferWriteBack", "transferWriteOff"]
        assert (partly["status"], partly["nextActions"]) == (
            "PARTIALLY_RECEIVED",
            ["transferReceive", "transferWriteOff"],
        )
        assert partly["lines"][0] == {
            "id": mugs, "requested": 4, "shipped": 4, "received": 3, "writtenBack": 0, "writtenOff": 0,
            "outstanding": 1, "variant": {"sku": "mug"},
        }  # fmt: skip
        assert (done["status"], done["settledNote"], done["nextActions"]) == ("RECEIVED", "the box was open", [])
        assert done["closedAt"] is not None
        assert await shop.available("mug", "camden") == 5 + 2
        assert await broken(shop) == []

    async def test_is_written_anew_while_it_is_a_draft(self, shop: Shop, manager: Desk) -> None:
        written = await manager.create("camden", "soho", {"mug": 4}, note="for the window")

        lines = [{"variantId": shop.variant_ref("tee-s"), "quantity": 1}]
        changed = await manager.do("transferUpdate", transferId=written["id"], lines=lines)
        cleared = await manager.do("transferUpdate", transferId=written["id"], note=None)

        assert [(line["variant"]["sku"], line["requested"]) for line in changed["lines"]] == [("tee-s", 1)]
        assert changed["note"] == "for the window"
        assert cleared["note"] is None
        assert [line["id"] for line in cleared["lines"]] == [line["id"] for line in changed["lines"]]

    async def test_of_too_much_says_of_what_there_is_too_little(self, manager: Desk) -> None:
        written = await manager.create("camden", "soho", {"tee-s": 1, "mug": 6})

        error = await manager.refused("transferRequest", transferId=written["id"])

        assert error == {
            "__typename": "OutOfStockError", "code": "OUT_OF_STOCK", "message": "5 of 6 units can be promised",
            "field": None, "requested": 6, "available": 5, "variant": {"sku": "mug"},
        }  # fmt: skip

    async def test_received_twice_or_in_excess_is_refused(self, shop: Shop, manager: Desk) -> None:
        sent = await shipped(shop, {"mug": 4})
        (node,) = (await manager.list())["nodes"]
        line = node["lines"][0]["id"]

        over = await manager.refused(
            "transferReceive", transferId=node["id"], lines=[{"transferLineId": line, "quantity": 5}]
        )
        await manager.do("transferReceive", transferId=node["id"])
        again = await manager.refused("transferReceive", transferId=node["id"])

        assert (over["code"], over["field"]) == ("QUANTITY_EXCEEDED", ["lines", "0", "quantity"])
        assert again["code"] == "ILLEGAL_TRANSITION"
        assert await sent.status() == "RECEIVED"
        assert await shop.on_hand("mug", "camden") == 9

    async def test_received_again_with_the_same_key_is_counted_once(
        self, client: Client, shop: Shop, manager: Desk
    ) -> None:
        await shipped(shop, {"mug": 4})
        (node,) = (await manager.list())["nodes"]
        line = {"transferLineId": node["lines"][0]["id"], "quantity": 1}
        call = {"input": {"transferId": node["id"], "lines": [line], "idempotencyKey": "scan"}}

        for _ in range(3):
            await client.mutate(mutation("transferReceive"), call, token=manager.token)

        assert await shop.on_hand("mug", "camden") == 6

    async def test_of_stores_elsewhere_is_not_found(self, shop: Shop, manager: Desk, operator: Desk) -> None:
        written = await operator.create("warehouse", "soho", {"mug": 1})

        found = await manager.client.query(READ, {"id": written["id"]}, token=manager.token)
        error = await manager.refused("transferReceive", transferId=written["id"])

        assert found == {"transfer": None, "node": None}
        assert (error["code"], error["field"]) == ("NOT_FOUND", ["transferId"])

    async def test_shows_an_associate_what_they_may_not_do(self, client: Client, shop: Shop) -> None:
        await shipped(shop, {"mug": 4})
        associate = Desk(client, shop, "associate")

        (node,) = (await associate.list())["nodes"]
        error = await associate.refused("transferReceive", transferId=node["id"])

        assert node["nextActions"] == []
        assert error["code"] == "FORBIDDEN"

    @pytest.mark.parametrize("quantity", [1.5, "1", 2**31, 1e30, True, None])
    async def test_of_part_of_a_unit_is_no_input(self, shop: Shop, manager: Desk, quantity: object) -> None:
        lines = [{"variantId": shop.variant_ref("mug"), "quantity": quantity}]
        call = manager.call(
            fromLocationId=shop.location_ref("camden"), toLocationId=shop.location_ref("soho"), lines=lines
        )

        (error,) = await manager.client.errors(mutation("transferCreate"), call, token=manager.token)

        assert error["extensions"]["code"] == "INVALID"
        assert "at .lines[0].quantity: " in error["message"]


class TestTransfers:
    async def test_come_newest_first_and_page_by_page(self, shop: Shop, operator: Desk) -> None:
        numbers = [(await (await draft(shop, {"mug": 1})).header()).number for _ in range(5)]

        first = await operator.list(first=3)
        rest = await operator.list(first=3, after=first["pageInfo"]["endCursor"])

        listed = [node["number"] for page in (first, rest) for node in page["nodes"]]
        assert listed == numbers[::-1]
        assert (first["totalCount"], first["pageInfo"]["hasNextPage"]) == (5, True)
        assert rest["pageInfo"]["hasNextPage"] is False

    async def test_are_those_of_the_places_where_one_works(self, shop: Shop, manager: Desk) -> None:
        arriving = await draft(shop, {"mug": 1})
        leaving = await draft(shop, {"mug": 1}, origin="camden", target="soho")
        await draft(shop, {"mug": 1}, origin="warehouse", target="soho")

        page = await manager.list()

        assert page["totalCount"] == 2
        assert [node["number"] for node in page["nodes"]] == [
            (await sent.header()).number for sent in (leaving, arriving)
        ]

    @pytest.mark.parametrize(
        ("who", "wanted", "found"),
        [
            ("operator", {}, ["mugs out", "lamps", "mugs in", "elsewhere"]),
            ("operator", {"locationId": "camden"}, ["mugs out", "lamps", "mugs in"]),
            ("operator", {"from": "warehouse"}, ["lamps", "mugs in", "elsewhere"]),
            ("operator", {"to": "soho"}, ["mugs out", "elsewhere"]),
            ("operator", {"from": "warehouse", "to": "soho"}, ["elsewhere"]),
            ("operator", {"from": "camden", "to": "warehouse"}, []),
            ("operator", {"variantId": "lamp"}, ["lamps"]),
            ("operator", {"status": ["IN_TRANSIT", "REQUESTED"]}, ["lamps", "mugs in"]),
            ("operator", {"locationId": "soho", "variantId": "mug", "status": ["DRAFT"]}, ["mugs out", "elsewhere"]),
            ("manager", {"from": "warehouse"}, ["lamps", "mugs in"]),
            ("manager", {"to": "soho"}, ["mugs out"]),
            ("manager", {"from": "warehouse", "to": "soho"}, []),
            ("service", {"status": ["IN_TRANSIT"]}, ["mugs in"]),
        ],
    )
    async def test_are_filtered(
        self, client: Client, shop: Shop, who: str, wanted: dict[str, Any], found: list[str]
    ) -> None:
        made = {
            "elsewhere": await draft(shop, {"mug": 1}, origin="warehouse", target="soho"),
            "mugs in": await shipped(shop, {"mug": 1}),
            "lamps": await requested(shop, {"lamp": 1}),
            "mugs out": await draft(shop, {"mug": 1}, origin="camden", target="soho"),
        }
        names = {(await sent.header()).number: name for name, sent in made.items()}
        filtered = {
            name: value
            if name == "status"
            else shop.variant_ref(value)
            if name == "variantId"
            else shop.location_ref(value)
            for name, value in wanted.items()
        }

        page = await Desk(client, shop, who).list(filter=filtered)

        assert [names[node["number"]] for node in page["nodes"]] == found
        assert page["totalCount"] == len(found)

    async def test_of_a_place_where_one_does_not_work_are_refused(self, shop: Shop, manager: Desk) -> None:
        (error,) = await manager.client.errors(
            LIST, {"filter": {"locationId": shop.location_ref("soho")}}, token=manager.token
        )

        assert error["extensions"]["code"] == "FORBIDDEN"

    @pytest.mark.parametrize("name", ["locationId", "from", "to", "variantId"])
    async def test_name_the_field_that_is_no_id(self, operator: Desk, name: str) -> None:
        (error,) = await operator.client.errors(LIST, {"filter": {name: "ord_x"}}, token=operator.token)

        assert error["extensions"] == {"code": "INVALID", "field": ["filter", name]}

    async def test_refuse_cursors_of_other_lists(self, operator: Desk) -> None:
        for cursor in ("x", "WzFd", "WyIyMDI2LTExLTI0VDEwOjAwOjAwKzAwOjAwIiwieCJd"):
            (error,) = await operator.client.errors(LIST, {"after": cursor}, token=operator.token)
            assert error["extensions"] == {"code": "INVALID", "field": ["after"]}

    async def test_cost_the_same_however_many_there_are(
        self, client: Client, shop: Shop, operator: Desk, statements: Any
    ) -> None:
        counts = []
        for _ in range(2):
            for _ in range(3):
                await draft(shop, {"mug": 1, "lamp": 1, "tee-s": 2}, origin="warehouse", target="soho")
            async with statements() as sent:
                await operator.list()
            counts.append(sent.count)

        assert counts[0] == counts[1]
