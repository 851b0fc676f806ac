"""The one table of who may do what: every root field of the schema, and whom it lets do what with whose things.

One letter stands for each of `ROLES`, in their order:

    anonymous, guest, stranger · owner, other · associate, elsewhere, manager, service, operator, merchandiser,
    integration, admin

The guest sends the tokens of the guest's things, the stranger those of another guest's; the owner is the customer whose
things they are, the other one is not; the associate and the manager work at the location, elsewhere at another one.

    A  is let through (whatever else may speak against the call)     -  null
    U  UNAUTHENTICATED      F  FORBIDDEN      N  NOT_FOUND
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.kernel.actor import ANONYMOUS
from app.kernel.ids import IdKind, decode, encode
from tests.builders.buyers import Buyer
from tests.builders.client import Client
from tests.builders.scene import GUEST, ROLES, Scene, Things
from tests.builders.shop import PASSWORD, Shop

Input = dict[str, Any]

EVERYBODY: Final = "AAA AA AAAAAAAA"
#: Carts: staff who serve them.
GUESTS_CART: Final = "-A- -- AAAAA--A"
ADAS_CART: Final = "--- A- AAAAA--A"
#: Orders, and what hangs on them: staff who read orders, wherever they work.
GUESTS_ORDER: Final = "-A- -- AAAAA-AA"
ADAS_ORDER: Final = "--- A- AAAAA-AA"
#: Work of camden: staff who do work, where they work.
WORK: Final = "UUU FF ANAFAFAA"
STAFF: Final = "--- -- AAAAAAAA"


def refused(letters: str) -> str:
    """Say that what cannot be seen is not found, for a mutation."""
    return letters.replace("-", "N")


@dataclass(frozen=True, slots=True)
class Ask:
    """Somebody who asks about somebody's things."""

    scene: Scene
    client: Client
    things: Things
    role: str

    @property
    def shop(self) -> Shop:
        """The shop."""
        return self.scene.shop

    @property
    def cart(self) -> Input:
        """Name the cart, with the token that the role has."""
        return {"cartId": self.things.ids["cart"], "token": self.scene.tokens(self.role)[0]}

    @property
    def order(self) -> Input:
        """Name the order, with the token that the role has."""
        return {"orderId": self.things.ids["order"], "token": self.scene.tokens(self.role)[1]}

    @property
    def pickup_code(self) -> str:
        """Say which code opens the pickup."""
        return self.shop.database.keys.code("pickup", decode(IdKind.PICKUP, self.things.ids["pickup"]))

    @property
    def keyed(self) -> Input:
        """Name an attempt of this role's own."""
        return {"idempotencyKey": f"by {self.role} on {self.things.ids['order']}"}


@dataclass(frozen=True, slots=True)
class Row:
    """One root field asked in one way. `adas` and `guests` say what becomes of it for each role, by whose things it is."""

    field: str
    arguments: Callable[[Ask], Input | Awaitable[Input]]
    guests: str
    adas: str | None = None
    what: str = ""
    #: How far work has to be before anybody may go on with it: work, and the steps.
    after: tuple[str, ...] = ()

    def expected(self, whose: str) -> Mapping[str, str]:
        """Say what becomes of it, role by role."""
        letters = (self.guests if whose == GUEST else self.adas or "").replace(" ", "")
        return dict(zip(ROLES, letters, strict=True))

    @property
    def owners(self) -> tuple[str, ...]:
        """Say whose things it is asked about."""
        return (GUEST,) if self.adas is None else (GUEST, "ada")

    @property
    def name(self) -> str:
        """Name the row for people."""
        return f"{self.field} {self.what}".strip()


def _node(thing: str, guests: str, adas: str, *, token: int = 1) -> Row:
    return Row(
        "node",
        lambda ask: {"id": ask.things.ids[thing], "token": ask.scene.tokens(ask.role)[token]},
        guests,
        adas,
        what=thing,
    )


def _by_id(field: str, thing: str, guests: str, adas: str, *, token: int = 1) -> Row:
    return Row(
        field,
        lambda ask: {"id": ask.things.ids[thing], "token": ask.scene.tokens(ask.role)[token]},
        guests,
        adas,
    )


