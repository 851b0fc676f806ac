"""Random orders with random tenders, and a payment service with moods, on real PostgreSQL.

The sequences are the same in every run; `STOA_EXAMPLES=500 pytest tests/simulation/test_money.py` looks further, at others
every time, and prints how to see a failure again.
"""

from functools import partial

import pytest

from tests.builders import postgres
from tests.simulation.money_machine import MoneyMachine
from tests.simulation.playing import play

pytestmark = pytest.mark.slow


class TestMoney:
    def test_ends_where_it_belongs(self, furnished_template: tuple[postgres.Server, str]) -> None:
        play(partial(MoneyMachine, furnished_template), usually=7, steps=40)
