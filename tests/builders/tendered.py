"""Orders paid with any tenders, in a channel that takes its money as a test says, from a gateway with moods of its own."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.channels.states import CaptureAt, CaptureDelivery, RefundSequence, TenderKind
from app.checkout.rules import Tender
from app.fulfillment import queries as work_queries
from app.fulfillment import service as fulfillment
from app.kernel.db import UnitOfWork
from app.kernel.ids import PaymentId, ShipmentId
from app.orders import queries as order_queries
from app.orders.rules import Hold
from app.orders.states import HoldStatus
from app.payments import queries
from app.payments import service as payments
from app.payments.gateway import Abilities, Answer, GatewayTimeout, Outcome
from app.payments.gateways.test import TestGateway
from app.payments.rules import Charge, Refund, Step
from app.payments.service import hear
from app.payments.states import NoticeEffect
from app.pickup import service as pickup
from app.servicing import service as servicing
from app.servicing.rules import OrderLineQuantity
from tests.builders.buyers import LATE, Buyer
from tests.builders.clock import OPENING
from tests.builders.paid import LossyGateway, Paid
from tests.builders.returned import give_back
from tests.builders.shop import CHANNEL_ID, LOCATIONS, Shop

MUG, TEE, DELIVERY = 1200, 2000, 499

_REST = """
    SELECT coalesce(sum(CASE WHEN kind IN ('AUTHORIZATION', 'INCREMENT') THEN amount_minor
        WHEN kind IN ('CAPTURE', 'VOID') THEN -amount_minor ELSE 0 END), 0)::bigint
    FROM test_gateway_operations
    WHERE outcome = 'SUCCEEDED' AND (reference = $1 OR authorization_reference = $1)
"""


class MoodyGateway(TestGateway):
    """The test gateway, which declines what it is told to decline, loses answers, and can do less when asked to."""

    def __init__(self, shop: Shop, *, abilities: Abilities | None = None) -> None:
        super().__init__(shop.database, late=LATE, base_url="http://shop.test")
        self.abilities = abilities or TestGateway.abilities
        self.declined: set[str] = set()
        self.answers_to_lose = 0
        self._refused: set[str] = set()

    async def reauthorize(self, **question: Any) -> Answer:
        """Hold funds anew."""
        return await self._asked("reauthorize", question["key"], lambda: TestGateway.reauthorize(self, **question))

    async def increment(self, **question: Any) -> Answer:
        """Hold more."""
        return await self._asked("increment", question["key"], lambda: TestGateway.increment(self, **question))

    async def capture(self, **question: Any) -> Answer:
        """Take held funds; where it captures once, what is left of the authorization goes with that."""

        async def take() -> Answer:
            answer = await TestGateway.capture(self, **question)
            if self.abilities.captures_once and answer.outcome is Outcome.SUCCEEDED:
                await self._let_the_rest_go(question)
            return answer

        return await self._asked("capture", question["key"], take)

    async def void(self, **question: Any) -> Answer:
        """Let held funds go."""
        return await self._asked("void", question["key"], lambda: TestGateway.void(self, **question))

    async def refund(self, **question: Any) -> Answer:
        """Give taken funds back."""
        return await self._asked("refund", question["key"], lambda: TestGateway.refund(self, **question))

    async def _asked(self, what: str, key: str, do: Callable[[], Awaitable[Answer]]) -> Answer:
        """Decline what is to be declined, and stay with that; what was done already is not declined any more."""
        if key not in self._refused and what in self.declined and await self.find(key=key, asked_at=OPENING) is None:
            self._refused.add(key)
        if key in self._refused:
            return Answer(Outcome.DECLINED, message=f"the {what} was declined")
        answer = await do()
        if self.answers_to_lose:
            self.answers_to_lose -= 1
            raise GatewayTimeout("the line went dead")
        return answer

    async def _let_the_rest_go(self, question: Mapping[str, Any]) -> None:
        async with self._database.alone() as uow:
            [[rest]] = await uow.fetch(_REST, [question["reference"]])
        if rest:
            await TestGateway.void(
                self,
                key=f"rest of {question['key']}",
                reference=question["reference"],
                amount_minor=rest,
                currency=question["currency"],
            )


@dataclass(frozen=True, slots=True)
class Way:
    """When a channel takes its money, which kinds of it, and where it goes back to first."""

    at: CaptureAt = CaptureAt.SHIPMENT
    delivery: CaptureDelivery = CaptureDelivery.FIRST
    refunds: RefundSequence = RefundSequence.AS_CHARGED
    kinds: Sequence[TenderKind] = tuple(TenderKind)


async def arrange(shop: Shop, way: Way) -> None:
    """Let the shop's channel take its money that way."""

    async def write(uow: UnitOfWork) -> None:
        await uow.execute(
            "UPDATE channels SET capture_at = $2, capture_delivery = $3, refund_sequence = $4, tenders = $5 WHERE id = $1",
            [CHANNEL_ID, way.at.value, way.delivery.value, way.refunds.value, [kind.value for kind in way.kinds]],
        )

    await shop.begin().run(write)


