"""Orders that were placed, paid for and routed, without a cart or a checkout to come from.

For tests of what happens afterwards: each line says from where and how it is delivered.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from app.audit import audit
from app.catalog import queries as catalog
from app.channels.states import TenderKind
from app.delivery.states import DeliveryMethod
from app.fulfillment import queries as work_queries
from app.fulfillment import service as fulfillment
from app.fulfillment.rules import Allocation, FulfillmentOrder, FulfillmentOrderLine
from app.inventory import service as inventory
from app.inventory.rules import Ahead, Units
from app.kernel.db import UnitOfWork
from app.kernel.ids import CartId, CustomerId, LocationId, OrderId, OrderLineId, PaymentId, PickupId, new_id
from app.orders import queries as order_queries
from app.orders import service as orders
from app.orders.rules import Order, OrderDelivery, OrderLine, OrderWithLines
from app.orders.states import FulfillmentStatus, OrderPaymentStatus, OrderStatus, ReturnProgress
from app.payments import queries as payment_queries
from app.payments import service as payments
from app.payments.gateway import Answer, Outcome
from app.payments.queries import NewTender
from app.pickup import queries as pickup_queries
from app.pickup import service as pickup
from app.pickup.rules import Pickup
from tests.builders.shop import CHANNEL_ID, LOCATIONS, VARIANTS, Shop

UNIT_PRICE_MINOR = 1200
DELIVERY_MINOR = 499
DUE_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Ordered:
    """Units of a variant that one location delivers in one way."""

    sku: str
    quantity: int
    at: str = "warehouse"
    method: DeliveryMethod = DeliveryMethod.SHIPPING
    #: What it waits for; None when it is there.
    supply_id: UUID | None = None


def shipped(sku: str, quantity: int, *, at: str = "warehouse") -> Ordered:
    """Order units to be shipped from a location."""
    return Ordered(sku, quantity, at)


def collected(sku: str, quantity: int, *, at: str = "camden") -> Ordered:
    """Order units to be collected at a store."""
    return Ordered(sku, quantity, at, DeliveryMethod.PICKUP)


def waiting(one: Ordered, *, on: UUID) -> Ordered:
    """Order units that are promised from what is expected."""
    return replace(one, supply_id=on)


class Placed:
    """An order that a test placed, read anew whenever it is asked."""

    def __init__(self, shop: Shop, order_id: OrderId) -> None:
        self.shop = shop
        self.id = order_id

    @property
    def token(self) -> str:
        """The token that a guest was given for it."""
        return self.shop.database.keys.token("order", self.id)

    async def order(self) -> Order:
        """Read the header."""
        async with self.shop.database.read() as session:
            (order,) = await order_queries.list_orders(session, order_ids=[self.id])
        return order

    async def line(self, sku: str) -> OrderLine:
        """Read the line of a variant."""
        async with self.shop.database.read() as session:
            lines = await order_queries.list_lines(session, order_ids=[self.id])
        return next(line for line in lines if line.sku == sku)

    async def works(self) -> list[FulfillmentOrder]:
        """Read its fulfillment orders, oldest first."""
        async with self.shop.database.read() as session:
            return await work_queries.list_for_orders(session, order_ids=[self.id])

    async def work(self, *, at: str = "warehouse") -> FulfillmentOrder:
        """Read the last fulfillment order of one location."""
        return [work for work in await self.works() if work.location_id == LOCATIONS[at]][-1]

    async def work_line(self, sku: str, *, at: str = "warehouse") -> FulfillmentOrderLine:
        """Read the line of a variant in the last fulfillment order of one location."""
        work = await self.work(at=at)
        async with self.shop.database.read() as session:
            lines = await work_queries.list_lines(session, fulfillment_order_ids=[work.id])
        return next(line for line in lines if line.sku == sku)

    async def pickup(self, *, at: str = "camden") -> Pickup:
        """Read the pickup at a store."""
        work = await self.work(at=at)
        async with self.shop.database.read() as session:
            (found,) = await pickup_queries.list_for_work(session, fulfillment_order_ids=[work.id])
        return found

    async def code(self, *, at: str = "camden") -> str:
        """Say which code opens its pickup, as the customer is told."""
        found = await self.pickup(at=at)
        return self.shop.database.keys.code("pickup", found.id, generation=found.code_generation)

    async def timeline(self) -> list[str]:
        """Read the messages of its timeline, oldest first."""
        async with self.shop.database.read() as session:
            events = await order_queries.list_events(session, order_ids=[self.id])
        return [event.message for event in events]

    async def money(self) -> tuple[int, int, int]:
        """Say how much was asked to be captured, let go and given back, in minor units."""
        async with self.shop.database.read() as session:
            (payment,) = await payment_queries.list_payments(session, order_ids=[self.id])
        return payment.capturing_minor, payment.released_minor, payment.refunding_minor

    async def events(self) -> list[str]:
        """Name the events told about it and its parts, in their order."""
        found = await self.shop.fetch(
            "SELECT name FROM outbox WHERE aggregate_id = $1 OR payload ->> 'order_id' = $1::text ORDER BY seq", self.id
        )
        return [record[0] for record in found]

    async def ready(self, *, at: str = "camden") -> PickupId:
        """Have its pickup picked, packed and put behind the counter."""
        work = await self.work(at=at)

        async def go(uow: UnitOfWork) -> None:
            await fulfillment.accept(uow, fulfillment_order_id=work.id)
            await fulfillment.pick(uow, fulfillment_order_id=work.id)
            await fulfillment.pack(uow, fulfillment_order_id=work.id)
            await pickup.make_ready(uow, fulfillment_order_id=work.id)

        await self.shop.begin().run(go)
        return (await self.pickup(at=at)).id

    async def packed(self, *, at: str = "warehouse") -> FulfillmentOrder:
        """Have its work at a location picked and packed."""
        work = await self.work(at=at)

        async def go(uow: UnitOfWork) -> None:
            await fulfillment.accept(uow, fulfillment_order_id=work.id)
            await fulfillment.pick(uow, fulfillment_order_id=work.id)
            await fulfillment.pack(uow, fulfillment_order_id=work.id)

        await self.shop.begin().run(go)
        return await self.work(at=at)


async def place(
    shop: Shop, *wanted: Ordered, customer: str | None = None, slots: dict[str, datetime] | None = None
) -> Placed:
    """Place an order: its money is held, its units are promised where they were ordered, and work is opened there."""

    async def go(uow: UnitOfWork) -> OrderId:
        variants = {
            variant.id: variant
            for variant in await catalog.list_variants(uow, variant_ids=[VARIANTS[one.sku] for one in wanted])
        }
        order = await _insert(uow, wanted, {v: variant.product_name for v, variant in variants.items()}, shop, customer)
        allocations = [
            Allocation(
                order_line_id=line.id,
                variant_id=line.variant_id,
                sku=line.sku,
                product_name=line.product_name,
                location_id=LOCATIONS[one.at],
                quantity=one.quantity,
                method=one.method,
            )
            for one, line in zip(wanted, order.lines, strict=True)
            if one.supply_id is None
        ]
        ahead = [
            Ahead(line.id, one.supply_id, line.variant_id, LOCATIONS[one.at], one.quantity)
            for one, line in zip(wanted, order.lines, strict=True)
            if one.supply_id is not None
        ]
        by_method = {method: [part for part in allocations if part.method is method] for method in DeliveryMethod}
        places: dict[LocationId, datetime | None] = {LOCATIONS[code]: at for code, at in (slots or {}).items()}
        await pickup.take_places(uow, slots=places)
        await fulfillment.open_work(uow, order, by_method[DeliveryMethod.SHIPPING], due_at=uow.now + DUE_AFTER)
        await pickup.open_pickups(uow, order, by_method[DeliveryMethod.PICKUP], slots=places)
        await inventory.allocate(
            uow,
            demand_id=order.order.id,
            units=[Units(p.order_line_id, p.variant_id, p.location_id, p.quantity) for p in allocations],
        )
        await inventory.reserve_ahead(uow, demand_id=order.order.id, parts=ahead, expires_at=None)
        order = await fulfillment.carry_out(uow, order, by_method[DeliveryMethod.CARRY_OUT])
        await fulfillment.take_carried_out(uow, order, by_method[DeliveryMethod.CARRY_OUT])
        return order.order.id

    return Placed(shop, await shop.begin().run(go))


async def _insert(
    uow: UnitOfWork, wanted: Sequence[Ordered], names: dict[UUID, str], shop: Shop, customer: str | None
) -> OrderWithLines:
    cart_id, order_id = CartId(new_id()), OrderId(new_id())
    customer_id: CustomerId | None = None if customer is None else shop.people[customer].customer_id
    await uow.execute(
        """
        INSERT INTO carts
            (id, channel_id, status, version, currency, promotion_codes, created_by, created_at, updated_at)
        VALUES ($1, $2, 'ORDERED', 1, 'GBP', '{}', 'TEST', $3, $3)
        """,
        [cart_id, CHANNEL_ID, uow.now],
    )
    goods = sum(one.quantity for one in wanted) * UNIT_PRICE_MINOR
    groups = dict.fromkeys((one.method, _store(one)) for one in wanted)
    deliveries = [_delivery(order_id, method, store_id) for method, store_id in groups]
    charged = sum(delivery.price_minor for delivery in deliveries)
    order = Order(
        id=order_id, number=orders.new_number(), channel_id=CHANNEL_ID, cart_id=cart_id, customer_id=customer_id,
        email="ada@shop.test", currency="GBP", tax_included=True, status=OrderStatus.PLACED,
        payment_status=OrderPaymentStatus.AUTHORIZED, fulfillment_status=FulfillmentStatus.UNFULFILLED,
        return_status=ReturnProgress.NONE, started=False, shipping_address=shop.home, billing_address=None,
        subtotal_minor=goods, discount_minor=0, delivery_minor=charged, tax_minor=0, total_minor=goods + charged,
        token_generation=0, placed_at=uow.now, updated_at=uow.now,
    )  # fmt: skip
    lines = [_line(order_id, i, one, names) for i, one in enumerate(wanted)]
    placed = await orders.place(uow, order=order, lines=lines, deliveries=deliveries, message="placed by a test")
    tender = NewTender(
        id=PaymentId(new_id()), step_id=new_id(), position=0, tender=TenderKind.CARD, gateway="test", token="tok_visa",
        amount_minor=order.total_minor,
    )  # fmt: skip
    attempt_id = new_id()
    await payment_queries.insert(uow, attempt_id=attempt_id, currency="GBP", tenders=[tender])
    (payment,) = await payment_queries.list_for_attempt(uow, attempt_id=attempt_id)
    answer = Answer(Outcome.SUCCEEDED, reference=str(tender.step_id))
    await payments.record_authorization(uow, payment, answer, order_id=order_id)
    return placed


def _store(one: Ordered) -> LocationId | None:
    return None if one.method is DeliveryMethod.SHIPPING else LOCATIONS[one.at]


def _delivery(order_id: OrderId, method: DeliveryMethod, store_id: LocationId | None) -> OrderDelivery:
    price = DELIVERY_MINOR if method is DeliveryMethod.SHIPPING else 0
    return OrderDelivery(
        id=new_id(), order_id=order_id, method=method, store_id=store_id, option_code=method.value.lower(),
        option_name=method.value, price_minor=price, discount_minor=0, tax_minor=0, total_minor=price, discounts=[],
    )  # fmt: skip


def _line(order_id: OrderId, position: int, one: Ordered, names: dict[UUID, str]) -> OrderLine:
    total = one.quantity * UNIT_PRICE_MINOR
    return OrderLine(
        id=OrderLineId(new_id()), order_id=order_id, position=position, variant_id=VARIANTS[one.sku],
        product_name=names[VARIANTS[one.sku]], sku=one.sku, options=[], delivery=one.method, store_id=_store(one),
        ordered=one.quantity, unallocated=0, backordered=one.quantity if one.supply_id else 0,
        allocated=0 if one.supply_id else one.quantity, fulfilled=0, cancelled=0, returned=0,
        unit_price_minor=UNIT_PRICE_MINOR, subtotal_minor=total, discount_minor=0, tax_minor=0, total_minor=total,
        discounts=[], tax_included=True,
    )  # fmt: skip


async def broken_rules(shop: Shop) -> list[str]:
    """Name the invariants that do not hold; there have to be none."""
    return [finding.invariant.name async for finding in audit(shop.database) if finding.rows]
