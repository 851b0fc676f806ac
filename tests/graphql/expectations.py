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

from app.cart import service as carts
from app.cart.rules import next_link
from app.inventory.rules.adjusting import Delivered
from app.inventory.service import adjusting
from app.kernel.actor import ANONYMOUS
from app.kernel.ids import CartId, IdKind, OrderId, decode, encode, new_id
from app.payments import service as payments
from tests.builders.buyers import Buyer
from tests.builders.client import Client
from tests.builders.clock import OPENING
from tests.builders.counted import begin_count
from tests.builders.credited import gift_card
from tests.builders.expected import NEXT_WEEK, announce, receive, supply_of
from tests.builders.invoiced import documents_of
from tests.builders.reported import Reports
from tests.builders.returned import settle
from tests.builders.scene import GUEST, ROLES, Scene, Things, code_of
from tests.builders.shop import CATEGORIES, PASSWORD, Shop
from tests.builders.supplied import group, new_variant, rule
from tests.builders.transferred import Sent, draft

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
#: Money that is asked for again, held more of, or written down by hand.
MANAGES_PAYMENTS: Final = "UUU FF FFFAAFFA"
STAFF: Final = "--- -- AAAAAAAA"
#: Stock of camden: staff who see stock, where they work; and those who change it by hand.
STOCK_OF_CAMDEN: Final = "UUU FF AFAAAAAA"
ADJUSTS_CAMDEN: Final = "UUU FF FFAFAFAA"
#: How stock is arranged: staff who may see stock, wherever they work, and those who decide it.
ARRANGED: Final = "UUU FF AAAAAAAA"
ARRANGES: Final = "UUU FF FFFFFAAA"

#: A count of camden: staff who see stock, where they work; those who count there, and those who decide there.
COUNTED: Final = "--- -- A-AAAAAA"
COUNTS: Final = "UUU FF ANAFAFAA"
DECIDES: Final = "UUU FF FFAFAFAA"


#: Gift cards and store credit: customer service alone, wherever it is.
CREDIT: Final = "UUU FF FFFAFFFA"
#: The customer, and staff who see customers.
ADAS_CREDIT: Final = "--- A- AAAAA-AA"
SEES_RECONCILIATIONS: Final = "--- -- ---AA--A"


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


async def _london(ask: Ask) -> str:
    """Make a group of locations, or find it made."""
    return encode(IdKind.LOCATION_GROUP, await group(ask.shop, "london", "camden", "soho"))


async def _its_id(ask: Ask) -> Input:
    return {"id": await _london(ask)}


async def _with_members(ask: Ask) -> Input:
    members = [ask.shop.location_ref(code) for code in ("camden", "soho")]
    return {"input": {"code": "london", "name": "London", "locationIds": members} | ask.keyed}


async def _with_group(ask: Ask) -> Input:
    return {"input": {"channel": "web", "groupId": await _london(ask), "ships": True, "handsOut": True} | ask.keyed}


async def _with_rule(ask: Ask) -> Input:
    ours = await rule(ask.shop, 0, category="outdoors", at=await group(ask.shop, ask.role, "camden"))
    return {"input": {"safetyStockRuleId": encode(IdKind.SAFETY_STOCK_RULE, ours)} | ask.keyed}


async def _with_new_bundle(ask: Ask) -> Input:
    made = encode(IdKind.VARIANT, await new_variant(ask.shop, "breakfast"))
    parts = [{"variantId": ask.shop.variant_ref("mug"), "quantity": 2}]
    return {"input": {"variantId": made, "components": parts} | ask.keyed}


async def _purchase_order(ask: Ask) -> str:
    """Announce a delivery to camden, or find it announced."""
    made = await announce(ask.shop, {"kettle": 5}, number=f"PO-{ask.role}", at="camden")
    return encode(IdKind.PURCHASE_ORDER, made.id)


async def _supply(ask: Ask) -> str:
    made = await announce(ask.shop, {"kettle": 5}, number="PO-1", at="camden")
    return encode(IdKind.SUPPLY, (await supply_of(ask.shop, made.id, "kettle")).id)


async def _its_purchase_order(ask: Ask) -> Input:
    return {"id": await _purchase_order(ask)}


async def _its_supply(ask: Ask) -> Input:
    return {"id": await _supply(ask)}


