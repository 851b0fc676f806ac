"""A shop whose orders are paid, shipped, cancelled and given back at random, while its payment service has moods.

After every step every rule of the house holds, and the provider's own memory agrees with our ledger. In the end the
provider obliges, everything is shipped or cancelled, and what was taken and not given back is what the customers kept.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from random import Random
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from app.channels.states import CaptureAt, CaptureDelivery, RefundSequence, TenderKind
from app.checkout.rules import Tender
from app.delivery.states import DeliveryMethod
from app.fulfillment import queries as work_queries
from app.fulfillment import service as fulfillment
from app.fulfillment.rules import FulfillmentOrder, FulfillmentOrderLine, LineQuantity
from app.inventory import service as inventory
from app.inventory.rules import StockLine
from app.inventory.states import MovementReason
from app.kernel.db import Database, UnitOfWork
from app.kernel.money import Money
from app.orders import queries as order_queries
from app.orders.errors import OrderOnHold
from app.orders.rules import OrderLine
from app.payments import service as payments
from app.payments.errors import PaymentRequired
from app.payments.gateway import Abilities
from app.payments.rules import Payment, Step
from app.payments.states import AuthorizationCause, PaymentStatus, TransactionKind, TransactionState
from app.pickup import service as pickup
from app.servicing import service as servicing
from app.servicing.rules import OrderLineQuantity
from tests.builders import postgres
from tests.builders.buyers import broken
from tests.builders.clock import StoppedClock
from tests.builders.credited import gift_card, store_credit
from tests.builders.patience import PATIENT
from tests.builders.shop import KEYS, LOCATIONS, VARIANTS, Shop
from tests.builders.tendered import (
    MoodyGateway,
    Tendered,
    Way,
    buy_with,
    card,
    cash,
    credit,
    gift_card_of,
    in_store,
    invoice,
    terminal,
)

FIRST_ORDERS, MOST_ORDERS = 2, 3
PLENTY = 500
#: Most of them hold money for two days, so that it has to be held anew while other things happen.
TOKENS = ("tok_ok", *["tok_short"] * 5, "tok_short_once", "tok_no_capture")
CAN = (
    *[Abilities(reauthorizes=True, increments=True)] * 3,
    Abilities(reauthorizes=True),
    Abilities(reauthorizes=True, captures_once=True),
    Abilities(),
)
#: Where many things are possible, one is drawn from a number: Hypothesis draws short lists and first elements most often.
lucks = st.integers(0, 2**64).map(Random)
MOODS = ("reauthorize", "increment", "capture", "refund")
Named = TypeVar("Named")

#: What each authorization still holds, by the provider's own memory.
_LEFT = """
    SELECT held.reference, held.amount_minor + coalesce(sum(CASE step.kind WHEN 'INCREMENT' THEN step.amount_minor
        WHEN 'CAPTURE' THEN -step.amount_minor WHEN 'VOID' THEN -step.amount_minor ELSE 0 END), 0)::bigint AS minor
    FROM test_gateway_operations AS held
    LEFT JOIN test_gateway_operations AS step ON step.authorization_reference = held.reference AND step.outcome = 'SUCCEEDED'
    WHERE held.kind = 'AUTHORIZATION' AND held.outcome = 'SUCCEEDED' GROUP BY held.reference, held.amount_minor
"""
_HOLDS = """
    SELECT step.gateway_reference AS reference, remembered.expires_at FROM payment_transactions AS step
    JOIN test_gateway_operations AS remembered ON remembered.reference = step.gateway_reference
    WHERE step.payment_id = $1 AND step.kind = 'AUTHORIZATION'
"""
_DONE = "SELECT idempotency_key, kind, amount_minor FROM test_gateway_operations WHERE outcome = 'SUCCEEDED'"
_RETURNED_DELIVERIES = """
    SELECT back.order_delivery_id FROM return_deliveries AS back JOIN returns ON returns.id = back.return_id
    WHERE returns.order_id = $1