QUERIES: Final = (
    Row("channels", lambda _: {}, EVERYBODY),
    Row("categories", lambda _: {}, EVERYBODY),
    Row("category", lambda _: {"slug": "kitchen"}, EVERYBODY),
    Row("collections", lambda _: {}, EVERYBODY),
    Row("products", lambda _: {}, EVERYBODY),
    Row("product", lambda _: {"slug": "mug"}, EVERYBODY),
    Row("variant", lambda _: {"sku": "mug"}, EVERYBODY),
    Row("stores", lambda _: {}, EVERYBODY),
    Row("store", lambda ask: {"id": ask.shop.location_ref("camden")}, EVERYBODY),
    Row("me", lambda _: {}, "--- AA --------"),
    _by_id("cart", "cart", GUESTS_CART, ADAS_CART, token=0),
    _by_id("order", "order", GUESTS_ORDER, ADAS_ORDER),
    Row("orders", lambda _: {}, "UUU AA AAAAAFAA"),
    Row("orders", lambda ask: {"filter": {"customerId": ask.things.ids["customer"]}}, "UUU AF AAAAAFAA", what="of ada"),
    Row("fulfillmentOrders", lambda _: {}, "UUU FF AAAAAFAA"),
    Row(
        "fulfillmentOrders",
        lambda ask: {"filter": {"locationId": ask.shop.location_ref("camden")}},
        "UUU FF AFAAAFAA",
        what="of camden",
    ),
    _by_id("pickup", "pickup", GUESTS_ORDER, ADAS_ORDER),
    _by_id("return", "return", GUESTS_ORDER, ADAS_ORDER),
    _node("cart", GUESTS_CART, ADAS_CART, token=0),
    _node("cart line", GUESTS_CART, ADAS_CART, token=0),
    *(
        _node(thing, GUESTS_ORDER, ADAS_ORDER)
        for thing in (
            "order",
            "order line tee-l",
            "payment",
            "work",
            "work far",
            "work line",
            "pickup",
            "return",
            "return line",
        )
    ),
    _node("customer", "--- A- AAAAA-AA", "--- A- AAAAA-AA"),
    _node("address", "--- A- AAAAA-AA", "--- A- AAAAA-AA"),
    Row("node", lambda ask: {"id": ask.shop.location_ref("warehouse")}, STAFF, what="warehouse"),
    Row("node", lambda ask: {"id": ask.shop.location_ref("leeds")}, EVERYBODY, what="store"),
    Row("node", lambda ask: {"id": ask.shop.variant_ref("mug")}, EVERYBODY, what="variant"),
)


async def _with_refresh_token(ask: Ask) -> Input:
    document = "mutation($input: LoginInput!) { login(input: $input) { tokens { refreshToken } errors { code } } }"
    payload = await ask.client.mutate(document, {"input": {"email": "bob@shop.test", "password": PASSWORD}})
    return {"input": {"refreshToken": payload["tokens"]["refreshToken"]}}


async def _with_new_guests_cart(ask: Ask) -> Input:
    buyer = Buyer(ask.shop, begin=ask.shop.database.begin(ANONYMOUS))
    cart = await buyer.cart({"mug": 1})
    return {"input": {"cartId": encode(IdKind.CART, cart.id), "token": buyer.token(cart.id)}}


def _cart(field: str, more: Callable[[Ask], Input], **also: Any) -> Row:
    return Row(field, lambda ask: {"input": ask.cart | more(ask)}, refused(GUESTS_CART), refused(ADAS_CART), **also)


def _work(field: str, thing: str = "work", *, after: tuple[str, ...] = (), units: bool = True, **more: object) -> Row:
    def arguments(ask: Ask) -> Input:
        lines = [{"fulfillmentOrderLineId": ask.things.ids["work line"], "quantity": 1}]
        named = {"lines": lines} if units else {}
        return {"input": {"fulfillmentOrderId": ask.things.ids[thing]} | ask.keyed | named | more}

    return Row(
        field,
        arguments,
        WORK,
        WORK,
        what="of the store",
        after=after,
    )


def _units(ask: Ask) -> Input:
    return {
        "lines": [
            {"orderLineId": ask.things.ids["order line lamp"], "quantity": 1, "reason": "UNWANTED", "note": "too small"}
        ]
    }