async def _with_purchase_order(ask: Ask) -> Input:
    return {"input": {"purchaseOrderId": await _purchase_order(ask)} | ask.keyed}


async def _with_part_of_purchase_order(ask: Ask) -> Input:
    made = await announce(ask.shop, {"kettle": 5}, number=f"PO-{ask.role}", at="camden")
    await receive(ask.shop, made.id, {"kettle": 1})
    return {"input": {"purchaseOrderId": encode(IdKind.PURCHASE_ORDER, made.id)} | ask.keyed}


async def _with_delivery(ask: Ask) -> Input:
    lines = [{"variantId": ask.shop.variant_ref("kettle"), "quantity": 1}]
    return {"input": {"purchaseOrderId": await _purchase_order(ask), "lines": lines} | ask.keyed}


async def _sent(ask: Ask, *steps: str, to_camden: bool = False) -> Sent:
    """Write a transfer of a mug from camden, or to it, and bring it further."""
    origin, target = ("warehouse", "camden") if to_camden else ("camden", "leeds")
    brought = [Delivered(ask.shop.variants["mug"], 1)]
    at = ask.shop.locations[origin]
    await ask.shop.begin().run(lambda uow: adjusting.receive(uow, location_id=at, lines=brought))
    sent = await draft(ask.shop, {"mug": 1}, origin=origin, target=target)
    for step in steps:
        await getattr(sent, step)()
    return sent


async def _its_transfer(ask: Ask) -> Input:
    return {"id": encode(IdKind.TRANSFER, (await _sent(ask)).id)}


async def _its_transfer_line(ask: Ask) -> Input:
    return {"id": encode(IdKind.TRANSFER_LINE, (await (await _sent(ask)).lines())["mug"].id)}


def _transfer(field: str, *steps: str, to_camden: bool = False, lines: bool = True, **more: object) -> Row:
    async def arguments(ask: Ask) -> Input:
        sent = await _sent(ask, *steps, to_camden=to_camden)
        line = encode(IdKind.TRANSFER_LINE, (await sent.lines())["mug"].id)
        named = {"lines": [{"transferLineId": line, "quantity": 1}]} if lines else {}
        return {"input": {"transferId": encode(IdKind.TRANSFER, sent.id)} | ask.keyed | named | more}

    return Row(field, arguments, ADJUSTS_CAMDEN, what="to the store" if to_camden else "from the store")


async def _invoice(ask: Ask) -> Input:
    """Have what was sold over the counter invoiced, or find it invoiced; answers the id and the number of an invoice."""
    order_id = OrderId(decode(IdKind.ORDER, ask.things.ids["order"]))
    await settle(ask.shop)
    await payments.issue_due(ask.shop.begin(), order_id=order_id)
    first = (await documents_of(ask.shop, order_id))[0]
    return {"id": encode(IdKind.INVOICE, first.id), "number": first.number, "token": ask.scene.tokens(ask.role)[1]}


async def _its_invoice(ask: Ask) -> Input:
    return {name: value for name, value in (await _invoice(ask)).items() if name != "number"}


async def _its_invoice_number(ask: Ask) -> Input:
    return {name: value for name, value in (await _invoice(ask)).items() if name != "id"}


async def _with_draft(ask: Ask) -> Input:
    lines = [{"variantId": ask.shop.variant_ref("lamp"), "quantity": 2}]
    sent = encode(IdKind.TRANSFER, (await _sent(ask)).id)
    return {"input": {"transferId": sent, "lines": lines, "note": "for the window"} | ask.keyed}


def _by_hand(field: str, line: Input, **more: object) -> Row:
    return Row(
        field,
        lambda ask: {
            "input": {
                "locationId": ask.shop.location_ref("camden"),
                "lines": [{"variantId": ask.shop.variant_ref("mug")} | line],
                "note": "after the flood",
            }
            | ask.keyed
            | more
        },
        ADJUSTS_CAMDEN,
        what="at the store",
    )


def _card(field: str, **more: object) -> Row:
    return Row(field, lambda ask: {"input": {"giftCardId": ask.things.ids["gift card"]} | ask.keyed | more}, CREDIT)


async def _with_closed_card(ask: Ask) -> Input:
    card = await gift_card(ask.shop)
    await card.disable()
    return {"input": {"giftCardId": encode(IdKind.GIFT_CARD, card.id)} | ask.keyed}


