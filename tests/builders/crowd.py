"""Many clients of one shop at the same time, each on a connection of its own, and what PostgreSQL had to part."""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar
from uuid import UUID

import asyncpg
from asyncpg.connection import LoggedQuery

from app.inventory import service as inventory
from app.inventory.rules import StockLine
from app.inventory.states import MovementReason
from app.kernel.clock import Clock
from app.kernel.db import Database
from app.kernel.ids import LocationId, VariantId, new_id
from tests.builders.patience import PATIENCE_SECONDS, PATIENT
from tests.builders.shop import KEYS, PRODUCTS, Shop

ResultT = TypeVar("ResultT")


class Crowd:
    """A server with as many connections as it has clients. Units of work that lost and began anew are counted too."""

    def __init__(self, dsn: str, clock: Clock, *, connections: int = 24) -> None:
        self.database = Database(
            dsn, keys=KEYS, clock=clock, pool_size=connections, patience=PATIENT, on_statement=self._heard
        )
        self.shop = Shop(self.database)
        self._dsn = dsn
        self._lost: list[BaseException] = []

    async def __aenter__(self) -> Self:
        await self.database.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.database.close()

    async def at_once(self, clients: Iterable[Coroutine[Any, Any, ResultT]]) -> list[ResultT]:
        """Let all clients do what they do at the same time, and answer what each of them has in the end."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await asyncio.gather(*clients)

    async def deadlocks(self) -> int:
        """Count the deadlocks that PostgreSQL had to break up, whether or not anybody was told. Closes the connections."""
        await self.database.close()
        heard = sum(isinstance(error, asyncpg.DeadlockDetectedError) for error in self._lost)
        connection = await asyncpg.connect(self._dsn)
        try:
            # Sessions tell their figures when they end.
            sql = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
            told: int = await connection.fetchval(sql)
            return max(heard, told)
        finally:
            await connection.close()

    def _heard(self, record: LoggedQuery) -> None:
        if record.exception is not None:
            self._lost.append(record.exception)


@dataclass(frozen=True, slots=True)
class Range:
    """Variants that were added to the test shop, with the same number of units of each at one location."""

    variants: Sequence[VariantId]
    location: LocationId
    units: int

    @property
    def levels(self) -> list[tuple[UUID, UUID]]:
        """Name the levels."""
        return [(variant, self.location) for variant in self.variants]


async def added(shop: Shop, count: int, *, units: int, location: str = "warehouse") -> Range:
    """Add variants of the mug to the shop, and put units of each on one location's shelves."""
    variants = [VariantId(new_id()) for _ in range(count)]
    place = shop.locations[location]
    lines = [StockLine(variant, place, units) for variant in variants]
    async with shop.database.unit(shop.actor("system")) as uow:
        await uow.execute(
            "INSERT INTO variants (id, product_id, sku, name, position)"
            " SELECT id, $2, 'added-' || id, 'Mug', number FROM unnest($1::uuid[]) WITH ORDINALITY AS variant (id, number)",
            [variants, PRODUCTS["mug"]],
        )
        await inventory.set_levels(uow, lines=lines, reason=MovementReason.OPENING)
    return Range(variants, place, units)
