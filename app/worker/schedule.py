"""What is done every so often, and how often."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from app.cart import service as carts
from app.checkout import service as checkout
from app.identity import service as identity
from app.inventory import service as inventory
from app.kernel import idempotency, outbox, partitions
from app.kernel.db import UnitOfWork
from app.payments import service as payments
from app.payments.service import accounts, codes
from app.pickup import service as pickups
from app.servicing import service as servicing
from app.worker.means import Means

log = structlog.get_logger()

_SWEPT_AT_ONCE = 500
_KEPT_KEYS = timedelta(days=30)
_KEPT_EVENTS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Timer:
    """What is done every so often, by one worker at a time. It answers how much it did."""

    name: str
    every_seconds: int
    fire: Callable[[Means], Awaitable[int]]


async def release_expired_reservations(means: Means) -> int:
    """Give back units that checkouts held beyond their time."""
    return await _until_done(means, lambda uow: inventory.sweep_expired(uow, most=_SWEPT_AT_ONCE), most=_SWEPT_AT_ONCE)


async def fill_backorders(means: Means) -> int:
    """Serve whoever waits without a date where there are units of which no event told."""
    return await servicing.fill_waiting(means.begin)


async def ask_unanswered_payments(means: Means) -> int:
    """Ask again about captures, voids and refunds whose answer was lost."""
    return await payments.carry_out_unanswered(means.begin, means.gateways)


async def recover_checkouts(means: Means) -> int:
    """Finish or give up checkouts that nobody works on any more."""
    return await checkout.recover(means.begin, means.gateways)


async def renew_authorizations(means: Means) -> int:
    """Hold money anew that soon is not held any more, where an order still needs it."""
    return await payments.renew(means.begin)


async def miss_authorizations(means: Means) -> int:
    """Write down that money is held no more; orders that need it are held."""
    return await payments.miss(means.begin)


async def issue_missed_invoices(means: Means) -> int:
    """Write invoices and credit notes that are due and of which no event told."""
    return await payments.issue_missed(means.begin)


async def expire_pickups(means: Means) -> int:
    """Stop waiting for customers who did not come."""
    return await pickups.expire_due(means.begin)


async def expire_idle_carts(means: Means) -> int:
    """End carts that nobody touched for as long as their channel keeps them."""
    return await _until_done(means, lambda uow: carts.expire_due(uow, most=_SWEPT_AT_ONCE), most=_SWEPT_AT_ONCE)


async def forget_idempotency_keys(means: Means) -> int:
    """Forget the answers of calls that nobody repeats any more."""
    return await _until_done(
        means,
        lambda uow: idempotency.DELETE_OLD.run(uow, before=uow.now - _KEPT_KEYS, most=_SWEPT_AT_ONCE),
        most=_SWEPT_AT_ONCE,
    )


async def forget_delivered_events(means: Means) -> int:
    """Forget events that everybody has heard."""
    return await _until_done(
        means,
        lambda uow: outbox.DELETE_DELIVERED.run(uow, before=uow.now - _KEPT_EVENTS, most=_SWEPT_AT_ONCE),
        most=_SWEPT_AT_ONCE,
    )


async def forget_log_ins(means: Means) -> int:
    """Forget refresh tokens that have expired, and failed log-ins that no longer count."""
    return await means.begin.run(lambda uow: identity.sweep(uow, throttle=means.throttle))


async def expire_credit(means: Means) -> int:
    """Take off gift cards whose time is over what nothing holds."""
    return await _until_done(means, lambda uow: accounts.expire_due(uow, most=_SWEPT_AT_ONCE), most=_SWEPT_AT_ONCE)


async def forget_wrong_codes(means: Means) -> int:
    """Forget wrong codes of gift cards that no longer count."""
    return await _until_done(means, lambda uow: codes.forget_guesses(uow, most=_SWEPT_AT_ONCE), most=_SWEPT_AT_ONCE)


async def open_months_ahead(means: Means) -> int:
    """Open this month and the next three of the tables that are cut by month."""
    opened = await partitions.open_months(means.begin)
    if opened.kept_in_rest:
        # Nothing is lost; but a month that stays in the rest cannot be taken off by itself one day.
        log.warning("months stay in the rest", parts=opened.kept_in_rest)
    return len(opened.new)


SCHEDULE: Sequence[Timer] = (
    Timer("release expired reservations", 5, release_expired_reservations),
    Timer("ask unanswered payments", 15, ask_unanswered_payments),
    Timer("recover checkouts", 15, recover_checkouts),
    Timer("renew authorizations", 300, renew_authorizations),
    Timer("miss authorizations", 60, miss_authorizations),
    Timer("issue missed invoices", 60, issue_missed_invoices),
    Timer("expire pickups", 60, expire_pickups),
    Timer("fill backorders", 60, fill_backorders),
    Timer("expire gift cards", 60, expire_credit),
    Timer("forget log-ins", 600, forget_log_ins),
    Timer("forget wrong codes", 600, forget_wrong_codes),
    Timer("expire idle carts", 3600, expire_idle_carts),
    Timer("forget idempotency keys", 3600, forget_idempotency_keys),
    Timer("forget delivered events", 3600, forget_delivered_events),
    Timer("open months ahead", 86400, open_months_ahead),
)


async def _until_done(means: Means, work: Callable[[UnitOfWork], Awaitable[int]], *, most: int) -> int:
    total = 0
    while True:
        count = await means.begin.run(work)
        total += count
        if count < most:
            return total
