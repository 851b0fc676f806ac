"""Random sequences of all that happens to gift cards and store credit, beside a model in plain Python, on real PostgreSQL.

The sequences are the same in every run; `STOA_EXAMPLES=5000 pytest tests/simulation/test_credit.py` looks further, at others
every time, and prints how to see a failure again.
"""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.builders import postgres
from tests.simulation.credit_machine import CreditMachine

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("STOA_EXAMPLES", "0"))
#: So many sequences, of so many steps each, where nobody asks for more.
USUALLY, STEPS = 20, 50


class TestCredit:
    def test_agrees_with_a_plain_model(self, furnished_template: tuple[postgres.Server, str]) -> None:
        def opened() -> CreditMachine:
            return CreditMachine(furnished_template)

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
