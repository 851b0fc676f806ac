"""What is done to the shop while a process is stopped: a table, whose rows say what a client asks and how it may end."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from app.kernel.ids import IdKind, encode
from app.kernel.money import exponent_of
from tests.builders.buyers import Buyer
from tests.builders.carts import write
from tests.builders.clock import OPENING
from tests.builders.credited import gift_card
from tests.builders.placed import Placed
from tests.builders.returned import lines_of, request, ship
from tests.builders.scene import code_of
from tests.builders.shop import Shop
from tests.faults.working import work

Json = dict[str, Any]

COMPLETE = """
mutation ($input: CheckoutCompleteInput!) {
  checkoutComplete(input: $input) { order { id } cart { id } paymentAction { url } errors { code } }
}"""
SHIP = """
mutation ($input: FulfillmentOrderShipInput!) {
  fulfillmentOrderShip(input: $input) { fulfillmentOrder { id } errors { code } }
}"""
CANCEL = "mutation ($input: OrderCancelInput!) { orderCancel(input: $input) { order { id } errors { code } } }"
HAND_OVER = """
mutation ($input: PickupHandOverInput!) { pickupHandOver(input: $input) { pickup { id } errors { code } } }"""
RECEIVE = "mutation ($input: ReturnReceiveInput!) { returnReceive(input: $input) { return { id } errors { code } } }"

TWO_CARDS: Final = ("tok_ok", "tok_ok")
#: How a call ends that did what was asked; any other ending is the code of a refusal.
DONE: Final = "DONE"
DECLINED: Final = "PAYMENT_DECLINED"


@dataclass(frozen=True, slots=True)
class Call:
    """A mutation with an idempotency key, and who sends it. `subject` is the field of its payload that it is about."""

    document: str
    subject: str
    given: Mapping[str, Any]
    by: str | None = None

    @property
    def buys(self) -> bool:
        """Say whether it makes an order of a cart."""
        return self.document == COMPLETE

    def anew(self) -> "Call":
        """Write the same call of a shopper who begins again, with a card that works."""
        paid = {"payments": [{"gateway": "test", "token": "tok_ok"}], "idempotencyKey": "another"}
        return replace(self, given={**self.given, **paid})


@dataclass(frozen=True, slots=True)
class Money:
    """What the provider holds, has taken and has given back in all, in minor units."""

    held: int = 0
    taken: int = 0
    given_back: int = 0


@dataclass(frozen=True, slots=True)
class Scenario:
    """A call, what stands before it, and the money that has to lie at the provider after each of its endings.

    `works` has the worker's part stopped as well: for calls whose money is moved by the worker.
    """

    name: str
    prepare: Callable[[Shop], Awaitable[Call]]
    ends: Mapping[str, Money]
    works: bool = False
    #: How it ends when nothing goes wrong, and also when a process ends and the client itself comes back.
    undisturbed: str = DONE


def buying(
    shipped: Mapping[str, int],
    collected: Mapping[str, int] | None = None,
    *,
    tokens: Sequence[str] = ("tok_ok",),
    reserve_at: str = "CHECKOUT",
    capture_at: str = "SHIPMENT",
    gift_card_of: str | None = None,
) -> Callable[[Shop], Awaitable[Call]]:
    """Fill a cart; the call buys it, with a gift card first where there is one. Of several cards all but the last pay 1.00."""

    async def prepare(shop: Shop) -> Call:
        await write(shop, "UPDATE channels SET reserve_at = $1", reserve_at)
        await write(shop, "UPDATE channels SET capture_at = $1", capture_at)
        buyer = Buyer(shop)
        slot = OPENING.replace(hour=15) if collected else None
        cart = await buyer.cart(shipped, collected, slot=slot)
        quote = await buyer.quote(cart)
        cards = [{"gateway": "test", "token": token} for token in tokens]
        for card in cards[:-1]:
            card["amount"] = "1.00"
        if gift_card_of is not None:
            given = encode(IdKind.GIFT_CARD, (await gift_card(shop, gift_card_of)).id)
            cards.insert(0, {"gateway": "gift_card", "token": code_of(shop, given)})
        return Call(
            COMPLETE,
            "order",
            {
                "cartId": encode(IdKind.CART, cart.id),
                "token": buyer.token(cart.id),
                "payments": cards,
                "expectedTotal": str(Decimal(quote.total_minor).scaleb(-exponent_of(quote.currency))),
                "idempotencyKey": "first",
            },
        )

    return prepare


def shipping(*, tokens: Sequence[str] = ("tok_ok",)) -> Callable[[Shop], Awaitable[Call]]:
    """Have a mug bought and packed; the call has it leave, so that its money is taken."""

    async def prepare(shop: Shop) -> Call:
        placed = await _bought(shop, {"mug": 1}, tokens=tokens)
        parcel = await placed.packed(at=await _where(placed))
        work_id = encode(IdKind.FULFILLMENT_ORDER, parcel.id)
        return Call(
            SHIP,
            "fulfillmentOrder",
            {"fulfillmentOrderId": work_id, "idempotencyKey": "first"},
            by="operator",
        )

    return prepare


async def cancelling(shop: Shop) -> Call:
    """Have a mug bought with two cards; the call cancels it, so that its money is let go."""
    placed = await _bought(shop, {"mug": 1}, tokens=TWO_CARDS)
    given = {"orderId": encode(IdKind.ORDER, placed.id), "token": placed.token, "idempotencyKey": "first"}
    return Call(CANCEL, "order", given)


def returning(*, tokens: Sequence[str] = ("tok_ok",)) -> Callable[[Shop], Awaitable[Call]]:
    """Have a mug bought, shipped, paid and on its way back; the call counts it in, so that its money is given back."""

    async def prepare(shop: Shop) -> Call:
        placed = await _bought(shop, {"mug": 1}, tokens=tokens)
        await ship(placed, at=await _where(placed))
        await work(shop.database)
        asked = await request(placed, {"mug": 1})
        (line,) = await lines_of(shop, asked.id)
        return Call(
            RECEIVE,
            "return",
            {
                "returnId": encode(IdKind.RETURN, asked.id),
                "locationId": shop.location_ref("camden"),
                "lines": [{"returnLineId": encode(IdKind.RETURN_LINE, line.id), "quantity": 1}],
                "idempotencyKey": "first",
            },
            by="operator",
        )

    return prepare


async def handing_over(shop: Shop) -> Call:
    """Have a mug bought that waits at a counter; the call hands it over, so that its money is taken."""
    placed = await _bought(shop, {}, {"mug": 1})
    pickup_id = encode(IdKind.PICKUP, await placed.ready())
    given = {"pickupId": pickup_id, "code": await placed.code(), "idempotencyKey": "first"}
    return Call(HAND_OVER, "pickup", given, by="associate")


async def _bought(
    shop: Shop,
    shipped: Mapping[str, int],
    collected: Mapping[str, int] | None = None,
    *,
    tokens: Sequence[str] = ("tok_ok",),
) -> Placed:
    buyer = Buyer(shop)
    completed = await buyer.buy(await buyer.cart(shipped, collected), tokens=tokens)
    assert completed.order_id is not None
    return Placed(shop, completed.order_id)


async def _where(placed: Placed) -> str:
    (parcel,) = await placed.works()
    return next(code for code, location_id in placed.shop.locations.items() if location_id == parcel.location_id)


MUG: Final = 1699
MUG_BOUGHT: Final = MappingProxyType({DONE: Money(held=MUG), DECLINED: Money()})
NOTHING: Final = MappingProxyType({DECLINED: Money()})
#: Longer than any wait of a checkout or a payment that is asked after, and shorter than a cart is kept waiting.
SOON: Final = timedelta(seconds=35)

SCENARIOS: Final[tuple[Scenario, ...]] = (
    Scenario("card", buying({"mug": 1}), MUG_BOUGHT),
    Scenario(
        "card, mixed cart", buying({"mug": 1, "lamp": 1}, {"mug": 1}), {DONE: Money(held=6900), DECLINED: Money()}
    ),
    Scenario("card, held with the cart", buying({"mug": 1}, reserve_at="CART"), MUG_BOUGHT),
    Scenario("card, never held", buying({"mug": 1}, reserve_at="NEVER"), MUG_BOUGHT),
    Scenario("card, declined", buying({"mug": 1}, tokens=["tok_declined"]), NOTHING, undisturbed=DECLINED),
    Scenario("card, provider fails", buying({"mug": 1}, tokens=["tok_error"]), NOTHING, undisturbed=DECLINED),
    Scenario("3-D Secure", buying({"mug": 1}, tokens=["tok_action"]), MUG_BOUGHT),
    Scenario("answer lost", buying({"mug": 1}, tokens=["tok_timeout"]), MUG_BOUGHT, works=True),
    Scenario("answer late", buying({"mug": 1}, tokens=["tok_late"]), MUG_BOUGHT, works=True),
    Scenario("two cards", buying({"mug": 1}, tokens=TWO_CARDS), MUG_BOUGHT),
    Scenario(
        "two cards, one declined",
        buying({"mug": 1}, {"mug": 1}, tokens=["tok_ok", "tok_declined"]),
        NOTHING,
        works=True,
        undisturbed=DECLINED,
    ),
    Scenario("two cards, first answer lost", buying({"mug": 1}, tokens=["tok_timeout", "tok_ok"]), MUG_BOUGHT),
    Scenario("two cards, last answer lost", buying({"mug": 1}, tokens=["tok_ok", "tok_timeout"]), MUG_BOUGHT),
    Scenario("gift card", buying({"mug": 1}, tokens=(), gift_card_of="20.00"), {DONE: Money()}),
    Scenario(
        "gift card and card",
        buying({"mug": 1}, gift_card_of="5.00"),
        {DONE: Money(held=MUG - 500), DECLINED: Money()},
        works=True,
    ),
    Scenario(
        "gift card, and a card that is declined",
        buying({"mug": 1}, tokens=["tok_declined"], gift_card_of="5.00"),
        NOTHING,
        works=True,
        undisturbed=DECLINED,
    ),
    Scenario(
        "charged when placed",
        buying({"mug": 1}, capture_at="PLACEMENT"),
        {DONE: Money(taken=MUG), DECLINED: Money()},
        works=True,
    ),
    Scenario("capture", shipping(), {DONE: Money(taken=MUG)}, works=True),
    Scenario("capture, two cards", shipping(tokens=TWO_CARDS), {DONE: Money(taken=MUG)}, works=True),
    Scenario("void, two cards", cancelling, {DONE: Money()}, works=True),
    Scenario("capture at the counter", handing_over, {DONE: Money(taken=1200)}, works=True),
    Scenario("refund", returning(), {DONE: Money(given_back=MUG)}, works=True),
    Scenario("refund, two cards", returning(tokens=TWO_CARDS), {DONE: Money(given_back=MUG)}, works=True),
)