async def _with_open_card(ask: Ask) -> Input:
    return {"input": {"giftCardId": encode(IdKind.GIFT_CARD, (await gift_card(ask.shop)).id)} | ask.keyed}


async def _its_reconciliation(ask: Ask) -> Input:
    run = await Reports(ask.shop).reconcile(asked_from=OPENING, asked_to=NEXT_WEEK)
    return {"id": encode(IdKind.RECONCILIATION, run.id)}


async def _with_report(ask: Ask) -> Input:
    report = await Reports(ask.shop).gateway.settlement_report()
    period = {"from": OPENING.isoformat(), "to": NEXT_WEEK.isoformat()}
    return {"input": {"gateway": "test", "report": report, "fileName": f"{ask.role}.csv"} | period | ask.keyed}


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
    Row("invoices", lambda _: {}, "UUU FF AAAAAFAA"),
    Row(
        "invoices",
        lambda ask: {"filter": {"orderId": ask.things.ids["order"], "channel": "web", "year": 2026}},
        "UUU FF AAAAAFAA",
        what="of an order",
    ),
    Row("invoice", _its_invoice_number, GUESTS_ORDER, ADAS_ORDER),
    Row("node", _its_invoice, GUESTS_ORDER, ADAS_ORDER, what="invoice"),
    Row("fulfillmentOrders", lambda _: {}, "UUU FF AAAAAFAA"),
    Row(
        "fulfillmentOrders",
        lambda ask: {"filter": {"locationId": ask.shop.location_ref("camden")}},
        "UUU FF AFAAAFAA",
        what="of camden",
    ),
    Row("stockLevels", lambda _: {}, "UUU FF AAAAAAAA"),
    Row(
        "stockLevels",
        lambda ask: {"filter": {"locationId": ask.shop.location_ref("camden")}},
        "UUU FF AFAAAAAA",
        what="of camden",
    ),
    Row("stockMovements", lambda _: {}, "UUU FF AAAAAAAA"),
    Row(
        "stockMovements",
        lambda ask: {"filter": {"locationId": ask.shop.location_ref("camden")}},
        "UUU FF AFAAAAAA",
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
    _node("gift card", "--- -- ---A---A", "--- -- ---A---A"),
    _node("store credit", ADAS_CREDIT, ADAS_CREDIT),
    Row("giftCards", lambda _: {}, CREDIT),
    _by_id("giftCard", "gift card", "--- -- ---A---A", "--- -- ---A---A"),
    Row("locationGroups", lambda _: {}, ARRANGED),
    Row("transferLanes", lambda _: {}, ARRANGED),
    Row("safetyStockRules", lambda _: {}, ARRANGED),
    Row("purchaseOrders", lambda _: {}, ARRANGED),
    Row(
        "purchaseOrders",
        lambda ask: {"filter": {"locationId": ask.shop.location_ref("camden")}},
        STOCK_OF_CAMDEN,
        what="of camden",
    ),
    Row("purchaseOrder", _its_purchase_order, "--- -- A-AAAAAA"),
    Row("supplies", lambda _: {}, ARRANGED),
    Row(
        "supplies",
        lambda ask: {"filter": {"locationId": ask.shop.location_ref("camden")}},
        STOCK_OF_CAMDEN,
        what="of camden",
    ),
    Row("node", _its_purchase_order, "--- -- A-AAAAAA", what="purchase order"),
    Row("node", _its_supply, "--- -- A-AAAAAA", what="supply"),
    Row("node", _its_id, STAFF, what="group of locations"),
    Row("counts", lambda _: {}, ARRANGED),
    Row(
        "counts",
        lambda ask: {"filter": {"locationId": ask.shop.location_ref("camden")}},
        "UUU FF AFAAAAAA",
        what="of camden",
    ),
    _by_id("count", "count", COUNTED, COUNTED),
    _node("count", COUNTED, COUNTED),
    _node("count line", COUNTED, COUNTED),
    Row("transfers", lambda _: {}, ARRANGED),
    Row(
        "transfers",
        lambda ask: {"filter": {"locationId": ask.shop.location_ref("camden")}},
        STOCK_OF_CAMDEN,
        what="of camden",
    ),
    Row("transfer", _its_transfer, "--- -- A-AAAAAA"),
    Row("node", _its_transfer, "--- -- A-AAAAAA", what="transfer"),
    Row("node", _its_transfer_line, "--- -- A-AAAAAA", what="transfer line"),
    Row("reconciliations", lambda _: {}, MANAGES_PAYMENTS),
    Row("reconciliation", _its_reconciliation, SEES_RECONCILIATIONS),
    Row("node", _its_reconciliation, SEES_RECONCILIATIONS, what="reconciliation"),
    Row("node", lambda ask: {"id": ask.shop.location_ref("warehouse")}, STAFF, what="warehouse"),
    Row("node", lambda ask: {"id": ask.shop.location_ref("leeds")}, EVERYBODY, what="store"),
    Row("node", lambda ask: {"id": ask.shop.variant_ref("mug")}, EVERYBODY, what="variant"),
)


