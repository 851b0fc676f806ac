"""Why an order was routed as it was, for those who run the shop."""

import pytest

from app.kernel.ids import IdKind, encode
from tests.builders.buyers import Buyer
from tests.builders.client import Client
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

WEIGHED = """
query Weighed($id: ID!, $token: String) {
  order(id: $id, token: $token) {
    routingDecisions { cause rule candidates { location { code } unitsPossible unitsAssigned reason } }
  }
}"""


class TestRoutingDecisions:
    async def test_tell_operations_who_was_weighed_and_why(self, shop: Shop, client: Client) -> None:
        buyer = Buyer(shop)
        completed = await buyer.buy(await buyer.cart({"mug": 6}))
        assert completed.order_id is not None

        answer = await client.query(
            WEIGHED, {"id": encode(IdKind.ORDER, completed.order_id)}, token=shop.token("operator")
        )

        [decision] = answer["order"]["routingDecisions"]
        assert (decision["cause"], decision["rule"]) == ("PLACEMENT", "fewest-splits-then-nearest")
        told = {candidate["location"]["code"]: candidate for candidate in decision["candidates"]}
        assert told["warehouse"]["unitsAssigned"] == 6
        assert told["warehouse"]["reason"] == "supplies everything, and is the nearest that can"
        assert told["camden"]["unitsPossible"] == 5

    async def test_are_not_shown_to_the_buyer(self, shop: Shop, client: Client) -> None:
        buyer = Buyer(shop)
        completed = await buyer.buy(await buyer.cart({"mug": 1}))
        assert completed.order_id is not None
        token = shop.database.keys.token("order", completed.order_id)

        answer = await client.query(WEIGHED, {"id": encode(IdKind.ORDER, completed.order_id), "token": token})

        assert answer == {"order": {"routingDecisions": None}}
