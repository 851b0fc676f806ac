"""Many pieces of work by one timer."""

import pytest

from app.kernel.errors import Busy
from app.kernel.turns import in_turn

pytestmark = pytest.mark.anyio

ITEMS = (1, 2, 3)


class TestInTurn:
    async def test_adds_up_what_was_done(self) -> None:
        async def work(item: int) -> int:
            return item

        assert await in_turn(ITEMS, work) == sum(ITEMS)

    async def test_lets_everybody_have_their_turn_before_it_tells_what_went_wrong(self) -> None:
        had: list[int] = []

        async def work(item: int) -> int:
            had.append(item)
            raise LookupError(item) if item != ITEMS[-1] else ValueError(item)

        with pytest.raises(ExceptionGroup) as failed:
            await in_turn(ITEMS, work)

        assert had == list(ITEMS)
        assert [type(failure) for failure in failed.value.exceptions] == [LookupError, LookupError, ValueError]

    async def test_does_not_go_on_while_the_database_is_away(self) -> None:
        had: list[int] = []

        async def work(item: int) -> int:
            had.append(item)
            raise Busy("later")

        with pytest.raises(Busy):
            await in_turn(ITEMS, work)

        assert had == [ITEMS[0]]
