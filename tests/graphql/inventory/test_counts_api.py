"""Counts through the API, with documents such as a store's app would send."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from uuid import uuid4

import pytest

from app.kernel.ids import IdKind, encode
from tests.builders.client import Client, Json
from tests.builders.counted import begin_count
from tests.builders.placed import broken_rules, place, shipped
from tests.builders.shop import Shop
from tests.builders.statements import Sent

pytestmark = pytest.mark.anyio

COUNT = """
fragment Counted on Count {
  id number bucket blind status note nextActions linesLeft closedAt
  location { code }
  lines { id expected counted variance recounts recountAsked posted countedAt countedBy variant { sku } }
}
"""
LIST = (
    """
query ($filter: CountFilter, $first: Int, $after: String) {
  counts(filter: $filter, first: $first, after: $after) {
    edges { cursor } nodes { ...Counted } pageInfo { hasNextPage endCursor } totalCount
  }
}
"""
    + COUNT
)
FIND = "query ($id: ID!) { count(id: $id) { ...Counted } }" + COUNT
POST = (
    """
mutation ($input: CountPostInput!) {
  countPost(input: $input) {
    count { ...Counted }
    brokenPromises { units unitsWaiting order { number } variant { sku } }
    errors { code message field ... on CountLineError { line { id variant { sku } } } }
  }
}
"""
    + COUNT
)


def step(name: str) -> str:
    kind = name[0].upper() + name[1:]
    return (
        f"mutation ($input: {kind}Input!) {{ {name}(input: $input) {{ count {{ ...Counted }}"
        " errors { code message field ... on CountLineError { line { variant { sku } } } } } }" + COUNT
    )


class Counter:
    """Somebody who counts in a store, with the shop's app in hand."""

    def __init__(self, client: Client, shop: Shop, who: str) -> None:
        self.client = client
        self.shop = shop
        self.token = shop.token(who)

    def sent(self, **more: object) -> Json:
        """Write what the app sends."""
        return {"input": {"idempotencyKey": str(uuid4())} | more}

    async def do(self, name: str, **more: object) -> Json:
        """Do what has to be accepted; answers the count."""
        document = POST if name == "countPost" else step(name)
        payload = await self.client.mutate(document, self.sent(**more), token=self.token)
        count: Json = payload["count"]
        return count

    async def refused(self, name: str, **more: object) -> list[Json]:
        """Do what has to be refused."""
        document = POST if name == "countPost" else step(name)
        return await self.client.refused(document, self.sent(**more), token=self.token)

    async def begin(self, *skus: str, at: str = "camden", **more: object) -> Json:
        """Begin a count."""
        variants = [self.shop.variant_ref(sku) for sku in skus]
        return await self.do(
            "countCreate", locationId=self.shop.location_ref(at), **({"variantIds": variants} if skus else {}), **more
        )

    async def record(self, count: Json, found: dict[str, int]) -> Json:
        """Say what was found."""
        lines = {line["variant"]["sku"]: line["id"] for line in count["lines"]}
        counted = [{"countLineId": lines[sku], "counted": units} for sku, units in found.items()]
        return await self.do("countRecord", countId=count["id"], lines=counted)


def lines_of(count: Json, *fields: str) -> dict[str, tuple[object, ...]]:
    """Read some fields of each line, by SKU."""
    return {line["variant"]["sku"]: tuple(line[field] for field in fields) for line in count["lines"]}


