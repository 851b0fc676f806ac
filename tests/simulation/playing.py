"""How a machine is played: the same sequences in every run, or so many others as `STOA_EXAMPLES` says."""

import os
from collections.abc import Callable

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

EXAMPLES = int(os.environ.get("STOA_EXAMPLES", "0"))


def play(opened: Callable[[], RuleBasedStateMachine], *, usually: int, steps: int) -> None:
    """Let shops live through random sequences of `steps` events each; `usually` so many, where nobody asks for more."""
    run_state_machine_as_test(
        opened,  # type: ignore[arg-type]  # It calls whatever makes a machine.
        settings=settings(
            max_examples=EXAMPLES or usually,
            stateful_step_count=steps,
            derandomize=not EXAMPLES,
            print_blob=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
