"""The worker: tells events to those who subscribe, and fires timers. `SUBSCRIPTIONS` and `SCHEDULE` say all of it.

At least once, and in order for each aggregate. A handler works in units of work of its own and bears to be called twice
with the same event. Any number of workers may run; a worker that dies gives its events back when their lease ends.
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog

from app.cart import service as carts
from app.cart.events import CartExpired, CartMerged
from app.catalog.events import CategoryMoved, ProductCategorized
from app.checkout import service as checkout
from app.checkout.events import CheckoutAttemptEnded
from app.customers.events import CustomerRegistered
from app.fulfillment.events import (
    FulfillmentOrderMoved,
    FulfillmentOrderOpened,
    FulfillmentOrderRejected,
    GoodsDelivered,
    GoodsShipped,
)
from app.identity import service as identity
from app.identity.events import RefreshTokenReplayed
from app.identity.rules.terms import LogInThrottle
from app.inventory import service as inventory
from app.inventory.events import (
    CountMoved,
    PromiseBroken,
    PurchaseOrderChanged,
    SafetyStockRuleChanged,
    SafetyStockUnsettled,
    StockArrived,
    TransferChanged,
)
from app.inventory.rules.safety import SafetyScope
from app.inventory.service import safety
from app.kernel import idempotency, outbox, partitions, timers
from app.kernel.actor import SYSTEM
from app.kernel.db import Begin, Database, UnitOfWork
from app.kernel.errors import Busy, DatabaseUnavailable
from app.kernel.events import Event
from app.kernel.news import Notice, tell
from app.kernel.outbox import Delivery
from app.locations.events import LocationGroupChanged
from app.orders.events import OrderCancelled, OrderChanged, OrderHeld, OrderPlaced, OrderReleased
from app.orders.states import OrderStatus
from app.payments import service as payments
from app.payments.events import (
    AccountsSettled,
    AuthorizationHeard,
    CreditChanged,
    GiftCardIssued,
    InvoiceIssued,
    PaymentStepRequested,
    PaymentStepSettled,
)
from app.payments.gateway import Gateways
from app.payments.service import accounts, codes, sold_cards
from app.payments.states import TransactionState
from app.pickup import service as pickups
from app.pickup.events import (
    PickupCancelled,
    PickupCheckedIn,
    PickupCodeReissued,
    PickupCollected,
    PickupExpired,
    PickupReady,
)
from app.returns.events import ReturnApproved, ReturnClosed, ReturnDeclined, ReturnReceived, ReturnRequested
from app.servicing import service as servicing

log = structlog.get_logger()

LEASE = timedelta(seconds=60)
#: Shorter than the lease, so that nobody else is given an event that is still being told.
_HANDLER_SECONDS = 45.0
_AT_ONCE = 64
_SHORTEST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 0.25
_TIMER_SECONDS = 1.0
_AWAY_SECONDS = 1.0
_STOP_SECONDS = 10.0
_LONGEST_BACKOFF = timedelta(minutes=10)
_TROUBLING_ATTEMPTS = 5
_SWEPT_AT_ONCE = 500

_SOME_HAVE_LEFT = frozenset({OrderStatus.PARTIALLY_FULFILLED, OrderStatus.FULFILLED})
_KEPT_KEYS = timedelta(days=30)
_KEPT_EVENTS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Means:
    """What handlers and timers work with: units of work as the system, and the payment gateways."""

    begin: Begin
    gateways: Gateways
    throttle: LogInThrottle = field(default_factory=LogInThrottle)


async def carry_out_payment_step(means: Means, event: PaymentStepRequested) -> None:
    """Ask the gateway to capture, void or refund."""
    # A step without an answer is asked about again by the timer, not by telling the event again.
    await payments.carry_out(means.begin, means.gateways, step_id=event.transaction_id)


async def invoice_what_was_paid(means: Means, event: PaymentStepSettled) -> None:
    """Write the invoices and credit notes that money which moved has made due."""
    if event.state == TransactionState.SUCCEEDED:
        await payments.issue_for_payment(means.begin, payment_id=event.payment_id)


async def invoice_what_was_settled(means: Means, event: AccountsSettled) -> None:
    """Write the invoices and credit notes that were made due without money that moves."""
    await payments.issue_due(means.begin, order_id=event.order_id)


async def look_after_checkout(means: Means, event: AuthorizationHeard) -> None:
    """Go on with a checkout whose payment service told by itself what became of its authorization."""
    await checkout.look_after(means.begin, means.gateways, attempt_id=event.attempt_id)


async def settle_after_rule(means: Means, event: SafetyStockRuleChanged) -> None:
    """Put safety stock right where a rule says something else than before."""
    scope = SafetyScope(category_id=event.category_id, group_id=event.group_id)
    await safety.settle_in_turn(means.begin, scope=scope)


async def settle_after_product(means: Means, event: ProductCategorized) -> None:
    """Put safety stock right for a product that came to another category."""
    await safety.settle_in_turn(means.begin, scope=SafetyScope(product_id=event.product_id))


async def settle_after_category(means: Means, event: CategoryMoved) -> None:
    """Put safety stock right for all that stands in a category that was moved."""
    await safety.settle_in_turn(means.begin, scope=SafetyScope(category_id=event.category_id))


async def settle_after_location(means: Means, event: LocationGroupChanged) -> None:
    """Put safety stock right at a location that came into a group or left it."""
    await safety.settle_in_turn(means.begin, scope=SafetyScope(location_id=event.location_id))


async def go_on_settling(means: Means, event: SafetyStockUnsettled) -> None:
    """Go on putting safety stock right where one telling was not enough."""
    scope = SafetyScope(
        category_id=event.category_id,
        product_id=event.product_id,
        group_id=event.group_id,
        location_id=event.location_id,
    )
    await safety.settle_in_turn(means.begin, scope=scope, after=event.after_variant_id)


async def serve_those_who_wait(means: Means, event: StockArrived) -> None:
    """Give units that came to whoever waits for them: without a date at their level, then for any location to ship them."""
    level = (event.variant_id, event.location_id)
    await means.begin.run(lambda uow: servicing.fill_backorders(uow, levels=[level]))
    await servicing.plan_waiting(means.begin, variant_id=event.variant_id, location_id=event.location_id)


async def look_elsewhere(means: Means, event: PromiseBroken) -> None:
    """Look for another location when supply does not come that an order waited for."""
    if event.cause in servicing.WILL_NOT_COME:
        await means.begin.run(lambda uow: servicing.plan_again(uow, order_id=event.order_id))


async def issue_gift_cards(means: Means, event: OrderChanged) -> None:
    """Issue the gift cards that were bought and have left, however they left."""
    if event.status in _SOME_HAVE_LEFT:
        await means.begin.run(lambda uow: sold_cards.issue_bought(uow, order_id=event.order_id))


#: Every kind of event there is, by the name under which it is stored.
EVENTS: Mapping[str, type[Event]] = {
    kind.__name__: kind
    for kind in (
        AccountsSettled,
        AuthorizationHeard,
        CartExpired,
        CartMerged,
        CategoryMoved,
        CheckoutAttemptEnded,
        CountMoved,
        CreditChanged,
        CustomerRegistered,
        FulfillmentOrderMoved,
        FulfillmentOrderOpened,
        FulfillmentOrderRejected,
        GoodsDelivered,
        GiftCardIssued,
        GoodsShipped,
        InvoiceIssued,
        LocationGroupChanged,
        OrderCancelled,
        OrderChanged,
        OrderHeld,
        OrderPlaced,
        OrderReleased,
        PaymentStepRequested,
        PaymentStepSettled,
        PickupCancelled,
        PickupCheckedIn,
        PickupCodeReissued,
        PickupCollected,
        PickupExpired,
        PickupReady,
        ProductCategorized,
        PromiseBroken,
        PurchaseOrderChanged,
        StockArrived,
        RefreshTokenReplayed,
        ReturnApproved,
        ReturnClosed,
        ReturnDeclined,
        ReturnReceived,
        ReturnRequested,
        SafetyStockRuleChanged,
        SafetyStockUnsettled,
        TransferChanged,
    )
}

Handler = Callable[[Means, Any], Awaitable[None]]

#: Who hears which event. All of them are news besides, for clients that follow along.
SUBSCRIPTIONS: Mapping[type[Event], Sequence[Handler]] = {
    OrderChanged: (issue_gift_cards,),
    PaymentStepRequested: (carry_out_payment_step,),
    PaymentStepSettled: (invoice_what_was_paid,),
    AccountsSettled: (invoice_what_was_settled,),
    AuthorizationHeard: (look_after_checkout,),
    PromiseBroken: (look_elsewhere,),
    StockArrived: (serve_those_who_wait,),
    CategoryMoved: (settle_after_category,),
    LocationGroupChanged: (settle_after_location,),
    ProductCategorized: (settle_after_product,),
    SafetyStockRuleChanged: (settle_after_rule,),
    SafetyStockUnsettled: (go_on_settling,),
}


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


async def run(
    database: Database, gateways: Gateways, stop: asyncio.Event, *, throttle: LogInThrottle | None = None
) -> None:
    """Work until told to stop; then finish what is under way. A database that is away is waited for."""
    means = Means(database.begin(SYSTEM), gateways, throttle or LogInThrottle())
    async with asyncio.TaskGroup() as group:
        group.create_task(Relay(means).run(stop), name="relay")
        group.create_task(_keep_time(means, stop), name="timers")


class Relay:
    """Tells events to their subscribers, several at once, those of one aggregate one after the other."""

    def __init__(
        self,
        means: Means,
        *,
        subscriptions: Mapping[type[Event], Sequence[Handler]] = SUBSCRIPTIONS,
        events: Mapping[str, type[Event]] = EVENTS,
    ) -> None:
        self._means = means
        self._subscriptions = subscriptions
        self._events = events
        self._running: dict[asyncio.Task[None], Delivery] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Tell events as they come, until told to stop."""
        pause = _SHORTEST_PAUSE_SECONDS
        while not stop.is_set():
            try:
                busy = await self.turn()
            except (DatabaseUnavailable, Busy) as error:
                log.warning("events wait", reason=str(error))
                await _sleep(stop, _AWAY_SECONDS)
                continue
            except Exception:  # Whatever went wrong, the next events may go right.
                log.exception("events wait")
                await _sleep(stop, _AWAY_SECONDS)
                continue
            pause = _SHORTEST_PAUSE_SECONDS if busy else min(_LONGEST_PAUSE_SECONDS, pause * 2)
            if not busy:
                await _sleep(stop, pause)
        await self._finish()

    async def drain(self) -> None:
        """Tell every event that is due, and those that this leads to."""
        while await self.turn() or self._running:
            pass

    async def turn(self) -> bool:
        """Claim events, begin to tell them, and write down which were told; answers whether there was any."""
        room = _AT_ONCE - len(self._running)
        claimed = await self._claim(room) if room else []
        told: list[Delivery] = []
        for delivery in claimed:
            if self._subscriptions.get(self._events.get(delivery.name, Event)):
                self._running[asyncio.create_task(self._tell(delivery))] = delivery
            else:
                told.append(delivery)
        done: set[asyncio.Task[None]] = set()
        if self._running:
            # A slow gateway holds up the events of its own payment, and nobody else's.
            done, _ = await asyncio.wait(
                self._running, timeout=_SHORTEST_PAUSE_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
        if told or done:
            await self._settle(told, done)
        return bool(claimed or done)

    async def _claim(self, most: int) -> list[Delivery]:
        return await self._means.begin.run(
            lambda uow: outbox.CLAIM.all(uow, now=uow.now, lease_until=uow.now + LEASE, most=most)
        )

    async def _tell(self, delivery: Delivery) -> None:
        event = outbox.event_from(self._events, delivery)
        async with asyncio.timeout(_HANDLER_SECONDS):
            for handler in self._subscriptions[type(event)]:
                await handler(self._means, event)

    async def _settle(self, told: list[Delivery], done: set[asyncio.Task[None]]) -> None:
        failed: list[tuple[Delivery, BaseException]] = []
        for task in done:
            delivery = self._running.pop(task)
            error = task.exception()
            if error is None:
                told.append(delivery)
            else:
                failed.append((delivery, error))
        for delivery, error in failed:
            write = log.error if delivery.attempts >= _TROUBLING_ATTEMPTS else log.warning
            write(
                "event not told",
                name=delivery.name,
                event_id=str(delivery.id),
                attempts=delivery.attempts,
                exc_info=error,
            )

        async def work(uow: UnitOfWork) -> None:
            if told:
                await outbox.MARK_DELIVERED.run(uow, ids=[delivery.id for delivery in told], now=uow.now)
            for delivery, error in failed:
                await outbox.MARK_FAILED.run(
                    uow, id=delivery.id, due_at=uow.now + backoff(delivery.attempts), error=type(error).__name__
                )
            await tell(uow, [_notice(delivery) for delivery in told])

        await self._means.begin.run(work)

    async def _finish(self) -> None:
        if not self._running:
            return
        done, late = await asyncio.wait(self._running, timeout=_STOP_SECONDS)
        for task in late:
            # Its lease will end, and another worker will tell the event again.
            task.cancel()
        with contextlib.suppress(DatabaseUnavailable, Busy):
            await self._settle([], done)


def backoff(attempts: int) -> timedelta:
    """Say how long to wait after so many attempts: twice as long each time, and never as long as anybody else."""
    longest = min(_LONGEST_BACKOFF.total_seconds(), 0.5 * 2.0 ** min(attempts, 20))
    return timedelta(seconds=longest) * random.uniform(0.5, 1)  # noqa: S311  # Not a secret.


def _notice(delivery: Delivery) -> Notice:
    return Notice(delivery.name, {name: value for name, value in delivery.payload.items() if name.endswith("_id")})


async def _keep_time(means: Means, stop: asyncio.Event) -> None:
    every = {timer.name: timedelta(seconds=timer.every_seconds) for timer in SCHEDULE}
    running: dict[str, asyncio.Task[None]] = {}
    known = False
    while not stop.is_set():
        try:
            if not known:
                await means.begin.run(lambda uow: timers.put(uow, names=list(every)))
                known = True
            due = await means.begin.run(lambda uow: timers.fire(uow, every=every))
        except (DatabaseUnavailable, Busy) as error:
            log.warning("timers wait", reason=str(error))
            due = []
        for timer in SCHEDULE:
            if timer.name in due and (timer.name not in running or running[timer.name].done()):
                running[timer.name] = asyncio.create_task(_fire(means, timer), name=timer.name)
        await _sleep(stop, _TIMER_SECONDS)
    if running:
        _, late = await asyncio.wait(running.values(), timeout=_STOP_SECONDS)
        for task in late:
            task.cancel()


async def _fire(means: Means, timer: Timer) -> None:
    try:
        count = await timer.fire(means)
    except (DatabaseUnavailable, Busy) as error:
        log.warning("timer put off", timer=timer.name, reason=str(error))
    except Exception:  # One timer's bug must not stop the others; the next turn tries again.
        log.exception("timer failed", timer=timer.name)
    else:
        if count:
            log.info("timer", timer=timer.name, count=count)


async def _until_done(means: Means, work: Callable[[UnitOfWork], Awaitable[int]], *, most: int) -> int:
    total = 0
    while True:
        count = await means.begin.run(work)
        total += count
        if count < most:
            return total


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
