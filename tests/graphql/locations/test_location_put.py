"""Opening, changing and archiving locations, and what who sees of them."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from tests.builders.client import Client, Json
from tests.builders.shop import Shop
from tests.builders.statements import Sent

PUT = """
mutation Put($input: LocationPutInput!) {
  locationPut(input: $input) {
    location {
      __typename code name kind timezone latitude longitude archived
      address { line1 city country postalCode }
      hours { day opens closes }
      ... on Store { pickupEnabled pickupLeadMinutes pickupHoldDays pickupSlotCapacity pickupSupply }
    }
    errors { code field }
  }
}
"""
STORE = """
query Store($id: ID!) {
  store(id: $id) { kind archived pickupLeadMinutes pickupHoldDays pickupSlotCapacity pickupSupply }
}
"""
NEEDED: Json = {
    "code": "york", "name": "York", "kind": "STORE", "timezone": "Europe/London",
    "address": {"line1": "1 Coney Street", "city": "York", "country": "GB", "postalCode": "YO1 9QL"},
}  # fmt: skip
#: What a new store has when nothing is said of it.
DEFAULTS: Json = {
    "latitude": None, "longitude": None, "archived": False, "hours": [], "pickupEnabled": False,
    "pickupLeadMinutes": 120, "pickupHoldDays": 7, "pickupSlotCapacity": 10, "pickupSupply": "OWN",
}  # fmt: skip
OF_ITS_OWN: Json = {
    "latitude": 53.959, "longitude": -1.0815, "archived": False, "pickupEnabled": True,
    "pickupLeadMinutes": 60, "pickupHoldDays": 3, "pickupSlotCapacity": 4, "pickupSupply": "TRANSFER",
    "hours": [
        {"day": "MONDAY", "opens": "09:30", "closes": "18:00"},
        {"day": "SATURDAY", "opens": "22:00", "closes": "02:00"},
        {"day": "SUNDAY", "opens": "00:00", "closes": "00:00"},
    ],
}  # fmt: skip
YORK: Json = {"__typename": "Store", **NEEDED}


class Office:
    """A merchandiser at work."""

    def __init__(self, client: Client, shop: Shop) -> None:
        self.client = client
        self.token = shop.token("merchandiser")
        self._calls = 0

    async def put(self, *, key: str | None = None, **given: object) -> Json:
        """Put a location; answers it."""
        payload = await self.client.mutate(PUT, self._call(key, given), token=self.token)
        found: Json = payload["location"]
        return found

    async def refused(self, *, key: str | None = None, **given: object) -> Json:
        """Ask for what is refused, for one reason."""
        [error] = await self.client.refused(PUT, self._call(key, given), token=self.token)
        return error

    def _call(self, key: str | None, given: Json) -> Json:
        self._calls += 1
        return {"input": {"idempotencyKey": key or f"call {self._calls}", **given}}


@pytest.fixture
def office(client: Client, shop: Shop) -> Office:
    """Put a merchandiser to work."""
    return Office(client, shop)


class TestLocationPut:
    async def test_opens_a_store(self, office: Office) -> None:
        assert await office.put(**NEEDED) == YORK | DEFAULTS

    async def test_opens_a_place_that_nobody_enters(self, office: Office) -> None:
        opened = await office.put(code="factory", name="Factory", kind="SUPPLIER", timezone="Europe/Rome")

        assert (opened["__typename"], opened["kind"], opened["address"]) == ("Warehouse", "SUPPLIER", None)

    async def test_says_all_there_is_to_say(self, office: Office) -> None:
        assert await office.put(**NEEDED, **OF_ITS_OWN) == YORK | OF_ITS_OWN

    async def test_leaves_what_is_left_out(self, office: Office) -> None:
        await office.put(**NEEDED, **OF_ITS_OWN)

        changed = await office.put(code="york", name="York Minster", pickupSupply="OWN")

        assert changed == YORK | OF_ITS_OWN | {"name": "York Minster", "pickupSupply": "OWN"}

    async def test_clears_what_is_null(self, office: Office) -> None:
        await office.put(**NEEDED, **OF_ITS_OWN)

        assert await office.put(code="york", **dict.fromkeys(OF_ITS_OWN)) == YORK | DEFAULTS

    async def test_clears_the_address_of_a_warehouse_alone(self, office: Office) -> None:
        assert (await office.put(code="warehouse", address=None))["address"] is None

        assert await office.refused(code="camden", address=None) == {"code": "INVALID", "field": ["address"]}

    async def test_lists_hours_through_the_week(self, office: Office) -> None:
        week = list(reversed(OF_ITS_OWN["hours"]))

        assert (await office.put(**NEEDED, hours=week))["hours"] == OF_ITS_OWN["hours"]
        assert (await office.put(code="york", hours=[]))["hours"] == []

    async def test_changes_nothing_when_it_says_the_same(self, office: Office, shop: Shop) -> None:
        versions = """
            SELECT code, location.xmin::text, hours.xmin::text FROM locations AS location
            LEFT JOIN opening_hours AS hours ON hours.location_id = location.id ORDER BY code, day
        """
        await office.put(**NEEDED, **OF_ITS_OWN)
        before = await shop.fetch(versions)

        said_again = [await office.put(**NEEDED, **OF_ITS_OWN), await office.put(code="york")]

        assert said_again == [YORK | OF_ITS_OWN] * 2
        assert await shop.fetch(versions) == before

    async def test_answers_a_repeated_call_with_the_same(self, office: Office) -> None:
        first = await office.put(key="once", **NEEDED)
        again = await office.put(key="once", **NEEDED)
        other = await office.refused(key="once", **NEEDED, hours=None)

        assert first == again
        assert other["code"] == "IDEMPOTENCY_MISMATCH"

    async def test_archives_and_opens_again(self, office: Office, client: Client, shop: Shop) -> None:
        camden = {"id": shop.location_ref("camden")}

        archived = await office.put(code="camden", archived=True)
        assert (archived["archived"], archived["pickupEnabled"]) == (True, False)
        assert (await client.query(STORE, camden))["store"] is None

        assert (await office.put(code="camden", name="Camden Town"))["archived"] is True
        opened = await office.put(code="camden", archived=False)
        assert (opened["archived"], opened["pickupEnabled"]) == (False, True)

    async def test_makes_a_warehouse_a_store_but_no_store_a_warehouse(self, office: Office) -> None:
        assert (await office.put(code="warehouse", kind="STORE"))["__typename"] == "Store"

        assert await office.refused(code="camden", kind="WAREHOUSE") == {"code": "CONFLICT", "field": ["kind"]}

    @pytest.mark.parametrize("part", ["name", "kind", "timezone"])
    async def test_needs_to_know_of_a_new_one(self, office: Office, part: str) -> None:
        left_out = {name: value for name, value in NEEDED.items() if name != part}

        assert await office.refused(**left_out) == {"code": "INVALID", "field": [part]}
        assert await office.refused(code="camden", **{part: None}) == {"code": "INVALID", "field": [part]}

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"code": ""}, ["code"]),
            ({"code": "x" * 65}, ["code"]),
            ({"name": " "}, ["name"]),
            ({"timezone": "Mars/Olympus"}, ["timezone"]),
            ({"timezone": ""}, ["timezone"]),
            ({"address": {"line1": " ", "city": "York", "country": "GB"}}, ["address", "line1"]),
            ({"address": {"line1": "1", "city": "York", "country": "GB", "postalCode": "x" * 201}}, ["address", "postalCode"]),
            ({"latitude": 91.0, "longitude": 0.0}, ["latitude"]),
            ({"latitude": 53.9}, ["longitude"]),
            ({"pickupLeadMinutes": -1}, ["pickupLeadMinutes"]),
            ({"pickupSlotCapacity": 0}, ["pickupSlotCapacity"]),
            ({"pickupHoldDays": 0}, ["pickupHoldDays"]),
            ({"pickupHoldDays": 366}, ["pickupHoldDays"]),
            ({"hours": [{"day": "MONDAY", "opens": "9:30", "closes": "18:00"}]}, ["hours", "0", "opens"]),
            ({"hours": [{"day": "MONDAY", "opens": "09:30", "closes": "24:00"}]}, ["hours", "0", "closes"]),
            ({"hours": [{"day": "MONDAY", "opens": "٠٩:٣٠", "closes": "18:00"}]}, ["hours", "0", "opens"]),
            ({"hours": [{"day": "MONDAY", "opens": "09:30", "closes": "18:00"}] * 2}, ["hours", "1"]),
            ({"hours": [{"day": "MONDAY", "opens": "09:30", "closes": "18:00"}] * 71}, ["hours"]),
        ],
    )  # fmt: skip
    async def test_names_what_is_wrong(self, office: Office, given: Json, field: list[str]) -> None:
        assert await office.refused(**NEEDED | given) == {"code": "INVALID", "field": field}

    async def test_leaves_half_a_place_to_nobody(self, office: Office) -> None:
        assert await office.refused(code="camden", latitude=None) == {"code": "INVALID", "field": ["latitude"]}

    @pytest.mark.parametrize(
        ("who", "code"), [(None, "UNAUTHENTICATED"), ("ada", "FORBIDDEN"), ("manager", "FORBIDDEN")]
    )
    async def test_is_for_those_who_may(self, client: Client, shop: Shop, who: str | None, code: str) -> None:
        # Whoever may not do this is not told what else would be wrong with it.
        wrong = {"hours": [{"day": "MONDAY", "opens": "never", "closes": "18:00"}]}
        call = {"input": {"idempotencyKey": "1", **NEEDED, **wrong}}

        [error] = await client.refused(PUT, call, token=who and shop.token(who))

        assert error == {"code": code, "field": None}


class TestStore:
    async def test_tells_shoppers_what_concerns_them(self, client: Client, shop: Shop) -> None:
        store = (await client.query(STORE, {"id": shop.location_ref("camden")}))["store"]

        assert store == {
            "archived": False, "pickupLeadMinutes": 120, "pickupHoldDays": 7,
            "kind": None, "pickupSlotCapacity": None, "pickupSupply": None,
        }  # fmt: skip

    async def test_tells_those_who_work_here_more(self, client: Client, shop: Shop) -> None:
        camden = {"id": shop.location_ref("camden")}

        store = (await client.query(STORE, camden, token=shop.token("associate")))["store"]

        assert (store["kind"], store["pickupSlotCapacity"], store["pickupSupply"]) == ("STORE", 2, "OWN")

    async def test_costs_the_same_statements_for_one_and_many(
        self, client: Client, shop: Shop, statements: Callable[[], AbstractAsyncContextManager[Sent]]
    ) -> None:
        document = "query($n: Int) { stores(first: $n) { nodes { kind archived pickupSupply hours { day } } } }"
        await client.query(document, {"n": 3})

        async with statements() as for_one:
            await client.query(document, {"n": 1})
        async with statements() as for_all:
            await client.query(document, {"n": 3})

        assert for_all.count == for_one.count
