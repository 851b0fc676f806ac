"""The command that compares a settlement report with the ledger.

It leaves with 0 when nothing differs, with 1 when something does, and with 2 when the report, or what was said about it, is of
no use.
"""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.dispatch import DataDirectory, perform


def register(cli: typer.Typer) -> None:
    """Add this command."""
    cli.command("reconcile")(reconcile)


def reconcile(
    file: Annotated[
        Path, typer.Argument(help="The report as the payment service wrote it: CSV in UTF-8.", show_default=False)
    ],
    gateway: Annotated[str, typer.Option(help="Whose report it is: the name that clients give in `gateway`.")],
    from_: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="MOMENT", help="Where the period begins; the first row's moment.", show_default=False
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="MOMENT", help="Up to where, and without which, it goes; the last row's.", show_default=False
        ),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write every difference to this file, as JSONL.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(help="How many differences are shown.", min=0)] = 20,
    data_dir: DataDirectory = None,
    *,
    apply: Annotated[
        bool, typer.Option("--apply", help="Settle what has no answer yet and the report proves to be settled.")
    ] = False,
) -> None:
    """Compare a payment service's settlement report with the ledger, and list what differs.

    The ledger stays as it is. A report that was compared before answers what was found then.
    """
    perform(
        "reconciling", "reconcile", file=file, gateway=gateway, from_=from_, to=to, report=report, limit=limit,
        data_dir=data_dir, apply=apply,
    )  # fmt: skip
