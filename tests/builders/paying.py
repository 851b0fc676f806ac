"""A storefront, a counter and an office that speak GraphQL: everything about money that a client can do, by its name."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID, uuid4

from app.cart.rules import Cart
from app.kernel.actor import SYSTEM
from app.kernel.ids import CartId, IdKind, decode, encode
from app.kernel.money import exponent_of
from app.payments.gateways.test import TestGateway
from app.worker import Means, Relay
from tests.builders.buyers import Buyer
from tests.builders.client import Client, Json
from tests.builders.shop import Shop

ERRORS: Final = """errors { __typename code message field
    ... on PriceChangedError { total { amount currency } expected { amount } unsoldLineIds }
    ... on CreditInsufficientError { requestedAmount { amount } availableAmount { amount } } }"""
ORDER: Final = """id number token status paymentStatus captureAt total { amount currency } refundedTotal { amount } nextActions
    holds { id reason message blocks status endedAt nextActions }
    payments { id tender gateway status amount { amount } authorized { amount } captured { amount } refunded { amount }
        chargedBack { amount } holdsUntil
        transactions { id kind state amount { amount } gatewayReference failure requestedAt settledAt } }
    lines { id sku quantity }
    fulfillmentOrders { id method status nextActions shipments { id status deliveredAt } pickup { id status code nextActions } }"""
COMPLETE: Final = f"""mutation ($input: CheckoutCompleteInput!) {{ checkoutComplete(input: $input) {{
    order {{ {ORDER} }} cart {{ id version status total {{ amount }} }} paymentAction {{ paymentId kind url clientSecret }} {ERRORS} }} }}"""
READ: Final = f"query ($id: ID!, $token: String) {{ order(id: $id, token: $token) {{ {ORDER} }} }}"
LISTED: Final = "query ($filter: OrderFilter) { orders(filter: $filter) { nodes { id } totalCount } }"
CART: Final = """query ($id: ID!, $token: String) { cart(id: $id, token: $token) {
    version status total { amount } reservedUntil lines { id quantity total { amount } } deliveryGroups { selected { id } } } }"""
WORK: Final = "fulfillmentOrder { id status nextActions shipments { id status deliveredAt } }"
#: Mutations that answer an order, and what their inputs are called where that is not told by their name.
_INPUTS: Final = {"orderHoldRelease": "OrderHoldEndInput", "orderHoldReject": "OrderHoldEndInput"}
CASH: Final[Json] = {"gateway": "cash"}
CARD: Final[Json] = {"gateway": "test", "token": "tok_ok"}
PAY_IN_STORE: Final[Json] = {"gateway": "pay_in_store"}
STORE_CREDIT: Final[Json] = {"gateway": "store_credit"}
INVOICE: Final[Json] = {"gateway": "invoice"}
ALL_TENDERS: Final = ["CARD", "GIFT_CARD", "STORE_CREDIT", "CASH", "CARD_PRESENT", "PAY_IN_STORE", "INVOICE"]


def card(token: str, amount: str | None = None) -> Json:
    """Pay with a card of the test gateway."""
    return {"gateway": "test", "token": token} | ({} if amount is None else {"amount": amount})


def gift(code: str, amount: str | None = None) -> Json:
    """Pay with a gift card."""
    return {"gateway": "gift_card", "token": code} | ({} if amount is None else {"amount": amount})


def terminal(reference: str, amount: str | None = None) -> Json:
    """Pay with a card at a till's own terminal."""
    return {"gateway": "card_present", "token": reference} | ({} if amount is None else {"amount": amount})


@dataclass(frozen=True, slots=True)
class Basket:
    """A cart that lacks nothing to be bought, and what its shopper knows of it."""

    key: CartId
    token: str | None
    total: str
    #: Who logs in to buy it; None for a guest.
    by: str | None = None

    @property
    def id(self) -> str:
        """Its id as clients see it."""
        return encode(IdKind.CART, self.key)


