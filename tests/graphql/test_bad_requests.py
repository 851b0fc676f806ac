"""What is wrong around the input is refused by name too: documents, numbers, cursors, tokens, channels and stores."""

from base64 import urlsafe_b64encode
from datetime import timedelta

import orjson
import pytest
from graphql import build_schema

from app.identity.rules.terms import TokenTerms
from app.identity.rules.tokens import AccessTokens
from app.kernel.actor import SYSTEM
from app.kernel.tokens import KeyRing
from schema.build import sdl
from tests.builders.buyers import Buyer
from tests.builders.client import Client
from tests.builders.clock import StoppedClock
from tests.builders.fingerprint import changed, fingerprint
from tests.builders.scene import GUEST, set_scene
from tests.builders.shop import PEOPLE, Shop

pytestmark = pytest.mark.anyio

UNKNOWN = "01h455vb4pex5vsknk084sn02q"
ADD = "mutation($input: CartLinesAddInput!) { cartLinesAdd(input: $input) { cart { id } errors { code field } } }"
CREATE = "mutation($input: CartCreateInput!) { cartCreate(input: $input) { cart { id } errors { code field } } }"
COMPLETE = """mutation($input: CheckoutCompleteInput!) {
    checkoutComplete(input: $input) { order { id } cart { id } errors { code field } } }"""


def cursor(*key: object) -> str:
    """Write a cursor that no list gave out."""
    return urlsafe_b64encode(orjson.dumps(key)).decode()


class TestDocuments:
    @pytest.mark.parametrize(
        ("document", "code"),
        [
            ("mutation { cartCreate(input: {", "INVALID"),
            ("mutation { cartCreate(input: {}) { cart { id secret } errors { code } } }", "INVALID"),
            ("mutation { cartCreate(input: {priceless: true}) { errors { code } } }", "INVALID"),
            ('mutation { cartCreate(input: {email: "a\\u0000b"}) { errors { code } } }', "INVALID"),
            ('mutation { cartCreate(input: {email: "a\0b"}) { errors { code } } }', "INVALID"),
            ('mutation { cartCreate(input: {email: "\\uD800"}) { errors { code } } }', "INVALID"),
            ('mutation($e: String = "\\u0000") { cartCreate(input: {email: $e}) { errors { code } } }', "INVALID"),
            ("{ stores(first: %s) { totalCount } }" % ("9" * 5000), "INVALID"),
            ("{ stores(near: {latitude: 1e999, longitude: 0}) { totalCount } }", "INVALID"),
            ("{ stores(near: {latitude: %s, longitude: 0}) { totalCount } }" % ("9" * 5000), "INVALID"),
            ("{ products(filter: {price: {min: 1.5}}) { totalCount } }", "INVALID"),
            ('{ orders(filter: {placedFrom: "9999-12-31T23:59:59-14:00"}) { totalCount } }', "INVALID"),
            ('{ node(id: "%s") { id } }' % ("x" * 900_000), "INVALID"),
            ("{ products(filter: {ids: [%s]}) { totalCount } }" % ('"x",' * 5000), "TOKENS_EXCEEDED"),
            ("query A { ...F } fragment F on Query { ...F }", "INVALID"),
            ("{ channels { ...C } } fragment C on Channel { ...D } fragment D on Channel { ...C }", "INVALID"),
            ("{ me { " + "orders { nodes { customer { " * 6 + "id" + " } } }" * 6 + " } }", "DEPTH_EXCEEDED"),
            ("{" + "".join(f"a{n}: channels {{ code }} " for n in range(51)) + "}", "ALIASES_EXCEEDED"),
            ("{ " + "{" * 3000, "INVALID"),
            ("{ channels(first: [" + "[" * 1500 + "]" * 1500 + "]) { code } }", "INVALID"),
            ('{ __type(name: "a\\u0000") { name } }', "INVALID"),
            ("", "INVALID"),
            ("\ufeff#", "INVALID"),
        ],
    )
    async def test_are_refused_and_change_nothing(self, client: Client, shop: Shop, document: str, code: str) -> None:
        before = await fingerprint(shop)

        answer = await client.execute(document)

        assert answer.status < 500, answer.errors
        assert set(answer.codes) == {code}, answer.errors
        assert changed(before, await fingerprint(shop)) == []


