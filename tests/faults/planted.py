"""Bugs to plant in a server and its worker, each of which has to be found: so it is known that somebody looks."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from asyncpg.transaction import Transaction

from app import worker
from app.kernel.ids import new_id
from app.payments import service as payments
from app.payments.gateway import Answer, Outcome
from app.payments.gateways.test import TestGateway
from tests.faults.points import die


def new_key_for_each_call() -> None:
    """Ask the provider under a new key each time, so that an authorization asked for again is another one."""
    authorize = TestGateway.authorize

    async def anew(gateway: TestGateway, *, key: str, **asked: Any) -> Answer:
        del key
        return await authorize(gateway, key=str(new_id()), **asked)

    _plant(TestGateway, "authorize", anew)


def never_recovers() -> None:
    """Leave checkouts lying that nobody works on any more."""
    _plant(worker, "SCHEDULE", [timer for timer in worker.SCHEDULE if timer.name != "recover checkouts"])


def lets_no_money_go() -> None:
    """Forget to let held money go when a checkout ends without an order."""

    async def forgotten(*_: object) -> None:
        return

    _plant(payments, "give_up", forgotten)


def takes_silence_for_a_no() -> None:
    """Believe that what the provider did not answer did not happen, and do not ask."""

    async def believed(*_: object) -> Answer:
        return Answer(Outcome.DECLINED, message="no answer is an answer")

    _plant(payments, "ask_again", believed)


def commits_statement_by_statement() -> None:
    """Work without transactions: what was done when the process ends stays done."""

    async def nothing(*_: object) -> None:
        return

    _plant(Transaction, "__aenter__", nothing)
    _plant(Transaction, "__aexit__", nothing)


def ends_by_itself() -> None:
    """Crash while the provider is asked."""

    async def crash(*_: object, **__: object) -> Answer:
        die()

    _plant(TestGateway, "authorize", crash)


def _plant(owner: object, name: str, bug: object) -> None:
    getattr(owner, name)  # A bug that takes the place of nothing would be found by nobody.
    setattr(owner, name, bug)


#: Each by its name, as it is planted in a process.
PLANTED: Final[Mapping[str, Callable[[], None]]] = MappingProxyType(
    {
        bug.__name__: bug
        for bug in (
            new_key_for_each_call,
            never_recovers,
            lets_no_money_go,
            takes_silence_for_a_no,
            commits_statement_by_statement,
            ends_by_itself,
        )
    }
)
