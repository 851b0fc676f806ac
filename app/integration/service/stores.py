"""Imports of stores: addresses, hours and time zones, and what the stores do for channels."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from app.channels import service as channels
from app.channels.rules import Channel
from app.integration.rules.outcome import Listener, Terms
from app.integration.rules.rows import RowProblem
from app.integration.rules.stores import StoreRow
from app.integration.service.chunks import in_chunks, put_chunk
from app.kernel.db import Begin, UnitOfWork
from app.kernel.permissions import Permission
from app.kernel.puts import Put
from app.locations import queries as locations_queries
from app.locations import service as locations
from app.locations.queries import ChannelLink
from app.locations.rules import ChannelLocationInput, Location, LocationInput, Opening
from app.locations.states import LocationKind, PickupSupply


@dataclass(frozen=True, slots=True)
class StoreTerms:
    """Which channels the stores serve: they hand out for them where they offer pickup, and `ships` lets them ship too.

    Without `ships` a store that ships for a channel goes on doing so.
    """

    channels: tuple[str, ...] = ()
    ships: bool = False


async def import_stores(
    begin: Begin, *, rows: Iterable[StoreRow], serving: StoreTerms, terms: Terms, listener: Listener
) -> None:
    """Open the stores of a file, or change them, each by its code. What the file does not say of a store stays as it is.

    Raises: Forbidden; UnknownChannel; DatabaseUnavailable, after which all chunks that were told of are kept.
    """

    async def put(uow: UnitOfWork, items: Sequence[StoreRow]) -> list[Put]:
        known = {
            row.code: row
            for row in await locations_queries.list_locations_by_code(uow, codes=[row.code for row in items])
        }
        wanted = [_wanted(row, known.get(row.code)) for row in items]
        opened = await locations.put_locations(uow, locations=wanted)
        there = await _links(uow, served, known.values())
        linked = await locations.put_channel_locations(
            uow,
            links=[
                _link(channel, store, there.get((channel.code, store.code)), ships=serving.ships)
                for channel in served
                for store in wanted
            ],
        )
        moved = {row.id for row in linked if row.effect is not Put.UNCHANGED}
        return [Put.UPDATED if row.effect is Put.UNCHANGED and row.id in moved else row.effect for row in opened]

    def done(items: Sequence[StoreRow], effects: Sequence[Put]) -> None:
        for row, effect in zip(items, effects, strict=True):
            for note in row.notes:
                listener.noted(note)
            listener.taken(effect, row=row.row)

    def refused(row: StoreRow, reason: str) -> None:
        listener.refused(RowProblem(row.row, "code", row.code, reason))

    begin.actor.require(Permission.CATALOG_WRITE)
    served = await begin.run(lambda uow: _channels(uow, serving.channels))
    due = (row for row in _once(rows, listener) if row.row >= terms.from_row)
    for chunk in in_chunks(due, terms.rows_at_once):
        stores = await begin.run(lambda uow, chunk=chunk: _without_warehouses(uow, chunk, listener))  # type: ignore[misc]
        if stores:
            await put_chunk(begin, stores, put, dry_run=terms.dry_run, done=done, refused=refused)


async def _channels(uow: UnitOfWork, codes: Sequence[str]) -> list[Channel]:
    """Refuse the whole import for a channel that there is not, and not each row of it. Raises: UnknownChannel."""
    return [await channels.choose(uow, code=code) for code in dict.fromkeys(codes)]


async def _links(
    uow: UnitOfWork, served: Sequence[Channel], stores: Collection[Location]
) -> dict[tuple[str, str], ChannelLink]:
    """Say what these stores do for these channels already, by their codes."""
    channel_of = {channel.id: channel.code for channel in served}
    store_of = {store.id: store.code for store in stores}
    links = await locations_queries.list_links(
        uow, pairs=[(channel, store) for channel in channel_of for store in store_of]
    )
    return {(channel_of[link.channel_id], store_of[link.location_id]): link for link in links}


def _link(channel: Channel, store: LocationInput, there: ChannelLink | None, *, ships: bool) -> ChannelLocationInput:
    """Say what a store shall do for a channel; nothing where its groups say it, or where there is nothing to do."""
    follows = there is not None and not there.own and (there.ships or not ships)
    if follows or (there is None and not (ships or store.pickup_enabled)):
        return ChannelLocationInput(channel=channel.code, location=store.code)
    return ChannelLocationInput(
        channel=channel.code,
        location=store.code,
        ships=ships or (there is not None and there.ships),
        hands_out=store.pickup_enabled,
    )


def _once(rows: Iterable[StoreRow], listener: Listener) -> Iterator[StoreRow]:
    """Pass on the first row of each code, and refuse the others."""
    seen: dict[str, int] = {}
    for row in rows:
        if row.code in seen:
            listener.refused(RowProblem(row.row, "code", row.code, f"row {seen[row.code]} has this code already"))
            continue
        seen[row.code] = row.row
        yield row


async def _without_warehouses(uow: UnitOfWork, rows: Sequence[StoreRow], listener: Listener) -> list[StoreRow]:
    known = {
        row.code: row for row in await locations_queries.list_locations_by_code(uow, codes=[row.code for row in rows])
    }
    others = {code for code, location in known.items() if location.kind is not LocationKind.STORE}
    for row in rows:
        if row.code in others:
            listener.refused(RowProblem(row.row, "code", row.code, "is the code of a location that is no store"))
    return [row for row in rows if row.code not in others]


def _wanted(row: StoreRow, known: Location | None) -> LocationInput:
    hours = None if row.hours is None else tuple(Opening(o.day, o.opens_minute, o.closes_minute) for o in row.hours)
    wanted = LocationInput(
        code=row.code,
        name=row.name,
        kind=LocationKind.STORE,
        timezone=row.timezone,
        address=row.address,
        latitude=row.latitude,
        longitude=row.longitude,
        pickup_enabled=row.pickup is not False,
        pickup_supply=row.pickup_supply or (known.pickup_supply if known else PickupSupply.OWN),
        hours=hours,
    )
    if known is None:
        return wanted
    return replace(
        wanted,
        latitude=wanted.latitude if wanted.latitude is not None else known.latitude,
        longitude=wanted.longitude if wanted.longitude is not None else known.longitude,
        pickup_enabled=row.pickup if row.pickup is not None else known.pickup_enabled,
        pickup_lead_minutes=known.pickup_lead_minutes,
        pickup_slot_capacity=known.pickup_slot_capacity,
        pickup_hold_days=known.pickup_hold_days,
    )