class TestBodies:
    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            (b'{"query": "{ __typename }", "variables": {"x": "\\ud800"}}', 400, "INVALID"),
            (b'{"query": "{ __typename }", "variables": {"x": "\xed\xa0\x80"}}', 400, "INVALID"),
            (b'{"query": "{ __typename }", "variables": {"x": NaN}}', 400, "INVALID"),
            (b'{"query": "{ __typename }", "variables": {"x": 1e999}}', 400, "INVALID"),
            (b'{"query": "{ __typename }', 400, "INVALID"),
            (b"[" * 100_000, 400, "INVALID"),
            (b'{"query": "{ __typename }", "variables": ' + b'{"a":' * 5000 + b"1" + b"}" * 5001, 400, "INVALID"),
            (b'{"query": "' + b"x" * 10 * 1024 * 1024 + b'"}', 413, "BODY_TOO_LARGE"),
        ],
        ids=["lone surrogate", "surrogate bytes", "NaN", "infinite", "cut off", "deep", "deep variables", "10 MB"],
    )
    async def test_are_refused(self, client: Client, body: bytes, status: int, code: str) -> None:
        response = await client.http.post("/graphql", content=body, headers={"content-type": "application/json"})

        assert response.status_code == status
        assert [error["extensions"]["code"] for error in response.json()["errors"]] == [code]


class TestLists:
    async def test_refuse_sizes_and_cursors_that_are_none_of_theirs(self, client: Client, shop: Shop) -> None:
        scene = await set_scene(shop)
        schema = build_schema(sdl())
        assert schema.query_type is not None
        lists = {name: field.args for name, field in schema.query_type.fields.items() if "first" in field.args}
        assert {"products", "stores", "orders", "fulfillmentOrders"} <= lists.keys()
        queue = await self.cursor(client, "fulfillmentOrders", scene.access("admin"))
        # A cursor is a place in an order. Those of other lists that are ordered by the same kind of value are borne.
        junk = [
            "",
            "junk",
            "é",
            "💥",
            cursor(),
            cursor(None),
            cursor("a\0b", "x"),
            cursor(2**64 - 1, 1),
            cursor(1e300, "x"),
        ]

        for name, args in lists.items():
            wrong: list[tuple[str, object]] = [("first", size) for size in (-1, 101, 2**31 - 1)]
            wrong += [("after", given) for given in junk] + ([("after", queue)] if name != "fulfillmentOrders" else [])
            wrong += [("last", -1), ("last", 101), ("before", "junk")] if "last" in args else []
            for argument, given in wrong:
                document = f"query($given: {args[argument].type}) {{ {name}({argument}: $given) {{ pageInfo {{ endCursor }} }} }}"
                answer = await client.execute(document, {"given": given}, token=scene.access("admin"))
                assert answer.codes == ["INVALID"], (name, argument, given, answer.errors)
                assert answer.errors[0]["extensions"]["field"] in ([argument], ["given"])

    async def cursor(self, client: Client, name: str, token: str | None) -> str:
        """Read the first cursor of a list."""
        data = await client.query(f"{{ {name}(first: 1) {{ edges {{ cursor }} }} }}", token=token)
        return str(data[name]["edges"][0]["cursor"])


class TestMoney:
    @pytest.mark.parametrize(
        ("total", "amount", "refusal"),
        [
            ("28.999", None, ("INVALID", ["expectedTotal"])),
            ("1E+999999999", None, ("INVALID", ["expectedTotal"])),
            ("1E-999999999", None, ("INVALID", ["expectedTotal"])),
            ("-28.99", None, ("PRICE_CHANGED", ["expectedTotal"])),
            ("28.98", None, ("PRICE_CHANGED", ["expectedTotal"])),
            ("28.99", "-1.00", ("PAYMENT_MISMATCH", ["payments", "0", "amount"])),
            ("28.99", "28.98", ("PAYMENT_MISMATCH", ["payments"])),
            ("28.99", "0.001", ("INVALID", ["payments", "0", "amount"])),
        ],
    )
    async def test_that_is_not_the_carts_is_refused(
        self, client: Client, shop: Shop, total: str, amount: str | None, refusal: tuple[str, list[str]]
    ) -> None:
        things = (await set_scene(shop)).of[GUEST]
        before = await fingerprint(shop)

        (error,) = await client.refused(COMPLETE, {
            "input": {
                "cartId": things.ids["cart"], "token": things.cart_token, "expectedTotal": total, "idempotencyKey": "k",
                "payments": [{"gateway": "test", "token": "tok_ok", "amount": amount}],
            }
        })  # fmt: skip

        assert (error["code"], error["field"]) == refusal
        assert changed(before, await fingerprint(shop)) == []

    async def test_is_never_a_json_number(self, client: Client) -> None:
        document = "query($min: Decimal) { products(filter: {price: {min: $min}}) { totalCount } }"

        assert [(await client.execute(document, {"min": given})).codes for given in (1.5, 1, True)] == [["INVALID"]] * 3


