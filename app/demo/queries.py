"""What seeding asks of a database before it writes into it."""

from collections.abc import Collection
from dataclasses import dataclass

from app.kernel.db import UnitOfWork
from app.kernel.sql import Session, rows, statement


@dataclass(frozen=True, slots=True)
class Survey:
    """What is in a database: demo log-ins, and how much of anything."""

    demo_log_ins: int
    log_ins: int
    channels: int
    locations: int
    products: int
    orders: int

    @property
    def is_demo(self) -> bool:
        """Say whether the demo shop has been seeded here."""
        return self.demo_log_ins > 0

    @property
    def is_empty(self) -> bool:
        """Say whether nobody has begun a shop here."""
        return not (self.log_ins or self.channels or self.locations or self.products or self.orders)

    def told(self) -> str:
        """Name what is there."""
        counts = (
            (self.products, "products"),
            (self.locations, "locations"),
            (self.channels, "channels"),
            (self.orders, "orders"),
            (self.log_ins, "log-ins"),
        )
        return ", ".join(f"{count:,} {what}" for count, what in counts if count)


_SURVEY = rows(
    """
    SELECT (SELECT count(*) FROM users WHERE demo), (SELECT count(*) FROM users), (SELECT count(*) FROM channels),
        (SELECT count(*) FROM locations), (SELECT count(*) FROM products), (SELECT count(*) FROM orders)
    """,
    Survey,
)
_LIST_KNOWN_EMAILS = rows("SELECT email FROM users WHERE email = ANY(:emails::text[])", str)
#: Who waits here waits for a whole seeding, which takes longer than locks are waited for elsewhere.
_PATIENCE = statement("SET LOCAL lock_timeout = '120s'")
_LOCK_SEEDING = statement("SELECT pg_advisory_xact_lock(7464171)")


async def survey(session: Session) -> Survey:
    """Count what is there."""
    return await _SURVEY.one(session)


async def list_known_emails(session: Session, *, emails: Collection[str]) -> frozenset[str]:
    """Say which of these e-mail addresses have a log-in."""
    return frozenset(await _LIST_KNOWN_EMAILS.all(session, emails=list(emails)))


async def lock_seeding(uow: UnitOfWork) -> None:
    """Let one process seed at a time; another waits until this unit of work ends."""
    await _PATIENCE.run(uow)
    await _LOCK_SEEDING.run(uow)
