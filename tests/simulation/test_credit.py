"""Random sequences of all that happens to gift cards and store credit, beside a model in plain Python, on real PostgreSQL.

The sequences are the same in every run; `STOA_EXAMPLES=5000 pytest tests/simulation/test_credit.py` looks further, at others
every time, and prints how to see a failure again.
"""

from functools import partial

import pytest

from tests.builders import postgres
from tests.simulation.credit_machine import CreditMachine
from tests.simulation.playing import play

pytestmark = pytest.mark.slow


class TestCredit:
    def test_agrees_with_a_plain_model(self, furnished_template: tuple[postgres.Server, str]) -> None:
        play(partial(CreditMachine, furnished_template), usually=20, steps=50)
