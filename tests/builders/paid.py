"""Orders bought with the test gateway, whose goods leave part by part, and a gateway whose answers get lost."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from app.fulfillment import service as fulfillment
from app.fulfillment.rules import LineQuantity
from app.kernel.db import UnitOfWork
from app.orders import service as orders
from app.orders.states import OrderPaymentStatus
from app.payments import queries
from app.payments import service as payments
from app.payments.gateway import Answer, GatewayFailed, Gateways, GatewayTimeout
from app.payments.gateways.test import TestGateway
from app.payments.rules import Charged, ChargedKind, Payment, Step
from app.payments.states import AuthorizationCause, TransactionKind
from app.servicing import service as servicing
from app.servicing.rules import OrderLineQuantity
from tests.builders.buyers import Buyer
from tests.builders.placed import Placed
from tests.builders.shop import LOCATIONS, Shop


class LossyGateway:
    """The test gateway behind a bad line: it does what it is asked, and some answers do not arrive."""

    name = "test"

    def __init__(self, real: TestGateway) -> None:
        self.real = real
        self.abilities = real.abilities
        self.answers_to_lose = 0
        self.calls_to_fail = 0
        self.unreadable: set[str] = set()
        self.keys: list[str] = []

    def __getattr__(self, name: str) -> Any:
        """Ask the provider."""
        asked = getattr(self.real, name)
        if name not in {"capture", "void", "refund", "reauthorize", "increment"}:
            return asked

        async def over_the_line(**question: Any) -> Answer:
            self._before(question["key"])
            return self._after(await asked(**question))

        return over_the_line

    def _before(self, key: str) -> None:
        self.keys.append(key)
        if key in self.unreadable:
            raise LookupError("this is not what they said they would answer")
        if self.calls_to_fail:
            self.calls_to_fail -= 1
            raise GatewayFailed("the line is dead")

    def _after(self, answer: Answer) -> Answer:
        if self.answers_to_lose:
            self.answers_to_lose -= 1
            raise GatewayTimeout("the line went dead")
        return answer


class Paid(Placed):
    """An order bought by a guest: mugs to be shipped, from one location."""

    def __init__(self, buyer: Buyer, shop: Shop, order_id: UUID, gateway: LossyGateway) -> None:
        super().__init__(shop, order_id)  # type: ignore[arg-type]  # It was an order's id before it was a UUID.
        self.buyer = buyer
        self.gateway = gateway
        self.gateways: Gateways = {"test": gateway}

    async def ship(self, mugs: int) -> None:
        """Let mugs leave; their money is asked for."""
        [work] = [work for work in await self.works() if work.status not in {"FULFILLED", "CANCELLED"}]
        [code] = [code for code, location_id in LOCATIONS.items() if location_id == work.location_id]
        line = await self.work_line("mug", at=code)

        async def go(uow: UnitOfWork) -> None:
            if work.status == "OPEN":
                await fulfillment.accept(uow, fulfillment_order_id=work.id)
                await fulfillment.pick(uow, fulfillment_order_id=work.id)
                await fulfillment.pack(uow, fulfillment_order_id=work.id)
            await fulfillment.ship(uow, fulfillment_order_id=work.id, lines=[LineQuantity(line.id, mugs)])

        await self.shop.begin().run(go)

    async def cancel(self, mugs: int) -> None:
        """Cancel mugs that have not left."""
        line = await self.line("mug")
        await self.shop.begin().run(
            lambda uow: servicing.cancel(uow, order_id=self.id, lines=[OrderLineQuantity(line.id, mugs)])
        )

    async def refund(self, amount_minor: int, *, cause: UUID, to_store_credit: bool = False) -> None:
        """Ask for money to be given back."""
        chipped = await self.line("mug")

        async def go(uow: UnitOfWork) -> None:
            order = await orders.lock(uow, order_id=self.id)
            lines = [Charged(ChargedKind.LINE, chipped.id, 0, amount_minor, 0)]
            await payments.request_refund(
                uow,
                order,
                lines=lines,
                cause_id=cause,
                reason="a chip in the glaze",
                to_store_credit=to_store_credit,
            )

        await self.shop.begin().run(go)

    async def settle(self) -> list[bool]:
        """Let the worker carry out every step that waits."""
        return [
            await payments.carry_out(self.shop.begin(), self.gateways, step_id=step.id)
            for step in await self.steps(lambda step: step.settled_at is None, but_initial=True)
        ]

    async def tenders(self) -> list[Payment]:
        """Read its tenders."""
        async with self.shop.database.read() as session:
            return await queries.list_payments(session, order_ids=[self.id])

    async def steps(self, wanted: Callable[[Step], bool] = lambda _: True, *, but_initial: bool = False) -> list[Step]:
        """Read the ledgers of its tenders but for their authorizations, or but for the first of these, oldest first."""
        ids = [tender.id for tender in await self.tenders()]
        async with self.shop.database.read() as session:
            found = await queries.list_steps(session, payment_ids=ids)
        left_out = [step for step in found if step.kind is TransactionKind.AUTHORIZATION]
        if but_initial:
            left_out = [step for step in left_out if step.cause is AuthorizationCause.INITIAL]
        ours = [step for step in found if step not in left_out and wanted(step)]
        return sorted(ours, key=lambda step: step.id)

    async def status(self) -> OrderPaymentStatus:
        """Read what has been paid."""
        return (await self.order()).payment_status

    async def at_the_provider(self) -> dict[str, int]:
        """Ask the provider's own memory what it held, took, let go and gave back."""
        found = await self.shop.fetch(
            "SELECT kind, sum(amount_minor)::bigint FROM test_gateway_operations WHERE outcome = 'SUCCEEDED' GROUP BY kind"
        )
        return {entry[0]: entry[1] for entry in found}


async def buy(shop: Shop, *, mugs: int = 3, tokens: Sequence[str] = ("tok_ok",)) -> Paid:
    """Buy mugs as a guest; of several tenders all but the last pay 1.00."""
    buyer = Buyer(shop)
    completed = await buyer.buy(await buyer.cart({"mug": mugs}), tokens=tokens)
    assert completed.order_id is not None
    return Paid(buyer, shop, completed.order_id, LossyGateway(buyer.gateway))
