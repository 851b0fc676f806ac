"""Codes of gift cards: read as they were meant, told apart by the database alone, and not to be guessed."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from functools import partial

import pytest
import structlog

from app.kernel.db import Database
from app.kernel.errors import DomainError, ErrorCode
from app.kernel.tokens import KeyRing
from app.payments.errors import GiftCardExpired, GiftCardForeign, GiftCardUnknown, TooManyWrongCodes
from app.payments.rules.accounts import CreditAccount, GuessThrottle
from app.payments.service import codes
from tests.builders.buyers import broken
from tests.builders.clock import StoppedClock
from tests.builders.credited import PEER, WRONG, Card, expire, find, gift_card, run
from tests.builders.patience import PATIENT
from tests.builders.shop import KEYS, Shop
from tests.builders.statements import Sent

pytestmark = pytest.mark.anyio

Counting = Callable[[], AbstractAsyncContextManager[Sent]]
GUESSES = 1000


async def check(
    shop: Shop, code: str, *, origin: str = PEER, currency: str | None = None
) -> CreditAccount | DomainError:
    """Ask what is left on a card."""
    return await run(shop, lambda uow: codes.check(uow, code=code, currency=currency, origin=origin))


class TestCode:
    async def test_is_found_as_people_type_it(self, shop: Shop) -> None:
        card = await gift_card(shop)
        code = await card.code()
        typed = [
            code,
            code.lower(),
            code.replace("-", ""),
            f" {code.replace('-', ' ')} ",
            code.replace("0", "O").replace("1", "l"),
        ]

        for text in typed:
            (found,) = await find(shop, text)
            assert found.id == card.id

    async def test_finds_cards_in_the_order_in_which_they_were_given(self, shop: Shop) -> None:
        cards = [await gift_card(shop) for _ in range(4)]

        found = await find(shop, *[await card.code() for card in reversed(cards)])

        assert [account.id for account in found] == [card.id for card in reversed(cards)]

    async def test_stays_the_same_when_the_key_is_rotated(self, shop: Shop, dsn: str, clock: StoppedClock) -> None:
        card = await gift_card(shop)
        code = await card.code()
        rotated = Database(dsn, keys=KeyRing({"new": b"n" * 32, **KEYS.keys}, "new"), clock=clock, patience=PATIENT)
        await rotated.connect()
        later = Shop(rotated)

        (found,) = await find(later, code)
        shown = await Card(later, card.id).code()
        await rotated.close()

        assert (found.id, shown) == (card.id, code)

    async def test_of_a_currency_that_is_not_the_carts_is_refused(self, shop: Shop) -> None:
        card = await gift_card(shop, currency="EUR")

        with pytest.raises(GiftCardForeign) as refusal:
            await find(shop, await card.code())

        assert refusal.value.code is ErrorCode.PAYMENT_MISMATCH
        assert refusal.value.field == ("tenders", "0", "code")

    async def test_of_a_card_whose_time_is_over_is_refused(self, shop: Shop, clock: StoppedClock) -> None:
        card = await gift_card(shop, expires_at=clock() + timedelta(days=1))
        clock.advance(days=1)

        with pytest.raises(GiftCardExpired):
            await find(shop, await card.code())
        await expire(shop)
        with pytest.raises(GiftCardExpired):
            await find(shop, await card.code())

    async def test_of_a_disabled_card_is_refused_like_one_that_is_none(self, shop: Shop) -> None:
        card = await gift_card(shop)
        await card.disable()

        refusals = []
        for code in (await card.code(), WRONG):
            with pytest.raises(GiftCardUnknown) as refusal:
                await find(shop, code)
            refusals.append((refusal.value.code, refusal.value.message, refusal.value.field))

        assert refusals[0] == refusals[1]

    @pytest.mark.parametrize("code", ["", " ", "-", "💥", "é" * 5000, "ABCD", "0" * 17])
    async def test_that_nobody_ever_had_is_refused(self, shop: Shop, code: str) -> None:
        with pytest.raises(GiftCardUnknown):
            await find(shop, code)

    async def test_takes_the_same_statements_right_or_wrong(self, shop: Shop, statements: Counting) -> None:
        card = await gift_card(shop)
        sent_for = []

        for code in (await card.code(), WRONG, "no code at all"):
            async with statements() as sent:
                await check(shop, code)
            sent_for.append(sent.statements)

        assert sent_for[0] == sent_for[1] == sent_for[2]

    async def test_that_is_refused_is_logged_without_it(self, shop: Shop) -> None:
        card = await gift_card(shop, currency="EUR")
        code = await card.code()

        with structlog.testing.capture_logs() as logged:
            for refused in (code, WRONG):
                with pytest.raises(DomainError):
                    await find(shop, refused)

        assert [(entry["event"], entry["reason"]) for entry in logged] == [
            ("gift card refused", "PAYMENT_MISMATCH"), ("gift card refused", "NOT_FOUND"),
        ]  # fmt: skip
        assert code not in str(logged)
        assert WRONG not in str(logged)


class TestCheck:
    async def test_says_what_is_left(self, shop: Shop) -> None:
        card = await gift_card(shop)
        await card.hold(2000)

        found = await check(shop, await card.code(), currency="GBP")

        assert isinstance(found, CreditAccount)
        assert found.available_minor(shop.database.now()) == 3000

    async def test_says_that_nothing_is_left_when_its_time_is_over(self, shop: Shop, clock: StoppedClock) -> None:
        card = await gift_card(shop, expires_at=clock() + timedelta(days=1))
        clock.advance(days=1)

        found = await check(shop, await card.code())

        assert isinstance(found, CreditAccount)
        assert found.available_minor(clock()) == 0

    async def test_answers_a_wrong_code_with_a_refusal_that_is_counted(self, shop: Shop) -> None:
        assert isinstance(await check(shop, WRONG), GiftCardUnknown)

        [[failures]] = await shop.fetch("SELECT failures FROM gift_card_attempts WHERE origin_hash = '*'")
        assert failures == 1

    async def test_of_another_currency_is_refused(self, shop: Shop) -> None:
        card = await gift_card(shop)

        refusal = await check(shop, await card.code(), currency="EUR")

        assert isinstance(refusal, GiftCardForeign)
        assert refusal.field == ("currency",)


class TestThrottle:
    async def guess(self, shop: Shop, code: str = WRONG, *, origin: str = PEER) -> str:
        """Try a code; answers what came of it."""
        try:
            await find(shop, code, origin=origin)
        except DomainError as refusal:
            return refusal.code.value
        return "FOUND"

    async def test_ends_a_thousand_guesses_after_ten(self, shop: Shop) -> None:
        told = [await self.guess(shop) for _ in range(GUESSES)]

        assert told == ["NOT_FOUND"] * 10 + ["RATE_LIMITED"] * (GUESSES - 10)
        assert await broken(shop) == []

    async def test_counts_guesses_made_at_once_one_by_one(self, shop: Shop) -> None:
        told = await asyncio.gather(*(self.guess(shop) for _ in range(40)))

        assert told.count("NOT_FOUND") == 10

    async def test_tells_the_right_code_nothing_either_until_the_window_is_over(
        self, shop: Shop, clock: StoppedClock
    ) -> None:
        code = await (await gift_card(shop)).code()
        for _ in range(10):
            await self.guess(shop)
        clock.advance(minutes=5)

        with pytest.raises(TooManyWrongCodes) as refusal:
            await find(shop, code)

        assert refusal.value.wait_seconds == 600
        assert "wait 10 minutes" in refusal.value.message
        clock.advance(minutes=10)
        assert await self.guess(shop, code) == "FOUND"

    async def test_does_not_count_right_codes(self, shop: Shop) -> None:
        code = await (await gift_card(shop)).code()

        told = {await self.guess(shop, code) for _ in range(30)}

        assert told == {"FOUND"}
        [[rows]] = await shop.fetch("SELECT count(*) FROM gift_card_attempts WHERE origin_hash = '*'")
        assert rows == 0

    async def test_leaves_others_alone(self, shop: Shop) -> None:
        for _ in range(11):
            await self.guess(shop)

        assert await self.guess(shop, origin="198.51.100.9") == "NOT_FOUND"

    async def test_bears_so_many_from_everywhere_together(self, shop: Shop, clock: StoppedClock) -> None:
        few = GuessThrottle(failures=10, failures_of_all=3)
        look = partial(find, shop, WRONG, throttle=few)
        for number in range(3):
            with pytest.raises(GiftCardUnknown):
                await look(origin=f"198.51.100.{number}")

        with pytest.raises(TooManyWrongCodes):
            await look(origin="198.51.100.9")

        clock.advance(minutes=15)
        with pytest.raises(GiftCardUnknown):
            await look(origin="198.51.100.9")

    async def test_counts_every_wrong_code_of_one_call(self, shop: Shop) -> None:
        right = await (await gift_card(shop)).code()

        with pytest.raises(GiftCardUnknown) as refusal:
            await find(shop, right, *[WRONG] * 10)

        assert refusal.value.field == ("tenders", "1", "code")
        with pytest.raises(TooManyWrongCodes):
            await find(shop, right)

    async def test_keeps_no_address_and_forgets(self, shop: Shop, clock: StoppedClock) -> None:
        await self.guess(shop)
        kept = await shop.fetch("SELECT origin_hash FROM gift_card_attempts")
        clock.advance(minutes=15)

        gone = await run(shop, lambda uow: codes.forget_guesses(uow, most=10))

        assert PEER not in str(kept)
        assert gone == 2