async def _with_count(ask: Ask, *, handed_in: bool = False, found: int | None = None) -> Input:
    counting = await begin_count(ask.shop, "mug", at="camden")
    if found is not None or handed_in:
        await counting.record({"mug": found or 5})
    if handed_in:
        await counting.submit()
    return {"countId": encode(IdKind.COUNT, counting.id)} | ask.keyed


async def _with_planned_count(ask: Ask) -> Input:
    count = await _with_count(ask)
    key = decode(IdKind.COUNT, count["countId"])
    [[line]] = await ask.shop.fetch("SELECT id FROM count_lines WHERE count_id = $1", key)
    return {"input": count | {"lines": [{"countLineId": encode(IdKind.COUNT_LINE, line), "counted": 4}]}}


async def _with_counted_count(ask: Ask) -> Input:
    return {"input": await _with_count(ask, found=5)}


async def _with_count_in_review(ask: Ask) -> Input:
    return {"input": await _with_count(ask, handed_in=True, found=4)}


async def _with_refresh_token(ask: Ask) -> Input:
    document = "mutation($input: LoginInput!) { login(input: $input) { tokens { refreshToken } errors { code } } }"
    payload = await ask.client.mutate(document, {"input": {"email": "bob@shop.test", "password": PASSWORD}})
    return {"input": {"refreshToken": payload["tokens"]["refreshToken"]}}


async def _with_new_guests_cart(ask: Ask) -> Input:
    buyer = Buyer(ask.shop, begin=ask.shop.database.begin(ANONYMOUS))
    cart = await buyer.cart({"mug": 1})
    return {"input": {"cartId": encode(IdKind.CART, cart.id), "token": buyer.token(cart.id)}}


async def _with_recovery_link(ask: Ask) -> Input:
    """Make a link to the cart, or find it made: another one would end it."""
    cart_id = CartId(decode(IdKind.CART, ask.things.ids["cart"]))
    [[made]] = await ask.shop.fetch("SELECT recovery_generation FROM carts WHERE id = $1", cart_id)
    if made:
        link = next_link(cart_id, generation=made, now=ask.shop.database.now())
    else:
        link = await ask.shop.begin().run(lambda uow: carts.make_recovery_link(uow, cart_id=cart_id))
    return {"input": {"token": link.token(ask.shop.database.keys)}}


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


async def _refund_at_a_terminal(ask: Ask) -> Input:
    payment_id = decode(IdKind.PAYMENT, ask.things.ids["payment"])
    [step] = await ask.shop.fetch(
        "SELECT id FROM payment_transactions WHERE payment_id = $1 AND kind = 'REFUND'", payment_id
    )
    return {"input": {"transactionId": encode(IdKind.PAYMENT_TRANSACTION, step["id"]), "succeeded": True} | ask.keyed}


def _units(ask: Ask) -> Input:
    return {
        "lines": [
            {"orderLineId": ask.things.ids["order line lamp"], "quantity": 1, "reason": "UNWANTED", "note": "too small"}
        ]
    }


