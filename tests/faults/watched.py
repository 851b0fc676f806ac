"""Where everything passes that a process says to the outside: the driver's protocol, and the gateways.

Nothing in the shop's own code knows of this, and nothing has to be added to it: a new statement or a new method of a
gateway is watched because there is no other way out.
"""

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from typing import Any, Final

import asyncpg.protocol

from app.payments.gateway import Gateway, Gateways, GatewayTimeout
from tests.faults.points import Moment, Watch, die, label_of

#: What the driver can be asked that makes PostgreSQL do something, and how the statement is read off the arguments.
SPEAKING: Final[dict[str, Callable[..., str]]] = {
    "query": lambda sql, *_: sql,
    "bind_execute": lambda prepared, *_: prepared.query,
    "bind_execute_many": lambda prepared, *_: prepared.query,
    # A cursor: its statement was bound before, and does its work as it is fetched from.
    "execute": lambda prepared, *_: prepared.query,
    "copy_in": lambda sql, *_: sql,
    "copy_out": lambda sql, *_: sql,
}
#: What it can be asked that leaves the database as it is.
SILENT: Final = frozenset({"prepare", "bind", "close", "close_portal", "close_statement"})


def watch_statements(watch: Watch) -> None:
    """Have every connection that this process opens from now on tell the watch of each statement."""
    methods = {name: _watched_method(watch, name, sql_of) for name, sql_of in SPEAKING.items()}
    asyncpg.protocol.Protocol = type("WatchedProtocol", (asyncpg.protocol.Protocol,), methods)


def _watched_method(watch: Watch, name: str, sql_of: Callable[..., str]) -> Callable[..., Coroutine[Any, Any, object]]:
    method = getattr(asyncpg.protocol.Protocol, name)

    async def watched(protocol: Any, *args: Any, **named: Any) -> object:
        label = label_of(sql_of(*args, *named.values()))
        watch.reach_or_die(Moment.STATEMENT_BEFORE, label)
        answer = await method(protocol, *args, **named)
        watch.reach_or_die(Moment.STATEMENT_AFTER, label)
        return answer

    return watched


class WatchedGateway:
    """A gateway whose every call passes the watch. It gives itself out for what it wraps."""

    def __init__(self, gateway: Gateway, watch: Watch) -> None:
        self._gateway = gateway
        self._watch = watch

    @property  # type: ignore[misc]  # The front door asks which gateway this is, to show its pages.
    def __class__(self) -> type:
        return type(self._gateway)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._gateway, name)
        if name.startswith("_") or not inspect.iscoroutinefunction(found):
            return found
        label = f"{self._gateway.name}.{name}"
        # Answers of the port get lost; what a gateway can do besides, such as the page of the test bank, is ours.
        may_be_lost = hasattr(Gateway, name)

        async def call(*args: Any, **named: Any) -> object:
            return await self._call(label, found, args, named, may_be_lost=may_be_lost)

        return call

    async def _call(
        self,
        label: str,
        ask: Callable[..., Coroutine[Any, Any, object]],
        args: Any,
        named: dict[str, Any],
        *,
        may_be_lost: bool,
    ) -> object:
        watch = self._watch
        watch.reach_or_die(Moment.CALL_BEFORE, label)
        if may_be_lost and watch.reach(Moment.CALL_UNHEARD, label):
            raise GatewayTimeout(label)
        try:
            return await ask(*args, **named)
        finally:
            watch.reach_or_die(Moment.CALL_DURING, label)
            if may_be_lost and watch.reach(Moment.CALL_LOST, label):
                raise GatewayTimeout(label)
            if watch.reach(Moment.CALL_AFTER, label):
                # Whoever asked still goes on to where it waits next.
                asyncio.get_running_loop().call_soon(die)


def watch_gateways(gateways: Gateways, watch: Watch) -> Gateways:
    """Have every gateway tell the watch of each call."""
    return {name: WatchedGateway(gateway, watch) for name, gateway in gateways.items()}
