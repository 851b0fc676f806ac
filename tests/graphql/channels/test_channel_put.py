"""Opening and changing channels, and what who sees of them."""

import pytest

from tests.builders.client import Client, Json
from tests.builders.shop import Shop

PUT = """
mutation Put($input: ChannelPutInput!) {
  channelPut(input: $input) {
    channel {
      id code name currency taxIncluded countries isDefault closed returnWindowDays
      displayCap threshold reservationTtlSeconds reserveAt reservePartially priority
      cartTtlDays customerCartTtlDays recoveryUrl
    }
    errors { code field }
  }
}
"""
CHANNELS = "{ channels { code isDefault returnWindowDays threshold reservationTtlSeconds reserveAt priority } }"
APP: Json = {"code": "app", "name": "App", "currency": "GBP", "taxIncluded": True, "countries": ["GB"]}
#: What a new channel has when nothing is said of it.
DEFAULTS: Json = {
    "isDefault": False, "closed": False, "returnWindowDays": 30, "displayCap": None, "threshold": 0,
    "reservationTtlSeconds": 900, "reserveAt": "CHECKOUT", "reservePartially": False, "priority": 0,
    "cartTtlDays": 90, "customerCartTtlDays": None, "recoveryUrl": None,
}  # fmt: skip
OF_THEIR_OWN: Json = {
    "isDefault": True, "closed": False, "returnWindowDays": 14, "displayCap": 5, "threshold": 2,
    "reservationTtlSeconds": 60, "reserveAt": "CART", "reservePartially": True, "priority": 7,
    "cartTtlDays": 1, "customerCartTtlDays": 3650, "recoveryUrl": "https://shop.test/cart?open={token}&from=mail",
}  # fmt: skip


class Office:
    """A merchandiser at work."""

    def __init__(self, client: Client, shop: Shop) -> None:
        self.client = client
        self.token = shop.token("merchandiser")
        self._calls = 0

    async def put(self, *, key: str | None = None, **given: object) -> Json:
        """Put a channel; answers it."""
        payload = await self.client.mutate(PUT, self._call(key, given), token=self.token)
        found: Json = payload["channel"]
        return {name: value for name, value in found.items() if name != "id"}

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


class TestChannelPut:
    async def test_opens_a_channel(self, office: Office) -> None:
        assert await office.put(**APP) == APP | DEFAULTS

    async def test_says_all_there_is_to_say(self, office: Office, client: Client) -> None:
        assert await office.put(**APP, **OF_THEIR_OWN) == APP | OF_THEIR_OWN

        listed = (await client.query(CHANNELS))["channels"]
        assert [(channel["code"], channel["isDefault"]) for channel in listed] == [("app", True), ("web", False)]

    async def test_leaves_what_is_left_out(self, office: Office) -> None:
        await office.put(**APP, **OF_THEIR_OWN)

        changed = await office.put(code="app", name="The app", priority=8)

        assert changed == APP | OF_THEIR_OWN | {"name": "The app", "priority": 8}

    async def test_goes_back_to_what_a_new_one_has_where_it_is_null(self, office: Office) -> None:
        await office.put(**APP, **OF_THEIR_OWN)

        assert await office.put(code="app", **dict.fromkeys(OF_THEIR_OWN)) == APP | DEFAULTS

    async def test_changes_nothing_when_it_says_the_same(self, office: Office, shop: Shop) -> None:
        versions = "SELECT code, xmin::text FROM channels ORDER BY code"
        await office.put(**APP)
        before = await shop.fetch(versions)

        assert await office.put(**APP) == await office.put(code="app") == APP | DEFAULTS

        assert await shop.fetch(versions) == before

    async def test_answers_a_repeated_call_with_the_same(self, office: Office, shop: Shop) -> None:
        first = await office.put(key="once", **APP)
        again = await office.put(key="once", **APP)
        other = await office.refused(key="once", **APP | {"name": None})

        assert first == again
        assert other["code"] == "IDEMPOTENCY_MISMATCH"
        [[count]] = await shop.fetch("SELECT count(*) FROM channels WHERE code = 'app'")
        assert count == 1

    async def test_closes_and_opens_again(self, office: Office, client: Client) -> None:
        await office.put(**APP)

        assert (await office.put(code="app", closed=True))["closed"] is True
        assert [channel["code"] for channel in (await client.query(CHANNELS))["channels"]] == ["web"]

        assert (await office.put(code="app", name="The app"))["closed"] is True
        assert (await office.put(code="app", closed=False))["closed"] is False

    async def test_keeps_the_currency(self, office: Office) -> None:
        assert (await office.put(code="web", currency="GBP"))["currency"] == "GBP"

        assert await office.refused(code="web", currency="EUR") == {"code": "CONFLICT", "field": ["currency"]}

    @pytest.mark.parametrize("part", ["name", "currency", "taxIncluded", "countries"])
    async def test_needs_to_know_of_a_new_one(self, office: Office, part: str) -> None:
        left_out = {name: value for name, value in APP.items() if name != part}

        assert await office.refused(**left_out) == {"code": "INVALID", "field": [part]}
        assert await office.refused(code="web", **{part: None}) == {"code": "INVALID", "field": [part]}

    @pytest.mark.parametrize(
        ("part", "value"),
        [
            ("code", " "),
            ("code", "x" * 65),
            ("name", ""),
            ("displayCap", 0),
            ("threshold", -1),
            ("reservationTtlSeconds", 0),
            ("priority", 101),
            ("priority", -1),
            ("returnWindowDays", -1),
            ("giftCardTtlDays", 0),
            ("giftCardTtlDays", 36_501),
            ("returnWindowDays", 2**31 - 1),
            ("cartTtlDays", 0),
            ("cartTtlDays", 3651),
            ("customerCartTtlDays", -1),
            ("customerCartTtlDays", 2**31 - 1),
            ("recoveryUrl", "http://shop.test/{token}"),
            ("recoveryUrl", "https://shop.test/cart"),
        ],
    )
    async def test_names_what_is_wrong(self, office: Office, part: str, value: object) -> None:
        assert await office.refused(**APP | {part: value}) == {"code": "INVALID", "field": [part]}

    @pytest.mark.parametrize(
        ("who", "code"), [(None, "UNAUTHENTICATED"), ("ada", "FORBIDDEN"), ("manager", "FORBIDDEN")]
    )
    async def test_is_for_those_who_may(self, client: Client, shop: Shop, who: str | None, code: str) -> None:
        call = {"input": {"idempotencyKey": "1", **APP}}

        [error] = await client.refused(PUT, call, token=who and shop.token(who))

        assert error == {"code": code, "field": None}


class TestChannels:
    @pytest.mark.parametrize("who", [None, "ada"])
    async def test_tell_shoppers_nothing_about_stock(self, client: Client, shop: Shop, who: str | None) -> None:
        [web] = (await client.query(CHANNELS, token=who and shop.token(who)))["channels"]

        assert web == {
            "code": "web", "isDefault": True, "returnWindowDays": 30, "threshold": None, "reservationTtlSeconds": None,
            "reserveAt": None, "priority": None,
        }  # fmt: skip

    @pytest.mark.parametrize("who", ["associate", "merchandiser"])
    async def test_tell_those_who_work_here(self, client: Client, shop: Shop, who: str) -> None:
        [web] = (await client.query(CHANNELS, token=shop.token(who)))["channels"]

        assert (web["threshold"], web["reservationTtlSeconds"], web["reserveAt"], web["priority"]) == (
            0,
            600,
            "CHECKOUT",
            0,
        )
