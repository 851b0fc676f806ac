"""The embedded PostgreSQL starts whatever state it is found in, and never touches what is not its own."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from app.kernel import embedded
from app.kernel.embedded import EmbeddedPostgres, EmbeddedPostgresError
from app.kernel.embedded.account import binaries
from tests.builders.patience import PATIENCE_SECONDS
from tests.builders.postgres import memory

pytestmark = pytest.mark.embedded

ROOT_OF_THE_HOUSE = Path(__file__).parents[3]
MEMORY = memory()
MUGS = 1000

START_AND_ASK = """
import asyncio, sys
from pathlib import Path
import asyncpg
from app.kernel import embedded

async def ask(dsn):
    connection = await asyncpg.connect(dsn)
    print(await connection.fetchval("SELECT pg_postmaster_start_time()::text"))
    await connection.close()

sys.stdin.readline()
asyncio.run(ask(embedded.start(Path(sys.argv[1]), durable=False).dsn))
"""
START_AND_DIE = """
import os, signal, sys
from pathlib import Path
from app.kernel import embedded

embedded.start(Path(sys.argv[1]), durable=False)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """Give a fast directory; end every server that a test leaves in it."""
    made = Path(tempfile.mkdtemp(dir=MEMORY or tmp_path))
    # Others may pass through, for a server that runs as somebody else.
    made.chmod(0o755)
    yield made
    for control in made.glob("**/global/pg_control"):
        embedded.stop(control.parents[1], immediately=True)
    shutil.rmtree(made)


@pytest.fixture
def new_dir(place: Path) -> Path:
    """Give the path of a data directory that is still to be made."""
    return place / "postgres"


