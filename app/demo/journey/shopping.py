"""The shopper's side: looking around, filling a cart, paying, and paying when things go wrong."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal

from app.demo.journey.client import Answer, ShopWindow, new_key
from app.demo.journey.seen import Amount, Basket, Cart, Goods, Order, Shelf, when
from app.demo.journey.story import JourneyFailed, Story, expect

EMAIL = "robin.guest@example.com"
ADDRESS = {
    "firstName": "Robin", "lastName": "Guest", "line1": "7 Imaginary Lane", "city": "London", "postalCode": "N1 9ZZ",
    "country": "GB", "phone": "+447700900199",
}  # fmt: skip
NEAR = {"latitude": 51.5416, "longitude": -0.1022}
PROMOTION_CODE = "WELCOME10"
#: What she looks for, in this order; nothing at all is every product there is.
WORDS = ("wool blanket", "mug", "candle", "")
UNITS_SHIPPED = 2
#: A second order takes one unit more.
UNITS_NEEDED = UNITS_SHIPPED + 1
_PAGES = 20
_PATIENCE_SECONDS = 60
_PAUSE_SECONDS = 0.2

_SEARCH = """
query Search($query: String, $after: String) {
  products(query: $query, filter: {inStock: true}, first: 12, after: $after) {
    totalCount nodes { slug name priceRange { min { amount currency } } } pageInfo { hasNextPage endCursor }
  }
}
"""
_GOODS = """
fragment goods on ProductVariant {
  id sku name price { amount currency }
  availability { shippable pickup(near: $near, first: 20) { quantity fromTransfer distanceKm store { id code name } } }
}
"""
_PRODUCT = (
    """
query ProductPage($slug: String!, $near: NearInput) {
  product(slug: $slug) { name description media { url } variants { ...goods } }
}
"""
    + _GOODS
)
#: The channel of the tills hides nothing; the web shop shows no more than twenty of anything.
_STOCK = (
    """
query Stock($id: ID!, $near: NearInput) {
  variant(channel: "in-store", id: $id) { product { name } ...goods }
}
"""
    + _GOODS
)
_STORES = """
query StoresNear($near: NearInput) {
  stores(near: $near, first: 3) { edges { distanceKm node { name openNow address { line1 city } } } }
}
"""
_SLOTS = """
query Slots($id: ID!) { store(id: $id) { timezone pickupSlots { id startsAt endsAt remaining } } }
"""
_CART = """
fragment cart on Cart {
  id token version total { amount currency } subtotal { amount currency } discountTotal { amount currency }
  deliveryTotal { amount currency } taxTotal { amount currency } taxIncluded
  deliveryGroups {
    id method store { id } selected { name } slot { startsAt }
    options { id name price { amount currency } earliestAt latestAt }
  }
}
"""
_CREATE = (
    "mutation Create($input: CartCreateInput!) { cartCreate(input: $input) { cart { ...cart } errors { code message } } }"
    + _CART
)
_ADD = (
    "mutation Add($input: CartLinesAddInput!) { cartLinesAdd(input: $input) { cart { ...cart } errors { code message } } }"
    + _CART
)
_UPDATE = (
    "mutation Update($input: CartUpdateInput!) { cartUpdate(input: $input) { cart { ...cart } errors { code message } } }"
    + _CART
)
_SELECT = (
    """
mutation Select($input: CartDeliverySelectInput!) {
  cartDeliverySelect(input: $input) { cart { ...cart } errors { code message } }
}
"""
    + _CART
)
_CHECKOUT = """
mutation Checkout($input: CheckoutCompleteInput!) {
  checkoutComplete(input: $input) {
    order { id number token total { amount currency } paymentStatus payments { status authorized { amount currency } } }
    errors { code message }
  }
}
"""


async def look_around(shop: ShopWindow, story: Story) -> Basket:
    """Search, open product pages and look for stores, until there is something to ship and something to collect.

    What is shipped should come from the warehouse, so that two places work on the order; if nothing is left that would,
    anything will do.
    """
    story.scene("A shopper looks around")
    shipped: Goods | None = None
    second_best: Goods | None = None
    collected: tuple[Goods, Shelf] | None = None
    async for product in _products(shop, story):
        page = (await shop.ask(_PRODUCT, slug=product["slug"], near=NEAR))["product"]
        variants = [Goods.of(page["name"], variant) for variant in page["variants"] if variant["price"]]
        enough = [goods for goods in variants if goods.shippable >= UNITS_NEEDED]
        if not enough:
            story.step("She", f"opens {page['name']}, of which too little is left, and goes on")
        if shipped is None:
            shipped = next(filter(_lies_in_the_warehouse, enough), None)
            if shipped is not None:
                story.step("She", f"opens {page['name']}: {page['description']}", f"{shipped.sku}: {shipped.price}")
                continue
        second_best = second_best or next(iter(enough), None)
        collected = collected or next(
            ((goods, shelf) for goods in variants if goods != second_best for shelf in goods.shelves if shelf.quantity),
            None,
        )
        if shipped is not None and collected is not None:
            break
    shipped = shipped or second_best
    if shipped is None or collected is None:
        raise JourneyFailed("nothing is left in the whole shop that could be shipped and collected")
    goods, store = collected
    nearest = (await shop.ask(_STORES, near=NEAR))["stores"]["edges"]
    story.step("She", "asks which stores are near", *(_store_told(edge) for edge in nearest))
    story.step("She", f"sees that {store.name} has {store.quantity} × {goods.name} at {goods.price}")
    return Basket(shipped, goods, store)


async def stock_of(shop: ShopWindow, goods: Goods) -> Goods:
    """Look again at how many units there are, without the web shop's limit on what it shows."""
    answer = (await shop.ask(_STOCK, id=goods.id, near=NEAR))["variant"]
    return Goods.of(answer["product"]["name"], answer)


