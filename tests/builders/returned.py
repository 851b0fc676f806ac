"""Orders whose goods the customer has and has paid for, and the ways in which they give them back."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.audit import audit
from app.delivery.states import DeliveryMethod
from app.fulfillment import service as fulfillment
from app.kernel.db import Begin, UnitOfWork
from app.kernel.ids import ReturnId
from app.orders import queries as order_queries
from app.payments import queries as payment_queries
from app.payments import service as payments
from app.payments.gateway import Answer, Outcome
from app.payments.gateways.test import TestGateway
from app.returns import queries
from app.returns import service as returns
from app.returns.rules import CountedLine, Draft, RequestedLine, Return, ReturnLine, ReturnReceipt
from app.returns.states import Disposition, RefundMethod, ReturnReason
from tests.builders.placed import Ordered, Placed, place
from tests.builders.shop import LOCATIONS, Shop


class WillingGateway(TestGateway):
    """A provider that agrees to everything: these orders are paid with authorizations that nobody made."""

    async def capture(self, *, key: str, reference: str, amount_minor: int, currency: str, final: bool) -> Answer:
        """Take held funds."""
        return Answer(Outcome.SUCCEEDED, reference=key)

    async def void(self, *, key: str, reference: str, amount_minor: int, currency: str) -> Answer:
        """Let held funds go."""
        return Answer(Outcome.SUCCEEDED, reference=key)

    async def refund(self, *, key: str, reference: str, amount_minor: int, currency: str) -> Answer:
        """Give taken funds back."""
        return Answer(Outcome.SUCCEEDED, reference=key)


def sold(sku: str, quantity: int, *, at: str = "camden") -> Ordered:
    """Sell units over the counter of a store."""
    return Ordered(sku, quantity, at, DeliveryMethod.CARRY_OUT)


@dataclass(frozen=True, slots=True)
class Back:
    """Units of a variant that came back, and what becomes of them."""

    sku: str
    quantity: int
    accepted: bool = True
    disposition: Disposition = Disposition.RESTOCK


async def settle(shop: Shop) -> None:
    """Have the worker carry out every capture, void and refund that was asked for."""
    begin = shop.begin()
    steps = await shop.fetch("SELECT id FROM payment_transactions WHERE settled_at IS NULL ORDER BY id")
    for [step_id] in steps:
        await payments.carry_out(begin, {"test": WillingGateway(shop.database)}, step_id=step_id)


async def ship(placed: Placed, *, at: str = "warehouse") -> None:
    """Have all that a location has to ship leave."""
    work = await placed.packed(at=at)

    async def go(uow: UnitOfWork) -> None:
        await fulfillment.ship(uow, fulfillment_order_id=work.id)

    await placed.shop.begin().run(go)


async def received_order(shop: Shop, *wanted: Ordered, customer: str | None = None) -> Placed:
    """Place an order, ship what is to be shipped, and take the money."""
    placed = await place(shop, *wanted, customer=customer)
    for at in dict.fromkeys(one.at for one in wanted if one.method is DeliveryMethod.SHIPPING):
        await ship(placed, at=at)
    await settle(shop)
    return placed


async def asked_lines(placed: Placed, units: dict[str, int]) -> list[RequestedLine]:
    """Name units by SKU as lines of a request."""
    return [
        RequestedLine((await placed.line(sku)).id, quantity, ReturnReason.UNWANTED) for sku, quantity in units.items()
    ]


async def preview(
    placed: Placed,
    units: dict[str, int],
    *,
    by: Begin | None = None,
    token: str | None = None,
    method: RefundMethod = RefundMethod.ORIGINAL,
) -> Draft:
    """Ask what a return would give back, as a guest with the order's token unless said otherwise."""
    lines = await asked_lines(placed, units)

    async def go(uow: UnitOfWork) -> Draft:
        _, draft = await returns.preview(uow, order_id=placed.id, token=token, lines=lines, method=method)
        return draft

    return await (by or placed.shop.begin("service")).run(go)


async def request(
    placed: Placed,
    units: dict[str, int],
    *,
    by: Begin | None = None,
    token: str | None = None,
    method: RefundMethod = RefundMethod.ORIGINAL,
) -> Return:
    """Ask for a return: customer service does, unless said otherwise, so that it is approved with that."""
    lines = await asked_lines(placed, units)

    async def go(uow: UnitOfWork) -> Return:
        return await returns.request(uow, order_id=placed.id, token=token, lines=lines, method=method)

    return await (by or placed.shop.begin("service")).run(go)


async def receive(
    placed: Placed, return_id: ReturnId, *back: Back, at: str = "camden", by: Begin | None = None
) -> Return:
    """Count goods in at a location."""
    lines = await lines_of(placed.shop, return_id)
    skus = {(await placed.line(one.sku)).id: one.sku for one in back}
    by_sku = {skus[line.order_line_id]: line.id for line in lines if line.order_line_id in skus}
    counted = [
        CountedLine(by_sku[one.sku], one.quantity, accepted=one.accepted, disposition=one.disposition) for one in back
    ]

    async def go(uow: UnitOfWork) -> Return:
        return await returns.receive(uow, return_id=return_id, location_id=LOCATIONS[at], lines=counted)

    return await (by or placed.shop.begin("operator")).run(go)


async def give_back(placed: Placed, units: dict[str, int], *, at: str = "camden") -> Return:
    """Ask for a return and have all of it counted in as good as new."""
    asked = await request(placed, units)
    return await receive(placed, asked.id, *(Back(sku, quantity) for sku, quantity in units.items()), at=at)


async def current(shop: Shop, return_id: ReturnId) -> Return:
    """Read a return as it is now."""
    async with shop.database.read() as session:
        (found,) = await queries.list_returns(session, return_ids=[return_id])
    return found


async def lines_of(shop: Shop, return_id: ReturnId) -> list[ReturnLine]:
    """Read the lines of a return."""
    async with shop.database.read() as session:
        return await queries.list_lines(session, return_ids=[return_id])


async def receipts_of(shop: Shop, return_id: ReturnId) -> list[ReturnReceipt]:
    """Read what of a return was counted in."""
    lines = await lines_of(shop, return_id)
    async with shop.database.read() as session:
        return await queries.list_receipts(session, line_ids=[line.id for line in lines])


async def refunded(placed: Placed) -> int:
    """Say how much of an order's money has gone back, in minor units."""
    async with placed.shop.database.read() as session:
        found = await payment_queries.list_payments(session, order_ids=[placed.id])
    return sum(payment.refunded_minor for payment in found)


async def timeline_kinds(placed: Placed) -> list[str]:
    """Name what an order's timeline tells, oldest first."""
    async with placed.shop.database.read() as session:
        events = await order_queries.list_events(session, order_ids=[placed.id])
    return [event.kind for event in events]


async def broken(shop: Shop) -> list[str]:
    """Name the invariants of the house that do not hold."""
    return [found.invariant.name async for found in audit(shop.database) if found.rows]


async def history(shop: Shop, return_id: ReturnId) -> Sequence[tuple[str | None, str, str]]:
    """Read the states that a return went through: before, action, after."""
    found = await shop.fetch(
        "SELECT before, action, after FROM state_changes WHERE kind = 'return' AND subject_id = $1 ORDER BY id",
        return_id,
    )
    return [tuple(record) for record in found]
