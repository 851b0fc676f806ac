"""Gift cards and store credit hold what their ledgers say, and pay for one thing at a time."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from decimal import Decimal
from functools import partial

import asyncpg
import pytest

from app.kernel.actor import SYSTEM
from app.kernel.errors import BrokenInvariant, ErrorCode, Forbidden, IllegalTransition, Invalid, NotFound
from app.kernel.ids import CreditAccountId, CustomerId, new_id
from app.payments.errors import CreditAccountNotFound, CreditInsufficient
from app.payments.service import accounts, crediting
from app.payments.states import CreditKind, CreditStatus
from tests.builders.buyers import broken
from tests.builders.clock import StoppedClock
from tests.builders.credited import TENDERS, Card, expire, gift_card, run, store_credit
from tests.builders.shop import Shop
from tests.builders.statements import Sent

pytestmark = pytest.mark.anyio

Counting = Callable[[], AbstractAsyncContextManager[Sent]]
FIFTY = 5000
SHOPPERS = 24
GRACE = timedelta(days=90)
MOST = 10**15 - 1


class TestIssue:
    async def test_opens_a_card_with_its_first_entry(self, shop: Shop) -> None:
        card = await gift_card(shop, "50.00")

        now = await card.now()
        assert (now.balance_minor, now.held_minor, now.status) == (FIFTY, 0, CreditStatus.ACTIVE)
        (entry,) = await card.ledger()
        assert (entry.number, entry.kind, entry.amount_minor, entry.balance_minor) == (1, "ISSUE", FIFTY, FIFTY)
        assert (entry.reason, entry.actor) == ("a prize", shop.actor("service").label)
        assert await broken(shop, but=TENDERS) == []

    async def test_keeps_no_code_in_clear(self, shop: Shop) -> None:
        card = await gift_card(shop)

        code = (await card.code()).replace("-", "")
        [[row]] = await shop.fetch("SELECT to_jsonb(credit_accounts)::text FROM credit_accounts WHERE id = $1", card.id)
        assert code not in row
        assert (await card.now()).last_characters == code[-4:]

    async def test_tells_that_it_happened(self, shop: Shop) -> None:
        card = await gift_card(shop)

        names = await shop.fetch("SELECT name FROM outbox WHERE aggregate_id = $1", card.id)
        moves = await shop.fetch("SELECT after FROM state_changes WHERE subject_id = $1", card.id)
        assert [record[0] for record in names] == ["GiftCardIssued"]
        assert [record[0] for record in moves] == ["ACTIVE"]

    @pytest.mark.parametrize("who", ["ada", "associate", "manager", "operator", "merchandiser", "integration"])
    async def test_is_refused_to_whoever_does_not_manage_credit(self, shop: Shop, who: str) -> None:
        with pytest.raises(Forbidden):
            await gift_card(shop, by=who)
        with pytest.raises(Forbidden):
            await store_credit(shop, by=who)

    @pytest.mark.parametrize(
        ("amount", "currency", "field"),
        [
            ("0", "GBP", ("amount",)),
            ("-1", "GBP", ("amount",)),
            ("1.001", "GBP", ("amount",)),
            ("1e15", "GBP", ("amount",)),
            ("5.5", "JPY", ("amount",)),
            ("5", "POUND", ("currency",)),
        ],
    )
    async def test_refuses_what_is_no_money(
        self, shop: Shop, amount: str, currency: str, field: tuple[str, ...]
    ) -> None:
        with pytest.raises(Invalid) as refusal:
            await gift_card(shop, amount, currency=currency)

        assert refusal.value.field == field

    async def test_refuses_a_time_that_is_over(self, shop: Shop, clock: StoppedClock) -> None:
        with pytest.raises(Invalid) as refusal:
            await gift_card(shop, expires_at=clock())

        assert refusal.value.field == ("expiresAt",)

    async def test_refuses_a_customer_who_is_not_there(self, shop: Shop) -> None:
        with pytest.raises(NotFound) as refusal:
            await run(
                shop,
                lambda uow: crediting.issue_store_credit(
                    uow, customer_id=CustomerId(new_id()), amount=Decimal(5), currency="GBP", reason="a prize"
                ),
            )

        assert refusal.value.field == ("customerId",)


class TestStoreCredit:
    async def test_is_one_account_for_each_customer_and_currency(self, shop: Shop) -> None:
        first = await store_credit(shop, "20.00")
        more = await store_credit(shop, "5.00")
        euros = await store_credit(shop, "5.00", currency="EUR")
        bobs = await store_credit(shop, "5.00", customer="bob")

        assert first.id == more.id
        assert len({first.id, euros.id, bobs.id}) == 3
        assert await first.told() == [("ISSUE", 2000), ("ISSUE", 500)]
        assert await broken(shop, but=TENDERS) == []

    async def test_given_by_many_at_once_is_one_account_still(self, shop: Shop) -> None:
        given = await asyncio.gather(*(store_credit(shop, "1.00") for _ in range(SHOPPERS)))

        assert len({one.id for one in given}) == 1
        assert await given[0].balance() == (SHOPPERS * 100, 0)
        assert [entry.number for entry in await given[0].ledger()] == list(range(1, SHOPPERS + 1))
        assert await broken(shop, but=TENDERS) == []

    async def test_does_not_grow_beyond_all_measure(self, shop: Shop) -> None:
        await store_credit(shop, "9999999999999.99")

        with pytest.raises(Invalid):
            await store_credit(shop, "0.01")


class TestHold:
    async def test_keeps_money_from_everybody_else(self, shop: Shop) -> None:
        card = await gift_card(shop)
        await card.hold(3000)

        with pytest.raises(CreditInsufficient) as refusal:
            await card.hold(2001)

        assert refusal.value.code is ErrorCode.PAYMENT_DECLINED
        assert (refusal.value.account_id, refusal.value.available.minor) == (card.id, 2000)
        assert "20.00 GBP is left" in refusal.value.message
        assert await card.balance() == (FIFTY, 3000)

    async def test_of_one_card_in_many_checkouts_at_once_succeeds_in_one(self, shop: Shop) -> None:
        card = await gift_card(shop)

        tries = await asyncio.gather(*(card.hold(FIFTY) for _ in range(SHOPPERS)), return_exceptions=True)

        assert sum(answer is None for answer in tries) == 1
        assert sum(isinstance(answer, CreditInsufficient) for answer in tries) == SHOPPERS - 1
        assert await card.balance() == (FIFTY, FIFTY)
        assert await broken(shop, but=TENDERS) == []

    async def test_of_several_cards_is_of_all_or_none(self, shop: Shop) -> None:
        card, credit = await gift_card(shop), await store_credit(shop, "20.00")

        with pytest.raises(CreditInsufficient):
            await run(shop, lambda uow: accounts.hold(uow, [(card.id, FIFTY), (credit.id, 2001)]))

        assert await card.balance() == (FIFTY, 0)
        assert await credit.balance() == (2000, 0)

    async def test_in_opposite_orders_at_once_meets_no_deadlock(self, shop: Shop) -> None:
        card, credit = await gift_card(shop), await store_credit(shop, "20.00")
        pair = [(card.id, 1), (credit.id, 1)]

        async def go(turn: int) -> None:
            async with shop.database.unit(SYSTEM) as uow:
                await accounts.hold(uow, pair[:: -1 if turn % 2 else 1])

        await asyncio.gather(*map(go, range(SHOPPERS)))

        assert await card.balance() == (FIFTY, SHOPPERS)
        assert await credit.balance() == (2000, SHOPPERS)

    async def test_adds_up_what_is_wanted_of_one_account(self, shop: Shop) -> None:
        card = await gift_card(shop)

        with pytest.raises(CreditInsufficient):
            await run(shop, lambda uow: accounts.hold(uow, [(card.id, 3000), (card.id, 3000)]))

    async def test_costs_two_statements_however_many_accounts(self, shop: Shop, statements: Counting) -> None:
        cards = [await gift_card(shop) for _ in range(5)]

        async with statements() as sent:
            await run(shop, lambda uow: accounts.hold(uow, [(card.id, 100) for card in cards]))

        assert sent.count == 2

    async def test_refuses_a_card_that_is_disabled_or_over(self, shop: Shop, clock: StoppedClock) -> None:
        disabled, over = await gift_card(shop), await gift_card(shop, expires_at=clock() + timedelta(days=1))
        await disabled.disable()
        clock.advance(days=1)

        for card in (disabled, over):
            with pytest.raises(CreditInsufficient) as refusal:
                await card.hold(1)
            assert refusal.value.available.minor == 0

    async def test_of_what_is_no_amount_or_no_account_is_a_bug(self, shop: Shop) -> None:
        card = await gift_card(shop)

        for wanted in ([(card.id, 0)], [(card.id, -1)], [(CreditAccountId(new_id()), 1)]):
            with pytest.raises(BrokenInvariant):
                await run(shop, partial(accounts.hold, wanted=wanted))


class TestWhatIsHeld:
    async def test_is_taken(self, shop: Shop) -> None:
        card = await gift_card(shop)
        await card.hold(3000)

        await card.redeem(2000)

        assert await card.balance() == (3000, 1000)
        assert await card.told() == [("ISSUE", FIFTY), ("REDEEM", -2000)]
        assert await broken(shop, but=TENDERS) == []

    async def test_is_let_go_without_a_trace_in_the_ledger(self, shop: Shop) -> None:
        card = await gift_card(shop)
        await card.hold(3000)

        await card.let_go(3000)

        assert await card.balance() == (FIFTY, 0)
        assert await card.told() == [("ISSUE", FIFTY)]

    async def test_is_all_that_can_be_taken_or_let_go(self, shop: Shop) -> None:
        card = await gift_card(shop)
        await card.hold(100)

        with pytest.raises(BrokenInvariant):
            await card.redeem(101)
        with pytest.raises(BrokenInvariant):
            await card.let_go(101)

    async def test_is_taken_by_one_step_once(self, shop: Shop) -> None:
        card, step = await gift_card(shop), new_id()
        await card.hold(3000)
        await run(shop, lambda uow: accounts.redeem(uow, [(card.id, 1000)], cause_id=step))

        with pytest.raises(asyncpg.UniqueViolationError):
            await run(shop, lambda uow: accounts.redeem(uow, [(card.id, 1000)], cause_id=step))

        assert await card.balance() == (4000, 2000)

    async def test_is_taken_of_a_card_that_was_closed_meanwhile(self, shop: Shop, clock: StoppedClock) -> None:
        disabled, over = await gift_card(shop), await gift_card(shop, expires_at=clock() + timedelta(days=1))
        for card in (disabled, over):
            await card.hold(1000)
        await disabled.disable()
        clock.advance(days=1)
        await expire(shop)

        for card in (disabled, over):
            await card.redeem(1000)

        assert await disabled.balance() == (4000, 0)
        assert await over.balance() == (0, 0)
        assert await broken(shop, but=TENDERS) == []


class TestRefund:
    async def test_can_be_spent_at_once(self, shop: Shop) -> None:
        card = await gift_card(shop)
        await card.hold(FIFTY)
        await card.redeem(FIFTY)

        await card.refund(1200)
        await card.hold(1200)

        assert await card.balance() == (1200, 1200)
        assert (await card.told())[-1] == ("REFUND", 1200)

    async def test_opens_an_expired_card_for_a_season(self, shop: Shop, clock: StoppedClock) -> None:
        card = await gift_card(shop, expires_at=clock() + timedelta(days=1))
        await card.hold(FIFTY)
        await card.redeem(FIFTY)
        clock.advance(days=2)
        await expire(shop)

        await card.refund(1200)

        now = await card.now()
        assert (now.status, now.expires_at) == (CreditStatus.ACTIVE, clock() + GRACE)
        await card.hold(1200)
        assert await broken(shop, but=TENDERS) == []

    async def test_never_shortens_the_time_of_a_card(self, shop: Shop, clock: StoppedClock) -> None:
        until = clock() + timedelta(days=400)
        card = await gift_card(shop, expires_at=until)

        await card.refund(1200)

        assert (await card.now()).expires_at == until

    async def test_leaves_a_disabled_card_to_staff(self, shop: Shop, clock: StoppedClock) -> None:
        card = await gift_card(shop, expires_at=clock() + timedelta(days=1))
        await card.disable()

        await card.refund(1200)

        assert (await card.now()).status is CreditStatus.DISABLED
        await card.enable()
        clock.advance(days=89)
        await card.hold(FIFTY + 1200)

    async def test_of_money_held_beyond_the_end_can_be_asked_for(self, shop: Shop, clock: StoppedClock) -> None:
        kept, lost = [await gift_card(shop, expires_at=clock() + timedelta(days=1)) for _ in range(2)]
        for card in (kept, lost):
            await card.hold(FIFTY)
        clock.advance(days=2)
        await expire(shop)

        await kept.let_go(FIFTY, spendable_again=True)
        await lost.let_go(FIFTY)
        await expire(shop)

        assert await kept.balance() == (FIFTY, 0)
        assert (await kept.now()).status is CreditStatus.ACTIVE
        assert await lost.balance() == (0, 0)
        assert await broken(shop, but=TENDERS) == []


class TestExpiry:
    async def test_takes_what_nothing_holds(self, shop: Shop, clock: StoppedClock) -> None:
        card = await gift_card(shop, expires_at=clock() + timedelta(days=1))
        forever = await gift_card(shop)
        await card.hold(1000)
        clock.advance(days=1)

        assert await expire(shop) == 1
        assert await expire(shop) == 0

        assert await card.balance() == (1000, 1000)
        assert (await card.told())[-1] == ("EXPIRE", -4000)
        assert (await card.now()).status is CreditStatus.EXPIRED
        assert await forever.balance() == (FIFTY, 0)
        assert await broken(shop, but=TENDERS) == []

    async def test_by_several_workers_at_once_takes_it_once(self, shop: Shop, clock: StoppedClock) -> None:
        cards = [await gift_card(shop, expires_at=clock() + timedelta(days=1)) for _ in range(10)]
        clock.advance(days=1)

        counts = await asyncio.gather(*(expire(shop) for _ in range(4)))

        assert sum(counts) == len(cards)
        assert {tuple(await card.told()) for card in cards} == {(("ISSUE", FIFTY), ("EXPIRE", -FIFTY))}

    async def test_is_not_for_everybody_to_begin(self, shop: Shop) -> None:
        with pytest.raises(Forbidden):
            await run(shop, lambda uow: accounts.expire_due(uow, most=1), by="manager")


class TestStaff:
    async def adjust(
        self, card: Card, amount: str, *, kind: CreditKind = CreditKind.GIFT_CARD, why: str = "typo"
    ) -> None:
        await run(
            card.shop,
            lambda uow: crediting.adjust(uow, account_id=card.id, kind=kind, amount=Decimal(amount), reason=why),
            by="service",
        )

    async def test_put_balances_right(self, shop: Shop) -> None:
        card = await gift_card(shop)

        await self.adjust(card, "-12.50", why="  typed   twice ")
        await self.adjust(card, "1.00")

        assert await card.balance() == (3850, 0)
        assert [entry.reason for entry in await card.ledger()] == ["a prize", "typed twice", "typo"]
        assert await broken(shop, but=TENDERS) == []

    async def test_add_nothing_to_a_card_whose_time_is_over(self, shop: Shop, clock: StoppedClock) -> None:
        card = await gift_card(shop, expires_at=clock() + timedelta(hours=1))
        clock.advance(hours=1)

        for noticed in (False, True):
            if noticed:
                await expire(shop)
            with pytest.raises(IllegalTransition) as refusal:
                await self.adjust(card, "1.00")
            assert refusal.value.field == ("giftCardId",)

        assert await card.balance() == (0, 0)
        assert await broken(shop, but=TENDERS) == []

    async def test_leave_what_is_held(self, shop: Shop) -> None:
        card = await gift_card(shop)
        await card.hold(3000)

        with pytest.raises(CreditInsufficient):
            await self.adjust(card, "-20.01")

        await self.adjust(card, "-20.00")
        assert await card.balance() == (3000, 3000)

    @pytest.mark.parametrize(
        ("amount", "why", "field"), [("0", "typo", "amount"), ("1", " ", "reason"), ("1", "x" * 501, "reason")]
    )
    async def test_say_what_they_change_and_why(self, shop: Shop, amount: str, why: str, field: str) -> None:
        card = await gift_card(shop)

        with pytest.raises(Invalid) as refusal:
            await self.adjust(card, amount, why=why)

        assert refusal.value.field == (field,)

    async def test_name_a_card_where_a_card_is_meant(self, shop: Shop) -> None:
        credit = await store_credit(shop)

        with pytest.raises(CreditAccountNotFound):
            await self.adjust(credit, "1.00")
        with pytest.raises(CreditAccountNotFound):
            await credit.disable()

    async def test_close_a_card_and_open_it_again(self, shop: Shop) -> None:
        card = await gift_card(shop)

        await card.disable()
        with pytest.raises(IllegalTransition):
            await card.disable()
        await card.enable()
        with pytest.raises(IllegalTransition):
            await card.enable()

        await card.hold(FIFTY)
        assert await card.told() == [("ISSUE", FIFTY)]
        history = await shop.fetch("SELECT action FROM state_changes WHERE subject_id = $1 ORDER BY id", card.id)
        assert [record[0] for record in history] == ["giftCardIssue", "giftCardDisable", "giftCardEnable"]

    async def test_are_all_who_may(self, shop: Shop) -> None:
        card = await gift_card(shop)

        for work in (crediting.disable, crediting.enable):
            with pytest.raises(Forbidden):
                await run(shop, partial(work, account_id=card.id), by="manager")


class TestDatabase:
    @pytest.mark.parametrize(
        "sql",
        [
            "UPDATE credit_accounts SET balance_minor = -1",
            "UPDATE credit_accounts SET held_minor = balance_minor + 1",
            "UPDATE credit_accounts SET code_hash = NULL WHERE kind = 'GIFT_CARD'",
            "UPDATE credit_accounts SET status = 'DISABLED' WHERE kind = 'STORE_CREDIT'",
            "UPDATE credit_accounts SET unit = 1",
            "UPDATE credit_entries SET amount_minor = 1",
            "DELETE FROM credit_entries",
            "TRUNCATE credit_entries",
        ],
    )
    async def test_holds_what_it_can_hold(self, shop: Shop, sql: str) -> None:
        await gift_card(shop)
        await store_credit(shop)

        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            async with shop.database.unit(SYSTEM) as uow:
                await uow.execute(sql, [])

    @pytest.mark.parametrize(
        ("sql", "rule"),
        [
            (
                "UPDATE credit_accounts SET balance_minor = balance_minor + 1",
                "the balance of a gift card or store credit is the sum of its ledger",
            ),
            (
                "INSERT INTO credit_entries SELECT id, 3, 'ADJUST', 1, balance_minor + 1, NULL, 'x', 'TEST', now() FROM credit_accounts",
                "the ledger of a gift card or store credit has no gap, and every balance follows from the one before",
            ),
        ],
    )
    async def test_is_asked_for_the_rest(self, shop: Shop, sql: str, rule: str) -> None:
        await gift_card(shop)
        async with shop.database.unit(SYSTEM) as uow:
            await uow.execute(sql, [])

        assert any(rule in found for found in await broken(shop, but=TENDERS))
