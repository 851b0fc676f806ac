"""Logging in, staying in and registering, as a storefront does it."""

import pytest

from app.kernel.ids import IdKind, encode
from tests.builders.client import Client
from tests.builders.clock import StoppedClock
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

LOGIN = """
mutation ($input: LoginInput!) {
  login(input: $input) { tokens { accessToken refreshToken expiresAt } errors { code message field } }
}
"""
REFRESH = """
mutation ($input: TokenRefreshInput!) {
  tokenRefresh(input: $input) { tokens { accessToken refreshToken expiresAt } errors { code message field } }
}
"""
LOGOUT = "mutation ($input: LogoutInput!) { logout(input: $input) { errors { code message field } } }"
REGISTER = """
mutation ($input: CustomerRegisterInput!) {
  customerRegister(input: $input) {
    customer { id email phone firstName lastName addresses { id } }
    tokens { accessToken refreshToken expiresAt }
    errors { code message field }
  }
}
"""
ME = """
{ me { id email phone firstName lastName
    addresses { id address { line1 city country firstName } defaultShipping defaultBilling } } }
"""
NODE = "query ($id: ID!) { node(id: $id) { __typename id ... on Customer { email } ... on CustomerAddress { id } } }"


def ada(shop: Shop, password: str | None = None) -> dict[str, object]:
    """Write what Ada logs in with."""
    return {"input": {"email": "ada@shop.test", "password": shop.password if password is None else password}}


class TestLogin:
    """The way in."""

    async def test_gives_tokens_that_say_who_is_asking(self, shop: Shop, client: Client) -> None:
        """With her address book."""
        payload = await client.mutate(LOGIN, ada(shop))

        me = (await client.query(ME, token=payload["tokens"]["accessToken"]))["me"]
        assert me["email"] == "ada@shop.test"
        assert me["addresses"] == [
            {
                "id": me["addresses"][0]["id"],
                "address": {"line1": shop.home.line1, "city": "London", "country": "GB", "firstName": "Ada"},
                "defaultShipping": True,
                "defaultBilling": True,
            }
        ]

    async def test_says_when_the_access_token_ends(self, shop: Shop, client: Client) -> None:
        """A quarter of an hour from now, in UTC."""
        payload = await client.mutate(LOGIN, ada(shop))

        assert payload["tokens"]["expiresAt"] == "2026-11-24T10:15:00Z"

    async def test_refuses_a_wrong_password_and_an_unknown_address_alike(self, shop: Shop, client: Client) -> None:
        """In the payload, as it is for people to read."""
        wrong = await client.refused(LOGIN, ada(shop, password="wrong"))
        unknown = await client.refused(LOGIN, {"input": {"email": "nobody@shop.test", "password": "wrong"}})

        assert wrong == unknown
        assert [(error["code"], error["field"]) for error in wrong] == [("UNAUTHENTICATED", None)]

    async def test_refuses_after_five_failures(self, shop: Shop, client: Client) -> None:
        """The count outlives the refusals that it counts."""
        for _ in range(5):
            await client.refused(LOGIN, ada(shop, password="wrong"))

        waiting = LOGIN.replace("errors {", "errors { ... on RateLimitedError { retryAfterSeconds }")
        (error,) = await client.refused(waiting, ada(shop))

        assert (error["code"], error["retryAfterSeconds"]) == ("RATE_LIMITED", 900)


class TestExpiredAccessToken:
    """A token that holds no longer is an error of the whole call, not a guest's call."""

    async def test_is_refused_at_the_top(self, shop: Shop, client: Client, clock: StoppedClock) -> None:
        """So that a client knows to refresh."""
        token = shop.token("ada")
        clock.advance(minutes=15)

        (error,) = await client.errors(ME, token=token)

        assert error["extensions"]["code"] == "UNAUTHENTICATED"

    async def test_is_refused_like_one_that_is_no_token(self, shop: Shop, client: Client) -> None:
        """The same code; the message says what to do."""
        (error,) = await client.errors(ME, token="nonsense")

        assert error["extensions"]["code"] == "UNAUTHENTICATED"


