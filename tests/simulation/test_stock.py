"""Random sequences of all events of stock, beside a model in plain Python, on real PostgreSQL.

The sequences are the same in every run; `STOA_EXAMPLES=5000 pytest tests/simulation/test_stock.py` looks further, at
others every time, and prints how to see a failure again.
"""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.builders import postgres
from tests.simulation.stock_machine import StockMachine
from tests.simulation.supply_machine import SupplyMachine

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("STOA_EXAMPLES", "0"))
#: So many sequences, of so many events each, where nobody asks for more.
USUALLY, STEPS = 20, 50


def compare(machine: type[StockMachine], template: tuple[postgres.Server, str]) -> None:
    """Let shops and their models live through random sequences of events."""

    def opened() -> StockMachine:
        return machine(template)

    run_state_machine_as_test(
        opened,  # type: ignore[arg-type]  # It calls whatever makes a machine.
        settings=settings(
            max_examples=EXAMPLES or USUALLY,
            stateful_step_count=STEPS,
            derandomize=not EXAMPLES,
            print_blob=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


class TestStock:
    def test_that_is_there_agrees_with_a_plain_model(self, furnished_template: tuple[postgres.Server, str]) -> None:
        compare(StockMachine, furnished_template)

    def test_that_is_expected_and_moved_agrees_too(self, furnished_template: tuple[postgres.Server, str]) -> None:
        compare(SupplyMachine, furnished_template)
