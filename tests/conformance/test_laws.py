"""The laws that every gateway keeps, whatever it is called and whoever stands behind it.

A law that a counterpart of the tests cannot show is skipped with its reason; the provider itself is held to it.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from app.kernel.actor import SYSTEM
from app.kernel.db import Database, UnitOfWork
from app.kernel.errors import BrokenInvariant
from app.kernel.ids import new_id
from app.payments.gateway import (
    Answer,
    Gateway,
    GatewayFailed,
    GatewayTimeout,
    NoticeRefused,
    Outcome,
    Settlement,
    SettlementUnreadable,
)
from app.payments.states import TransactionKind
from tests.conformance.benches.bench import Bench, Letter, Taken

pytestmark = pytest.mark.anyio

HELD = 1000
PART = 600
REST = HELD - PART
NO_REFERENCE = "none_of_theirs"


def key() -> str:
    """Name a step."""
    return str(new_id())


async def authorize(
    bench: Bench, card: str, *, under: str | None = None, reusable: bool = False, gateway: Gateway | None = None
) -> Answer:
    """Hold funds."""
    return await (gateway or bench.gateway).authorize(
        key=under or key(),
        token=card,
        amount_minor=HELD,
        currency=bench.currency,
        reusable=reusable,
        return_url=None,
    )


async def held(bench: Bench, *, reusable: bool = False) -> str:
    """Hold funds, and name the authorization."""
    answer = await authorize(bench, bench.ok, reusable=reusable)
    assert answer.outcome is Outcome.SUCCEEDED
    assert answer.reference is not None
    return answer.reference


async def captured(bench: Bench, amount_minor: int = HELD) -> Taken:
    """Hold funds and take them."""
    reference, name = await held(bench), key()
    answer = await capture(bench, reference, amount_minor, under=name)
    assert answer.outcome is Outcome.SUCCEEDED
    return Taken(reference, name, answer.reference, amount_minor, bench.currency)


async def capture(
    bench: Bench, reference: str, amount_minor: int, *, under: str | None = None, currency: str | None = None
) -> Answer:
    """Take funds."""
    return await bench.gateway.capture(
        key=under or key(),
        reference=reference,
        amount_minor=amount_minor,
        currency=currency or bench.currency,
        final=False,
    )


async def void(bench: Bench, reference: str, amount_minor: int, *, currency: str | None = None) -> Answer:
    """Let funds go."""
    return await bench.gateway.void(
        key=key(), reference=reference, amount_minor=amount_minor, currency=currency or bench.currency
    )


async def refund(
    bench: Bench, reference: str, amount_minor: int, *, under: str | None = None, currency: str | None = None
) -> Answer:
    """Give funds back."""
    return await bench.gateway.refund(
        key=under or key(), reference=reference, amount_minor=amount_minor, currency=currency or bench.currency
    )


class TestAuthorize:
    async def test_holds_and_names_what_it_holds(self, bench: Bench) -> None:
        answer = await authorize(bench, bench.ok)

        assert answer.outcome is Outcome.SUCCEEDED
        assert answer.reference
        assert answer.action is None

    async def test_says_why_it_declined(self, bench: Bench) -> None:
        answer = await authorize(bench, bench.declined)

        assert answer.outcome is Outcome.DECLINED
        assert answer.message
        assert bench.declined not in answer.message

    async def test_declines_a_card_that_is_not_this_shops(self, bench: Bench) -> None:
        answer = await authorize(bench, bench.unknown)

        assert answer.outcome is Outcome.DECLINED
        assert bench.unknown not in answer.message

    async def test_takes_no_number_of_a_card(self, bench: Bench) -> None:
        answer = await authorize(bench, "4242424242424242")

        assert answer.outcome is Outcome.DECLINED
        assert "4242424242424242" not in answer.message

    async def test_waits_for_the_shopper_and_holds_once_they_agreed(self, bench: Bench) -> None:
        name = key()
        asked = await authorize(bench, bench.asks, under=name)
        assert asked.outcome is Outcome.ACTION_REQUIRED
        assert asked.action is not None
        assert asked.action.url or asked.action.client_secret

        await bench.act(asked)
        found = await bench.gateway.find(key=name, asked_at=bench.now())

        assert found is not None
        assert (found.outcome, found.reference) == (Outcome.SUCCEEDED, asked.reference)

    async def test_holds_nothing_while_the_shopper_is_asked(self, bench: Bench) -> None:
        asked = await authorize(bench, bench.asks)
        assert asked.reference is not None

        assert (await capture(bench, asked.reference, 1)).outcome is Outcome.DECLINED

    async def test_repeated_with_its_key_holds_once(self, bench: Bench) -> None:
        bench.shows("holds once")
        name = key()

        answers = [await authorize(bench, bench.ok, under=name) for _ in range(3)]

        assert answers[1:] == answers[:-1]

    async def test_that_was_declined_stays_so_under_its_key(self, bench: Bench) -> None:
        name = key()

        answers = [await authorize(bench, bench.declined, under=name) for _ in range(2)]

        assert {answer.outcome for answer in answers} == {Outcome.DECLINED}


class TestFind:
    async def test_finds_what_was_held(self, bench: Bench) -> None:
        name = key()
        held = await authorize(bench, bench.ok, under=name)

        found = await bench.gateway.find(key=name, asked_at=bench.now())

        assert found is not None
        assert (found.outcome, found.reference) == (held.outcome, held.reference)

    async def test_finds_what_was_declined(self, bench: Bench) -> None:
        name = key()
        await authorize(bench, bench.declined, under=name)

        found = await bench.gateway.find(key=name, asked_at=bench.now())

        assert found is not None
        assert found.outcome is Outcome.DECLINED

    async def test_does_not_find_what_was_never_asked(self, bench: Bench) -> None:
        await authorize(bench, bench.ok)

        assert await bench.gateway.find(key=key(), asked_at=bench.now()) is None


class TestCapture:
    async def test_takes_all(self, bench: Bench) -> None:
        reference = await held(bench)

        answer = await capture(bench, reference, HELD)

        assert answer.outcome is Outcome.SUCCEEDED
        assert (await capture(bench, reference, 1)).outcome is Outcome.DECLINED

    async def test_takes_a_part_and_leaves_the_rest_where_it_may(self, bench: Bench) -> None:
        reference = await held(bench)

        first = await capture(bench, reference, PART)
        second = await capture(bench, reference, REST)

        assert first.outcome is Outcome.SUCCEEDED
        if bench.gateway.abilities.captures_once:
            assert (second.outcome, second.lapsed) == (Outcome.DECLINED, True)
        else:
            assert second.outcome is Outcome.SUCCEEDED

    async def test_takes_no_more_than_is_held_and_keeps_it_held(self, bench: Bench) -> None:
        reference = await held(bench)

        too_much = await capture(bench, reference, HELD + 1)

        assert (too_much.outcome, too_much.lapsed) == (Outcome.DECLINED, False)
        assert too_much.message
        assert (await capture(bench, reference, HELD)).outcome is Outcome.SUCCEEDED

    async def test_repeated_with_its_key_takes_once(self, bench: Bench) -> None:
        reference, name = await held(bench), key()

        answers = [await capture(bench, reference, HELD, under=name) for _ in range(3)]

        assert {answer.outcome for answer in answers} == {Outcome.SUCCEEDED}
        assert len({answer.reference for answer in answers}) == 1

    async def test_takes_no_other_currency(self, bench: Bench) -> None:
        reference = await held(bench)

        answer = await capture(bench, reference, HELD, currency=bench.another_currency)

        assert answer.outcome is Outcome.DECLINED
        assert bench.currency in answer.message

    async def test_takes_nothing_of_what_is_not_there(self, bench: Bench) -> None:
        assert (await capture(bench, NO_REFERENCE, 1)).outcome is Outcome.DECLINED


class TestVoid:
    async def test_lets_all_go_and_nothing_is_taken_afterwards(self, bench: Bench) -> None:
        reference = await held(bench)

        gone = await void(bench, reference, HELD)
        taken = await capture(bench, reference, HELD)

        assert gone.outcome is Outcome.SUCCEEDED
        assert (taken.outcome, taken.lapsed) == (Outcome.DECLINED, True)

    async def test_of_a_part_leaves_the_rest_to_be_taken(self, bench: Bench) -> None:
        reference = await held(bench)

        gone = await void(bench, reference, REST)

        assert gone.outcome is Outcome.SUCCEEDED
        assert (await capture(bench, reference, PART + 1)).outcome is Outcome.DECLINED
        assert (await capture(bench, reference, PART)).outcome is Outcome.SUCCEEDED

    async def test_part_by_part_lets_all_go(self, bench: Bench) -> None:
        reference = await held(bench)

        gone = [await void(bench, reference, part) for part in (PART, REST)]
        taken = await capture(bench, reference, 1)

        assert {answer.outcome for answer in gone} == {Outcome.SUCCEEDED}
        assert (taken.outcome, taken.lapsed) == (Outcome.DECLINED, True)

    async def test_after_a_capture_lets_go_what_was_not_taken_and_no_more(self, bench: Bench) -> None:
        taken = await captured(bench, PART)

        too_much = await void(bench, taken.authorization, REST + 1)
        rest = await void(bench, taken.authorization, REST)

        assert (too_much.outcome, rest.outcome) == (Outcome.DECLINED, Outcome.SUCCEEDED)

    async def test_of_what_was_all_taken_is_declined(self, bench: Bench) -> None:
        taken = await captured(bench)

        assert (await void(bench, taken.authorization, 1)).outcome is Outcome.DECLINED

    async def test_knows_one_currency(self, bench: Bench) -> None:
        reference = await held(bench)

        assert (await void(bench, reference, HELD, currency=bench.another_currency)).outcome is Outcome.DECLINED
        assert (await capture(bench, reference, HELD)).outcome is Outcome.SUCCEEDED

    async def test_of_what_is_not_there_is_declined(self, bench: Bench) -> None:
        assert (await void(bench, NO_REFERENCE, 1)).outcome is Outcome.DECLINED


class TestRefund:
    async def test_gives_back_part_by_part(self, bench: Bench) -> None:
        taken = await captured(bench)

        answers = [await refund(bench, taken.authorization, part) for part in (PART, REST)]

        assert {answer.outcome for answer in answers} == {Outcome.SUCCEEDED}
        assert len({answer.reference for answer in answers}) == 2

    async def test_gives_back_no_more_than_was_taken(self, bench: Bench) -> None:
        bench.shows("refuses refunds above what was taken")
        taken = await captured(bench, PART)

        answers = [await refund(bench, taken.authorization, part) for part in (PART + 1, PART, 1)]

        assert [answer.outcome for answer in answers] == [Outcome.DECLINED, Outcome.SUCCEEDED, Outcome.DECLINED]

    async def test_repeated_with_its_key_gives_back_once(self, bench: Bench) -> None:
        taken, name = await captured(bench), key()

        answers = [await refund(bench, taken.authorization, PART, under=name) for _ in range(3)]

        assert {answer.outcome for answer in answers} == {Outcome.SUCCEEDED}
        assert len({answer.reference for answer in answers}) == 1

    async def test_gives_back_nothing_that_was_only_held(self, bench: Bench) -> None:
        assert (await refund(bench, await held(bench), 1)).outcome is Outcome.DECLINED

    async def test_knows_one_currency(self, bench: Bench) -> None:
        taken = await captured(bench)

        answer = await refund(bench, taken.authorization, PART, currency=bench.another_currency)

        assert answer.outcome is Outcome.DECLINED

    async def test_of_what_is_not_there_is_declined(self, bench: Bench) -> None:
        assert (await refund(bench, NO_REFERENCE, 1)).outcome is Outcome.DECLINED


class TestHoldingAnew:
    async def reauthorize(self, bench: Bench, reference: str, currency: str | None = None) -> Answer:
        """Hold funds anew, if that is possible."""
        if not bench.gateway.abilities.reauthorizes:
            pytest.skip("this provider holds nothing anew")
        return await bench.gateway.reauthorize(
            key=key(), reference=reference, amount_minor=PART, currency=currency or bench.currency
        )

    async def test_makes_another_authorization_of_the_same_card(self, bench: Bench) -> None:
        first = await held(bench, reusable=True)

        answer = await self.reauthorize(bench, first)

        assert answer.outcome is Outcome.SUCCEEDED
        assert answer.reference not in {None, first}
        assert (await capture(bench, answer.reference or "", PART)).outcome is Outcome.SUCCEEDED
        assert (await capture(bench, first, HELD)).outcome is Outcome.SUCCEEDED

    async def test_works_when_the_first_was_let_go(self, bench: Bench) -> None:
        first = await held(bench, reusable=True)
        await void(bench, first, HELD)

        assert (await self.reauthorize(bench, first)).outcome is Outcome.SUCCEEDED

    async def test_knows_one_currency(self, bench: Bench) -> None:
        first = await held(bench, reusable=True)

        assert (await self.reauthorize(bench, first, bench.another_currency)).outcome is Outcome.DECLINED

    async def test_of_what_is_not_there_is_declined(self, bench: Bench) -> None:
        assert (await self.reauthorize(bench, NO_REFERENCE)).outcome is Outcome.DECLINED


class TestHoldingMore:
    async def test_is_done_where_it_can_be_and_else_declined(self, bench: Bench) -> None:
        reference = await held(bench)

        more = await bench.gateway.increment(key=key(), reference=reference, amount_minor=PART, currency=bench.currency)
        taken = await capture(bench, reference, HELD + PART)

        able = bench.gateway.abilities.increments
        assert {more.outcome, taken.outcome} == {Outcome.SUCCEEDED if able else Outcome.DECLINED}


class TestTransactions:
    async def test_of_ours_are_never_open_while_a_provider_is_asked(self, bench: Bench, database: Database) -> None:
        gateway, step = bench.gateway, {"reference": NO_REFERENCE, "amount_minor": 1, "currency": bench.currency}
        questions: list[Callable[[], Awaitable[object]]] = [
            lambda: authorize(bench, bench.ok),
            lambda: gateway.find(key=key(), asked_at=bench.now()),
            lambda: gateway.reauthorize(key=key(), **step),  # type: ignore[arg-type]
            lambda: gateway.increment(key=key(), **step),  # type: ignore[arg-type]
            lambda: gateway.capture(key=key(), final=True, **step),  # type: ignore[arg-type]
            lambda: gateway.void(key=key(), **step),  # type: ignore[arg-type]
            lambda: gateway.refund(key=key(), **step),  # type: ignore[arg-type]
        ]

        for question in questions:

            async def work(_: UnitOfWork, question: Callable[[], Awaitable[object]] = question) -> object:
                return await question()

            with pytest.raises(BrokenInvariant):
                await database.begin(SYSTEM).run(work)


class TestLine:
    async def test_on_which_an_answer_is_lost_leaves_it_open_what_happened(self, bench: Bench) -> None:
        async with bench.without_answer() as (gateway, card):
            with pytest.raises(GatewayTimeout):
                await authorize(bench, card, gateway=gateway)

    async def test_on_which_nothing_leaves_does_nothing(self, bench: Bench) -> None:
        name = key()

        async with bench.cut_off() as (gateway, card):
            with pytest.raises(GatewayFailed):
                await authorize(bench, card, under=name, gateway=gateway)

        assert await bench.gateway.find(key=name, asked_at=bench.now()) is None


class TestNotices:
    async def test_tell_what_happened_with_our_key_and_their_names(self, bench: Bench) -> None:
        taken = await captured(bench, PART)
        letter = await bench.news_of(taken)

        notice = bench.gateway.read_notice(headers=letter.headers, body=letter.body, now=bench.now())

        assert notice is not None
        assert (notice.kind, notice.outcome) == (TransactionKind.CAPTURE, Outcome.SUCCEEDED)
        assert (notice.amount_minor, notice.currency) == (PART, bench.currency)
        assert (notice.key, notice.reference) == (taken.key, taken.reference)
        assert notice.authorization == taken.authorization
        assert notice.at.tzinfo is not None

    async def test_sent_again_are_the_same(self, bench: Bench) -> None:
        letter = await bench.news_of(await captured(bench))
        again = await bench.again_after(letter, timedelta())

        read = [
            bench.gateway.read_notice(headers=sent.headers, body=sent.body, now=bench.now()) for sent in (letter, again)
        ]

        assert read[0] is not None
        assert read[0] == read[1]

    async def test_of_long_ago_are_read_if_they_were_signed_just_now(self, bench: Bench) -> None:
        letter = await bench.news_of(await captured(bench))
        later = timedelta(days=30)
        began = bench.now()

        again = await bench.again_after(letter, later)

        assert bench.gateway.read_notice(headers=again.headers, body=again.body, now=began + later) is not None

    async def test_signed_long_ago_are_refused(self, bench: Bench) -> None:
        letter = await bench.news_of(await captured(bench))

        with pytest.raises(NoticeRefused):
            bench.gateway.read_notice(headers=letter.headers, body=letter.body, now=bench.now() + timedelta(minutes=6))

    async def test_that_nobody_signed_are_refused(self, bench: Bench) -> None:
        letter = await bench.news_of(await captured(bench))
        name = next(name for name in letter.headers if "signature" in name)
        signature = letter.headers[name]

        for header in ("", "nonsense", "t=,v1=", signature[:-1], signature.replace("v1=", "v0="), "t=1,v1=é"):
            with pytest.raises(NoticeRefused):
                bench.gateway.read_notice(headers={name: header}, body=letter.body, now=bench.now())
        with pytest.raises(NoticeRefused):
            bench.gateway.read_notice(headers={}, body=letter.body, now=bench.now())

    async def test_that_somebody_changed_are_refused(self, bench: Bench) -> None:
        letter = await bench.news_of(await captured(bench))

        for body in (letter.body + b" ", letter.body.replace(b"GBP", b"USD").replace(b"gbp", b"usd"), b"", b"\xff"):
            with pytest.raises(NoticeRefused):
                bench.gateway.read_notice(headers=letter.headers, body=body, now=bench.now())

    async def test_that_nobody_has_to_know_are_passed_over(self, bench: Bench) -> None:
        letter: Letter | None = await bench.idle_news()
        if letter is None:
            pytest.skip("all news of this provider move money")

        assert bench.gateway.read_notice(headers=letter.headers, body=letter.body, now=bench.now()) is None


class TestSettlements:
    async def test_tell_what_was_taken_with_our_key_and_their_names(self, bench: Bench) -> None:
        taken = await captured(bench, PART)
        rows = await bench.report_of(taken)

        read = list(bench.gateway.read_settlement(rows))

        (line,) = (one for one in read if isinstance(one, Settlement) and one.reference == taken.reference)
        assert (line.kind, line.amount_minor, line.currency) == (TransactionKind.CAPTURE, PART, bench.currency)
        assert (line.key, line.authorization) == (taken.key, taken.authorization)
        assert line.at.tzinfo is not None

    async def test_answer_each_row_in_its_place(self, bench: Bench) -> None:
        (row, *_) = await bench.report_of(await captured(bench))
        idle = bench.idle_row()
        rows = [row, dict.fromkeys(row, "?"), {}, row] + ([idle] if idle else [])

        read = list(bench.gateway.read_settlement(rows))

        assert len(read) == len(rows)
        assert isinstance(read[0], Settlement)
        assert read[0] == read[3]
        assert isinstance(read[2], SettlementUnreadable)
        assert idle is None or read[4] is None

    async def test_say_what_cannot_be_read(self, bench: Bench) -> None:
        (row, *_) = await bench.report_of(await captured(bench))
        amount = next(name for name in ("gross", "amount_minor") if name in row)
        at = next(name for name in ("created_utc", "at") if name in row)
        broken = [{**row, amount: "a lot"}, {**row, at: "yesterday"}, {n: v for n, v in row.items() if n != "currency"}]

        for line in bench.gateway.read_settlement(broken):
            assert isinstance(line, SettlementUnreadable)
            assert str(line)