MUTATIONS: Final = (
    Row(
        "purchaseOrderPut",
        lambda ask: {
            "input": {
                "number": f"PO by {ask.role}",
                "supplier": "Potters & Co",
                "locationId": ask.shop.location_ref("camden"),
                "lines": [{"variantId": ask.shop.variant_ref("kettle"), "expected": 5, "soldAhead": 2}],
                "note": "on pallets",
            }
            | ask.keyed
        },
        ADJUSTS_CAMDEN,
    ),
    Row("purchaseOrderReceive", _with_delivery, ADJUSTS_CAMDEN),
    Row("purchaseOrderClose", _with_part_of_purchase_order, ADJUSTS_CAMDEN),
    Row("purchaseOrderCancel", _with_purchase_order, ADJUSTS_CAMDEN),
    Row(
        "backorderLimitSet",
        lambda ask: {
            "input": {
                "lines": [
                    {
                        "variantId": ask.shop.variant_ref("kettle"),
                        "locationId": ask.shop.location_ref("camden"),
                        "limit": 3,
                    }
                ]
            }
            | ask.keyed
        },
        ADJUSTS_CAMDEN,
    ),
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
        "cartRecoveryLink",
        lambda ask: {"input": {"cartId": ask.things.ids["cart"]} | ask.keyed},
        "UUU FF AAAAAFFA",
        "UUU FF AAAAAFFA",
    ),
    Row("cartRecover", _with_recovery_link, EVERYBODY, "UUU AF FFFFFFFF"),
    Row(
        "cartClaim",
        lambda ask: {"input": {"cartId": ask.things.ids["cart"], "token": "guessed"}},
        "UUU NN UUUUUUUU",
        "UUU AN UUUUUUUU",
        what="without its token",
    ),
    _cart(
        "cartLinesAdd",
        lambda ask: {
            "lines": [
                {"variantId": ask.shop.variant_ref("mug"), "quantity": 1, "note": "for Eve", "giftMessage": "With love"}
            ]
        },
    ),
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
    _cart(
        "cartLinesUpdate",
        lambda ask: {"lines": [{"lineId": ask.things.ids["cart line"], "quantity": 3, "note": "for Bob"}]},
    ),
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
        "stockFeed",
        lambda ask: {
            "input": {"mode": "DELTA", "lines": [{"sku": "mug", "locationCode": "camden", "quantity": 1}]} | ask.keyed
        },
        "UUU FF FFAFAFAA",
        what="of the store",
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
    *(
        Row(
            mutation,
            lambda ask: {"input": {"orderId": ask.things.ids["order"], "reason": "CAPTURE_FAILED"} | ask.keyed},
            MANAGES_PAYMENTS,
            MANAGES_PAYMENTS,
            after=("order", "hold"),
        )
        for mutation in ("orderHoldRelease", "orderHoldReject")
    ),
    Row(
        "orderPaymentRetry",
        lambda ask: {"input": {"orderId": ask.things.ids["order"]} | ask.keyed},
        MANAGES_PAYMENTS,
        MANAGES_PAYMENTS,
    ),
    Row(
        "paymentAuthorizeMore",
        lambda ask: {"input": {"paymentId": ask.things.ids["payment"], "amount": "1.00"} | ask.keyed},
        MANAGES_PAYMENTS,
        MANAGES_PAYMENTS,
    ),
    Row(
        "paymentTransactionRecord",
        _refund_at_a_terminal,
        MANAGES_PAYMENTS,
        MANAGES_PAYMENTS,
        after=("payment", "terminal"),
    ),
    Row(
        "paymentReceive",
        lambda ask: {
            "input": {
                "paymentId": ask.things.ids["payment"],
                "tender": "CASH",
                "locationId": ask.shop.location_ref("camden"),
            }
            | ask.keyed
        },
        "UUU FF AFAFAFFA",
        "UUU FF AFAFAFFA",
        what="at the store",
        after=("payment", "promise"),
    ),
    Row(
        "shipmentDeliver",
        lambda ask: {"input": {"shipmentId": encode(IdKind.SHIPMENT, new_id())} | ask.keyed},
        "UUU FF NNNFNFNN",
        what="that is not there",
    ),
    Row(
        "channelPut",
        lambda ask: {
            "input": {"code": ask.role, "name": "App", "currency": "GBP", "taxIncluded": True, "countries": ["GB"]}
            | ask.keyed
        },
        ARRANGES,
    ),
    Row(
        "locationPut",
        lambda ask: {
            "input": {"code": ask.role, "name": "York", "kind": "WAREHOUSE", "timezone": "Europe/London"} | ask.keyed
        },
        ARRANGES,
    ),
    Row("locationGroupPut", _with_members, ARRANGES),
    Row("channelSupplyPut", _with_group, ARRANGES, what="of a group"),
    Row(
        "channelSupplyPut",
        lambda ask: {
            "input": {"channel": "web", "locationId": ask.shop.location_ref("soho"), "ships": True, "handsOut": False}
            | ask.keyed
        },
        ARRANGES,
        what="of a store",
    ),
    Row(
        "transferLanePut",
        lambda ask: {
            "input": {
                "fromLocationId": ask.shop.location_ref("warehouse"),
                "toLocationId": ask.shop.location_ref("camden"),
                "leadMinutes": 600,
            }
            | ask.keyed
        },
        ARRANGES,
    ),
    Row(
        "safetyStockRulePut",
        lambda ask: {"input": {"units": 1, "categoryId": encode(IdKind.CATEGORY, CATEGORIES["kitchen"])} | ask.keyed},
        ARRANGES,
    ),
    Row("safetyStockRuleDelete", _with_rule, ARRANGES),
    Row(
        "safetyStockSet",
        lambda ask: {
            "input": {
                "lines": [
                    {
                        "variantId": ask.shop.variant_ref("mug"),
                        "locationId": ask.shop.location_ref("camden"),
                        "units": 1,
                    }
                ]
            }
            | ask.keyed
        },
        "UUU FF FFAFAFAA",
        what="at the store",
    ),
    Row("bundlePut", _with_new_bundle, ARRANGES),
    Row(
        "countCreate",
        lambda ask: {
            "input": {
                "locationId": ask.shop.location_ref("camden"),
                "variantIds": [ask.shop.variant_ref("mug")],
                "blind": True,
                "note": "shelf 4",
            }
            | ask.keyed
        },
        "UUU FF AFAFAFAA",
        what="at the store",
    ),
    Row("countRecord", _with_planned_count, COUNTS, what="at the store"),
    Row("countSubmit", _with_counted_count, COUNTS, what="at the store"),
    Row("countRecount", _with_count_in_review, DECIDES, what="at the store"),
    Row("countPost", _with_count_in_review, DECIDES, what="at the store"),
    Row("countReject", _with_count_in_review, DECIDES, what="at the store"),
    Row(
        "transferCreate",
        lambda ask: {
            "input": {
                "fromLocationId": ask.shop.location_ref("camden"),
                "toLocationId": ask.shop.location_ref("leeds"),
                "lines": [{"variantId": ask.shop.variant_ref("mug"), "quantity": 2}],
                "note": "for the window",
            }
            | ask.keyed
        },
        ADJUSTS_CAMDEN,
        what="from the store",
    ),
    Row("transferUpdate", _with_draft, ADJUSTS_CAMDEN, what="from the store"),
    _transfer("transferRequest", lines=False),
    _transfer("transferShip", "request"),
    _transfer("transferReceive", "request", "ship", to_camden=True),
    _transfer("transferWriteBack", "request", "ship", note="refused"),
    _transfer("transferWriteOff", "request", "ship", to_camden=True, note="fell off"),
    _transfer("transferCancel", "request", lines=False),
    _by_hand("stockAdjust", {"delta": 1}, reason="FOUND"),
    _by_hand("stockMove", {"from": "SELLABLE", "to": "QUALITY", "quantity": 1}, reason="INSPECTED"),
    _by_hand("stockReceive", {"quantity": 1}),
    Row("giftCardCheck", lambda ask: {"input": {"code": code_of(ask.shop, ask.things.ids["gift card"])}}, EVERYBODY),
    Row(
        "giftCardIssue",
        lambda ask: {"input": {"amount": "20.00", "currency": "GBP", "reason": "a late parcel"} | ask.keyed},
        CREDIT,
    ),
    _card("giftCardAdjust", amount="1.00", reason="a typing error"),
    Row("giftCardDisable", _with_open_card, CREDIT),
    Row("giftCardEnable", _with_closed_card, CREDIT),
    Row(
        "storeCreditIssue",
        lambda ask: {
            "input": {
                "customerId": ask.things.ids["customer"],
                "amount": "5.00",
                "currency": "GBP",
                "reason": "a late parcel",
            }
            | ask.keyed
        },
        CREDIT,
    ),
    Row(
        "storeCreditAdjust",
        lambda ask: {
            "input": {
                "storeCreditId": ask.things.ids["store credit"],
                "amount": "-1.00",
                "reason": "a typing error",
            }
            | ask.keyed
        },
        CREDIT,
    ),
    Row("paymentReconcile", _with_report, MANAGES_PAYMENTS),
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