MUTATIONS: Final = (
    Row("login", lambda _: {"input": {"email": "bob@shop.test", "password": PASSWORD}}, EVERYBODY),
    Row("tokenRefresh", _with_refresh_token, EVERYBODY),
    Row("logout", _with_refresh_token, EVERYBODY),
    Row(
        "customerRegister",
        lambda ask: {
            "input": {"email": f"{ask.role}@new.test", "password": PASSWORD, "firstName": "Eve", "lastName": "New"}
        },
        EVERYBODY,
    ),
    Row("cartCreate", lambda _: {"input": {"channel": "web", "email": "new@shop.test"}}, EVERYBODY),
    Row(
        "cartCreate",
        lambda ask: {"input": {"customerId": ask.things.ids["customer"]}},
        "UUU AF AAAAAFFA",
        what="for ada",
    ),
    Row("cartClaim", _with_new_guests_cart, "UUU AA UUUUUUUU", what="with its token"),
    Row(
        "cartClaim",
        lambda ask: {"input": {"cartId": ask.things.ids["cart"], "token": "guessed"}},
        "UUU NN UUUUUUUU",
        "UUU AN UUUUUUUU",
        what="without its token",
    ),
    _cart("cartLinesAdd", lambda ask: {"lines": [{"variantId": ask.shop.variant_ref("mug"), "quantity": 1}]}),
    Row(
        "cartLinesAdd",
        lambda ask: {
            "input": ask.cart
            | {
                "lines": [
                    {
                        "variantId": ask.shop.variant_ref("mug"),
                        "quantity": 1,
                        "delivery": "CARRY_OUT",
                        "storeId": ask.shop.location_ref("camden"),
                    }
                ]
            }
        },
        "NUN NN AFAAANNA",
        "NNN FN AFAAANNA",
        what="over the counter of the store",
    ),
    _cart("cartLinesUpdate", lambda ask: {"lines": [{"lineId": ask.things.ids["cart line"], "quantity": 3}]}),
    _cart(
        "cartUpdate",
        lambda _: {
            "promotionCodes": ["WELCOME10"],
            "email": "new@shop.test",
            "shippingAddress": {"line1": "1 High Street", "city": "London", "country": "GB", "firstName": "Eve"},
        },
    ),
    _cart(
        "cartDeliverySelect",
        lambda ask: {"selections": [{"groupId": ask.things.ids["group"], "optionId": ask.things.ids["option"]}]},
    ),
    _cart("checkoutStart", lambda ask: ask.keyed),
    _cart(
        "checkoutComplete",
        lambda ask: ask.keyed | {"payments": [{"gateway": "test", "token": "tok_ok"}], "expectedTotal": "28.99"},
    ),
    _work("fulfillmentOrderAccept", units=False),
    _work("fulfillmentOrderPick", after=("work", "accept")),
    _work("fulfillmentOrderPack", after=("work", "accept", "pick")),
    _work("fulfillmentOrderShip", after=("work", "accept", "pick", "pack"), carrier="Post", trackingNumber="1"),
    _work("fulfillmentOrderReady", "collecting", units=False, after=("collecting", "accept", "pick", "pack")),
    _work("fulfillmentOrderReject", reason="NO_CAPACITY", note="full"),
    Row(
        "pickupCheckIn",
        lambda ask: {
            "input": {
                "pickupId": ask.things.ids["pickup"],
                "token": ask.scene.tokens(ask.role)[1],
                "arrived": True,
                "spot": "5",
                "vehicle": "a red van",
            }
        },
        refused(GUESTS_ORDER),
        refused(ADAS_ORDER),
        after=("collecting", "accept", "pick", "pack", "ready"),
    ),
    Row(
        "pickupHandOver",
        lambda ask: {
            "input": {"pickupId": ask.things.ids["pickup"], "code": ask.pickup_code, "collectedBy": "Eve"} | ask.keyed
        },
        "UUU FF ANAFAFFA",
        "UUU FF ANAFAFFA",
        after=("collecting", "accept", "pick", "pack", "ready"),
    ),
    Row("returnPreview", lambda ask: {"input": ask.order | _units(ask)}, "NAN NN AAAAANFA", "NNN AN AAAAANFA"),
    Row(
        "returnRequest",
        lambda ask: {"input": ask.order | ask.keyed | _units(ask)},
        "NAN NN AAAAANFA",
        "NNN AN AAAAANFA",
    ),
    Row(
        "returnApprove",
        lambda ask: {"input": {"returnId": ask.things.ids["return"]} | ask.keyed},
        "UUU FF FFAAAFFA",
        "UUU FF FFAAAFFA",
    ),
    Row(
        "returnDecline",
        lambda ask: {"input": {"returnId": ask.things.ids["return"], "reason": "worn"} | ask.keyed},
        "UUU FF FFAAAFFA",
        "UUU FF FFAAAFFA",
    ),
    Row(
        "returnReceive",
        lambda ask: {
            "input": {
                "returnId": ask.things.ids["return"],
                "locationId": ask.shop.location_ref("camden"),
                "lines": [{"returnLineId": ask.things.ids["return line"], "quantity": 1}],
            }
            | ask.keyed
        },
        "UUU FF AFAFAFAA",
        "UUU FF AFAFAFAA",
        after=("return", "approve"),
        what="at the store",
    ),
    Row(
        "orderCancel",
        lambda ask: {
            "input": ask.order
            | ask.keyed
            | {
                "lines": [{"orderLineId": ask.things.ids["order line tee-l"], "quantity": 1}],
                "reason": "changed my mind",
            }
        },
        "NAN NN FFAAANFA",
        "NNN AN FFAAANFA",
    ),
)

SUBSCRIPTIONS: Final = (
    _by_id("orderChanged", "order", refused(GUESTS_ORDER), refused(ADAS_ORDER)),
    Row(
        "fulfillmentOrderChanged",
        lambda ask: {"locationId": ask.shop.location_ref("camden")},
        "UUU FF AFAAAFAA",
        what="of the store",
    ),
)
