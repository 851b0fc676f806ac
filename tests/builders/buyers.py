"""Shoppers who fill carts and buy them through the services, as guests do through the API."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from app.audit import audit
from app.cart import queries as carts
from app.cart import service as cart_service
from app.cart.rules import AddLine, Cart, CartChanges, Quote, Select, Slot
from app.checkout import service as checkout
from app.checkout.rules import Tender
from app.checkout.service import CompleteCheckout, Completed
from app.delivery.states import DeliveryMethod
from app.kernel.actor import ANONYMOUS, SYSTEM
from app.kernel.db import Begin, UnitOfWork
from app.kernel.idempotency import key_for
from app.kernel.ids import CartId
from app.kernel.money import exponent_of
from app.orders import queries as orders
from app.orders.rules import Order
from app.payments import queries as payments
from app.payments import service as payment_service
from app.payments.gateway import Gateways
from app.payments.gateways.test import TestGateway
from app.payments.rules import Payment
from tests.builders.shop import DELIVERY_OPTIONS, LOCATIONS, VARIANTS, Shop

LATE = timedelta(seconds=60)


class Buyer:
    """A guest of the test shop, who pays with the test gateway."""

    def __init__(self, shop: Shop, *, begin: Begin | None = None) -> None:
        self.shop = shop
        self.begin = begin or shop.database.begin(ANONYMOUS)
        self.gateway = TestGateway(shop.database, late=LATE, base_url="http://shop.test")
        self.gateways: Gateways = {"test": self.gateway}

    async def cart(
        self,
        shipped: Mapping[str, int] | None = None,
        collected: Mapping[str, int] | None = None,
        *,
        at: str = "camden",
        slot: datetime | None = None,
    ) -> Cart:
        """Fill a cart that lacks nothing to be bought: address, email and delivery are chosen."""
        lines = [AddLine(VARIANTS[sku], units) for sku, units in (shipped or {}).items()]
        lines += [
            AddLine(VARIANTS[sku], units, DeliveryMethod.PICKUP, LOCATIONS[at])
            for sku, units in (collected or {}).items()
        ]

        async def fill(uow: UnitOfWork) -> Cart:
            cart = await cart_service.create(uow, email="guest@shop.test", lines=lines)
            changes = CartChanges(shipping_address=self.shop.home)
            token = self.token(cart.id)
            cart = await cart_service.update(uow, cart_id=cart.id, token=token, version=None, changes=changes)
            quote = await cart_service.quote(uow, cart=cart, now=uow.now)
            selections: list[Select] = []
            for group in quote.groups:
                if group.method is DeliveryMethod.SHIPPING:
                    selections.append(Select(group.group_id, DELIVERY_OPTIONS["standard"]))
                elif slot is not None:
                    selections.append(Select(group.group_id, DELIVERY_OPTIONS["pickup"], Slot(LOCATIONS[at], slot)))
            places = {} if slot is None else {(UUID(str(LOCATIONS[at])), slot): 1}
            return await cart_service.select_delivery(
                uow, cart_id=cart.id, token=token, version=None, selections=selections, places_left=places
            )

        return await self.begin.run(fill)

    async def carry_out(self, units: Mapping[str, int], *, at: str = "camden") -> Cart:
        """Put goods on the counter of a store, to be carried out once they are paid for."""
        lines = [
            AddLine(VARIANTS[sku], quantity, DeliveryMethod.CARRY_OUT, LOCATIONS[at]) for sku, quantity in units.items()
        ]
        return await self.begin.run(lambda uow: cart_service.create(uow, lines=lines))

    def token(self, cart_id: UUID) -> str:
        """The token that this guest was given for a cart."""
        return self.shop.database.keys.token("cart", cart_id)

    async def quote(self, cart: Cart) -> Quote:
        """Say what a cart costs now."""
        return await self.begin.run(lambda uow: cart_service.quote(uow, cart=cart, now=uow.now))

    async def request(
        self, cart: Cart, *, key: str = "first", tokens: Sequence[str] = ("tok_ok",), total: Decimal | None = None
    ) -> CompleteCheckout:
        """Write what the guest sends to buy a cart."""
        quote = await self.quote(cart)
        exact = Decimal(quote.total_minor).scaleb(-exponent_of(quote.currency))
        amounts: list[Decimal | None] = [Decimal("1.00")] * (len(tokens) - 1) + [None]
        return CompleteCheckout(
            cart_id=cart.id,
            token=self.token(cart.id),
            version=None,
            tenders=tuple(Tender("test", token, amount) for token, amount in zip(tokens, amounts, strict=True)),
            expected_total=exact if total is None else total,
            key=key_for(f"checkoutComplete:guest:{cart.id}", key, {"tokens": list(tokens)}),
        )

    async def send(self, request: CompleteCheckout) -> Completed:
        """Send it."""
        return await checkout.complete(self.begin, self.gateways, request)

    async def buy(self, cart: Cart, *, key: str = "first", tokens: Sequence[str] = ("tok_ok",)) -> Completed:
        """Buy a cart."""
        return await self.send(await self.request(cart, key=key, tokens=tokens))

    async def recover(self) -> int:
        """Let the worker finish what was left."""
        return await checkout.recover(self.shop.database.begin(SYSTEM), self.gateways)

    async def settle(self) -> None:
        """Let the worker carry out every capture, void and refund that was asked for."""
        begin = self.shop.database.begin(SYSTEM)
        steps = await self.shop.fetch(
            "SELECT id FROM payment_transactions WHERE settled_at IS NULL AND kind <> 'AUTHORIZATION' ORDER BY id"
        )
        for step in steps:
            await payment_service.carry_out(begin, self.gateways, step_id=step["id"])

    async def order_of(self, cart: Cart) -> Order | None:
        """Find the order that a cart became."""
        async with self.shop.database.read() as session:
            return next(iter(await orders.list_by_cart(session, cart_ids=[cart.id])), None)

    async def payments_of(self, cart: Cart) -> list[Payment]:
        """List every tender of every attempt to buy a cart, oldest first."""
        found = await self.shop.fetch("SELECT id FROM checkout_attempts WHERE cart_id = $1 ORDER BY id", cart.id)
        async with self.shop.database.read() as session:
            return [
                payment
                for attempt in found
                for payment in await payments.list_for_attempt(session, attempt_id=attempt["id"])
            ]

    async def cart_now(self, cart_id: CartId) -> Cart:
        """Read a cart anew."""
        async with self.shop.database.read() as session:
            cart = await carts.get_cart(session, cart_id=cart_id)
        assert cart is not None
        return cart


def other_key(request: CompleteCheckout, key: str) -> CompleteCheckout:
    """Write the same request under another key."""
    return replace(request, key=replace(request.key, key=key))


async def broken(shop: Shop, *, but: str | None = None) -> list[str]:
    """Name the invariants that the database breaks; none, when all is well. `but` leaves out those that speak of it."""
    return [
        f"{finding.invariant.number}: {finding.invariant.name}: {finding.rows}"
        async for finding in audit(shop.database)
        if finding.rows and (but is None or but not in finding.invariant.name)
    ]