class TestPlaces:
    async def test_that_hand_nothing_out_are_refused(self, client: Client, shop: Shop) -> None:
        things = (await set_scene(shop)).of[GUEST]
        before = await fingerprint(shop)

        async def refused(store: str) -> tuple[str, list[str]]:
            line = {"variantId": shop.variant_ref("mug"), "quantity": 1, "delivery": "PICKUP"}
            lines = [line | {"storeId": shop.location_ref(store)}]
            given = {"cartId": things.ids["cart"], "token": things.cart_token, "lines": lines}
            (error,) = await client.refused(ADD, {"input": given})
            return error["code"], error["field"]

        assert await refused("leeds") == ("DELIVERY_UNAVAILABLE", ["lines", "0", "storeId"])
        assert await refused("warehouse") == ("DELIVERY_UNAVAILABLE", ["lines", "0", "storeId"])
        assert changed(before, await fingerprint(shop)) == []

    async def test_of_a_closed_channel_sell_nothing(self, client: Client, shop: Shop) -> None:
        buyer = Buyer(shop)
        things = (await set_scene(shop)).of[GUEST]
        cart = {"cartId": things.ids["cart"], "token": things.cart_token}
        lines = [{"variantId": shop.variant_ref("mug"), "quantity": 1}]
        await buyer.cart({"mug": 1})
        async with shop.database.unit(SYSTEM) as uow:
            await uow.execute("UPDATE channels SET closed_at = $1", [uow.now - timedelta(hours=1)])
        before = await fingerprint(shop)

        added = await client.refused(ADD, {"input": cart | {"lines": lines}})
        created = await client.refused(CREATE, {"input": {"channel": "web", "lines": lines}})
        bought = await client.refused(COMPLETE, {
            "input": cart | {
                "expectedTotal": "28.99", "idempotencyKey": "k", "payments": [{"gateway": "test", "token": "tok_ok"}],
            }
        })  # fmt: skip

        assert [error["code"] for error in added] == ["ILLEGAL_TRANSITION"]
        assert created[0]["code"] in {"INVALID", "ILLEGAL_TRANSITION", "NOT_FOUND"}
        assert [error["code"] for error in bought] == ["ILLEGAL_TRANSITION"]
        assert changed(before, await fingerprint(shop)) == []


class TestCustomers:
    async def test_that_are_not_there_have_no_carts(self, client: Client, shop: Shop) -> None:
        before = await fingerprint(shop)
        given = {"customerId": f"cus_{UNKNOWN}", "email": "eve@shop.test"}

        (error,) = await client.refused(CREATE, {"input": given}, token=shop.token("service"))

        assert (error["code"], error["field"]) == ("NOT_FOUND", ["customerId"])
        assert changed(before, await fingerprint(shop)) == []


class TestAccessTokens:
    async def test_that_are_expired_forged_or_of_another_shop_let_nobody_in(
        self, client: Client, shop: Shop, clock: StoppedClock
    ) -> None:
        ada = PEOPLE["ada"]
        foreign = AccessTokens(KeyRing({"main": b"x" * 32}, "main"), TokenTerms())
        forged, _ = foreign.issue(
            user_id=ada.user_id, roles=ada.roles, customer_id=ada.customer_id, every_location=True, now=clock()
        )
        good = shop.token("ada")
        head, body, _ = good.split(".")
        unsigned = urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=") + f".{body}."
        before = await fingerprint(shop)

        tokens = [
            forged,
            unsigned,
            f"{head}.{body}.",
            good[:-2],
            "x" * 6000,
            shop.database.keys.token("order", ada.user_id),
        ]
        refused = [await client.execute(CREATE, {"input": {}}, token=token) for token in tokens]
        clock.advance(minutes=16)
        refused.append(await client.execute(CREATE, {"input": {}}, token=good))

        assert [(answer.status, answer.codes) for answer in refused] == [(401, ["UNAUTHENTICATED"])] * len(refused)
        assert changed(before, await fingerprint(shop)) == []