class TestCounting:
    async def test_goes_from_plan_to_stock(self, client: Client, shop: Shop) -> None:
        associate, manager = Counter(client, shop, "associate"), Counter(client, shop, "manager")

        count = await associate.begin("mug", "tee-s", note="shelf 4")
        assert (count["status"], count["bucket"], count["note"], count["linesLeft"]) == (
            "CREATED",
            "SELLABLE",
            "shelf 4",
            2,
        )
        assert count["nextActions"] == ["countRecord"]
        count = await associate.record(count, {"mug": 4})
        assert count["nextActions"] == ["countRecord"]
        count = await associate.record(count, {"tee-s": 6})
        assert count["nextActions"] == ["countRecord", "countSubmit"]
        assert lines_of(count, "expected", "counted", "variance") == {"mug": (5, 4, -1), "tee-s": (4, 6, 2)}
        count = await associate.do("countSubmit", countId=count["id"])
        assert (count["status"], count["nextActions"]) == ("REVIEW", [])
        count = await manager.do("countRecount", countId=count["id"])
        assert lines_of(count, "recountAsked", "recounts") == {"mug": (True, 1), "tee-s": (True, 1)}
        count = await associate.record(count, {"mug": 5, "tee-s": 6})
        count = await associate.do("countSubmit", countId=count["id"])
        count = await manager.do("countPost", countId=count["id"])

        assert (count["status"], count["nextActions"]) == ("POSTED", [])
        assert count["closedAt"] is not None
        assert lines_of(count, "posted") == {"mug": (0,), "tee-s": (2,)}
        assert await shop.on_hand("tee-s", "camden") == 6
        assert await broken_rules(shop) == []

    async def test_of_everything_takes_what_is_there(self, client: Client, shop: Shop) -> None:
        count = await Counter(client, shop, "associate").begin()

        assert set(lines_of(count)) == {"mug", "tee-s", "tee-m", "tee-l"}

    async def test_blindly_shows_what_is_expected_only_once_it_is_handed_in(self, client: Client, shop: Shop) -> None:
        associate, manager = Counter(client, shop, "associate"), Counter(client, shop, "manager")

        count = await associate.record(await associate.begin("mug", blind=True), {"mug": 4})
        assert lines_of(count, "expected", "counted", "variance") == {"mug": (None, 4, None)}
        seen = await client.query(FIND, {"id": count["id"]}, token=shop.token("manager"))
        assert lines_of(seen["count"], "expected", "variance") == {"mug": (None, None)}
        count = await associate.do("countSubmit", countId=count["id"])
        assert lines_of(count, "expected", "variance") == {"mug": (5, -1)}
        count = await manager.do("countRecount", countId=count["id"], lineIds=[count["lines"][0]["id"]])
        assert lines_of(count, "expected", "counted") == {"mug": (None, 4)}

    async def test_rejected_changes_nothing(self, client: Client, shop: Shop) -> None:
        manager = Counter(client, shop, "manager")
        count = await manager.record(await manager.begin("mug"), {"mug": 1})

        count = await manager.do("countReject", countId=count["id"])

        assert count["status"] == "REJECTED"
        assert await shop.on_hand("mug", "camden") == 5

    async def test_told_again_is_done_once(self, client: Client, shop: Shop) -> None:
        manager = Counter(client, shop, "manager")
        count = await manager.record(await manager.begin("mug"), {"mug": 4})
        count = await manager.do("countSubmit", countId=count["id"])
        sent = manager.sent(countId=count["id"])

        first = await client.mutate(POST, sent, token=manager.token)
        again = await client.mutate(POST, sent, token=manager.token)

        assert first == again
        assert await shop.on_hand("mug", "camden") == 4


class TestBrokenPromises:
    async def test_are_told_to_whoever_posts(self, client: Client, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 9))
        operator = Counter(client, shop, "operator")
        count = await operator.record(await operator.begin("mug", at="warehouse"), {"mug": 0})
        count = await operator.do("countSubmit", countId=count["id"])
        sent = operator.sent(countId=count["id"])

        payload = await client.mutate(POST, sent, token=operator.token)

        told = [
            {
                "units": 9,
                "unitsWaiting": 1,
                "order": {"number": (await order.order()).number},
                "variant": {"sku": "mug"},
            }
        ]
        assert payload["brokenPromises"] == told
        assert (await client.mutate(POST, sent, token=operator.token))["brokenPromises"] == told
        assert await broken_rules(shop) == []


