"""Commands about the people who work here."""

from typing import Annotated

import typer

from app.cli.dispatch import DataDirectory, perform


def register(cli: typer.Typer) -> None:
    """Add these commands."""
    staff = typer.Typer(help="The people who work here, and what they may do.", no_args_is_help=True)
    staff.command("add")(add)
    cli.add_typer(staff, name="staff")


def add(
    email: Annotated[str, typer.Argument(help="The address they log in with.")],
    role: Annotated[
        list[str],
        typer.Option(
            help="What they do here; may be given several times: ASSOCIATE, STORE_MANAGER, CUSTOMER_SERVICE, OPERATIONS, "
            "MERCHANDISER, INTEGRATION or ADMIN.",
        ),
    ],
    location: Annotated[
        list[str] | None, typer.Option(help="The code of a location they work at; may be given several times.")
    ] = None,
    everywhere: Annotated[  # noqa: FBT002  # A flag of the command line.
        bool, typer.Option("--everywhere", help="They work at every location, also those to come.")
    ] = False,
    password_file: Annotated[
        str | None,
        typer.Option(help="A file with their password, - for standard input; asked for when left out."),
    ] = None,
    data_dir: DataDirectory = None,
) -> None:
    """Give somebody a log-in with roles and places of work; for one who has a log-in, change those and the password."""
    perform(
        "staff",
        "add",
        email=email,
        roles=role,
        locations=location or [],
        everywhere=everywhere,
        password_file=password_file,
        data_dir=data_dir,
    )
