"""The shop's side: routing, shipping, handing over, taking back."""

import asyncio
from collections.abc import Mapping, Sequence

from app.demo.content.people import log_ins
from app.demo.content.places import STORES, WAREHOUSE
from app.demo.journey.client import Answer, ShopWindow, new_key
from app.demo.journey.seen import Amount, Goods, Order, Work, when
from app.demo.journey.shopping import stock_of
from app.demo.journey.story import Story, expect

OPERATOR = "operator@stoa.test"
_PATIENCE_SECONDS = 60
_PAUSE_SECONDS = 0.2
_WRONG_CODES = ("000000", "111111")

_ORDER = """
query Order($id: ID!, $token: String) {
  order(id: $id, token: $token) {
    status paymentStatus fulfillmentStatus refundedTotal { amount currency } nextActions
    lines { id sku productName quantity delivery total { amount currency } quantities { allocated fulfilled returned } }
    payments { status captured { amount currency } refunded { amount currency } }
    fulfillmentOrders {
      id number method status location { id code name } lines { productName quantity }
      pickup { id status code collectBy } shipments { carrier trackingNumber status }
    }
    returns { id number status }
    timeline { at kind actor message }
  }
}
"""
_STEP = """
mutation Step($input: %(input)s!) {
  %(field)s(input: $input) { fulfillmentOrder { id status nextActions } errors { code message } }
}
"""
_CHECK_IN = """
mutation CheckIn($input: PickupCheckInInput!) { pickupCheckIn(input: $input) { pickup { status } errors { code message } } }
"""
_HAND_OVER = """
mutation HandOver($input: PickupHandOverInput!) {
  pickupHandOver(input: $input) { pickup { status collectedAt } errors { code message } }
}
"""
_PREVIEW = """
mutation Preview($input: ReturnPreviewInput!) {
  returnPreview(input: $input) { refund { total { amount currency } method } errors { code message } }
}
"""
_RETURN = """
mutation Return($input: %(input)s!) {
  %(field)s(input: $input) { return { id number status lines { id quantity received } } errors { code message } }
}
"""


_WEIGHED = """
query Weighed($id: ID!) {
  order(id: $id) { routingDecisions { rule candidates { location { code } distanceKm reason } } }
}
"""


def _told(candidate: Answer) -> str:
    distance = candidate["distanceKm"]
    return f"{candidate['location']['code']}{f', {distance} km' if distance else ''}: {candidate['reason']}"


async def show_routing(shop: ShopWindow, story: Story, order: Order) -> list[Work]:
    """Tell which location got which part of the order, and what was weighed."""
    story.scene("The order is routed")
    seen = await _read(shop, order)
    work = [Work.of(answer) for answer in seen["fulfillmentOrders"]]
    expect({part.method for part in work} == {"SHIPPING", "PICKUP"}, "the order was not split into shipping and pickup")
    for part in work:
        story.step(
            "The shop", f"gives {part.units} to {part.location_name}", f"{part.number}, {part.method}, {part.id}"
        )
    operator = await shop.log_in(OPERATOR)
    weighed = (await shop.ask(_WEIGHED, bearer=operator, id=order.id))["order"]["routingDecisions"]
    for decision in weighed:
        story.step(
            "The shop",
            "has kept what it weighed",
            f"by the rule {decision['rule']}",
            *map(_told, decision["candidates"]),
        )
    story.step("The order", f"is {seen['status']}, {seen['paymentStatus']}")
    return work


async def ship(shop: ShopWindow, story: Story, work: Sequence[Work]) -> None:
    """Have the people of each location accept, pick, pack and ship what goes by post."""
    story.scene("Goods leave the building")
    for part in work:
        if part.method != "SHIPPING":
            continue
        email, who = _worker_at(part.location_code)
        bearer = await shop.log_in(email)
        for step in ("Accept", "Pick", "Pack"):
            await _step(shop, part, step, bearer=bearer)
        parcel = {"carrier": "Parcel Pigeon", "trackingNumber": f"PP{part.number}"}
        await _step(shop, part, "Ship", bearer=bearer, **parcel)
        story.step(
            who,
            f"accepts, picks, packs and ships {part.units} at {part.location_name}",
            f"{email}; {parcel['carrier']} {parcel['trackingNumber']}",
        )


