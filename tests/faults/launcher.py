"""A parent that has imported everything, and forks a server or a worker whenever it is asked: `python -m tests.faults.launcher 3`.

To start Python and import the shop takes two seconds, to fork a process that has done so takes milliseconds. The parent
runs no event loop and opens no connection. It ends when whoever started it has ended, and its children end with it.
"""

import ctypes
import gc
import os
import random
import signal
import socket
import sys
from typing import Any

import orjson

from app.cli.work.serving import run_until_stopped
from app.kernel import logs
from app.main import document_limits
from schema.build import built
from tests.builders.shop import settings
from tests.faults.child import live

_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
_LONGEST_COMMAND = 65536


def main(control: socket.socket) -> None:
    """Fork a process for every command, until there is nobody to give any."""
    built(document_limits(settings("postgresql://nobody/nothing")))
    gc.collect()
    gc.freeze()
    # Nobody waits for the children: how they end is seen by their channels closing.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control.sendall(b"!")
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, _LONGEST_COMMAND, 1)
        if not message:
            return
        parent = os.getpid()
        if os.fork() == 0:
            control.close()
            _end_with(parent)
            _run(socket.socket(fileno=descriptors[0]), orjson.loads(message))
        os.close(descriptors[0])
        control.sendall(b"!")


def _end_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _run(channel: socket.socket, wish: dict[str, Any]) -> None:
    code = 1
    try:
        # Forked processes would draw the same lots.
        random.seed()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        logs.configure(as_json=False, level="error")
        run_until_stopped(lambda stop: live(channel, wish, stop))
        code = 0
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
