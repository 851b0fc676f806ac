"""A shop that is not the demo lets in the first person who works there, by the command line alone."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders.client import Client
from tests.builders.patience import PATIENCE_SECONDS
from tests.builders.shop import Shop

LOGIN = """
mutation { login(input: {email: "rosa@shop.test", password: "correct horse battery"}) {
  tokens { accessToken } errors { code } } }"""
WORK = "{ fulfillmentOrders { nodes { id } } }"


def staff_add(dsn: str, password: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `stoa staff add`."""
    return subprocess.run(
        [sys.executable, "-m", "app.cli", "staff", "add", *arguments, "--password-file", str(password)],
        env={
            "DATABASE_URL": dsn,
            "STOA_ENV": "test",
            "STOA_SECRET": "the tests of this shop have no secrets from anybody",
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@pytest.fixture
def password(tmp_path: Path) -> Path:
    """Keep a password in a file."""
    file = tmp_path / "password"
    file.write_text("correct horse battery\n")
    return file


class TestStaffAdd:
    async def test_lets_somebody_in_where_they_work(self, shop: Shop, client: Client, dsn: str, password: Path) -> None:
        done = staff_add(dsn, password, "Rosa@shop.test", "--role", "associate", "--location", "camden")

        assert done.stdout == "rosa@shop.test may log in as ASSOCIATE, at camden\n", done.stderr
        token = (await client.mutate(LOGIN))["tokens"]["accessToken"]
        assert (await client.query(WORK, token=token))["fulfillmentOrders"] == {"nodes": []}
        [place] = await shop.fetch(
            "SELECT locations.code FROM staff_locations JOIN locations ON locations.id = location_id "
            "JOIN users ON users.id = user_id WHERE email = 'rosa@shop.test'"
        )
        assert place["code"] == "camden"

    async def test_changes_what_somebody_may_do(self, shop: Shop, dsn: str, password: Path) -> None:
        staff_add(dsn, password, "rosa@shop.test", "--role", "ASSOCIATE", "--location", "camden")

        staff_add(dsn, password, "rosa@shop.test", "--role", "OPERATIONS", "--everywhere")

        [user] = await shop.fetch("SELECT id, roles, every_location FROM users WHERE email = 'rosa@shop.test'")
        assert (user["roles"], user["every_location"]) == (["OPERATIONS"], True)
        assert await shop.fetch("SELECT 1 FROM staff_locations WHERE user_id = $1", user["id"]) == []

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("rosa@shop.test", "--role", "WIZARD"), "'WIZARD' is not a role"),
            (("rosa", "--role", "ADMIN"), "stoa: "),
            (("rosa@shop.test", "--role", "ASSOCIATE", "--location", "atlantis"), "atlantis"),
        ],
    )
    async def test_refuses_in_one_sentence(
        self, shop: Shop, dsn: str, password: Path, arguments: tuple[str, ...], said: str
    ) -> None:
        done = staff_add(dsn, password, *arguments)

        assert done.returncode == 1
        assert said in done.stderr
        assert "Traceback" not in done.stderr
        assert await shop.fetch("SELECT 1 FROM users WHERE email = 'rosa@shop.test'") == []
