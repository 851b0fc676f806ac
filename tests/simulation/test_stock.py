"""Random sequences of all events of stock, beside a model in plain Python, on real PostgreSQL.

The sequences are the same in every run; `STOA_EXAMPLES=5000 pytest tests/simulation/test_stock.py` looks further, at
others every time, and prints how to see a failure again.
"""

from functools import partial

import pytest

from tests.builders import postgres
from tests.simulation.playing import play
from tests.simulation.stock_machine import StockMachine
from tests.simulation.supply_machine import SupplyMachine

pytestmark = pytest.mark.slow


class TestStock:
    def test_that_is_there_agrees_with_a_plain_model(self, furnished_template: tuple[postgres.Server, str]) -> None:
        play(partial(StockMachine, furnished_template), usually=20, steps=50)

    def test_that_is_expected_and_moved_agrees_too(self, furnished_template: tuple[postgres.Server, str]) -> None:
        play(partial(SupplyMachine, furnished_template), usually=20, steps=50)
