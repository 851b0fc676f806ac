"""What one GraphQL operation knows: who asks, a snapshot to read from, and the batches that read it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

import strawberry
from aiodataloader import DataLoader

from app.identity.rules.tokens import Credentials
from app.kernel.actor import Actor
from app.kernel.db import Begin, Database, ReadSession
from app.kernel.news import News
from app.kernel.permissions import Permission
from app.kernel.tokens import KeyRing
from app.payments.gateway import Gateways

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")


class Batch(Generic[KeyT, ValueT]):
    """A relation declared once: given many keys, answer one value each, in their order, with one query.

    A dataloader serves it per operation; anything else that executes plans can call `load` with a whole level's keys.
    """

    def __init__(self, load: Callable[["Context", list[KeyT]], Awaitable[Sequence[ValueT]]]) -> None:
        self.load = load
        self.__doc__ = load.__doc__


@dataclass(slots=True)
class Context:
    """One operation's surroundings. After each mutation `renew` drops the snapshot and what was loaded from it."""

    database: Database
    session: ReadSession
    actor: Actor
    services: "Services"
    request_id: str
    languages: Sequence[str] = ()
    #: Where the call comes from, for those who are counted by it: the log-in of staff, else an address.
    origin: str = "unknown"
    now: datetime = field(init=False)
    _loaders: dict[int, DataLoader[Any, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.now = self.database.now()

    @property
    def keys(self) -> KeyRing:
        """The ring that tokens are derived from."""
        return self.database.keys

    @property
    def begin(self) -> Begin:
        """The right to begin units of work as the caller."""
        return self.database.begin(self.actor)

    @property
    def sees_arrangements(self) -> bool:
        """Say whether the caller may see how stock is arranged: whoever may see stock, or decides about locations."""
        return self.actor.may(Permission.INVENTORY_READ) or self.actor.may(Permission.CATALOG_WRITE)

    async def load(self, batch: Batch[KeyT, ValueT], key: KeyT) -> ValueT:
        """Answer one key of a batch, together with whatever else is asked of it meanwhile."""
        return await self._loader(batch).load(key)  # type: ignore[no-any-return]

    def prime(self, batch: Batch[KeyT, ValueT], key: KeyT, value: ValueT) -> None:
        """Remember what a batch would answer for a key, because it came along with something else."""
        self._loader(batch).prime(key, value)

    async def renew(self) -> None:
        """Forget what was read: something has been changed."""
        self._loaders = {}
        await self.session.drop_snapshot()

    def _loader(self, batch: Batch[KeyT, ValueT]) -> DataLoader[Any, Any]:
        loader = self._loaders.get(id(batch))
        if loader is None:

            async def load_all(keys: list[KeyT]) -> list[ValueT]:
                return list(await batch.load(self, keys))

            loader = self._loaders[id(batch)] = DataLoader(batch_load_fn=load_all)
        return loader


@dataclass(frozen=True, slots=True)
class Services:
    """What `app.main` chose for this process: the gateways it knows, and where news of changes comes from."""

    gateways: Gateways
    news: News
    secrets: Credentials


Info = strawberry.Info[Context, None]
