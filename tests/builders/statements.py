"""Counting the statements that reach the database, so that a list that asks per row is caught."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from asyncpg.connection import LoggedQuery

_TRANSACTION_WORDS = ("BEGIN", "COMMIT", "ROLLBACK", "START TRANSACTION", "SAVEPOINT", "RELEASE")


@dataclass(slots=True)
class Sent:
    """What was sent: statements, and apart from them the words that open and close transactions."""

    statements: list[str] = field(default_factory=list)
    transactions: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many statements were sent, those about transactions aside."""
        return len(self.statements)


class StatementLog:
    """Hears of every statement of a database, and keeps them while somebody counts."""

    def __init__(self) -> None:
        self._listening: list[Sent] = []

    def __call__(self, record: LoggedQuery) -> None:
        """Note one statement."""
        words = record.query.strip().upper()
        for sent in self._listening:
            (sent.transactions if words.startswith(_TRANSACTION_WORDS) else sent.statements).append(record.query)

    @asynccontextmanager
    async def counting(self) -> AsyncIterator[Sent]:
        """Count what is sent within the block."""
        await asyncio.sleep(0)
        sent = Sent()
        self._listening.append(sent)
        try:
            yield sent
        finally:
            # asyncpg tells of a statement one turn of the loop after it was answered.
            await asyncio.sleep(0)
            self._listening.remove(sent)