class TestRefusals:
    async def test_name_the_lines_that_nobody_counted(self, client: Client, shop: Shop) -> None:
        associate = Counter(client, shop, "associate")
        count = await associate.record(await associate.begin("mug", "tee-s", "tee-m"), {"mug": 4})

        errors = await associate.refused("countSubmit", countId=count["id"])

        assert {error["line"]["variant"]["sku"] for error in errors} == {"tee-s", "tee-m"}
        assert {(error["code"], tuple(error["field"]), error["message"]) for error in errors} == {
            ("ILLEGAL_TRANSITION", ("countId",), "not counted yet")
        }

    async def test_name_the_lines_that_are_packed(self, client: Client, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 6))
        await order.packed()
        counting = await (await begin_count(shop, "mug", "tee-s")).found({"mug": 4, "tee-s": 1})

        errors = await Counter(client, shop, "operator").refused("countPost", countId=encode(IdKind.COUNT, counting.id))

        [error] = errors
        assert (error["code"], error["field"], error["line"]["variant"]["sku"]) == ("OUT_OF_STOCK", ["countId"], "mug")
        assert error["message"].startswith("2 more are packed")

    async def test_say_that_it_was_posted_before(self, client: Client, shop: Shop) -> None:
        counting = await (await begin_count(shop, "mug")).found({"mug": 9})
        await counting.post()

        [error] = await Counter(client, shop, "operator").refused(
            "countPost", countId=encode(IdKind.COUNT, counting.id)
        )

        assert (error["code"], error["field"]) == ("ILLEGAL_TRANSITION", ["countId"])

    async def test_name_the_field_at_fault(self, client: Client, shop: Shop) -> None:
        manager = Counter(client, shop, "manager")
        count = await manager.begin("mug")
        line = count["lines"][0]["id"]

        async def field(name: str, **more: object) -> list[str]:
            [error] = await manager.refused(name, **more)
            found: list[str] = error["field"]
            return found

        camden = shop.location_ref("camden")
        assert await field("countCreate", locationId=shop.variant_ref("mug")) == ["locationId"]
        assert await field("countCreate", locationId=camden, variantIds=[camden]) == ["variantIds", "0"]
        assert await field("countCreate", locationId=camden, variantIds=[shop.variant_ref("mug")] * 1001) == [
            "variantIds"
        ]
        assert await field("countRecord", countId=line, lines=[]) == ["countId"]
        assert await field("countRecord", countId=count["id"], lines=[]) == ["lines"]
        assert await field("countRecord", countId=count["id"], lines=[{"countLineId": line, "counted": -1}]) == [
            "lines",
            "0",
            "counted",
        ]
        assert await field("countRecord", countId=count["id"], lines=[{"countLineId": count["id"], "counted": 1}]) == [
            "lines",
            "0",
            "countLineId",
        ]
        assert await field("countSubmit", countId=count["id"]) == ["countId"]
        assert await field("countRecount", countId=count["id"], lineIds=["nonsense"]) == ["lineIds", "0"]


class TestList:
    async def test_shows_the_newest_first_page_by_page(self, client: Client, shop: Shop) -> None:
        begun = [
            encode(IdKind.COUNT, (await begin_count(shop, "mug", at=at)).id) for at in ("camden", "soho", "camden")
        ]
        token = shop.token("operator")

        first = (await client.query(LIST, {"first": 2}, token=token))["counts"]
        second = (await client.query(LIST, {"first": 2, "after": first["pageInfo"]["endCursor"]}, token=token))[
            "counts"
        ]

        assert [node["id"] for node in (*first["nodes"], *second["nodes"])] == begun[::-1]
        assert (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (True, False)
        assert first["totalCount"] == 3

    async def test_is_filtered_by_place_and_status(self, client: Client, shop: Shop) -> None:
        ours, theirs = await begin_count(shop, "mug", at="camden"), await begin_count(shop, "mug", at="soho")
        await ours.record({"mug": 5})
        del theirs

        async def found(who: str, **wanted: object) -> list[str]:
            answer = await client.query(LIST, {"filter": wanted}, token=shop.token(who))
            return [node["location"]["code"] for node in answer["counts"]["nodes"]]

        assert await found("associate") == ["camden"]
        assert await found("operator", status=["CREATED"]) == ["soho"]
        assert await found("operator", locationId=shop.location_ref("camden"), status=["COUNTING", "REVIEW"]) == [
            "camden"
        ]
        assert await found("operator", status=["POSTED"]) == []

    async def test_refuses_a_cursor_that_is_none(self, client: Client, shop: Shop) -> None:
        [error] = await client.errors(LIST, {"after": "bm9uZQ=="}, token=shop.token("operator"))

        assert error["extensions"]["field"] == ["after"]

    async def test_takes_as_many_statements_however_many_counts(
        self, client: Client, shop: Shop, statements: Callable[[], AbstractAsyncContextManager[Sent]]
    ) -> None:
        token = shop.token("operator")
        for at in ("camden", "soho"):
            await begin_count(shop, "mug", "tee-s" if at == "camden" else "lamp", at=at)
        await client.query(LIST, {}, token=token)
        async with statements() as few:
            await client.query(LIST, {}, token=token)
        for _ in range(5):
            await begin_count(shop, at="camden")
            await begin_count(shop, at="warehouse")

        async with statements() as many:
            await client.query(LIST, {}, token=token)

        assert many.count == few.count