async def fill_cart(shop: ShopWindow, story: Story, basket: Basket) -> Cart:
    """Make a guest's cart with goods to ship and goods to collect, and choose how, where and when."""
    story.scene("She fills a cart, without an account")
    shipped, collected, store = basket.shipped, basket.collected, basket.store
    lines = [{"variantId": shipped.id, "quantity": UNITS_SHIPPED}]
    cart = (await shop.do("cartCreate", _CREATE, {"email": EMAIL, "lines": lines}))["cart"]
    proof = {"cartId": cart["id"], "token": cart["token"]}
    story.step(
        "She",
        f"takes {UNITS_SHIPPED} × {shipped.name}, to be shipped",
        f"cart {cart['id']}, {Amount.of(cart['total'])}",
    )
    line = {"variantId": collected.id, "quantity": 1, "delivery": "PICKUP", "storeId": store.store_id}
    cart = (await shop.do("cartLinesAdd", _ADD, {**proof, "lines": [line], "idempotencyKey": new_key()}))["cart"]
    story.step("She", f"adds 1 × {collected.name}, to be collected at {store.name}", "one cart, two ways of delivery")
    details = {"shippingAddress": ADDRESS, "billingAddress": ADDRESS, "promotionCodes": [PROMOTION_CODE]}
    cart = (await shop.do("cartUpdate", _UPDATE, {**proof, **details}))["cart"]
    story.step(
        "She", f"gives her address and the code {PROMOTION_CODE}", f"discount {Amount.of(cart['discountTotal'])}"
    )
    cart = await _choose_delivery(shop, story, cart, proof)
    story.step("The shop", "adds it up", *_totals_told(cart))
    return Cart(cart["id"], proof["token"], Amount.of(cart["total"]))


async def pay(shop: ShopWindow, story: Story, cart: Cart) -> Order:
    """Pay with a card that is declined, then with one that is not."""
    story.scene("She pays")
    _, codes = await shop.act("checkoutComplete", _CHECKOUT, _payment(cart, "tok_declined", key=new_key()))
    expect(codes == ("PAYMENT_DECLINED",), f"a declined card led to {codes or 'an order'}")
    story.step("The bank", "declines her first card", "PAYMENT_DECLINED: nothing is charged, the cart is as it was")
    wanted = _payment(cart, "tok_ok", key=new_key())
    payload = await shop.do("checkoutComplete", _CHECKOUT, wanted)
    order = _order(payload["order"])
    expect(order.total == cart.total, f"she saw {cart.total} and was charged {order.total}")
    again = _order((await shop.do("checkoutComplete", _CHECKOUT, wanted))["order"])
    expect(again == order, f"the same call with the same key made another order, {again.number}")
    authorized = ", ".join(str(Amount.of(payment["authorized"])) for payment in payload["order"]["payments"])
    story.step(
        "She",
        "pays with another card",
        f"order {order.number}, {order.id}: {order.total}",
        f"authorized {authorized}, captured when goods leave",
        "sent again with the same key, the call answers the same order",
    )
    return order