@pytest.fixture(scope="module")
def made_once() -> Iterator[Path]:
    """Give a stopped data directory; copying one is several times faster than making one."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as parent:
        data_dir = Path(parent) / "postgres"
        embedded.start(data_dir, durable=False)
        embedded.stop(data_dir)
        yield data_dir


@pytest.fixture
def data_dir(made_once: Path, new_dir: Path) -> Path:
    """Give a data directory with an empty database and no server."""
    shutil.copytree(made_once, new_dir)
    return new_dir


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """Give a live process that has nothing to do with us."""
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        yield sleeper
        sleeper.kill()


def ask(server: EmbeddedPostgres, *statements: str) -> object:
    """Run the statements, each in its own transaction; return the first value of the last."""

    async def answer() -> object:
        connection = await asyncpg.connect(server.dsn)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetchval(statements[-1])
        finally:
            await connection.close()

    return asyncio.run(answer())


def postmaster_of(data_dir: Path) -> int:
    return int((data_dir / "postmaster.pid").read_text().splitlines()[0])


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def eventually(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.01)


def python(script: str, data_dir: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, str(data_dir)],
        cwd=ROOT_OF_THE_HOUSE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


class TestStart:
    def test_answers_a_query(self, new_dir: Path) -> None:
        server = embedded.start(new_dir, durable=False, settings={"work_mem": "5MB"})

        answers = ask(server, "SELECT concat_ws(' ', current_setting('work_mem'), current_setting('TimeZone'))")

        assert answers == "5MB UTC"
        assert embedded.is_running(new_dir)

    def test_gives_the_address_of_every_database(self, data_dir: Path) -> None:
        server = embedded.start(data_dir, durable=False)
        ask(server, 'CREATE DATABASE "a shop/b?"', "SELECT 1")

        async def name() -> object:
            connection = await asyncpg.connect(server.dsn_for("a shop/b?"))
            try:
                return await connection.fetchval("SELECT current_database()")
            finally:
                await connection.close()

        assert asyncio.run(name()) == "a shop/b?"

    def test_returns_the_server_that_runs(self, data_dir: Path) -> None:
        first = embedded.start(data_dir, durable=False)
        postmaster = postmaster_of(data_dir)

        second = embedded.start(data_dir, durable=False)

        assert second == first
        assert postmaster_of(data_dir) == postmaster

    def test_makes_one_server_when_two_start_at_once(self, new_dir: Path) -> None:
        starters = [python(START_AND_ASK, new_dir) for _ in range(2)]

        for starter in starters:
            assert starter.stdin is not None
            starter.stdin.write("go\n")
            starter.stdin.flush()
        server_seen = [starter.communicate(timeout=PATIENCE_SECONDS)[0] for starter in starters]

        assert server_seen[0] != ""
        assert server_seen[0] == server_seen[1]

    def test_leaves_a_server_that_outlives_its_starter(self, data_dir: Path) -> None:
        starter = python(START_AND_DIE, data_dir)

        starter.communicate(timeout=PATIENCE_SECONDS)

        assert starter.returncode == -signal.SIGKILL
        assert embedded.is_running(data_dir)

    def test_keeps_committed_rows_after_kill_9(self, data_dir: Path) -> None:
        server = embedded.start(data_dir)
        ask(server, "CREATE TABLE mug (n int)", f"INSERT INTO mug SELECT generate_series(1, {MUGS}) RETURNING n")
        postmaster = postmaster_of(data_dir)

        for pid in (postmaster, *children_of(postmaster)):
            # A child that sees its parent dead ends by itself, and may be the faster one.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        restarted = embedded.start(data_dir)

        assert postmaster_of(data_dir) != postmaster
        assert ask(restarted, "SELECT count(*) FROM mug") == MUGS

    def test_waits_for_the_orphans_of_a_killed_postmaster(self, data_dir: Path) -> None:
        server = embedded.start(data_dir, durable=False)
        long_query = "SELECT count(*) FROM generate_series(1, 5000000)"
        busy = f"SELECT max(pid) FROM pg_stat_activity WHERE state = 'active' AND query = '{long_query}'"
        with subprocess.Popen(
            [binaries() / "psql", server.dsn, "-c", long_query], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as customer:
            eventually(lambda: ask(server, busy) is not None)
            orphan = ask(server, busy)

            os.kill(postmaster_of(data_dir), signal.SIGKILL)
            restarted = embedded.start(data_dir, durable=False)
            was_there = Path(f"/proc/{orphan}/cwd").exists()
            customer.communicate(timeout=PATIENCE_SECONDS)

        assert not was_there
        assert ask(restarted, "SELECT 1") == 1

    def test_is_not_misled_by_pid_files_that_name_a_stranger(
        self, data_dir: Path, stranger: subprocess.Popen[bytes]
    ) -> None:
        server = embedded.start(data_dir, durable=False)
        pid_file = (data_dir / "postmaster.pid").read_text()
        embedded.stop(data_dir)
        server.socket_dir.mkdir(mode=0o700)
        for name in (data_dir / "postmaster.pid", server.socket_dir / ".s.PGSQL.5432.lock"):
            name.write_text("\n".join([str(stranger.pid), *pid_file.splitlines()[1:], ""]))
        (server.socket_dir / ".s.PGSQL.5432").touch()

        assert not embedded.is_running(data_dir)
        assert not embedded.stop(data_dir)
        restarted = embedded.start(data_dir, durable=False)

        assert ask(restarted, "SELECT 1") == 1
        assert stranger.poll() is None

    def test_replaces_a_new_directory_that_was_left_half_made(self, new_dir: Path) -> None:
        for name in ("base/1", "global", "pg_wal"):
            (new_dir / name).mkdir(parents=True)
        (new_dir / "PG_VERSION").write_text("18\n")
        cut_short = new_dir.with_name(".postgres.initdb-cut-short")
        cut_short.mkdir()

        server = embedded.start(new_dir, durable=False)

        assert ask(server, "SELECT 1") == 1
        assert not cut_short.exists()

    def test_refuses_a_directory_with_files_of_someone_else(self, new_dir: Path) -> None:
        new_dir.mkdir()
        (new_dir / "thesis.txt").write_text("Three years of work.")

        with pytest.raises(EmbeddedPostgresError, match="neither empty nor"):
            embedded.start(new_dir, durable=False)

        assert (new_dir / "thesis.txt").read_text() == "Three years of work."

    def test_does_not_take_the_server_of_a_deleted_directory_for_its_own(self, data_dir: Path) -> None:
        deleted = embedded.start(data_dir, durable=False)
        ask(deleted, "CREATE TABLE mug (n int)", "SELECT 1")
        while data_dir.exists():
            # The server writes meanwhile, also into what was just emptied.
            shutil.rmtree(data_dir, ignore_errors=True)

        server = embedded.start(data_dir, durable=False)

        assert ask(server, "SELECT to_regclass('mug')::text") is None

    def test_takes_a_path_that_no_socket_could_have(self, place: Path) -> None:
        new_dir = place / ('a long name, with spaces, $HOME and "quotes" ' * 4) / "postgres"

        server = embedded.start(new_dir, durable=False)

        assert ask(server, "SELECT current_setting('data_directory')") == str(new_dir)

    def test_refuses_a_socket_directory_that_others_can_enter(self, data_dir: Path) -> None:
        server = embedded.start(data_dir, durable=False)
        embedded.stop(data_dir)
        server.socket_dir.mkdir(mode=0o755)

        with pytest.raises(EmbeddedPostgresError, match="cannot be trusted"):
            embedded.start(data_dir, durable=False)

        server.socket_dir.rmdir()

    def test_says_what_the_server_complained_of(self, data_dir: Path) -> None:
        with pytest.raises(EmbeddedPostgresError) as refused:
            embedded.start(data_dir, durable=False, settings={"work_mem": "plenty"})

        assert 'invalid value for parameter "work_mem": "plenty"' in str(refused.value)
        assert "set DATABASE_URL" in str(refused.value)
        assert not embedded.is_running(data_dir)


class TestStop:
    def test_returns_false_where_there_is_nothing(self, new_dir: Path) -> None:
        assert not embedded.stop(new_dir)

        assert not new_dir.parent.joinpath("postgres.lock").exists()

    @pytest.mark.parametrize("immediately", [False, True])
    def test_ends_the_server_once(self, data_dir: Path, *, immediately: bool) -> None:
        server = embedded.start(data_dir, durable=False)
        postmaster = postmaster_of(data_dir)

        stopped = [embedded.stop(data_dir, immediately=immediately) for _ in range(2)]

        assert stopped == [True, False]
        assert not Path(f"/proc/{postmaster}/cwd").exists()
        assert not server.socket_dir.exists()
        assert not embedded.is_running(data_dir)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
class TestAsRoot:
    def test_serves_files_that_stay_roots_own(self, new_dir: Path) -> None:
        server = embedded.start(new_dir, durable=False)

        assert ask(server, "SELECT 1") == 1
        assert new_dir.stat().st_uid == 0

    def test_serves_as_nobody_where_namespaces_are_off(self, new_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", "/nowhere")

        server = embedded.start(new_dir, durable=False)

        assert ask(server, "SELECT 1") == 1
        assert new_dir.stat().st_uid == Path(f"/proc/{postmaster_of(new_dir)}").stat().st_uid != 0
        assert embedded.stop(new_dir)

    def test_says_so_where_nobody_can_serve(self, new_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", "/nowhere")
        new_dir.parent.chmod(0o700)

        with pytest.raises(EmbeddedPostgresError, match="run as a user other than root"):
            embedded.start(new_dir, durable=False)