async def hand_over(shop: ShopWindow, story: Story, order: Order, work: Sequence[Work]) -> None:
    """Have the store get the goods ready, refuse a wrong code, and hand them over against the right one."""
    story.scene("A store hands over")
    for part in work:
        if part.method != "PICKUP":
            continue
        email, who = _worker_at(part.location_code)
        bearer = await shop.log_in(email)
        for step in ("Accept", "Pick", "Pack", "Ready"):
            await _step(shop, part, step, bearer=bearer)
        pickup = await _pickup_of(shop, order, part)
        story.step(who, f"accepts, picks, packs and readies {part.units} at {part.location_name}", email)
        code = pickup["code"]
        expect(bool(code), "the customer is not shown her pickup code, though the goods are ready")
        story.step(
            "The shopper",
            f"is told her code, {code}",
            f"pickup {pickup['id']}, to be collected by {when(pickup['collectBy'])}",
        )
        arrival = {"pickupId": pickup["id"], "token": order.token, "arrived": True}
        await shop.do("pickupCheckIn", _CHECK_IN, arrival)
        wrong = next(digits for digits in _WRONG_CODES if digits != code)
        handing = {"pickupId": pickup["id"], "collectedBy": "Robin Guest"}
        _, codes = await shop.act(
            "pickupHandOver", _HAND_OVER, {**handing, "code": wrong, "idempotencyKey": new_key()}, bearer=bearer
        )
        expect(codes == ("PICKUP_CODE_WRONG",), f"a wrong code led to {codes or 'a hand-over'}")
        story.step(
            "The shopper",
            f"says she has arrived, and misremembers: {wrong}",
            "PICKUP_CODE_WRONG: counted, not handed over",
        )
        payload = await shop.do(
            "pickupHandOver", _HAND_OVER, {**handing, "code": code, "idempotencyKey": new_key()}, bearer=bearer
        )
        expect(
            payload["pickup"]["status"] == "COLLECTED",
            f"after the right code the pickup is {payload['pickup']['status']}",
        )
        story.step(who, f"hands over against {code}", f"COLLECTED, {when(payload['pickup']['collectedAt'])}")
    seen = await _read(shop, order)
    expect(
        seen["fulfillmentStatus"] == "FULFILLED", f"everything has left, and the order is {seen['fulfillmentStatus']}"
    )
    await _until_captured(shop, story, order)


async def take_back(shop: ShopWindow, story: Story, order: Order, goods: Goods, *, not_at: str) -> None:
    """Take one unit back in a store that had nothing to do with the order, and see the money go back."""
    store = next(store for store in STORES if store.code != not_at and store.pickup_enabled)
    story.scene("She brings one back, to another store")
    seen = await _read(shop, order)
    line = next(line for line in seen["lines"] if line["sku"] == goods.sku and line["delivery"] == "SHIPPING")
    lines = [{"orderLineId": line["id"], "quantity": 1, "reason": "UNWANTED"}]
    proof = {"orderId": order.id, "token": order.token}
    preview = (await shop.do("returnPreview", _PREVIEW, {**proof, "lines": lines}))["refund"]
    due = Amount.of(preview["total"])
    story.step("She", f"asks what she would get back for 1 × {goods.name}", f"{due}: what she paid, after her discount")
    requested = {**proof, "lines": lines, "idempotencyKey": new_key()}
    back = (await _return(shop, "Request", requested))["return"]
    story.step("She", f"asks to return it: {back['number']} is {back['status']}", back["id"])
    email, who = _worker_at(store.code)
    bearer = await shop.log_in(email)
    if back["status"] == "REQUESTED":
        await _return(
            shop, "Approve", {"returnId": back["id"], "idempotencyKey": new_key()}, bearer=await shop.log_in(OPERATOR)
        )
    before = await stock_of(shop, goods)
    location_id = await _store_id(shop, store.code)
    counted = {"returnLineId": back["lines"][0]["id"], "quantity": 1, "disposition": "RESTOCK"}
    receipt = {"returnId": back["id"], "locationId": location_id, "lines": [counted], "idempotencyKey": new_key()}
    back = (await _return(shop, "Receive", receipt, bearer=bearer))["return"]
    expect(back["status"] == "CLOSED", f"everything came back, and the return is {back['status']}")
    after = await stock_of(shop, goods)
    story.step(
        who,
        f"counts it in at {store.name}, and it is for sale again",
        f"{email}; {back['number']} is {back['status']}",
        f"{goods.sku} at {store.code}: {before.at(location_id)} -> {after.at(location_id)}",
    )
    expect(after.at(location_id) == before.at(location_id) + 1, f"{store.name} did not get the unit into its stock")
    await _until_refunded(shop, story, order, due)