class Front:
    """Whoever pays, sells and keeps the books, all of them over HTTP."""

    def __init__(self, client: Client, shop: Shop) -> None:
        self.client = client
        self.shop = shop

    async def basket(
        self, shipped: dict[str, int] | None = None, *, collected: dict[str, int] | None = None, by: str | None = None
    ) -> Basket:
        """Fill a cart of a guest, or of a customer who is logged in."""
        buyer = Buyer(self.shop) if by is None else Buyer(self.shop, begin=self.shop.begin(by))
        cart = await buyer.cart(shipped, collected)
        return Basket(cart.id, buyer.token(cart.id) if by is None else None, await self._total(buyer, cart), by)

    async def at_the_till(self, sku: str = "mug", *, by: str = "associate", customer: str | None = None) -> Basket:
        """Have an associate at Camden put something into a cart that is carried out, for a customer where one is named."""
        document = f"""mutation ($input: CartCreateInput!) {{ cartCreate(input: $input) {{
            cart {{ id total {{ amount }} }} {ERRORS} }} }}"""
        line = {
            "variantId": self.shop.variant_ref(sku), "quantity": 1, "delivery": "CARRY_OUT",
            "storeId": self.shop.location_ref("camden"),
        }  # fmt: skip
        customer_id = None if customer is None else self.shop.people[customer].customer_id
        given = {"lines": [line], "customerId": customer_id and encode(IdKind.CUSTOMER, customer_id)}
        payload = await self.client.mutate(document, {"input": given}, token=self.shop.token(by))
        key = CartId(decode(IdKind.CART, payload["cart"]["id"]))
        return Basket(key, None, payload["cart"]["total"]["amount"], by)

    def call(self, basket: Basket, payments: Sequence[Json], *, key: str = "first", **changes: object) -> Json:
        """Write the call that buys a cart."""
        written = {
            "cartId": basket.id, "token": basket.token, "payments": list(payments), "expectedTotal": basket.total,
            "idempotencyKey": key,
        }  # fmt: skip
        return {"input": written | changes}

    async def answer(self, basket: Basket, *payments: Json, key: str = "first", **changes: object) -> Json:
        """Buy a cart; answers the payload, whatever it says."""
        access = None if basket.by is None else self.shop.token(basket.by)
        data = await self.client.query(COMPLETE, self.call(basket, payments, key=key, **changes), token=access)
        payload: Json = data["checkoutComplete"]
        return payload

    async def buy(self, basket: Basket, *payments: Json, key: str = "first", **changes: object) -> Json:
        """Buy a cart; answers the order."""
        payload = await self.answer(basket, *payments, key=key, **changes)
        assert payload["errors"] == [], payload["errors"]
        order: Json = payload["order"]
        return order

    async def refused(self, basket: Basket, *payments: Json, key: str = "first", **changes: object) -> Json:
        """Buy a cart in vain; answers why, for one reason."""
        payload = await self.answer(basket, *payments, key=key, **changes)
        assert payload["order"] is None, payload
        [error] = payload["errors"]
        found: Json = error
        return found

    async def read(self, order: Json, *, by: str | None = "service", token: str | None = None) -> Json:
        """Read an order anew: as customer service, unless said otherwise."""
        access = None if by is None else self.shop.token(by)
        found: Json = (await self.client.query(READ, {"id": order["id"], "token": token}, token=access))["order"]
        return found

    async def listed(self, wanted: Json, *, by: str = "service") -> list[Json]:
        """List orders that a filter lets through."""
        found = (await self.client.query(LISTED, {"filter": wanted}, token=self.shop.token(by)))["orders"]
        assert found["totalCount"] == len(found["nodes"])
        orders: list[Json] = found["nodes"]
        return orders

    async def cart(self, basket: Basket) -> Json:
        """Read a cart as its shopper sees it."""
        access = None if basket.by is None else self.shop.token(basket.by)
        found: Json = (await self.client.query(CART, {"id": basket.id, "token": basket.token}, token=access))["cart"]
        return found

    async def does(self, mutation: str, *, by: str | None = "service", **given: object) -> Json:
        """Do something with an order; answers it."""
        payload = await self.client.mutate(*self._asked(mutation, given), token=by and self.shop.token(by))
        order: Json = payload["order"]
        return order

    async def may_not(self, mutation: str, *, by: str | None = "service", **given: object) -> tuple[str, object]:
        """Do something with an order in vain; answers code and field."""
        [error] = await self.client.refused(*self._asked(mutation, given), token=by and self.shop.token(by))
        return error["code"], error["field"]

    async def step(self, name: str, by: str = "operator", **given: object) -> Json:
        """Do a step of the work of a location; answers the work."""
        payload = await self.client.mutate(*self._step(name, given), token=self.shop.token(by))
        work: Json = payload["fulfillmentOrder"]
        return work

    async def no_step(self, name: str, by: str = "operator", **given: object) -> Json:
        """Do a step in vain; answers why."""
        [error] = await self.client.refused(*self._step(name, given), token=self.shop.token(by))
        found: Json = error
        return found

    async def packed(self, order: Json) -> str:
        """Have an order's only work picked and packed; answers its id."""
        [work] = (await self.read(order))["fulfillmentOrders"]
        for name in ("fulfillmentOrderAccept", "fulfillmentOrderPick", "fulfillmentOrderPack"):
            await self.step(name, fulfillmentOrderId=work["id"])
        return str(work["id"])

    async def ship(self, order: Json) -> Json:
        """Have an order's only work packed and shipped; answers the shipment."""
        work = await self.step("fulfillmentOrderShip", fulfillmentOrderId=await self.packed(order))
        [shipment] = work["shipments"]
        found: Json = shipment
        return found

    async def ready(self, order: Json) -> Json:
        """Have an order's only pickup put behind the counter; answers it as its buyer sees it, with the code."""
        await self.step("fulfillmentOrderReady", fulfillmentOrderId=await self.packed(order))
        [work] = (await self.read(order, by=None, token=order["token"]))["fulfillmentOrders"]
        pickup: Json = work["pickup"]
        return pickup

    async def hand_over(self, pickup: Json, *, by: str = "associate", key: str | None = None) -> list[Json]:
        """Hand a pickup over against its code; answers the refusals."""
        document = f"""mutation ($input: PickupHandOverInput!) {{ pickupHandOver(input: $input) {{
            pickup {{ status }} {ERRORS} }} }}"""
        given = {"pickupId": pickup["id"], "code": pickup["code"], "idempotencyKey": key or str(uuid4())}
        errors: list[Json] = (await self.client.query(document, {"input": given}, token=self.shop.token(by)))[
            "pickupHandOver"
        ]["errors"]
        return errors

    async def channel(self, **given: object) -> Json:
        """Change how the web channel takes money."""
        document = f"""mutation ($input: ChannelPutInput!) {{ channelPut(input: $input) {{
            channel {{ captureAt captureDelivery refundSequence tenders }} {ERRORS} }} }}"""
        call = {"input": {"code": "web", "idempotencyKey": str(uuid4()), **given}}
        payload = await self.client.mutate(document, call, token=self.shop.token("merchandiser"))
        found: Json = payload["channel"]
        return found

    async def work_off(self) -> None:
        """Let the worker tell every event that waits: captures, voids and refunds are asked for."""
        gateway = TestGateway(self.shop.database)
        await Relay(Means(self.shop.database.begin(SYSTEM), {"test": gateway})).drain()

    async def at_the_provider(self) -> dict[str, int]:
        """Ask the provider's own memory what it held, took, let go and gave back."""
        found = await self.shop.fetch(
            "SELECT kind, sum(amount_minor)::bigint FROM test_gateway_operations WHERE outcome = 'SUCCEEDED' GROUP BY kind"
        )
        return {entry[0]: entry[1] for entry in found}

    async def _total(self, buyer: Buyer, cart: Cart) -> str:
        quote = await buyer.quote(cart)
        return str(Decimal(quote.total_minor).scaleb(-exponent_of(quote.currency)))

    @staticmethod
    def _asked(mutation: str, given: Json) -> tuple[str, Json]:
        kind = _INPUTS.get(mutation) or f"{mutation[0].upper()}{mutation[1:]}Input"
        document = f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ order {{ {ORDER} }} {ERRORS} }} }}"
        return document, {"input": {"idempotencyKey": str(uuid4()), **given}}

    @staticmethod
    def _step(name: str, given: Json) -> tuple[str, Json]:
        kind = f"{name[0].upper()}{name[1:]}Input"
        document = f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ {WORK} {ERRORS} }} }}"
        return document, {"input": {"idempotencyKey": str(uuid4()), **given}}


def tenders(order: Json) -> list[tuple[str, str, str]]:
    """Say of each tender of an order what it is, what it pays, and where it has got to."""
    return [(payment["tender"], payment["amount"]["amount"], payment["status"]) for payment in order["payments"]]


def steps(order: Json) -> list[tuple[str, str, str]]:
    """Say of each step of an order's ledger what it is, how it went, and how much it is about."""
    return [
        (step["kind"], step["state"], step["amount"]["amount"])
        for payment in order["payments"]
        for step in payment["transactions"]
    ]


def unknown(kind: IdKind) -> str:
    """Write an id that nothing has."""
    return encode(kind, UUID("01890a5d-ac96-774b-bcce-b302099a8057"))
