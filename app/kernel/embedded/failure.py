"""How the launcher fails: in words for the person at the terminal, who has no other place to look."""

import contextlib
import os
from collections.abc import Iterator

OWN_DATABASE = "set DATABASE_URL to a PostgreSQL of your own"
TAIL_LINES = 20


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL could not be started or stopped; the message says what failed and what to do."""


def failure(what: str, *, output: str) -> EmbeddedPostgresError:
    """Make the refusal for a binary that failed: `what`, the end of its output, and the way out."""
    tail = "\n".join(f"  {line}" for line in output.strip().splitlines()[-TAIL_LINES:])
    rights = " (if that is about rights: run as a user other than root)" if os.geteuid() == 0 else ""
    return EmbeddedPostgresError(f"{what}\n{tail}\nMend what it complains of{rights}, or {OWN_DATABASE}.")


@contextlib.contextmanager
def file_errors_told(what: str) -> Iterator[None]:
    """Turn what the file system refuses (a full disk, missing rights) into an EmbeddedPostgresError."""
    try:
        yield
    except OSError as error:
        message = f"{what}: {error}. Mend that, choose another directory, or {OWN_DATABASE}."
        raise EmbeddedPostgresError(message) from error
