"""Routing goes by the postal code of a destination, where a table tells where that is."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from app.kernel.address import Address
from app.kernel.ids import new_id
from app.locations.rules import PostalCode
from app.locations.service import put_postal_codes
from app.sourcing.rules import Demand
from app.sourcing.service import decide
from tests.builders.shop import VARIANTS, Shop
from tests.builders.statements import Sent

OTLEY = Address(line1="1 Boroughgate", city="Otley", country="GB", postal_code="XX21 1AA")


async def supplier(shop: Shop, destination: Address) -> str:
    """Say which location would ship a small tee."""
    demand = [Demand(line_id=new_id(), variant_id=VARIANTS["tee-s"], quantity=1)]
    async with shop.database.read() as session:
        decided = await decide(session, channel_id=shop.channel_id, demand=demand, destination=destination)
    [part] = decided.plan.parts
    return next(code for code, location_id in shop.locations.items() if location_id == part.location_id)


class TestDestinations:
    async def test_are_where_their_postal_code_was_imported(self, shop: Shop) -> None:
        assert await supplier(shop, OTLEY) == "camden"

        await shop.begin().run(
            lambda uow: put_postal_codes(uow, postal_codes=[PostalCode("GB", "XX21", 53.905, -1.69)])
        )

        assert await supplier(shop, OTLEY) == "leeds"

    async def test_cost_no_statement_more(
        self, shop: Shop, statements: Callable[[], AbstractAsyncContextManager[Sent]]
    ) -> None:
        async with statements() as sent:
            await supplier(shop, OTLEY)

        assert sent.count == 1
