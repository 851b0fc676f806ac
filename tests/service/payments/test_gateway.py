"""The test gateway: as strict as a real provider, so that what passes here would pass there."""

import asyncio
from datetime import timedelta

import pytest

from app.kernel.db import Database
from app.kernel.ids import new_id
from app.payments.gateway import Action, Answer, GatewayFailed, GatewayTimeout, Outcome
from app.payments.gateways.test import TOKENS, TestGateway
from tests.builders.clock import OPENING, StoppedClock
from tests.builders.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.anyio

HELD = 1000
LATE = timedelta(seconds=60)


def key() -> str:
    """Name a call."""
    return str(new_id())


@pytest.fixture
def gateway(database: Database) -> TestGateway:
    """A provider that remembers nothing yet."""
    return TestGateway(database, late=LATE, base_url="http://shop.test")


async def authorize(gateway: TestGateway, token: str, *, under: str | None = None) -> Answer:
    """Hold funds."""
    return await gateway.authorize(
        key=under or key(), token=token, amount_minor=HELD, currency="GBP", reusable=False, return_url=None
    )


async def held(gateway: TestGateway) -> str:
    """Hold funds, and name the authorization."""
    answer = await authorize(gateway, "tok_ok")
    assert answer.outcome is Outcome.SUCCEEDED
    assert answer.reference is not None
    return answer.reference


class TestAuthorize:
    @pytest.mark.parametrize(
        ("token", "outcome"),
        [
            ("tok_ok", Outcome.SUCCEEDED),
            ("tok_declined", Outcome.DECLINED),
            ("tok_expired", Outcome.DECLINED),
            ("tok_foreign", Outcome.DECLINED),
            ("tok_euros", Outcome.DECLINED),
            ("tok_action", Outcome.ACTION_REQUIRED),
            ("tok_late", Outcome.PENDING),
            ("4242424242424242", Outcome.DECLINED),
        ],
    )
    async def test_does_as_the_token_says(self, gateway: TestGateway, token: str, outcome: Outcome) -> None:
        assert (await authorize(gateway, token)).outcome is outcome

    async def test_loses_its_answer_but_not_the_money(self, gateway: TestGateway) -> None:
        name = key()
        with pytest.raises(GatewayTimeout):
            await authorize(gateway, "tok_timeout", under=name)

        found = await gateway.find(key=name, asked_at=OPENING)

        assert found is not None
        assert found.outcome is Outcome.SUCCEEDED

    async def test_fails_without_doing_anything(self, gateway: TestGateway) -> None:
        name = key()
        with pytest.raises(GatewayFailed):
            await authorize(gateway, "tok_error", under=name)

        assert await gateway.find(key=name, asked_at=OPENING) is None

    async def test_succeeds_late(self, gateway: TestGateway, clock: StoppedClock) -> None:
        name = key()
        await authorize(gateway, "tok_late", under=name)
        clock.advance(seconds=LATE.total_seconds())

        found = await gateway.find(key=name, asked_at=OPENING)

        assert found is not None
        assert found.outcome is Outcome.SUCCEEDED

    async def test_waits_for_the_shopper(self, gateway: TestGateway) -> None:
        name = key()
        asked = await authorize(gateway, "tok_action", under=name)
        assert asked.reference is not None
        url = f"http://shop.test/gateways/test/actions/{asked.reference}"
        assert asked.action == Action("REDIRECT", url=url)

        assert await gateway.confirm(reference=asked.reference)
        assert not await gateway.confirm(reference=asked.reference)

        found = await gateway.find(key=name, asked_at=OPENING)
        assert found is not None
        assert found.outcome is Outcome.SUCCEEDED

    async def test_repeated_with_its_key_is_the_first_one(self, gateway: TestGateway, database: Database) -> None:
        name = key()

        async with asyncio.timeout(PATIENCE_SECONDS):
            answers = await asyncio.gather(*(authorize(gateway, "tok_ok", under=name) for _ in range(5)))

        assert len({answer.reference for answer in answers}) == 1
        async with database.read() as session:
            assert len(await session.fetch("SELECT 1 FROM test_gateway_operations", [])) == 1

    async def test_says_what_each_token_does(self) -> None:
        told = {
            "tok_ok",
            "tok_declined",
            "tok_expired",
            "tok_foreign",
            "tok_euros",
            "tok_action",
            "tok_timeout",
            "tok_late",
        }
        told |= {"tok_error", "tok_short", "tok_short_once", "tok_no_capture"}

        assert set(TOKENS) == told