"""
#: What the provider does of its own accord, and what goes with a capture where it captures once.
_OWN = ("CHARGEBACK", "CHARGEBACK_REVERSAL", "REFUND_REVERSAL")


#: Does something to an order, and answers whether it was possible.
Act = Callable[[Tendered, Random], bool]


def _left(line: FulfillmentOrderLine) -> int:
    return line.quantity - line.fulfilled - line.cancelled - line.rejected


def _some(luck: Random, lines: Sequence[tuple[Named, int]]) -> list[tuple[Named, int]]:
    """Choose units of some lines, at least one."""
    lines = [(name, most) for name, most in lines if most]
    return [(name, luck.randint(1, most)) for name, most in luck.sample(lines, luck.randint(1, len(lines)))]


class MoneyMachine(RuleBasedStateMachine):
    """A shop, its payment service, and a few orders."""

    def __init__(self, template: tuple[postgres.Server, str]) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.clock = StoppedClock()
        self.template = template
        self.orders: list[Tendered] = []
        self.receipts = 0

    @initialize(abilities=st.sampled_from(CAN), luck=lucks)
    def open(self, abilities: Abilities, luck: Random) -> None:
        """Open the furnished shop, with plenty in stock, and sell something."""
        self.abilities = abilities
        self.runner.run(self._open())
        for _ in range(FIRST_ORDERS):
            self._buy(luck)

    async def _open(self) -> None:
        dsn = await self.stack.enter_async_context(postgres.cloned(*self.template))
        database = Database(dsn, keys=KEYS, clock=self.clock, pool_size=6, patience=PATIENT)
        await database.connect()
        self.stack.push_async_callback(database.close)
        self.shop = Shop(database)
        self.gateway = MoodyGateway(self.shop, abilities=self.abilities)
        async with database.unit(self.shop.actor("system")) as uow:
            # Time passes here as nowhere else.
            await uow.execute("UPDATE channels SET return_window_days = 3650", [])
        lines = [
            StockLine(VARIANTS[sku], LOCATIONS[code], PLENTY)
            for sku in ("mug", "tee-s")
            for code in ("warehouse", "camden")
        ]
        await self.shop.begin().run(lambda uow: inventory.set_levels(uow, lines=lines, reason=MovementReason.FEED))

    def teardown(self) -> None:
        """Let everybody come to what is theirs, and see that they do."""
        try:
            if hasattr(self, "gateway"):
                self.runner.run(self._finish())
        finally:
            self.runner.run(self.stack.aclose())
            self.runner.close()

    @rule(luck=lucks)
    def something_happens(self, luck: Random) -> None:
        """Let goods or money move, people or banks do something, or time pass."""
        happenings = (
            (self.goods_move, 8),
            (self.money_moves, 9),
            (self.people_ask, 3),
            (self.banks_say, 3),
            (self.change_mood, 2),
            (self.wait, 3),
            (self.buy, 1 if len(self.orders) < MOST_ORDERS else 0),
        )
        [happening] = luck.choices([what for what, _ in happenings], weights=[often for _, often in happenings])
        happening(luck)

    def buy(self, luck: Random) -> None:
        """Let another order come."""
        self._buy(luck)

    def _buy(self, luck: Random) -> None:
        how, tenders, by = self._tenders(luck)
        collected = how == "in store" or luck.randint(0, 3) == 0
        goods = {"collected" if collected else "shipped": dict(_some(luck, [("mug", 3), ("tee-s", 2)]))}
        # The channel changes its ways with every order, and what is given back of those before follows the new sequence.
        way = Way(
            luck.choice(tuple(CaptureAt)), luck.choice(tuple(CaptureDelivery)), luck.choice(tuple(RefundSequence))
        )
        self.orders.append(
            self.runner.run(
                buy_with(
                    self.shop,
                    *tenders,
                    shipped=goods.get("shipped"),
                    collected=goods.get("collected"),
                    way=way,
                    by=by,
                    gateway=self.gateway,
                )
            )
        )

    def _tenders(self, luck: Random) -> tuple[str, list[Tender], str | None]:
        """Choose how to pay: with cards mostly, of which all but the last pay 5.00; with gift cards and store credit before them."""
        how = luck.choice(("cards", "cards", "cards", "credit", "credit", "till", "account", "in store"))
        tokens = luck.choices(TOKENS, k=luck.randint(1, 3))
        if how == "till":
            # Whoever pays at a till pays first with what is in their hands.
            first = luck.choice((cash("4.00"), terminal(f"receipt {self._next()}", "4.00")))
            return how, [first, card(tokens[-1])], "associate"
        if how == "credit":
            return how, [*self.runner.run(self._credit(luck)), card(tokens[0], "3.00"), card(tokens[-1])], "ada"
        if how == "account":
            return how, [card(tokens[-1], "5.00"), invoice()], "ada"
        if how == "in store":
            return how, [in_store()], None
        return how, [card(token, "5.00") for token in tokens[:-1]] + [card(tokens[-1])], None

    async def _credit(self, luck: Random) -> list[Tender]:
        """Give Ada a gift card or store credit, or both, which reach for a part of what she buys."""
        tenders: list[Tender] = []
        if luck.choice((True, True, False)):
            tenders.append(gift_card_of(await (await gift_card(self.shop, "6.00")).code(), "6.00"))
        if luck.choice((True, False)) or not tenders:
            await store_credit(self.shop, "2.50")
            tenders.append(credit("2.50"))
        return tenders

    def goods_move(self, luck: Random) -> None:
        """Let goods leave, arrive, be collected, be cancelled, or come back."""
        # Goods leave more often than they are cancelled, or there would be few to be taken money for.
        leave = (self._ship_some, self._deliver_one, self._collect)
        self._one_of(luck, *leave, *leave, *leave, self._cancel_some, self._give_back_some)

    def money_moves(self, luck: Random) -> None:
        """Let the worker carry out one step, or two workers all of them at the same time."""
        steps = self._waiting()
        if not steps:
            self.goods_move(luck)
            return
        if luck.choice((True, False)):
            steps = [luck.choice(steps)]
        self.runner.run(self._carry_out_twice(steps))

    def people_ask(self, luck: Random) -> None:
        """Let people ask again, hold more, keep their promises, give money back at a terminal."""
        self._one_of(
            luck, self._retry, self._direct_refund, self._hold_more, self._pay_at_the_till, self._record_by_hand
        )

    def banks_say(self, luck: Random) -> None:
        """Let banks fetch money back, give it again, not find whom to give it to; and let news be heard."""
        self._one_of(luck, self._charge_some_back, self._give_again, self._refund_comes_back, self._hear_news)

    def change_mood(self, luck: Random) -> None:
        """Let the provider decline some things or nothing, or lose answers."""
        self.gateway.declined = set(luck.sample(MOODS, luck.choice((0, 0, 1, 2))))
        self.gateway.answers_to_lose = luck.choice((0, 0, 1, 2))

    def wait(self, luck: Random) -> None:
        """Let time pass, and the timers hold money anew, and miss what is held no more."""
        self.clock.advance(hours=luck.choice((12, 24, 24, 24, 50)))
        self.runner.run(payments.renew(self.shop.begin()))
        self.runner.run(payments.miss(self.shop.begin()))
        self.runner.run(pickup.expire_due(self.shop.begin()))

    def _one_of(self, luck: Random, *acts: Act) -> None:
        """Do one of several things to one of the orders; where the first that was drawn is not possible, the next that is."""
        order = luck.choice(self.orders)
        for act in luck.sample(acts, len(acts)):
            if act(order, luck):
                return

    def _ship_some(self, order: Tendered, luck: Random) -> bool:
        works = [(work, lines) for work, lines in self._works(order, DeliveryMethod.SHIPPING) if lines]
        if works:
            work, lines = luck.choice(works)
            wanted = _some(luck, [(line.id, _left(line)) for line in lines])
            self._may_be_refused(self._ship(work, [LineQuantity(line_id, quantity) for line_id, quantity in wanted]))
        return bool(works)

    def _deliver_one(self, order: Tendered, _luck: Random) -> bool:
        there_are = bool(self.runner.run(order.on_the_way()))
        if there_are:
            self.runner.run(order.deliver())
        return there_are

    def _collect(self, order: Tendered, _luck: Random) -> bool:
        works = self._works(order, DeliveryMethod.PICKUP)
        if works:
            self._may_be_refused(order.hand_over() if works[0][0].status == "READY" else order.ready())
        return bool(works)

    def _cancel_some(self, order: Tendered, luck: Random) -> bool:
        lines = [(line.id, line.cancellable) for line in self._lines(order) if line.cancellable]
        if lines:
            wanted = [OrderLineQuantity(line_id, quantity) for line_id, quantity in _some(luck, lines)]
            self._in_sequence(order, self._do(lambda uow: servicing.cancel(uow, order_id=order.id, lines=wanted)))
        return bool(lines)

    def _give_back_some(self, order: Tendered, luck: Random) -> bool:
        lines = [(line.sku, line.fulfilled - line.returned) for line in self._lines(order)]
        lines = [(sku, left) for sku, left in lines if left]
        if lines:
            self._in_sequence(order, order.refund_returned(dict(_some(luck, lines))))
        return bool(lines)

    def _in_sequence(self, order: Tendered, doing: Awaitable[object]) -> None:
        """Do what money may be given back for, and see that no credit is given where a card has some, or awaits it."""
        before = {one.id: one for one in self.runner.run(order.tenders())}
        settled = {refund.id for refund in self.runner.run(order.refunds()) if not refund.missing}

        async def do() -> None:
            await doing

        self.runner.run(do())
        tenders = self.runner.run(order.tenders())
        refunds = [refund for refund in self.runner.run(order.refunds()) if refund.id not in settled]
        credited = [one for one in tenders if one.is_credit and one.refunded_minor > before[one.id].refunded_minor]
        # What is taken at once in the same moment was not there to be given back.
        own = [one for one in tenders if not one.is_credit and one.captured_minor == before[one.id].captured_minor]
        if credited and all(refund.sequence is RefundSequence.CREDIT_LAST for refund in refunds):
            assert not any(one.refundable for one in own), tenders

    def _retry(self, order: Tendered, _luck: Random) -> bool:
        self.runner.run(self._do(lambda uow: payments.retry(uow, order_id=order.id)))
        return True

    def _direct_refund(self, order: Tendered, luck: Random) -> bool:
        """Have what is to be given back go to tenders that people choose."""
        owed = sum(refund.missing for refund in self.runner.run(order.refunds()))
        tenders = {one.id: one for one in self.runner.run(order.tenders()) if one.refundable}
        if not owed or not tenders:
            return False
        chosen = luck.sample(sorted(tenders), luck.randint(1, len(tenders)))
        self.runner.run(self._do(lambda uow: payments.retry(uow, order_id=order.id, refund_to=chosen)))
        now = self.runner.run(order.tenders())
        given = {one.id: tenders[one.id].refundable - one.refundable for one in now if one.id in chosen}
        assert sum(given.values()) == min(owed, sum(tenders[payment_id].refundable for payment_id in chosen))
        assert all(
            one.refundable >= tenders[one.id].refundable for one in now if one.id in tenders.keys() - given.keys()
        )
        return True

    def _hold_more(self, order: Tendered, luck: Random) -> bool:
        tenders = [one for one in self.runner.run(order.tenders()) if one.asks_gateway]
        if not tenders or not self.abilities.reauthorizes:
            return False
        tender, amount = luck.choice(tenders), luck.randint(1, 700)
        gateways = {"test": self.gateway}
        more = Money(amount, tender.currency).decimal()
        self.runner.run(self._do(lambda uow: payments.hold_more(uow, gateways, payment_id=tender.id, amount=more)))
        return True

    def _pay_at_the_till(self, order: Tendered, _luck: Random) -> bool:
        return self.runner.run(self._keep_promise(order))

    def _record_by_hand(self, _order: Tendered, luck: Random) -> bool:
        steps = self._waiting(by_hand=True)
        if steps:
            step, succeeded = luck.choice(steps), luck.choice((True, False))
            self.runner.run(self._do(lambda uow: payments.record_by_hand(uow, step_id=step.id, succeeded=succeeded)))
        return bool(steps)

    def _charge_some_back(self, order: Tendered, luck: Random) -> bool:
        tenders = [one for one in self.runner.run(order.tenders()) if one.asks_gateway]
        tenders = [one for one in tenders if one.captured_minor > one.charged_back_minor]
        if tenders:
            tender = luck.choice(tenders)
            amount = luck.randint(1, tender.captured_minor - tender.charged_back_minor)
            self.runner.run(self._charge_back(tender, amount, reverse=False))
        return bool(tenders)

    def _give_again(self, order: Tendered, luck: Random) -> bool:
        tenders = [one for one in self.runner.run(order.tenders()) if one.charged_back_minor]
        if tenders:
            tender = luck.choice(tenders)
            self.runner.run(self._charge_back(tender, tender.charged_back_minor, reverse=True))
        return bool(tenders)

    def _refund_comes_back(self, order: Tendered, luck: Random) -> bool:
        steps = [step for step in self.runner.run(order.steps()) if step.state is TransactionState.SUCCEEDED]
        back = {step.refund_id for step in steps if step.kind is TransactionKind.REFUND_REVERSAL}
        given = [step for step in steps if step.kind is TransactionKind.REFUND and step.refund_id not in back]
        given = [step for step in given if step.gateway == "test"]
        if given:
            self.runner.run(self._fail_refund(order, luck.choice(given)))
        return bool(given)

    def _hear_news(self, order: Tendered, luck: Random) -> bool:
        keys = [entry["idempotency_key"] for entry in self.runner.run(self.shop.fetch(_DONE))]
        keys = sorted(key for key in keys if not key.startswith("rest of"))
        if keys:
            self.runner.run(order.hear_of(luck.choice(keys)))
        return bool(keys)

    # What has to be true at any time.

    @invariant()
    def every_rule_holds(self) -> None:
        """See that nothing is broken."""
        if hasattr(self, "gateway"):
            assert self.runner.run(broken(self.shop)) == []

    @invariant()
    def the_provider_agrees(self) -> None:
        """See that what the ledger says of steps that were answered is what the provider did, and that it holds what we think."""
        if hasattr(self, "gateway"):
            self.runner.run(self._compare())

    async def _compare(self) -> None:
        done = {entry[0]: (entry[1], entry[2]) for entry in await self.shop.fetch(_DONE)}
        left = {entry[0]: entry[1] for entry in await self.shop.fetch(_LEFT)}
        ours: set[str] = set()
        for order in self.orders:
            tenders = await order.tenders()
            steps = await order.all_steps()
            for step in steps:
                ours.add(str(step.id))
                if step.gateway != "test" or step.settled_at is None:
                    continue
                if step.kind in {TransactionKind.CAPTURE, TransactionKind.REFUND, TransactionKind.AUTHORIZATION}:
                    assert (step.state is TransactionState.SUCCEEDED) == (str(step.id) in done), step
                    assert str(step.id) not in done or done[str(step.id)][1] == step.amount_minor
            for tender in tenders:
                own = [step for step in steps if step.payment_id == tender.id]
                if tender.asks_gateway and all(step.settled_at for step in own):
                    assert tender.capturable <= left[tender.gateway_reference or ""], tender
        strangers = {key for key, (kind, _) in done.items() if key not in ours and kind not in _OWN}
        assert all(key.startswith("rest of") for key in strangers), strangers

    # Everybody comes to what is theirs.

    async def _finish(self) -> None:
        self.gateway.declined, self.gateway.answers_to_lose = set(), 0
        self.gateway.abilities = Abilities(
            reauthorizes=True, increments=True, captures_once=self.abilities.captures_once
        )
        async with self.shop.database.unit(self.shop.actor("system")) as uow:
            await uow.execute("UPDATE test_gateway_operations SET plays = 'tok_ok' WHERE plays IS NOT NULL", [])
        for order in self.orders:
            await self._all_settled(order)
            await self._keep_promise(order)
            for tender in await order.tenders():
                if tender.charged_back_minor:
                    await self._charge_back(tender, tender.charged_back_minor, reverse=True)
            await self._all_settled(order)
            assert await order.holds() == []
            await self._all_leave(order)
            await self._all_settled(order)
            await self._agree(order)
        assert await broken(self.shop) == []
        await self._compare()

    async def _all_settled(self, order: Tendered) -> None:
        for _ in range(6):
            await payments.miss(self.shop.begin())
            await order.work_off()
            for step in await order.open_steps():
                if step.gateway != "test":
                    await self._do(partial(payments.record_by_hand, step_id=step.id, succeeded=True))
            await self._do(lambda uow: payments.retry(uow, order_id=order.id))
        assert await order.open_steps() == []

    async def _all_leave(self, order: Tendered) -> None:
        for work, lines in await self._works_of(order, DeliveryMethod.SHIPPING):
            await self._ship(work, [LineQuantity(line.id, _left(line)) for line in lines])
            # Captured once, the rest is held anew only when it is asked for.
            await self._all_settled(order)
        await pickup.expire_due(self.shop.begin())
        for work, _ in await self._works_of(order, DeliveryMethod.PICKUP):
            if work.status != "READY":
                await order.ready()
            await order.hand_over()
        while await order.on_the_way():
            await order.deliver()

    async def _agree(self, order: Tendered) -> None:
        async with self.shop.database.read() as session:
            lines = await order_queries.list_lines(session, order_ids=[order.id])
            deliveries = await order_queries.list_deliveries(session, order_ids=[order.id])
        given_back = {entry[0] for entry in await self.shop.fetch(_RETURNED_DELIVERIES, order.id)}
        kept = sum(line.value(line.remaining) - line.value(line.returned) for line in lines)
        kept += sum(
            delivery.total_minor
            for delivery in deliveries
            if delivery.id not in given_back
            and any(
                line.remaining
                for line in lines
                if (line.delivery, line.store_id) == (delivery.method, delivery.store_id)
            )
        )
        sums = await order.sums()
        assert sums["captured"] - sums["refunded"] == kept
        await self._nothing_is_held_in_vain(order)
        assert all(charge.is_settled for charge in await order.charges())
        assert all(refund.is_settled for refund in await order.refunds())
        assert await order.holds() == []

    async def _nothing_is_held_in_vain(self, order: Tendered) -> None:
        """See that the provider holds no more of anybody's money; but for what people had added beyond what was needed."""
        added = {step.payment_id for step in await order.all_steps() if step.cause is AuthorizationCause.INCREMENT}
        for tender in await order.tenders():
            held = await self.shop.fetch(
                f"SELECT * FROM ({_LEFT}) AS held JOIN ({_HOLDS}) AS own USING (reference)", tender.id
            )
            standing = [entry for entry in held if entry["minor"] and entry["expires_at"] > self.clock.at]
            assert not standing or tender.id in added, (tender, standing)

    # How it is done.

    def _lines(self, order: Tendered) -> list[OrderLine]:
        async def read() -> list[OrderLine]:
            async with self.shop.database.read() as session:
                return await order_queries.list_lines(session, order_ids=[order.id])

        return self.runner.run(read())

    def _works(
        self, order: Tendered, method: DeliveryMethod
    ) -> list[tuple[FulfillmentOrder, list[FulfillmentOrderLine]]]:
        return self.runner.run(self._works_of(order, method))

    async def _works_of(
        self, order: Tendered, method: DeliveryMethod
    ) -> list[tuple[FulfillmentOrder, list[FulfillmentOrderLine]]]:
        """List the work of an order that is not over, with its lines that have units left."""
        works = [one for one in await order.works() if one.method is method]
        works = [one for one in works if one.status not in {"FULFILLED", "CANCELLED", "REJECTED"}]
        async with self.shop.database.read() as session:
            lines = await work_queries.list_lines(session, fulfillment_order_ids=[work.id for work in works])
        return [
            (work, [line for line in lines if line.fulfillment_order_id == work.id and line.open]) for work in works
        ]

    def _waiting(self, *, by_hand: bool = False) -> list[Step]:
        async def read() -> list[Step]:
            found = [step for order in self.orders for step in await order.open_steps()]
            return sorted((step for step in found if (step.gateway != "test") == by_hand), key=lambda step: step.id)

        return self.runner.run(read())

    def _may_be_refused(self, doing: Awaitable[object]) -> None:
        async def attempt() -> None:
            try:
                await doing
            except (OrderOnHold, PaymentRequired):
                return

        self.runner.run(attempt())

    async def _do(self, work: Callable[[UnitOfWork], Awaitable[object]]) -> None:
        await self.shop.begin().run(work)

    async def _ship(self, work: FulfillmentOrder, lines: Sequence[LineQuantity]) -> None:
        async def go(uow: UnitOfWork) -> None:
            if work.status == "OPEN":
                await fulfillment.accept(uow, fulfillment_order_id=work.id)
                await fulfillment.pick(uow, fulfillment_order_id=work.id)
                await fulfillment.pack(uow, fulfillment_order_id=work.id)
            await fulfillment.ship(uow, fulfillment_order_id=work.id, lines=lines)

        await self._do(go)

    async def _carry_out_twice(self, steps: Sequence[Step]) -> None:
        async def carry_out() -> None:
            for step in steps:
                await payments.carry_out(self.shop.begin(), {"test": self.gateway}, step_id=step.id)

        await asyncio.gather(carry_out(), carry_out())

    async def _keep_promise(self, order: Tendered) -> bool:
        promised = [
            one
            for one in await order.tenders()
            if one.tender is TenderKind.PAY_IN_STORE and one.status is PaymentStatus.PENDING
        ]
        for one in promised:
            await order.receive_for(one.id, TenderKind.CASH)
        return bool(promised)

    async def _charge_back(self, tender: Payment, amount: int, *, reverse: bool) -> None:
        [order] = [order for order in self.orders if order.id == tender.order_id]
        key = f"bank {self._next()}"
        await self.gateway.charge_back(
            reference=tender.gateway_reference or "", amount_minor=amount, key=key, reverse=reverse
        )
        await order.hear_of(key)

    async def _fail_refund(self, order: Tendered, step: Step) -> None:
        failure = await self.gateway.fail_refund(reference=step.gateway_reference or "")
        await order.hear_of(failure.idempotency_key)

    def _next(self) -> int:
        self.receipts += 1
        return self.receipts
