"""`stoa demo` comes up whatever it finds: killed servers, stale files, others who start at the same moment."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from app.demo.content import shop as content_of
from app.kernel import embedded
from tests.builders.patience import PATIENCE_SECONDS
from tests.builders.postgres import memory

pytestmark = [
    pytest.mark.embedded,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]

MEMORY = memory()
PRODUCTS = len(content_of().products)
COUNT = {"query": "{ products { totalCount } }"}


@dataclass(slots=True)
class Demo:
    """A `stoa demo` that runs in a process of its own."""

    process: subprocess.Popen[str]
    port: int

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"

    def products(self) -> int:
        """Ask how many products there are, until it answers."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            assert self.process.poll() is None, "the demo has ended"
            with contextlib.suppress(httpx2.HTTPError, KeyError, TypeError, ValueError):
                answer = httpx2.post(f"{self.url}/graphql", json=COUNT, timeout=60, trust_env=False).json()
                return int(answer["data"]["products"]["totalCount"])
            assert time.monotonic() < deadline, f"no answer within {PATIENCE_SECONDS} s"
            time.sleep(0.05)

    def end(self) -> int:
        """Press Ctrl-C, wait, and answer the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE_SECONDS)


def own_port(running: ExitStack) -> int:
    """Keep a port for the demos of a test; nobody else is given it before the test has ended."""
    kept = running.enter_context(socket.socket())
    # Bound, but not listening: the system shares it with whoever asks for it by number and means to share, as the demo does,
    # and gives it to nobody who asks for any port.
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.bind(("127.0.0.1", 0))
    return int(kept.getsockname()[1])


@pytest.fixture
def running() -> Iterator[ExitStack]:
    """Remember the processes that a test starts, and end those that are left."""
    with ExitStack() as started:
        yield started


def end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.kill()
    process.communicate(timeout=PATIENCE_SECONDS)


def start(directory: Path, running: ExitStack, *words: str, port: int | None = None) -> Demo:
    chosen = own_port(running) if port is None else port
    environment = {
        name: value for name, value in os.environ.items() if name != "DATABASE_URL" and not name.startswith("STOA_")
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "demo", "--data-dir", str(directory), "--port", str(chosen), *words],
        cwd=Path(__file__).parents[2],
        env=environment,
        stdout=subprocess.DEVNULL if "--once" not in words else subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    running.callback(end, process)
    return Demo(process, chosen)


@pytest.fixture
def new_directory() -> Iterator[Path]:
    """Give a place where no demo has been yet; end the server that a test leaves there."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as parent:
        # Others may pass through, for a server that runs as somebody else.
        Path(parent).chmod(0o755)
        directory = Path(parent) / "demo"
        yield directory
        with contextlib.suppress(embedded.EmbeddedPostgresError):
            embedded.stop(directory / "postgres", immediately=True)


@pytest.fixture(scope="module")
def seeded_once() -> Iterator[Path]:
    """Give a demo that was opened and closed; copying it is much faster than opening another one."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as parent:
        directory = Path(parent) / "demo"
        with ExitStack() as running:
            demo = start(directory, running, "--no-journey")
            demo.products()
            demo.end()
        yield directory


@pytest.fixture
def directory(seeded_once: Path, new_directory: Path) -> Path:
    """Give a place where a demo has been, and is no more."""
    shutil.copytree(seeded_once, new_directory)
    return new_directory


def postmaster(directory: Path) -> int:
    return int((directory / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def kill_database(directory: Path) -> None:
    pid = postmaster(directory)
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    for victim in (pid, *children):
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)


class TestDemo:
    def test_plays_its_journey_and_leaves_nothing_running(self, new_directory: Path, running: ExitStack) -> None:
        demo = start(new_directory, running, "--once")

        story, complaints = demo.process.communicate(timeout=PATIENCE_SECONDS)

        assert demo.process.returncode == 0, complaints
        assert "every one holds" in story
        assert not embedded.is_running(new_directory / "postgres")

    def test_closes_in_order_on_ctrl_c(self, directory: Path, running: ExitStack) -> None:
        demo = start(directory, running, "--no-journey")
        demo.products()

        code = demo.end()

        assert code == 0
        assert not embedded.is_running(directory / "postgres")

    def test_comes_back_after_it_was_killed(self, directory: Path, running: ExitStack) -> None:
        killed = start(directory, running, "--no-journey")
        killed.products()

        killed.process.kill()
        killed.process.wait()
        again = start(directory, running, "--no-journey", port=killed.port)

        assert again.products() == PRODUCTS

    def test_bears_it_when_its_database_is_killed(self, directory: Path, running: ExitStack) -> None:
        demo = start(directory, running, "--no-journey")
        demo.products()

        kill_database(directory)

        assert demo.products() == PRODUCTS

    def test_is_not_misled_by_what_the_dead_left_behind(self, directory: Path, running: ExitStack) -> None:
        first = start(directory, running, "--no-journey")
        first.products()
        left_behind = (directory / "postgres" / "postmaster.pid").read_text().splitlines()
        first.process.kill()
        first.process.wait()
        kill_database(directory)
        # The dead server's number has gone to somebody else by now: to us.
        (directory / "postgres" / "postmaster.pid").write_text("\n".join([str(os.getpid()), *left_behind[1:], ""]))

        again = start(directory, running, "--no-journey")

        assert again.products() == PRODUCTS

    def test_makes_one_shop_when_two_start_at_once(self, new_directory: Path, running: ExitStack) -> None:
        demos = [start(new_directory, running, "--no-journey") for _ in range(2)]

        products = [demo.products() for demo in demos]

        assert products == [PRODUCTS, PRODUCTS]

    def test_leaves_the_database_to_the_other(self, directory: Path, running: ExitStack) -> None:
        first, second = (start(directory, running, "--no-journey") for _ in range(2))
        first.products()
        second.products()

        first.end()

        assert second.products() == PRODUCTS
        second.end()
        assert not embedded.is_running(directory / "postgres")

    def test_says_in_a_sentence_that_its_port_is_taken(self, directory: Path, running: ExitStack) -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()

            demo = start(directory, running, "--no-journey", port=other.getsockname()[1])
            _, complaint = demo.process.communicate(timeout=PATIENCE_SECONDS)

        assert demo.process.returncode == 1
        (line,) = complaint.splitlines()
        assert line.startswith(f"stoa: port {demo.port} on 127.0.0.1 cannot be had")