async def show_history(shop: ShopWindow, story: Story, order: Order) -> None:
    """Read the whole order once more."""
    story.scene("The whole story of the order")
    seen = await _read(shop, order)
    story.step("The order", f"{order.number} is {seen['status']}, {seen['paymentStatus']}", *_timeline_told(seen))


async def _until_captured(shop: ShopWindow, story: Story, order: Order) -> None:
    captured = order.total.amount - order.total.amount
    waited = 0.0
    while captured != order.total.amount:
        expect(waited < _PATIENCE_SECONDS, f"after {_PATIENCE_SECONDS} s {captured} of {order.total} are captured")
        seen = await _read(shop, order)
        captured = sum(
            (Amount.of(payment["captured"]).amount for payment in seen["payments"]), start=captured - captured
        )
        if captured != order.total.amount:
            await asyncio.sleep(_PAUSE_SECONDS)
            waited += _PAUSE_SECONDS
    story.step(
        "The bank", f"pays the shop {order.total}, now that everything has left", f"payment {seen['paymentStatus']}"
    )


async def _until_refunded(shop: ShopWindow, story: Story, order: Order, due: Amount) -> None:
    waited = 0.0
    while (refunded := Amount.of((await _read(shop, order))["refundedTotal"])) != due:
        expect(waited < _PATIENCE_SECONDS, f"after {_PATIENCE_SECONDS} s {refunded} of {due} went back")
        await asyncio.sleep(_PAUSE_SECONDS)
        waited += _PAUSE_SECONDS
    story.step("The bank", f"gives {refunded} back to the card it came from", "the same as the preview said")


async def _read(shop: ShopWindow, order: Order) -> Answer:
    answer = (await shop.ask(_ORDER, id=order.id, token=order.token))["order"]
    expect(answer is not None, f"the guest's token does not open order {order.number}")
    seen: Answer = answer
    return seen


async def _pickup_of(shop: ShopWindow, order: Order, work: Work) -> Answer:
    seen = await _read(shop, order)
    pickup: Answer = next(part["pickup"] for part in seen["fulfillmentOrders"] if part["id"] == work.id)
    return pickup


async def _step(shop: ShopWindow, work: Work, step: str, *, bearer: str, **more: object) -> None:
    field, named = f"fulfillmentOrder{step}", f"FulfillmentOrder{step}Input"
    wanted = {"fulfillmentOrderId": work.id, "idempotencyKey": new_key(), **more}
    await shop.do(field, _STEP % {"field": field, "input": named}, wanted, bearer=bearer)


async def _return(shop: ShopWindow, step: str, wanted: Mapping[str, object], *, bearer: str | None = None) -> Answer:
    field, named = f"return{step}", f"Return{step}Input"
    return await shop.do(field, _RETURN % {"field": field, "input": named}, wanted, bearer=bearer)


async def _store_id(shop: ShopWindow, code: str) -> str:
    found = await shop.ask("query Codes { stores(first: 100) { nodes { id code } } }")
    return next(str(node["id"]) for node in found["stores"]["nodes"] if node["code"] == code)


def _worker_at(location_code: str) -> tuple[str, str]:
    """Say who works a location: its associate, or for the warehouse whoever keeps all orders moving."""
    if location_code == WAREHOUSE.code:
        return OPERATOR, "The warehouse"
    email = next(
        login.email for login in log_ins() if login.location_codes == (location_code,) and "ASSOCIATE" in login.roles
    )
    return email, "The associate"


def _timeline_told(seen: Answer) -> list[str]:
    return [f"{when(event['at'])}  {event['message']}" for event in seen["timeline"]]
