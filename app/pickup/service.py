"""What may happen to a pickup: opened at checkout, made ready, announced, handed over against its code, ended.

Its work moves with it in the same transaction. Locks: order, work, pickup, wrong codes, slots, then levels.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from app.delivery.states import DeliveryMethod
from app.fulfillment import rules as work_rules
from app.fulfillment import service as fulfillment
from app.fulfillment.rules import Allocation, FulfillmentOrder, LineQuantity, Work
from app.fulfillment.service import Locked, Worked
from app.fulfillment.states import FulfillmentOrderStatus, RejectionReason
from app.kernel.db import Begin, UnitOfWork
from app.kernel.errors import BrokenInvariant, IllegalTransition, RateLimited
from app.kernel.ids import FulfillmentOrderId, LocationId, PickupId, new_id
from app.kernel.permissions import Permission
from app.locations import queries as locations
from app.locations.rules import ready_at
from app.orders import queries as order_queries
from app.orders import service as orders
from app.orders.rules import OrderWithLines
from app.pickup import events, queries, rules
from app.pickup.errors import CollectedTooLate, PickupCodeWrong, PickupNotFound, SlotFull
from app.pickup.queries import Place
from app.pickup.rules import Pickup
from app.pickup.states import PICKUP, PickupStatus

_KIND = "pickup"
#: Codes tried at once when one is already in use at the counter: each is taken with one chance in many thousands.
_CANDIDATES = 8
_LONGEST_NAME = 200


async def take_places(uow: UnitOfWork, *, slots: Mapping[LocationId, datetime | None]) -> None:
    """Take one place in the chosen slot of each store, for a checkout that is about to be paid.

    Stores without a chosen slot are passed over. Locks: slots, so levels are locked afterwards.
    Raises: SlotFull, also for a slot that is over or that the store does not offer any more.
    """
    chosen = _chosen(slots)
    if not chosen:
        return
    store_ids = [store_id for store_id, _ in chosen]
    stores = {store.id: store for store in await locations.list_locations(uow, location_ids=store_ids)}
    weeks = await locations.list_hours(uow, location_ids=store_ids)
    for store_id, starts_at in chosen:
        offered = store_id in stores and rules.is_slot(weeks[store_id], stores[store_id].timezone, starts_at)
        if not offered or starts_at + rules.SLOT <= uow.now:
            raise SlotFull("this pickup slot is not offered any more; choose another")
    places = [Place(store_id, starts_at, stores[store_id].pickup_slot_capacity) for store_id, starts_at in chosen]
    if len(await queries.take_places(uow, places=places)) < len(places):
        raise SlotFull("this pickup slot has no place left; choose another")


async def give_back_places(uow: UnitOfWork, *, slots: Mapping[LocationId, datetime | None]) -> None:
    """Free the places that a checkout took and came to nothing with. Locks: slots."""
    chosen = _chosen(slots)
    if chosen:
        await queries.give_places_back(uow, places=chosen)


async def open_pickups(
    uow: UnitOfWork,
    order: OrderWithLines,
    allocations: Sequence[Allocation],
    *,
    slots: Mapping[LocationId, datetime | None],
) -> list[Pickup]:
    """Tell stores that customers will collect: one piece of work and one pickup for each store.

    The order is new, and the places in the slots were taken before. Work is due when its slot starts, else when the
    store can have it ready, counted in hours that it is open.
    """
    if not allocations:
        return []
    per_store: dict[LocationId, list[Allocation]] = {}
    for part in allocations:
        per_store.setdefault(part.location_id, []).append(part)
    stores = await locations.list_locations(uow, location_ids=per_store)
    weeks = await locations.list_hours(uow, location_ids=per_store)
    pickups: list[Pickup] = []
    for store in stores:
        prepared = ready_at(weeks[store.id], store.timezone, at=uow.now, lead_minutes=store.pickup_lead_minutes)
        ready_by = slots.get(store.id) or prepared
        (work,) = await fulfillment.open_work(uow, order, per_store[store.id], due_at=ready_by or uow.now)
        pickups.append(_preparing(uow, work, starts_at=slots.get(store.id), ready_by=ready_by))
    await queries.insert_pickups(uow, pickups=pickups)
    for pickup in pickups:
        uow.moved(_KIND, pickup.id, before=None, after=pickup.status.value, action="open")
    return pickups


async def make_ready(uow: UnitOfWork, *, fulfillment_order_id: FulfillmentOrderId) -> Work:
    """Put packed goods behind the counter and tell their customer the code and until when they wait.

    Locks: order, work, pickup. Emits PickupReady. Raises: FulfillmentOrderNotFound; IllegalTransition;
    WrongDeliveryMethod for work that is shipped.
    """
    locked = await fulfillment.lock(uow, fulfillment_order_id=fulfillment_order_id)
    work = await fulfillment.make_ready(uow, locked)
    (pickup,) = await queries.lock_for_work(uow, fulfillment_order_ids=[fulfillment_order_id])
    (store,) = await locations.list_locations(uow, location_ids=[pickup.store_id])
    hours = (await locations.list_hours(uow, location_ids=[pickup.store_id]))[pickup.store_id]
    until = rules.collect_by(store, hours, ready_at=max(uow.now, pickup.slot_starts_at or uow.now))
    await _issue_code(uow, pickup, generation=pickup.code_generation)
    await _move(uow, pickup, "ready", replace(pickup, ready_at=uow.now, collect_by=until))
    await orders.note(
        uow, pickup.order_id, kind="PICKUP_READY", message=f"{work.header.number} is ready for pickup at {store.name}"
    )
    uow.emit(events.PickupReady(pickup_id=pickup.id, order_id=pickup.order_id, store_id=pickup.store_id))
    return work


async def check_in(
    uow: UnitOfWork,
    *,
    pickup_id: PickupId,
    token: str | None = None,
    arrived: bool,
    spot: str | None = None,
    vehicle: str | None = None,
) -> Pickup:
    """Tell the store that the customer is on the way or there, and where they are parked.

    Customers do so for their own order, guests with its token, and associates at the counter for anybody.
    Locks: order, pickup. Emits PickupCheckedIn. Raises: PickupNotFound; IllegalTransition; CollectedTooLate.
    """
    found = await queries.get_pickup(uow, pickup_id=pickup_id)
    if found is None or not await _may_see(uow, found, token):
        raise PickupNotFound("there is no such pickup", field=("pickupId",))
    await orders.lock(uow, order_id=found.order_id)
    pickup = await _lock(uow, pickup_id)
    _refuse_late(uow, pickup)
    changed = await _move(
        uow,
        pickup,
        "arrive" if arrived else "set_out",
        replace(
            pickup,
            spot=work_rules.short_text(spot, field="spot") or pickup.spot,
            vehicle=work_rules.short_text(vehicle, field="vehicle") or pickup.vehicle,
        ),
    )
    uow.emit(
        events.PickupCheckedIn(
            pickup_id=pickup.id, order_id=pickup.order_id, store_id=pickup.store_id, status=changed.status.value
        )
    )
    return changed


async def hand_over(
    uow: UnitOfWork, *, pickup_id: PickupId, code: str, collected_by: str | None = None
) -> Pickup | PickupCodeWrong:
    """Give goods to whoever knows their code: stock leaves, and their money is asked for.

    A wrong code is counted, so its refusal is answered and committed, not raised. The fifth one makes the code void and
    the customer is sent another. Locks: order, work, pickup, wrong codes of the store, levels, payments.
    Emits PickupCollected or PickupCodeReissued.
    Raises: PickupNotFound; CollectedTooLate; IllegalTransition; RateLimited after 20 wrong codes in 15 minutes.
    """
    uow.actor.require(Permission.PICKUPS_HAND_OVER)
    found = await queries.get_pickup(uow, pickup_id=pickup_id)
    if found is None or not uow.actor.works_at(found.store_id):
        raise PickupNotFound("there is no such pickup", field=("pickupId",))
    order = await orders.lock(uow, order_id=found.order_id)
    work = await fulfillment.lock_of_order(uow, fulfillment_order_id=found.fulfillment_order_id)
    pickup = await _lock(uow, pickup_id)
    _refuse_late(uow, pickup)
    PICKUP.next(pickup.status, "hand_over")
    name = work_rules.short_text(collected_by, field="collectedBy", longest=_LONGEST_NAME)
    if await queries.lock_failures(uow, store_id=pickup.store_id) >= rules.MOST_STORE_FAILURES:
        raise RateLimited(
            "too many wrong codes at this store; wait a quarter of an hour",
            wait_seconds=int(rules.STORE_WINDOW.total_seconds()),
        )
    if not uow.keys.code_matches(code.strip(), "pickup", pickup.id, generation=pickup.code_generation):
        return await _count_wrong_code(uow, pickup)
    collected = await _move(uow, pickup, "hand_over", replace(pickup, collected_at=uow.now, collected_by=name))
    await fulfillment.hand_over(uow, Locked(order, work))
    uow.emit(events.PickupCollected(pickup_id=pickup.id, order_id=pickup.order_id, store_id=pickup.store_id))
    return collected


async def pick_work(
    uow: UnitOfWork, *, fulfillment_order_id: FulfillmentOrderId, lines: Sequence[LineQuantity] | None = None
) -> Worked:
    """Pick work; when none of a pickup's goods were there, its pickup ends with it. Otherwise as `fulfillment.pick`.

    Locks: order, work, pickup, slot, levels.
    """
    found = await fulfillment.visible(uow, fulfillment_order_id=fulfillment_order_id)
    if found.method is DeliveryMethod.PICKUP and lines is not None:
        locked = await fulfillment.lock(uow, fulfillment_order_id=fulfillment_order_id)
        if locked.work.header.status in _MAY_BE_PICKED and work_rules.picks_nothing(locked.work, lines):
            await end_pickups(uow, fulfillment_order_ids=[fulfillment_order_id])
    return await fulfillment.pick(uow, fulfillment_order_id=fulfillment_order_id, lines=lines)


async def reject_work(
    uow: UnitOfWork,
    *,
    fulfillment_order_id: FulfillmentOrderId,
    reason: RejectionReason,
    lines: Sequence[LineQuantity] | None = None,
    note: str | None = None,
) -> Worked:
    """Refuse work; when nothing of a pickup is left, its pickup ends with it. Otherwise as `fulfillment.reject`.

    Locks: order, work, pickup, slot, levels.
    """
    found = await fulfillment.visible(uow, fulfillment_order_id=fulfillment_order_id)
    if found.method is DeliveryMethod.PICKUP:
        locked = await fulfillment.lock(uow, fulfillment_order_id=fulfillment_order_id)
        if locked.work.header.status in _MAY_BE_REJECTED and work_rules.rejects_everything(locked.work, lines):
            await end_pickups(uow, fulfillment_order_ids=[fulfillment_order_id])
    return await fulfillment.reject(
        uow, fulfillment_order_id=fulfillment_order_id, reason=reason, lines=lines, note=note
    )


async def end_pickups(uow: UnitOfWork, *, fulfillment_order_ids: Collection[UUID]) -> None:
    """End the pickups of work that ends, and give their places in slots to others.

    Order and work are locked by the caller. Locks: pickups, slots. Emits PickupCancelled.
    """
    pickups = await queries.lock_for_work(uow, fulfillment_order_ids=fulfillment_order_ids)
    for pickup in pickups:
        await _move(uow, pickup, "cancel", pickup)
        uow.emit(events.PickupCancelled(pickup_id=pickup.id, order_id=pickup.order_id, store_id=pickup.store_id))
    places = [(pickup.store_id, pickup.slot_starts_at) for pickup in pickups if pickup.slot_starts_at is not None]
    if places:
        await queries.give_places_back(uow, places=places)


async def expire_due(begin: Begin, *, most: int = 100) -> int:
    """Stop waiting for customers who did not come in time: one unit of work each; answers how many those were."""
    due = await begin.run(lambda uow: queries.list_overdue_ids(uow, now=uow.now, most=most))
    expired = 0
    for pickup_id in due:

        async def expire_one(uow: UnitOfWork, pickup_id: PickupId = pickup_id) -> bool:
            return await expire(uow, pickup_id=pickup_id)

        expired += await begin.run(expire_one)
    return expired


async def expire(uow: UnitOfWork, *, pickup_id: PickupId) -> bool:
    """Stop waiting for one customer: goods may be sold again, their order lines are cancelled, held money is let go.

    Answers False when it is not due any more, such as when the customer came in the last moment.
    Locks: order, work, pickup, levels, payments. Emits PickupExpired.
    """
    uow.actor.require(Permission.ORDERS_CANCEL)
    found = await queries.get_pickup(uow, pickup_id=pickup_id)
    if found is None:
        raise PickupNotFound("there is no such pickup", field=("pickupId",))
    order = await orders.lock(uow, order_id=found.order_id)
    work = await fulfillment.lock_of_order(uow, fulfillment_order_id=found.fulfillment_order_id)
    pickup = await _lock(uow, pickup_id)
    if not pickup.is_overdue(uow.now) or not PICKUP.allows(pickup.status, "expire"):
        return False
    await _move(uow, pickup, "expire", pickup)
    cuts = {line.id: line.open for line in work.lines if line.open}
    wanted = {line.order_line_id: line.open for line in work.lines if line.open}
    # The order cancels units that wait before those that stand in work. These ones are to go, so they wait first.
    order = await orders.record_unallocated(uow, order, wanted)
    await fulfillment.cancel(uow, order, [work], wanted=wanted, cuts=cuts, reason="not collected in time")
    await orders.note(
        uow, pickup.order_id, kind="PICKUP_EXPIRED", message=f"{work.header.number} was not collected in time"
    )
    uow.emit(events.PickupExpired(pickup_id=pickup.id, order_id=pickup.order_id, store_id=pickup.store_id))
    return True


_MAY_BE_PICKED = {FulfillmentOrderStatus.ACCEPTED, FulfillmentOrderStatus.PICKING}
_MAY_BE_REJECTED = {*_MAY_BE_PICKED, FulfillmentOrderStatus.OPEN}


def _preparing(
    uow: UnitOfWork, work: FulfillmentOrder, *, starts_at: datetime | None, ready_by: datetime | None
) -> Pickup:
    return Pickup(
        id=PickupId(new_id()),
        fulfillment_order_id=work.id,
        order_id=work.order_id,
        store_id=work.location_id,
        status=PickupStatus.PREPARING,
        slot_starts_at=starts_at,
        slot_ends_at=None if starts_at is None else starts_at + rules.SLOT,
        ready_by=ready_by,
        ready_at=None,
        collect_by=None,
        collected_at=None,
        code_generation=0,
        code_attempts=0,
        collected_by=None,
        spot=None,
        vehicle=None,
        created_at=uow.now,
        updated_at=uow.now,
    )


def _chosen(slots: Mapping[LocationId, datetime | None]) -> list[tuple[LocationId, datetime]]:
    return sorted((store_id, starts_at) for store_id, starts_at in slots.items() if starts_at is not None)


async def _may_see(uow: UnitOfWork, pickup: Pickup, token: str | None) -> bool:
    if uow.actor.may(Permission.PICKUPS_HAND_OVER, at=pickup.store_id):
        return True
    (order,) = await order_queries.list_orders(uow, order_ids=[pickup.order_id])
    return orders.may_read(uow.actor, uow.keys, order, token)


async def _lock(uow: UnitOfWork, pickup_id: PickupId) -> Pickup:
    pickup = await queries.lock_pickup(uow, pickup_id=pickup_id)
    if pickup is None:
        raise BrokenInvariant(f"pickup {pickup_id} is gone")
    return pickup


def _refuse_late(uow: UnitOfWork, pickup: Pickup) -> None:
    if pickup.is_overdue(uow.now) or pickup.status is PickupStatus.EXPIRED:
        raise CollectedTooLate("this was not collected in time", field=("pickupId",))


async def _move(uow: UnitOfWork, before: Pickup, action: str, now: Pickup) -> Pickup:
    status = PICKUP.next(before.status, action)
    now = replace(now, status=status, updated_at=uow.now)
    await queries.update_pickup(uow, pickup=now)
    if status is not before.status:
        uow.moved(_KIND, before.id, before=before.status.value, after=status.value, action=action)
    return now


async def _count_wrong_code(uow: UnitOfWork, pickup: Pickup) -> PickupCodeWrong:
    await queries.count_failure(uow, store_id=pickup.store_id)
    attempts = pickup.code_attempts + 1
    if attempts < rules.MOST_ATTEMPTS:
        await queries.update_pickup(uow, pickup=replace(pickup, code_attempts=attempts))
        left = rules.MOST_ATTEMPTS - attempts
        return PickupCodeWrong(f"this is not the code; {left} more can be tried", field=("code",))
    await _issue_code(uow, pickup, generation=pickup.code_generation + 1)
    uow.emit(events.PickupCodeReissued(pickup_id=pickup.id, order_id=pickup.order_id, store_id=pickup.store_id))
    return PickupCodeWrong(
        "this is not the code; too many were tried, so a new code was issued to the customer", field=("code",)
    )


async def _issue_code(uow: UnitOfWork, pickup: Pickup, *, generation: int) -> None:
    """Give a pickup the first code from `generation` on that opens no other pickup at the same counter.

    Two pickups that get the same code in the same moment would meet at the unique index and one of both calls would
    fail as a whole; at a million codes nobody will see it.
    """
    hashes = {
        uow.keys.keyed_hash("pickup", uow.keys.code("pickup", pickup.id, generation=candidate)): candidate
        for candidate in reversed(range(generation, generation + _CANDIDATES))
    }
    taken = await queries.list_live_hashes(uow, store_id=pickup.store_id, except_id=pickup.id, hashes=list(hashes))
    free = {candidate: code_hash for code_hash, candidate in hashes.items() if code_hash not in taken}
    if not free:
        raise IllegalTransition("no code is free at this counter; try again")
    await queries.update_code(uow, pickup_id=pickup.id, generation=min(free), code_hash=free[min(free)])