class TestCapture:
    async def test_takes_parts_up_to_what_is_held_and_no_more(self, gateway: TestGateway) -> None:
        reference = await held(gateway)

        answers = [
            await gateway.capture(key=key(), reference=reference, amount_minor=amount, currency="GBP", final=False)
            for amount in (600, 401, 400, 1)
        ]

        assert [answer.outcome for answer in answers] == ["SUCCEEDED", "DECLINED", "SUCCEEDED", "DECLINED"]

    async def test_repeated_with_its_key_takes_once(self, gateway: TestGateway) -> None:
        reference, name = await held(gateway), key()

        async with asyncio.timeout(PATIENCE_SECONDS):
            answers = await asyncio.gather(
                *(
                    gateway.capture(key=name, reference=reference, amount_minor=HELD, currency="GBP", final=False)
                    for _ in range(5)
                )
            )

        assert {answer.outcome for answer in answers} == {Outcome.SUCCEEDED}
        assert len({answer.reference for answer in answers}) == 1

    async def test_of_many_at_once_takes_no_more_than_is_held(self, gateway: TestGateway) -> None:
        reference = await held(gateway)

        async with asyncio.timeout(PATIENCE_SECONDS):
            answers = await asyncio.gather(
                *(
                    gateway.capture(key=key(), reference=reference, amount_minor=300, currency="GBP", final=False)
                    for _ in range(8)
                )
            )

        assert [answer.outcome for answer in answers].count(Outcome.SUCCEEDED) == HELD // 300

    async def test_that_was_declined_stays_so_under_its_key(self, gateway: TestGateway) -> None:
        reference, name = await held(gateway), key()
        first = await gateway.capture(key=name, reference=reference, amount_minor=HELD + 1, currency="GBP", final=False)

        again = await gateway.capture(key=name, reference=reference, amount_minor=1, currency="GBP", final=False)

        assert (first.outcome, again.outcome) == (Outcome.DECLINED, Outcome.DECLINED)

    @pytest.mark.parametrize("token", ["tok_declined", "tok_action", "tok_late"])
    async def test_of_what_is_not_held_is_declined(self, gateway: TestGateway, token: str) -> None:
        answer = await authorize(gateway, token)
        assert answer.reference is not None

        taken = await gateway.capture(
            key=key(), reference=answer.reference, amount_minor=1, currency="GBP", final=False
        )

        assert taken.outcome is Outcome.DECLINED

    async def test_of_something_else_than_an_authorization_is_declined(self, gateway: TestGateway) -> None:
        reference = await held(gateway)
        capture = await gateway.capture(key=key(), reference=reference, amount_minor=HELD, currency="GBP", final=True)
        assert capture.reference is not None

        for reference in (capture.reference, "test_nonsense"):
            taken = await gateway.capture(key=key(), reference=reference, amount_minor=1, currency="GBP", final=False)
            assert taken.outcome is Outcome.DECLINED


class TestVoid:
    async def test_lets_the_rest_go_and_nothing_is_taken_afterwards(self, gateway: TestGateway) -> None:
        reference = await held(gateway)
        await gateway.capture(key=key(), reference=reference, amount_minor=600, currency="GBP", final=False)

        too_much = await gateway.void(key=key(), reference=reference, amount_minor=401, currency="GBP")
        rest = await gateway.void(key=key(), reference=reference, amount_minor=400, currency="GBP")
        after = [
            await gateway.capture(key=key(), reference=reference, amount_minor=1, currency="GBP", final=False),
            await gateway.void(key=key(), reference=reference, amount_minor=1, currency="GBP"),
        ]

        assert (too_much.outcome, rest.outcome) == (Outcome.DECLINED, Outcome.SUCCEEDED)
        assert {answer.outcome for answer in after} == {Outcome.DECLINED}


class TestRefund:
    async def test_gives_back_what_was_taken_and_no_more(self, gateway: TestGateway) -> None:
        reference = await held(gateway)
        before = await gateway.refund(key=key(), reference=reference, amount_minor=1, currency="GBP")
        await gateway.capture(key=key(), reference=reference, amount_minor=600, currency="GBP", final=False)

        answers = [
            await gateway.refund(key=key(), reference=reference, amount_minor=amount, currency="GBP")
            for amount in (200, 401, 400, 1)
        ]

        assert before.outcome is Outcome.DECLINED
        assert [answer.outcome for answer in answers] == ["SUCCEEDED", "DECLINED", "SUCCEEDED", "DECLINED"]

    async def test_does_not_make_room_to_take_more(self, gateway: TestGateway) -> None:
        reference = await held(gateway)
        await gateway.capture(key=key(), reference=reference, amount_minor=HELD, currency="GBP", final=False)
        await gateway.refund(key=key(), reference=reference, amount_minor=HELD, currency="GBP")

        assert (
            await gateway.capture(key=key(), reference=reference, amount_minor=1, currency="GBP", final=False)
        ).outcome is Outcome.DECLINED

    async def test_after_a_void_reaches_what_was_taken_before(self, gateway: TestGateway) -> None:
        reference = await held(gateway)
        await gateway.capture(key=key(), reference=reference, amount_minor=600, currency="GBP", final=False)
        await gateway.void(key=key(), reference=reference, amount_minor=400, currency="GBP")

        assert (
            await gateway.refund(key=key(), reference=reference, amount_minor=600, currency="GBP")
        ).outcome is Outcome.SUCCEEDED
