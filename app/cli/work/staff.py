"""Giving people who work here their log-ins."""

import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from getpass import getpass
from pathlib import Path

import typer

from app.cli.work.failures import CannotStart
from app.cli.work.place import settings_from, with_database
from app.customers.rules import checked_password
from app.identity import service as identity
from app.identity.gateways.argon2id import Argon2id
from app.identity.queries import LogIn
from app.identity.rules.roles import Role
from app.kernel.actor import SYSTEM
from app.kernel.db import UnitOfWork
from app.kernel.email import normalized
from app.locations import service as locations
from app.locations.rules import StaffLocationsInput
from app.main import database_of
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class _Person:
    email: str
    roles: tuple[Role, ...]
    locations: tuple[str, ...]
    everywhere: bool
    password: str


def add(
    *,
    email: str,
    roles: Sequence[str],
    locations: Sequence[str],
    everywhere: bool,
    password_file: str | None,
    data_dir: str | None,
) -> None:
    """Give somebody a log-in, or change the one they have.

    Raises: CannotStart for an unknown role; Invalid for an address or a password that is none, or an unknown location.
    """
    settings = settings_from({"STOA_LOG_LEVEL": "warning", **os.environ})
    address = normalized(email)
    chosen = tuple(_role(role) for role in roles)
    password = checked_password(_password(password_file))
    person = _Person(address, chosen, tuple(dict.fromkeys(locations)), everywhere, password)
    with with_database(settings, data_dir) as ready:
        asyncio.run(_put(ready, person))
    places = "every location" if everywhere else ", ".join(person.locations) or "no location"
    typer.echo(f"{address} may log in as {', '.join(chosen)}, at {places}")


async def _put(settings: Settings, person: _Person) -> None:
    password_hash = await Argon2id(settings.password_cost).hash(person.password)
    database = database_of(settings)
    await database.connect()

    async def work(uow: UnitOfWork) -> None:
        log_in = LogIn(person.email, password_hash, person.roles, every_location=person.everywhere)
        ids = await identity.put_users(uow, log_ins=[log_in])
        await locations.put_staff_locations(
            uow, staff=[StaffLocationsInput(user_id=ids[person.email], locations=person.locations)]
        )

    try:
        await database.begin(SYSTEM).run(work)
    finally:
        await database.close()


def _role(text: str) -> Role:
    try:
        return Role(text.strip().upper().replace("-", "_"))
    except ValueError:
        raise CannotStart(f"{text!r} is not a role; choose of {', '.join(Role)}") from None


def _password(file: str | None) -> str:
    if file is None:
        return getpass("Password: ")
    text = sys.stdin.read() if file == "-" else Path(file).expanduser().read_text()
    return text.rstrip("\r\n")