class TestTokenRefresh:
    """The way to stay in."""

    async def test_gives_the_next_pair_once(self, shop: Shop, client: Client) -> None:
        """The second use is refused, and ends the pair that the first use gave."""
        first = (await client.mutate(LOGIN, ada(shop)))["tokens"]
        second = (await client.mutate(REFRESH, {"input": {"refreshToken": first["refreshToken"]}}))["tokens"]
        assert (await client.query(ME, token=second["accessToken"]))["me"]["email"] == "ada@shop.test"

        (replayed,) = await client.refused(REFRESH, {"input": {"refreshToken": first["refreshToken"]}})
        (ended,) = await client.refused(REFRESH, {"input": {"refreshToken": second["refreshToken"]}})

        assert replayed["code"] == ended["code"] == "UNAUTHENTICATED"
        assert replayed["field"] == ["refreshToken"]


class TestLogout:
    """The way out."""

    async def test_ends_the_refresh_token(self, shop: Shop, client: Client) -> None:
        """And is no error the second time."""
        token = {"input": {"refreshToken": (await client.mutate(LOGIN, ada(shop)))["tokens"]["refreshToken"]}}

        await client.mutate(LOGOUT, token)
        await client.mutate(LOGOUT, token)

        (error,) = await client.refused(REFRESH, token)
        assert error["code"] == "UNAUTHENTICATED"


class TestCustomerRegister:
    """The way to become somebody."""

    async def test_answers_the_customer_logged_in(self, shop: Shop, client: Client) -> None:
        """One call, and the next one is theirs."""
        payload = await client.mutate(
            REGISTER,
            {"input": {"email": "Carol@shop.test", "password": "long enough", "firstName": "Carol"}},
        )

        me = (await client.query(ME, token=payload["tokens"]["accessToken"]))["me"]
        assert payload["customer"]["email"] == "carol@shop.test"
        assert me["id"] == payload["customer"]["id"]
        assert (me["firstName"], me["lastName"], me["addresses"]) == ("Carol", None, [])

    @pytest.mark.parametrize(
        ("changed", "code", "field"),
        [
            ({"email": "ada@shop.test"}, "CONFLICT", ["email"]),
            ({"email": "nobody"}, "INVALID", ["email"]),
            ({"password": "short"}, "INVALID", ["password"]),
            ({"lastName": "a" * 101}, "INVALID", ["lastName"]),
        ],
    )
    async def test_is_refused_naming_the_field(
        self, shop: Shop, client: Client, changed: dict[str, str], code: str, field: list[str]
    ) -> None:
        """In the payload."""
        call = {"email": "carol@shop.test", "password": "long enough"} | changed

        (error,) = await client.refused(REGISTER, {"input": call})

        assert (error["code"], error["field"]) == (code, field)


class TestMe:
    """Who is asking."""

    async def test_is_null_for_a_guest_and_for_staff_who_buy_nothing(self, shop: Shop, client: Client) -> None:
        """It is about the customer, not the log-in."""
        assert (await client.query(ME))["me"] is None
        assert (await client.query(ME, token=shop.token("associate")))["me"] is None


class TestCustomerNode:
    """Who may see a customer."""

    @pytest.mark.parametrize(
        ("who", "sees"),
        [("ada", True), ("bob", False), ("associate", True), ("service", True), ("merchandiser", False), (None, False)],
    )
    async def test_is_seen_by_themselves_and_by_staff_who_serve(
        self, shop: Shop, client: Client, who: str | None, sees: bool
    ) -> None:
        """For everybody else there is nobody."""
        customer_id = shop.people["ada"].customer_id
        assert customer_id is not None
        me = (await client.query(ME, token=shop.token("ada")))["me"]
        token = None if who is None else shop.token(who)

        customer = await client.query(NODE, {"id": encode(IdKind.CUSTOMER, customer_id)}, token=token)
        address = await client.query(NODE, {"id": me["addresses"][0]["id"]}, token=token)

        assert (customer["node"] is not None) is sees
        assert (address["node"] is not None) is sees
