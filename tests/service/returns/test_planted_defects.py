"""The invariants of returns see what they are there to see."""

import pytest

from app.kernel.db import UnitOfWork
from tests.builders.placed import shipped
from tests.builders.returned import Back, broken, receive, received_order, request
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

#: A statement that spoils the rows of a shop, and what is to be said of it.
DEFECTS = {
    "UPDATE return_lines SET received = 2, accepted = 2": "what was counted in is what the lines of a return have received",
    "UPDATE order_lines SET returned = 2 WHERE returned = 1": "what came back of an order line is what its returns accepted",
    "UPDATE return_lines SET quantity = 9": "returns expect no more than the customer has",
    "UPDATE return_lines SET refund_minor = refund_minor + 1 WHERE accepted > 0": "the units of a line give back what was paid",
    "INSERT INTO return_deliveries SELECT order_deliveries.id, returns.id, 499, 0 FROM order_deliveries, returns": (
        "a delivery gives back what was paid for it, and only when nothing of it is left"
    ),
    "UPDATE returns SET status = 'CLOSED'": "a closed return gives back what its lines and deliveries do",
    "UPDATE returns SET status = 'INSPECTED'": "the last state change of a return is the state it is in",
    "UPDATE returns SET currency = 'EUR'": "a return is of its order's currency",
    "INSERT INTO refunds SELECT gen_random_uuid(), order_id, id, 'x', 1, 'x', now() FROM returns": (
        "no more is asked to be given back for a return than it gives back"
    ),
    "INSERT INTO movements SELECT variant_id, location_id, 'SELLABLE', level_version + 1, 1, 1, 'RETURNED', 'return', "
    "cause_id, NULL, 'x', now() FROM movements WHERE cause_kind = 'return'": "what returns brought into stock is what was accepted",
}


class TestInvariants:
    """What `stoa audit` says of a shop that was tampered with."""

    @pytest.mark.parametrize("statement", DEFECTS)
    async def test_find_what_was_planted(self, shop: Shop, statement: str) -> None:
        """One of three units is back when somebody spoils the rows."""
        placed = await received_order(shop, shipped("mug", 3))
        asked = await request(placed, {"mug": 3})
        await receive(placed, asked.id, Back("mug", 1))
        before = await broken(shop)

        async def spoil(uow: UnitOfWork) -> None:
            await uow.execute(statement, [])

        await shop.begin().run(spoil)

        assert before == []
        assert any(name.startswith(DEFECTS[statement]) for name in await broken(shop))
