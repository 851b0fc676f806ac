"""The whole journey, in order."""

from app.demo.journey import shopping, working
from app.demo.journey.client import ShopWindow
from app.demo.journey.seen import Basket, Goods
from app.demo.journey.story import Story, expect


async def play(shop: ShopWindow, story: Story) -> None:
    """Play one order from the first look to the refund, and a second one whose payment's answer is lost.

    May be played any number of times on the same shop; what is sold out is passed over. Of the stock it names, each
    change is checked against what it should have been.
    Raises: JourneyFailed at the first thing that is not as it should be.
    """
    basket = await shopping.look_around(shop, story)
    opening = await _stock(shop, basket)
    cart = await shopping.fill_cart(shop, story, basket)
    order = await shopping.pay(shop, story, cart)
    work = await working.show_routing(shop, story, order)
    placed = await _stock(shop, basket)
    _compare(
        story, "as soon as the order was placed", basket, opening, placed, shipped=-shopping.UNITS_SHIPPED, collected=-1
    )
    await working.ship(shop, story, work)
    await working.hand_over(shop, story, order, work)
    gone = await _stock(shop, basket)
    _compare(story, "once everything had left", basket, opening, gone, shipped=-shopping.UNITS_SHIPPED, collected=-1)
    await working.take_back(shop, story, order, basket.shipped, not_at=basket.store.code)
    await working.show_history(shop, story, order)
    second = await shopping.pay_with_lost_answer(shop, story, basket.shipped)
    closing = await _stock(shop, basket)
    _compare(story, "at the end", basket, opening, closing, shipped=1 - shopping.UNITS_NEEDED, collected=-1)
    story.step("The second order", f"{second.number} is left for you to pick, pack and ship")


async def _stock(shop: ShopWindow, basket: Basket) -> tuple[Goods, Goods]:
    return await shopping.stock_of(shop, basket.shipped), await shopping.stock_of(shop, basket.collected)


def _compare(
    story: Story,
    when: str,
    basket: Basket,
    before: tuple[Goods, Goods],
    after: tuple[Goods, Goods],
    *,
    shipped: int,
    collected: int,
) -> None:
    """Tell the stock before and after, and refuse a difference that is not what was sold or brought back."""
    store = basket.store
    shelf_before, shelf_after = before[1].at(store.store_id), after[1].at(store.store_id)
    story.step(
        "The stock",
        f"{when}, as any shopper sees it",
        f"{basket.shipped.sku} in all: {before[0].shippable} -> {after[0].shippable}",
        f"{basket.collected.sku} at {store.code}: {shelf_before} -> {shelf_after}",
    )
    expect(
        after[0].shippable - before[0].shippable == shipped, f"{basket.shipped.sku} should have changed by {shipped}"
    )
    expect(
        shelf_after - shelf_before == collected,
        f"{basket.collected.sku} at {store.name} should have changed by {collected}",
    )