async def pay_with_lost_answer(shop: ShopWindow, story: Story, goods: Goods) -> Order:
    """Order once more; the bank's answer is lost on the way, and asking again with the same key finds it."""
    story.scene("An answer gets lost")
    lines = [{"variantId": goods.id, "quantity": 1}]
    created = (await shop.do("cartCreate", _CREATE, {"email": EMAIL, "lines": lines}))["cart"]
    proof = {"cartId": created["id"], "token": created["token"]}
    cart = (await shop.do("cartUpdate", _UPDATE, {**proof, "shippingAddress": ADDRESS}))["cart"]
    cart = await _choose_delivery(shop, None, cart, proof)
    ready = Cart(cart["id"], created["token"], Amount.of(cart["total"]))
    wanted = _payment(ready, "tok_timeout", key=new_key())
    payload, codes = await shop.act("checkoutComplete", _CHECKOUT, wanted)
    expect(set(codes) <= {"PAYMENT_PENDING"}, f"a lost answer led to {codes}")
    story.step(
        "The bank",
        "authorizes a second order, but its answer is lost",
        f"{codes[0]}: nobody knows yet" if codes else "the shop asked the bank again at once",
    )
    waited = 0.0
    while payload["order"] is None:
        expect(waited < _PATIENCE_SECONDS, f"after {_PATIENCE_SECONDS} s the payment is still unknown")
        await asyncio.sleep(_PAUSE_SECONDS)
        waited += _PAUSE_SECONDS
        payload, codes = await shop.act("checkoutComplete", _CHECKOUT, wanted)
        expect(set(codes) <= {"PAYMENT_PENDING"}, f"asking again led to {codes}")
    order = _order(payload["order"])
    again = _order((await shop.do("checkoutComplete", _CHECKOUT, wanted))["order"])
    expect(again == order, f"two orders were made of one cart: {order.number} and {again.number}")
    story.step(
        "She", "sends the same call with the same key", f"one order, {order.number}: {order.total}", "charged once"
    )
    return order


async def _products(shop: ShopWindow, story: Story) -> AsyncIterator[Answer]:
    """Go through search after search, page after page, each product once."""
    seen: set[str] = set()
    for word in WORDS:
        after = None
        for _ in range(_PAGES):
            found = (await shop.ask(_SEARCH, query=word or None, after=after))["products"]
            if after is None:
                names = [f"{node['name']}, from {Amount.of(node['priceRange']['min'])}" for node in found["nodes"][:3]]
                searched = f'searches for "{word}"' if word else "looks at everything"
                story.step("Somebody new", searched, f"{found['totalCount']} products", *names)
            for node in found["nodes"]:
                if node["slug"] not in seen:
                    seen.add(node["slug"])
                    yield node
            if not found["pageInfo"]["hasNextPage"]:
                break
            after = found["pageInfo"]["endCursor"]


def _lies_in_the_warehouse(goods: Goods) -> bool:
    """Say whether no store has enough of it, and others have."""
    on_shelves = [shelf.quantity for shelf in goods.shelves]
    return max(on_shelves, default=0) < UNITS_SHIPPED and goods.shippable - sum(on_shelves) >= UNITS_NEEDED


async def _choose_delivery(shop: ShopWindow, story: Story | None, cart: Answer, proof: Mapping[str, object]) -> Answer:
    selections = []
    for group in cart["deliveryGroups"]:
        expect(bool(group["options"]), f"no way of delivery is offered for {group['method']}")
        option = group["options"][0]
        selection = {"groupId": group["id"], "optionId": option["id"]}
        told = [f"{option['name']}, {Amount.of(option['price'])}"]
        if group["method"] == "PICKUP":
            store = (await shop.ask(_SLOTS, id=group["store"]["id"]))["store"]
            slot = next((slot for slot in store["pickupSlots"] if slot["remaining"] > 0), None)
            if slot is not None:
                selection["pickupSlotId"] = slot["id"]
                told.append(f"from {when(slot['startsAt'])}, {slot['remaining']} places left in that hour")
        elif option["latestAt"]:
            told.append(f"by {when(option['latestAt'])}")
        selections.append(selection)
        if story is not None:
            story.step("She", f"chooses how to get what is for {group['method']}", *told)
    payload = await shop.do("cartDeliverySelect", _SELECT, {**proof, "selections": selections})
    chosen: Answer = payload["cart"]
    return chosen


def _payment(cart: Cart, token: str, *, key: str) -> dict[str, object]:
    return {
        "cartId": cart.id,
        "token": cart.token,
        "payments": [{"gateway": "test", "token": token}],
        "expectedTotal": str(cart.total.amount),
        "idempotencyKey": key,
    }


def _order(answer: Answer) -> Order:
    return Order(answer["id"], answer["number"], answer["token"], Amount.of(answer["total"]))


def _totals_told(cart: Answer) -> list[str]:
    parts = {
        name: Amount.of(cart[name]) for name in ("subtotal", "discountTotal", "deliveryTotal", "taxTotal", "total")
    }
    sum_ = parts["subtotal"].amount - parts["discountTotal"].amount + parts["deliveryTotal"].amount
    sum_ += Decimal(0) if cart["taxIncluded"] else parts["taxTotal"].amount
    expect(
        parts["total"].amount == sum_, f"the cart's parts add up to {sum_}, and its total is {parts['total'].amount}"
    )
    return [
        f"goods {parts['subtotal']} - discounts {parts['discountTotal']} + delivery {parts['deliveryTotal']} = {parts['total']}",
        f"of which tax {parts['taxTotal']}",
    ]


def _store_told(edge: Answer) -> str:
    store = edge["node"]
    return (
        f"{store['name']}, {store['address']['line1']}, {edge['distanceKm']:.1f} km, "
        f"{'open now' if store['openNow'] else 'closed now'}"
    )
