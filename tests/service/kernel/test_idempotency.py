"""Idempotency keys: one effect, one answer, and no second use with other input."""

import asyncio

import pytest

from app.kernel import idempotency
from app.kernel.actor import SYSTEM
from app.kernel.db import Database, UnitOfWork
from app.kernel.errors import ErrorCode, IdempotencyMismatch, Invalid
from app.kernel.idempotency import LONGEST_KEY, Key, key_for
from app.kernel.ids import new_id
from tests.builders.clock import StoppedClock
from tests.builders.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.anyio

KEY = key_for("cartCreate:guest:", "first", {"lines": [{"quantity": 1}]})


class Counter:
    """Work with an effect that can be counted: a timer a call."""

    def __init__(self, database: Database) -> None:
        self.begin = database.begin(SYSTEM)
        self.calls = 0

    async def call(self, key: Key = KEY, *, refuse: bool = False) -> str:
        """Do the work once for its key; answers what it answered the first time."""

        async def work(uow: UnitOfWork) -> str:
            kept = await idempotency.claim(uow, key)
            if kept is not None:
                return str(kept.object_id)
            self.calls += 1
            object_id = new_id()
            await uow.execute("INSERT INTO timers (name, due_at) VALUES ($1, $2)", [str(object_id), uow.now])
            if refuse:
                raise Invalid("no")
            idempotency.keep(uow, key, object_id=object_id, result={"n": 1})
            return str(object_id)

        return await self.begin.run(work)

    async def effects(self) -> int:
        """Count the effects."""
        return int(await self.begin.run(_count_timers))


async def _count_timers(uow: UnitOfWork) -> int:
    return int((await uow.fetch("SELECT count(*) FROM timers", []))[0][0])


@pytest.fixture
def counter(database: Database) -> Counter:
    """Work to be repeated."""
    return Counter(database)


class TestClaim:
    async def test_answers_a_repetition_as_the_first_time(self, counter: Counter) -> None:
        first = await counter.call()

        assert await counter.call() == first
        assert await counter.effects() == 1

    async def test_lets_two_at_once_wait_and_have_one_effect(self, counter: Counter) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            answers = await asyncio.gather(*(counter.call() for _ in range(8)))

        assert len(set(answers)) == 1
        assert counter.calls == 1
        assert await counter.effects() == 1

    async def test_is_free_again_after_a_refusal(self, counter: Counter) -> None:
        with pytest.raises(Invalid):
            await counter.call(refuse=True)

        await counter.call()

        assert await counter.effects() == 1

    async def test_passes_on_to_who_waited_when_the_first_was_refused(self, counter: Counter) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            answers = await asyncio.gather(*(counter.call(refuse=n == 0) for n in range(4)), return_exceptions=True)

        granted = {answer for answer in answers if isinstance(answer, str)}
        assert len(granted) == 1
        assert await counter.effects() == 1

    async def test_refuses_the_key_with_other_input(self, counter: Counter) -> None:
        await counter.call()

        with pytest.raises(IdempotencyMismatch) as refused:
            await counter.call(key_for("cartCreate:guest:", "first", {"lines": [{"quantity": 2}]}))

        assert refused.value.code is ErrorCode.IDEMPOTENCY_MISMATCH
        assert refused.value.field == ("idempotencyKey",)
        assert await counter.effects() == 1

    async def test_tells_scopes_apart(self, counter: Counter) -> None:
        await counter.call(key_for("cartCreate:guest:1", "first", {}))
        await counter.call(key_for("cartCreate:guest:2", "first", {}))
        await counter.call(key_for("cartUpdate:guest:1", "first", {}))

        assert await counter.effects() == 3

    async def test_shows_a_call_that_is_between_its_transactions(self, counter: Counter) -> None:
        await counter.begin.run(lambda uow: idempotency.claim(uow, KEY))

        kept = await counter.begin.run(lambda uow: idempotency.claim(uow, KEY))

        assert kept is not None
        assert (kept.object_id, kept.result) == (None, None)

    async def test_is_free_after_it_was_released(self, counter: Counter) -> None:
        await counter.begin.run(lambda uow: idempotency.claim(uow, KEY))
        await counter.begin.run(lambda uow: idempotency.release(uow, KEY))

        await counter.call()

        assert await counter.effects() == 1


class TestDeleteOld:
    async def test_forgets_the_old_ones_alone(self, counter: Counter, clock: StoppedClock) -> None:
        await counter.call()
        clock.advance(days=31)
        young = key_for("cartCreate:guest:", "second", {})
        await counter.call(young)

        gone = await counter.begin.run(
            lambda uow: idempotency.DELETE_OLD.run(uow, before=clock.at.replace(hour=0), most=100)
        )

        assert gone == 1
        await counter.call(young)
        assert await counter.effects() == 2


class TestKeyFor:
    @pytest.mark.parametrize("key", ["", "  ", "x" * (LONGEST_KEY + 1)])
    async def test_refuses_what_is_no_key(self, key: str) -> None:
        with pytest.raises(Invalid) as refused:
            key_for("cartCreate", key, {})

        assert refused.value.field == ("idempotencyKey",)

    async def test_does_not_mind_the_order_of_fields(self) -> None:
        assert key_for("s", "k", {"a": 1, "b": [1, 2]}) == key_for("s", "k", {"b": [1, 2], "a": 1})
        assert key_for("s", "k", {"a": [1, 2]}) != key_for("s", "k", {"a": [2, 1]})
        assert key_for("s", "k", {"a": None}) != key_for("s", "k", {})