def card(token: str = "tok_ok", amount: str | None = None) -> Tender:  # noqa: S107  # The name of an outcome.
    """Pay with a card; the token says what becomes of it."""
    return Tender("test", token, None if amount is None else Decimal(amount))


def cash(amount: str | None = None) -> Tender:
    """Pay with coins and notes."""
    return Tender("cash", None, None if amount is None else Decimal(amount))


def gift_card_of(code: str, amount: str | None = None) -> Tender:
    """Pay with a gift card, by its code; with as much as is left on it unless said otherwise."""
    return Tender("gift_card", code, None if amount is None else Decimal(amount))


def credit(amount: str | None = None) -> Tender:
    """Pay with store credit, as much as there is unless said otherwise."""
    return Tender("store_credit", None, None if amount is None else Decimal(amount))


def terminal(reference: str, amount: str | None = None) -> Tender:
    """Pay with a card at a till's terminal."""
    return Tender("card_present", reference, None if amount is None else Decimal(amount))


def in_store(amount: str | None = None) -> Tender:
    """Promise to pay in the store."""
    return Tender("pay_in_store", None, None if amount is None else Decimal(amount))


def invoice(amount: str | None = None) -> Tender:
    """Pay on account."""
    return Tender("invoice", None, None if amount is None else Decimal(amount))


