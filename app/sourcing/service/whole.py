"""Where a whole cart or order comes from: shelves of stores, transfers to them, shipments, and what is still to come."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from app.inventory import queries as stock
from app.inventory.rules import Ahead, Units, held_in_part
from app.kernel.address import Address
from app.kernel.ids import ChannelId
from app.kernel.sql import Session
from app.sourcing import queries
from app.sourcing.rules import (
    Demand,
    Own,
    Sent,
    Sourced,
    Wanted,
    Wish,
    lacking,
    per_shelf,
    per_variant,
    plan_ahead,
    sendings,
)
from app.sourcing.service.deciding import decide


async def source(
    session: Session,
    *,
    channel_id: ChannelId,
    wanted: Sequence[Wanted],
    destination: Address | None,
    own: Own | None = None,
) -> Sourced:
    """Say where every unit comes from. Locks nothing: who reserves checks again.

    A store hands out what it has, then what other locations send to it where it lets them, then what comes to it later.
    What is shipped comes from the channel's locations by the plan, and what none of them has, from what is expected.
    `own` is what the demand holds already, which counts as there for it.
    """
    held = own or Own()
    at_stores = [line for line in wanted if line.store_id is not None]
    shipped = [line for line in wanted if line.store_id is None]
    units = await _on_shelves(session, at_stores, held.units)
    waiting = [line for line in lacking(at_stores, units) if line.may_wait]
    sent = await _sent(session, waiting, held.units)
    record: dict[str, Any] | None = None
    if shipped:
        decided = await decide(
            session,
            channel_id=channel_id,
            demand=[Demand(line.line_id, line.variant_id, line.quantity) for line in shipped],
            destination=destination,
            spoken_for=per_shelf([*units, *(_where_from(part) for part in sent)]),
            own=held.units,
        )
        units += [Units(part.line_id, part.variant_id, part.location_id, part.quantity) for part in decided.plan.parts]
        record = decided.record
    ahead = await _ahead(session, channel_id, lacking(wanted, units, sent), held.ahead)
    return Sourced(tuple(units), tuple(sent), tuple(ahead), per_variant(lacking(wanted, units, sent, ahead)), record)


async def own_units(session: Session, *, demand_id: UUID) -> Own:
    """Say what a cart, a checkout or an order holds already."""
    return _own(await stock.list_open_for_demand(session, demand_id=demand_id))


async def lapsed_units(
    session: Session, *, variant_ids: Collection[UUID], now: datetime, except_for: Collection[UUID]
) -> Own:
    """Say what others hold beyond their time of these variants: whoever reserves it takes it back under its own locks."""
    return _own(await stock.list_expired(session, now=now, variant_ids=variant_ids, except_for=except_for))


def _own(parts: Sequence[stock.OpenReservation]) -> Own:
    ahead: dict[UUID, int] = {}
    for part in parts:
        if part.supply_id is not None:
            ahead[part.supply_id] = ahead.get(part.supply_id, 0) + part.quantity
    there = [Units(p.line_id, p.variant_id, p.location_id, p.quantity) for p in parts if p.supply_id is None]
    return Own(per_shelf(there), ahead)


async def _on_shelves(session: Session, wanted: Sequence[Wanted], own: Mapping[tuple[UUID, UUID], int]) -> list[Units]:
    asked = [
        Units(line.line_id, line.variant_id, line.store_id, line.quantity)
        for line in wanted
        if line.store_id is not None
    ]
    if not asked:
        return []
    found = await stock.list_at_locations(
        session,
        variant_ids={part.variant_id for part in asked},
        location_ids={part.location_id for part in asked},
    )
    left = {(level.variant_id, level.location_id): level.available for level in found}
    for level, quantity in own.items():
        left[level] = left.get(level, 0) + quantity
    return held_in_part(asked, left)


async def _sent(session: Session, waiting: Sequence[Wanted], own: Mapping[tuple[UUID, UUID], int]) -> list[Sent]:
    if not waiting:
        return []
    sendable = await queries.list_sendable(
        session,
        store_ids={line.store_id for line in waiting if line.store_id is not None},
        variant_ids={line.variant_id for line in waiting},
    )
    return sendings(waiting, sendable, own)


async def _ahead(
    session: Session, channel_id: ChannelId, missing: Sequence[Wanted], own: Mapping[UUID, int]
) -> Sequence[Ahead]:
    wishes = [Wish(line.line_id, line.variant_id, line.quantity, line.store_id) for line in missing if line.may_wait]
    if not wishes:
        return ()
    variant_ids: Collection[UUID] = {wish.variant_id for wish in wishes}
    found = await stock.list_ahead(session, channel_id=channel_id, variant_ids=variant_ids, also=list(own))
    sellable = [
        replace(supply, left=supply.left + own.get(supply.supply_id, 0)) for group in found.values() for supply in group
    ]
    return plan_ahead(wishes, sellable).parts


def _where_from(part: Sent) -> Units:
    return Units(part.line_id, part.variant_id, part.from_location_id, part.quantity)
