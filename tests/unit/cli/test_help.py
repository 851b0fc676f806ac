"""The command line answers at once."""

import os
import subprocess
import sys

HEAVY = ("strawberry", "sqlalchemy", "asyncpg", "uvicorn", "alembic", "graphql")


class TestHelp:
    def test_imports_nothing_heavy(self) -> None:
        code = f"import sys, app.cli; print([name for name in {HEAVY} if name in sys.modules])"

        answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

        assert answer.stdout.strip() == "[]"

    def test_lists_the_commands(self) -> None:
        answer = subprocess.run([sys.executable, "-m", "app.cli", "--help"], capture_output=True, text=True, check=True)

        for command in ("serve", "worker", "migrate", "audit", "schema", "db"):
            assert command in answer.stdout

    def test_says_what_holds_without_an_option(self) -> None:
        words = [sys.executable, "-m", "app.cli", "invoices", "export", "--help"]

        answer = subprocess.run(words, capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": "200"})

        assert "the default channel when left out" in answer.stdout

    def test_tells_wrong_settings_in_sentences(self) -> None:
        environ = {"PATH": "/usr/bin", "STOA_ENV": "production", "STOA_LOG_LEVEL": "loud"}

        answer = subprocess.run(
            [sys.executable, "-m", "app.cli", "migrate"], capture_output=True, text=True, check=False, env=environ
        )

        assert answer.returncode == 1
        assert "Traceback" not in answer.stderr
        assert "STOA_SECRETS is missing" in answer.stderr
