import asyncio, time
from contextlib import suppress
import pytest
from app.inventory.errors import CountOutdated, OutOfStock, CountBelowPacked
from app.kernel.errors import Busy
import app.servicing.service.counting as c
from tests.builders.buyers import Buyer
from tests.builders.counted import begin_count, post
from tests.builders.placed import broken_rules
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("left", [0, 10, 40])
async def test_stress(shop: Shop, left: int, monkeypatch) -> None:
    await post(shop, {"tent": 70})
    guests = [Buyer(shop) for _ in range(48)]
    carts = [await guest.cart({"tent": 1}) for guest in guests]
    counting = await (await begin_count(shop, "tent")).found({"tent": left})
    calls = 0
    real = c.break_promises

    async def counted(*a, **k):
        nonlocal calls
        calls += 1
        return await real(*a, **k)

    monkeypatch.setattr(c, "break_promises", counted)

    async def buy(n):
        try:
            return (await guests[n].buy(carts[n])).order_id is not None
        except OutOfStock:
            return False
        except Busy:
            return "busy"

    async def go():
        await asyncio.sleep(1.0)
        t = time.time()
        try:
            await counting.post()
            return "ok", calls, time.time() - t
        except Exception as e:
            return repr(e), calls, time.time() - t

    *bought, res = await asyncio.gather(*(buy(n) for n in range(48)), go())
    print(res, bought.count(True), bought.count("busy"))
    assert await broken_rules(shop) == []
    print(await shop.fetch("SELECT sellable, soft, firm FROM levels WHERE variant_id=$1", shop.variants["tent"]))
