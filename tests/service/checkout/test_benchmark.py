"""The benchmark of checkout still runs, and finds its answers, its rows and every rule as they should be."""

import sys
from pathlib import Path
from subprocess import run

import pytest

from tests.builders.patience import PATIENCE_SECONDS

HOUSE = Path(__file__).parents[3]


@pytest.mark.embedded
class TestBenchmark:
    def test_buys_a_few_carts_in_each_way_and_prints_its_table(self) -> None:
        few = ["--clients", "2", "--orders", "4", "--rounds", "1", "--warm-up", "1", "--open-orders", "4"]

        done = run(
            [sys.executable, "bench/checkout.py", *few, "--only", "spread", "--only", "gift card"],
            cwd=HOUSE,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

        assert done.returncode == 0, done.stderr
        rows = [line.split(" | ")[:2] for line in done.stdout.splitlines()[2:8]]
        assert rows == [[f"| {kind}", way] for kind in ("spread", "gift card") for way in ("HTTP", "service", "limit")]
        assert done.stdout.endswith("audit: silent\n")
