"""Money of every kind: coins, terminals, promises to pay in the store, accounts, and several of them for one order."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest

from app.channels.states import CaptureAt, TenderKind
from app.checkout.rules import Tender
from app.checkout.service import Completed
from app.kernel.db import UnitOfWork
from app.kernel.errors import Forbidden, IllegalTransition, Invalid, Unauthenticated
from app.orders.states import OrderPaymentStatus
from app.payments import service as payments
from app.payments.errors import PaymentMismatch, PaymentRequired
from app.payments.states import PaymentStatus, TransactionKind
from tests.builders.buyers import Buyer, broken
from tests.builders.patience import PATIENCE_SECONDS
from tests.builders.shop import Shop
from tests.builders.statements import Sent
from tests.builders.tendered import (
    DELIVERY,
    MUG,
    TEE,
    Tendered,
    Way,
    arrange,
    buy_with,
    card,
    cash,
    in_store,
    invoice,
    terminal,
)

pytestmark = pytest.mark.anyio

THREE_MUGS = 3 * MUG + DELIVERY
TWO_TEES = {"tee-s": 2}
Counting = Callable[[], AbstractAsyncContextManager[Sent]]


async def pay(buyer: Buyer, *tenders: Tender, goods: dict[str, int] | None = None, key: str = "first") -> Completed:
    """Try to buy mugs with these tenders."""
    cart = await buyer.cart(goods or {"mug": 3})
    return await buyer.send(replace(await buyer.request(cart, key=key), tenders=tenders))


class TestCash:
    async def test_pays_for_all_of_it_at_once(self, shop: Shop) -> None:
        order = await buy_with(shop, cash(), by="associate")

        [tender] = await order.tenders()
        assert (tender.tender, tender.status, tender.captured_minor) == ("CASH", "CAPTURED", THREE_MUGS)
        assert await order.charged() == [("PLACEMENT", THREE_MUGS)]
        assert await order.status() is OrderPaymentStatus.CAPTURED
        assert await order.open_steps() == []
        assert await broken(shop) == []

    async def test_goes_back_at_once(self, shop: Shop) -> None:
        order = await buy_with(shop, cash(), by="associate")

        await order.cancel(3)

        [tender] = await order.tenders()
        assert (tender.refunded_minor, tender.status) == (THREE_MUGS, PaymentStatus.REFUNDED)
        assert await order.status() is OrderPaymentStatus.REFUNDED
        assert await broken(shop) == []

    async def test_is_taken_by_nobody_but_a_till(self, shop: Shop) -> None:
        await arrange(shop, Way())
        with pytest.raises(Unauthenticated):
            await pay(Buyer(shop), cash())
        with pytest.raises(Forbidden):
            await pay(Buyer(shop, begin=shop.begin("ada")), terminal("slip 1"))

        assert await shop.fetch("SELECT 1 FROM payments") == []
        assert await shop.available("mug") == shop.opening_stock("mug")

    async def test_is_one_transaction(self, shop: Shop, statements: Counting) -> None:
        await arrange(shop, Way())
        associate = Buyer(shop, begin=shop.begin("associate"))
        request = replace(await associate.request(await associate.cart({"mug": 1})), tenders=(cash(),))

        async with statements() as sent:
            completed = await associate.send(request)

        assert completed.order_id is not None
        assert [words.strip(";") for words in sent.transactions] == ["BEGIN", "COMMIT"]
        assert await broken(shop) == []

    async def test_beside_a_card_that_is_declined_goes_back(self, shop: Shop) -> None:
        await arrange(shop, Way())

        completed = await pay(Buyer(shop, begin=shop.begin("associate")), cash("10.00"), card("tok_declined"))

        assert completed.order_id is None
        states = await shop.fetch("SELECT tender, status, released_minor FROM payments ORDER BY position")
        assert [tuple(state) for state in states] == [("CASH", "VOIDED", 1000), ("CARD", "FAILED", 0)]
        assert await broken(shop) == []


class TestTerminal:
    async def test_pays_at_once_and_gives_back_by_hand(self, shop: Shop) -> None:
        order = await buy_with(shop, terminal("slip 1"), by="associate")
        await order.cancel(1)
        [step] = await order.open_steps()
        waiting = await order.sums()

        await self.by_hand(order, reference="slip 2")

        assert (step.kind, step.amount_minor, waiting["refunded"]) == (TransactionKind.REFUND, MUG, 0)
        assert (await order.sums())["refunded"] == MUG
        assert await broken(shop) == []

    async def test_that_refuses_to_give_back_is_told_and_tried_again(self, shop: Shop) -> None:
        order = await buy_with(shop, terminal("slip 1"), by="associate")
        await order.cancel(1)
        await self.by_hand(order, succeeded=False)
        holds = await order.holds()
        await order.retry()

        await self.by_hand(order)

        assert holds == ["REFUND_FAILED"]
        assert await order.holds() == []
        assert (await order.sums())["refunded"] == MUG
        assert await broken(shop) == []

    async def test_pays_with_a_slip_once(self, shop: Shop) -> None:
        await buy_with(shop, terminal("slip 1"), by="associate")

        with pytest.raises(PaymentMismatch) as refused:
            await pay(Buyer(shop, begin=shop.begin("associate")), terminal("slip 1"))

        assert refused.value.field[0] == "payments"
        assert len(await shop.fetch("SELECT 1 FROM payments")) == 1
        assert await broken(shop) == []

    async def test_pays_with_a_slip_once_at_several_tills(self, shop: Shop) -> None:
        await arrange(shop, Way())

        async with asyncio.timeout(PATIENCE_SECONDS):
            answers = await asyncio.gather(
                *(
                    pay(Buyer(shop, begin=shop.begin("associate")), terminal("slip 1"), goods={"mug": 1})
                    for _ in range(3)
                ),
                return_exceptions=True,
            )

        assert sum(isinstance(answer, Completed) for answer in answers) == 1
        assert sum(isinstance(answer, PaymentMismatch) for answer in answers) == 2
        assert await broken(shop) == []

    async def test_gives_back_with_a_slip_once(self, shop: Shop) -> None:
        first = await buy_with(shop, terminal("slip 1"), by="associate")
        second = await buy_with(shop, terminal("slip 2"), by="associate")
        await first.cancel(1)
        await second.cancel(1)
        await self.by_hand(first, reference="slip 3")

        with pytest.raises(PaymentMismatch):
            await self.by_hand(second, reference="slip 3")

        assert (await second.sums())["refunded"] == 0
        assert await broken(shop) == []

    async def test_needs_a_slip(self, shop: Shop) -> None:
        await arrange(shop, Way())
        with pytest.raises(PaymentMismatch, match="reference"):
            await pay(Buyer(shop, begin=shop.begin("associate")), Tender("card_present", " ", None))

    async def test_is_not_asked_by_the_timer(self, shop: Shop) -> None:
        order = await buy_with(shop, terminal("slip 1"), by="associate")
        await order.cancel(1)
        shop.database.now.advance(minutes=5)  # type: ignore[attr-defined]  # The clock of tests stands still.

        assert await payments.carry_out_unanswered(shop.begin(), order.gateways) == 0

    async def test_is_written_down_by_those_who_look_after_money(self, shop: Shop) -> None:
        order = await buy_with(shop, terminal("slip 1"), by="associate")
        await order.cancel(1)

        with pytest.raises(Forbidden):
            await self.by_hand(order, by="associate")

    async def test_is_not_what_a_payment_service_does(self, shop: Shop) -> None:
        order = await buy_with(shop)
        await order.ship(1)

        with pytest.raises(IllegalTransition, match="by itself"):
            await self.by_hand(order)

    async def by_hand(
        self, order: Tendered, *, succeeded: bool = True, reference: str | None = None, by: str = "service"
    ) -> None:
        [step] = await order.open_steps()
        await order.shop.begin(by).run(
            lambda uow: payments.record_by_hand(uow, step_id=step.id, succeeded=succeeded, reference=reference)
        )


class TestPayInStore:
    @pytest.mark.parametrize("at", list(CaptureAt))
    async def test_is_paid_before_the_goods_are_handed_over(self, shop: Shop, at: CaptureAt) -> None:
        order = await buy_with(shop, in_store(), collected=TWO_TEES, way=Way(at))
        await order.ready()
        before = (await order.status(), await order.holds(), await order.charged())
        with pytest.raises(PaymentRequired, match=r"40\.00 GBP"):
            await order.hand_over()

        await order.receive(TenderKind.CARD_PRESENT, reference="slip 1")
        await order.hand_over()

        assert before == (OrderPaymentStatus.PENDING, [], [])
        [tender] = await order.tenders()
        assert (tender.tender, tender.gateway, tender.status) == ("CARD_PRESENT", "card_present", "CAPTURED")
        assert await order.charged() == [("RECEIPT", 2 * TEE)]
        assert await order.status() is OrderPaymentStatus.CAPTURED
        assert await broken(shop) == []

    async def test_is_paid_for_what_is_left(self, shop: Shop) -> None:
        order = await buy_with(shop, in_store(), collected={"tee-s": 2, "mug": 1})
        await order.cancel(1)
        await order.ready()
        with pytest.raises(PaymentRequired, match=r"40\.00 GBP"):
            await order.hand_over()

        await order.receive()
        await order.hand_over()

        [tender] = await order.tenders()
        assert (tender.amount_minor, tender.captured_minor) == (2 * TEE, 2 * TEE)
        assert await order.status() is OrderPaymentStatus.CAPTURED
        assert await broken(shop) == []

    async def test_ends_with_the_order(self, shop: Shop) -> None:
        order = await buy_with(shop, in_store(), collected={"mug": 2})

        await order.cancel(2)

        [tender] = await order.tenders()
        assert tender.status is PaymentStatus.VOIDED
        assert await order.status() is OrderPaymentStatus.VOIDED
        with pytest.raises(IllegalTransition):
            await order.receive_for(tender.id, TenderKind.CASH)
        assert await broken(shop) == []

    async def test_ends_when_other_money_pays_for_all_that_is_left(self, shop: Shop) -> None:
        order = await buy_with(shop, in_store(), collected={"mug": 1, "tee-s": 1})
        await self.add_account(order, MUG)

        await order.cancel_sku("tee-s", 1)
        await order.ready()
        await order.hand_over()

        assert [tender.status for tender in await order.tenders()] == ["VOIDED", "CAPTURED"]
        assert await broken(shop) == []

    async def test_is_paid_once(self, shop: Shop) -> None:
        order = await buy_with(shop, in_store(), collected={"mug": 1})
        [promise] = await order.tenders()

        async with asyncio.timeout(PATIENCE_SECONDS):
            answers = await asyncio.gather(
                *(order.receive_for(promise.id, TenderKind.CASH) for _ in range(4)), return_exceptions=True
            )

        assert sum(answer is None for answer in answers) == 1
        assert sum(isinstance(answer, IllegalTransition) for answer in answers) == 3
        assert (await order.sums())["captured"] == MUG
        assert await broken(shop) == []

    async def test_is_paid_with_a_slip_once(self, shop: Shop) -> None:
        first = await buy_with(shop, in_store(), collected={"mug": 1})
        second = await buy_with(shop, in_store(), collected={"mug": 1})
        await first.receive(TenderKind.CARD_PRESENT, reference="slip 1")

        with pytest.raises(PaymentMismatch) as refused:
            await second.receive(TenderKind.CARD_PRESENT, reference="slip 1")

        assert refused.value.field == ("reference",)
        [promise] = await second.tenders()
        assert promise.status is PaymentStatus.PENDING
        assert await broken(shop) == []

    async def test_refuses_money_that_no_till_takes(self, shop: Shop) -> None:
        order = await buy_with(shop, in_store(), collected={"mug": 1})

        with pytest.raises(Invalid):
            await order.receive(TenderKind.INVOICE)
        with pytest.raises(Invalid, match="reference"):
            await order.receive(TenderKind.CARD_PRESENT)
        with pytest.raises(Forbidden):
            await order.receive(TenderKind.CASH, at="soho")
        assert await broken(shop) == []

    async def test_is_for_what_is_collected(self, shop: Shop) -> None:
        await arrange(shop, Way())
        with pytest.raises(PaymentMismatch, match="collected"):
            await pay(Buyer(shop), in_store())

    async def test_stands_beside_no_card(self, shop: Shop) -> None:
        await arrange(shop, Way())
        buyer = Buyer(shop)
        cart = await buyer.cart(collected={"mug": 2})
        with pytest.raises(PaymentMismatch, match="one tender"):
            await buyer.send(replace(await buyer.request(cart), tenders=(card("tok_ok", "5.00"), in_store())))

    async def add_account(self, order: Tendered, amount_minor: int) -> None:
        """Let a part of what was promised be on account instead."""

        async def write(uow: UnitOfWork) -> None:
            await uow.execute("UPDATE payments SET amount_minor = amount_minor - $1", [amount_minor])
            await uow.execute(
                """
                WITH payment AS (
                    INSERT INTO payments (id, attempt_id, order_id, position, tender, gateway, status, currency, amount_minor,
                        authorized_minor, released_minor, capturing_minor, captured_minor, refunding_minor, refunded_minor,
                        created_at, updated_at)
                    SELECT gen_random_uuid(), attempt_id, order_id, 1, 'INVOICE', 'invoice', 'AUTHORIZED', currency, $1, $1,
                        0, 0, 0, 0, 0, created_at, updated_at FROM payments RETURNING id, amount_minor, created_at
                ), step AS (
                    INSERT INTO payment_transactions (id, payment_id, kind, cause, state, amount_minor, gateway, requested_at,
                        settled_at)
                    SELECT gen_random_uuid(), id, 'AUTHORIZATION', 'INITIAL', 'SUCCEEDED', amount_minor, 'invoice', created_at,
                        created_at FROM payment
                )
                UPDATE orders SET payment_status = 'PARTIALLY_AUTHORIZED'
                """,
                [amount_minor],
            )

        await order.shop.begin().run(write)


class TestInvoice:
    async def test_is_taken_as_goods_are_charged(self, shop: Shop) -> None:
        order = await buy_with(shop, invoice(), by="ada")
        placed = (await order.status(), await order.charged())

        await order.ship(1)
        part = await order.sums()
        await order.cancel(2)

        assert placed == (OrderPaymentStatus.AUTHORIZED, [])
        assert part["captured"] == MUG + DELIVERY
        [tender] = await order.tenders()
        assert (tender.status, tender.released_minor) == (PaymentStatus.CAPTURED, 2 * MUG)
        assert await order.open_steps() == []
        assert await broken(shop) == []

    async def test_needs_a_customer(self, shop: Shop) -> None:
        await arrange(shop, Way())
        with pytest.raises(PaymentMismatch, match="log in"):
            await pay(Buyer(shop), invoice())

    async def test_is_for_the_customer_alone_and_those_who_serve_them(self, shop: Shop) -> None:
        await arrange(shop, Way())
        ada, bearer = Buyer(shop, begin=shop.begin("ada")), Buyer(shop)
        cart = await ada.cart({"mug": 1})
        request = replace(await ada.request(cart), tenders=(invoice(),))

        for stranger in (bearer, Buyer(shop, begin=shop.begin("bob"))):
            with pytest.raises((Unauthenticated, Forbidden)):
                await stranger.send(request)
        served = await Buyer(shop, begin=shop.begin("associate")).send(request)

        assert served.order_id is not None
        assert await broken(shop) == []

    async def test_is_one_transaction(self, shop: Shop, statements: Counting) -> None:
        await arrange(shop, Way())
        ada = Buyer(shop, begin=shop.begin("ada"))
        request = replace(await ada.request(await ada.cart({"mug": 1})), tenders=(invoice(),))

        async with statements() as sent:
            await ada.send(request)

        assert [words.strip(";") for words in sent.transactions] == ["BEGIN", "COMMIT"]


class TestSeveral:
    async def test_are_charged_and_given_back_in_their_order(self, shop: Shop) -> None:
        order = await buy_with(shop, cash("10.00"), terminal("slip 1", "5.00"), card(), by="associate")
        await order.work_off()

        await order.cancel(1)
        await order.work_off()

        rest = THREE_MUGS - 1500
        assert [(tender.tender, tender.captured_minor) for tender in await order.tenders()] == [
            ("CASH", 1000),
            ("CARD_PRESENT", 500),
            ("CARD", rest),
        ]
        assert [tender.refunded_minor + tender.refunding_minor for tender in await order.tenders()] == [1000, 200, 0]
        assert await broken(shop) == []

    @pytest.mark.parametrize(
        ("tenders", "message"),
        [
            ((card("tok_ok", "10.00"), card("tok_ok", "10.00")), r"add up to 20\.00 GBP"),
            ((card("tok_ok", "30.00"), card("tok_ok", "30.00")), r"add up to 60\.00 GBP"),
            ((card(), card()), "only the last"),
            ((card("tok_ok", "0.00"), card()), "pay something"),
            ((card("tok_ok", "40.99"), card()), "pay something"),
            ((Tender("cheque", "1", None),), "no such payment"),
            ((), "add up"),
        ],
    )
    async def test_are_refused_where_they_do_not_add_up(
        self, shop: Shop, tenders: tuple[Tender, ...], message: str
    ) -> None:
        await arrange(shop, Way())

        with pytest.raises(PaymentMismatch, match=message):
            await pay(Buyer(shop), *tenders)

        assert await shop.fetch("SELECT 1 FROM payments UNION ALL SELECT 1 FROM checkout_attempts") == []
        assert await shop.available("mug") == shop.opening_stock("mug")

    async def test_are_refused_where_the_channel_takes_no_such_kind(self, shop: Shop) -> None:
        await arrange(shop, Way(kinds=[TenderKind.CARD]))

        with pytest.raises(PaymentMismatch, match="no such payment") as refused:
            await pay(Buyer(shop, begin=shop.begin("associate")), card("tok_ok", "5.00"), cash())

        assert refused.value.field == ("payments", "1", "gateway")


class TestNothingToPay:
    async def test_needs_no_tender_and_moves_no_money(self, shop: Shop, statements: Counting) -> None:
        async with shop.database.unit(shop.actor("system")) as uow:
            await uow.execute("UPDATE prices SET amount_minor = 0, list_amount_minor = NULL", [])
        buyer = Buyer(shop)
        request = replace(await buyer.request(await buyer.cart(collected={"mug": 2})), tenders=())

        async with statements() as sent:
            completed = await buyer.send(request)
        assert completed.order_id is not None
        order = Tendered(buyer, shop, completed.order_id, buyer.gateway)  # type: ignore[arg-type]  # It asks nobody.
        await order.ready()
        await order.hand_over()
        await order.refund_returned({"mug": 1})

        assert [words.strip(";") for words in sent.transactions] == ["BEGIN", "COMMIT"]
        assert await order.status() is OrderPaymentStatus.NOT_REQUIRED
        assert (await order.charges(), await order.refunds(), await order.tenders()) == ([], [], [])
        assert await broken(shop) == []