class Tendered(Paid):
    """An order whose goods are shipped or collected, with its books."""

    def __init__(self, buyer: Buyer, shop: Shop, order_id: UUID, gateway: MoodyGateway) -> None:
        super().__init__(buyer, shop, order_id, LossyGateway(gateway))
        self.moody = gateway
        self.gateways = {"test": gateway}

    async def deliver(self) -> None:
        """Let the oldest shipment that is on its way reach its customer."""
        [shipment_id, *_] = await self.on_the_way()
        await self.shop.begin().run(lambda uow: fulfillment.deliver(uow, shipment_id=shipment_id))

    async def on_the_way(self) -> list[ShipmentId]:
        """List the shipments that have not arrived, oldest first."""
        works = await self.works()
        async with self.shop.database.read() as session:
            found = await work_queries.list_shipments(session, fulfillment_order_ids=[work.id for work in works])
        return [shipment.id for shipment in sorted(found, key=lambda one: one.id) if shipment.delivered_at is None]

    async def cancel_sku(self, sku: str, quantity: int) -> None:
        """Cancel units of a variant that have not left."""
        line = await self.line(sku)
        await self.shop.begin().run(
            lambda uow: servicing.cancel(uow, order_id=self.id, lines=[OrderLineQuantity(line.id, quantity)])
        )

    async def refund_returned(self, units: dict[str, int]) -> None:
        """Have units come back in a store, as good as new."""
        await give_back(self, units)

    async def hand_over(self, *, at: str = "camden") -> None:
        """Give the goods that are behind the counter to their customer."""
        pickup_id, code = (await self.pickup(at=at)).id, await self.code(at=at)
        await self.shop.begin().run(lambda uow: pickup.hand_over(uow, pickup_id=pickup_id, code=code))

    async def receive(
        self, kind: TenderKind = TenderKind.CASH, *, reference: str | None = None, at: str = "camden"
    ) -> None:
        """Take the promised money at a till."""
        [promise] = [tender for tender in await self.tenders() if tender.tender is TenderKind.PAY_IN_STORE]
        await self.receive_for(promise.id, kind, reference=reference, at=at)

    async def receive_for(
        self, payment_id: PaymentId, kind: TenderKind, *, reference: str | None = None, at: str = "camden"
    ) -> None:
        """Take the money that one tender promised."""
        await self.shop.begin("associate").run(
            lambda uow: payments.receive(
                uow, payment_id=payment_id, tender=kind, location_id=LOCATIONS[at], reference=reference
            )
        )

    async def retry(self, *, refund_to: Sequence[PaymentId] | None = None) -> None:
        """Ask again for what could not be had, and let the worker carry it out."""
        await self.shop.begin("service").run(lambda uow: payments.retry(uow, order_id=self.id, refund_to=refund_to))
        await self.work_off()

    async def work_off(self) -> None:
        """Let the worker carry out whatever follows from what it carries out, until nothing new is asked for."""
        asked: set[UUID] = set()
        while waiting := {step.id for step in await self.open_steps()} - asked:
            asked |= waiting
            for step_id in sorted(waiting):
                await payments.carry_out(self.shop.begin(), self.gateways, step_id=step_id)

    async def open_steps(self) -> list[Any]:
        """List the steps that have no answer."""
        return await self.steps(lambda step: step.settled_at is None, but_initial=True)

    async def all_steps(self) -> list[Step]:
        """Read the ledgers of its tenders."""
        ids = [tender.id for tender in await self.tenders()]
        async with self.shop.database.read() as session:
            return await queries.list_steps(session, payment_ids=ids)

    async def renew(self) -> None:
        """Let the timers hold money anew that soon is not held any more, and miss what is held no more."""
        await payments.renew(self.shop.begin())
        await self.work_off()
        await payments.miss(self.shop.begin())
        await self.work_off()

    async def hear_of(self, key: str) -> NoticeEffect | None:
        """Hear the provider's news about what it was asked, or did, under a key."""
        sent = await self.moody.news_of(key)
        return await hear(self.shop.begin(), self.moody, headers=sent.headers, body=sent.body)

    async def charges(self) -> list[Charge]:
        """Read what was charged."""
        async with self.shop.database.read() as session:
            return await queries.list_charges(session, order_ids=[self.id])

    async def refunds(self) -> list[Refund]:
        """Read what the customer is to have back."""
        async with self.shop.database.read() as session:
            return await queries.list_refunds(session, order_ids=[self.id])

    async def charged(self) -> list[tuple[str, int]]:
        """Say what was charged, and why."""
        return [(charge.cause.value, charge.amount_minor) for charge in await self.charges()]

    async def holds(self) -> list[str]:
        """Name the reasons for which the order is held."""
        async with self.shop.database.read() as session:
            found: list[Hold] = await order_queries.list_holds(session, order_ids=[self.id])
        return [hold.reason.value for hold in found if hold.status is HoldStatus.APPLIED]

    async def sums(self) -> dict[str, int]:
        """Add the balances of its tenders up: what is held, taken, given back, let go, and has run out."""
        tenders = await self.tenders()
        return {
            "held": sum(tender.held for tender in tenders),
            "captured": sum(tender.captured_minor for tender in tenders),
            "refunded": sum(tender.refunded_minor for tender in tenders),
            "released": sum(tender.released_minor for tender in tenders),
        }


async def buy_with(
    shop: Shop,
    *tenders: Tender,
    shipped: Mapping[str, int] | None = None,
    collected: Mapping[str, int] | None = None,
    way: Way | None = None,
    by: str | None = None,
    abilities: Abilities | None = None,
    gateway: MoodyGateway | None = None,
) -> Tendered:
    """Buy goods, three mugs to be shipped unless said otherwise, as a guest or as somebody; with a card unless said otherwise."""
    await arrange(shop, way or Way())
    gateway = gateway or MoodyGateway(shop, abilities=abilities)
    buyer = Buyer(shop, begin=None if by is None else shop.begin(by))
    buyer.gateway, buyer.gateways = gateway, {"test": gateway}
    cart = await buyer.cart({"mug": 3} if not shipped and not collected else shipped, collected)
    completed = await buyer.send(replace(await buyer.request(cart), tenders=tenders or (card(),)))
    assert completed.order_id is not None, completed.refusal
    return Tendered(buyer, shop, completed.order_id, gateway)
