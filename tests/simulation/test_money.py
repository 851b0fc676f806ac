"""Random orders with random tenders, and a payment service with moods, on real PostgreSQL.

The sequences are the same in every run; `STOA_EXAMPLES=500 pytest tests/simulation/test_money.py` looks further, at others
every time, and prints how to see a failure again.
"""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.builders import postgres
from tests.simulation.money_machine import MoneyMachine

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("STOA_EXAMPLES", "0"))
#: So many sequences, of so many events each, where nobody asks for more.
USUALLY, STEPS = 7, 40


class TestMoney:
    def test_ends_where_it_belongs(self, furnished_template: tuple[postgres.Server, str]) -> None:
        def opened() -> MoneyMachine:
            return MoneyMachine(furnished_template)

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
