"""Finding stores and other locations."""

from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import strawberry

from app.inventory.queries.stores import StoresWanted, find_stores
from app.inventory.rules.pickups import LineWanted
from app.kernel.errors import Invalid
from app.kernel.ids import IdKind, decode
from app.kernel.paging import page_request
from app.locations.states import LocationKind
from schema.catalog.loaders import VariantById
from schema.core.context import Context, Info
from schema.core.ids import finds
from schema.core.lookahead import selected
from schema.locations.inputs import LineInput, NearInput, asked
from schema.locations.loaders import HoursByLocationId, LocationById
from schema.locations.nearby import nearby
from schema.locations.types import Location, Store, StoreConnection, Warehouse, location_of

#: No place is farther from another.
HALFWAY_ROUND_KM = 20_038


@strawberry.type
class LocationQuery:
    """Where the shop is."""

    @strawberry.field
    async def stores(
        self,
        info: Info,
        channel: str | None = None,
        near: NearInput | None = None,
        *,
        within_km: float | None = None,
        pickup: bool | None = None,
        lines: list[LineInput] | None = None,
        complete: bool | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> StoreConnection | None:
        """Page through the stores of a channel: nearest first when `near` is given, else by name.

        With `withinKm` those alone that are so near; with `pickup: true` those alone where one can collect; with
        `complete: true` those alone that can hand over all of `lines`.
        """
        request = page_request(first=first, after=after)
        if complete and not lines:
            raise Invalid("say of which lines", field=("lines",))
        ahead = _asked_below(info)
        required = asked(lines or [])
        wanted = StoresWanted(
            channel=channel,
            near=await nearby(info.context, near, channel=channel),
            within_km=_radius(within_km, near),
            pickup=bool(pickup),
            lines=required.lines or ahead.lines,
            complete=bool(complete),
        )
        context = info.context
        found = await find_stores(context.session, wanted=wanted, request=request)
        known = found.told.variants
        for variant in known.values():
            context.prime(VariantById, variant.id, variant)
        for store in found.page.items:
            context.prime(HoursByLocationId, store.location.id, list(store.hours))
        required.refuse_unknown(known)
        # A variant that the shop does not know is refused by the field that asks about it.
        came_along = ahead.lines == wanted.lines and all(line.variant_id in known for line in ahead.lines)
        return StoreConnection.of(found, wanted, lines=ahead.document if came_along else None, now=context.now)

    @strawberry.field
    async def store(self, info: Info, id: strawberry.ID) -> Store | None:
        """Find a store by its id; null when there is none, or it is closed for good."""
        row = await info.context.load(LocationById, decode(IdKind.LOCATION, id))
        if row is None or row.kind is not LocationKind.STORE or row.archived_at is not None:
            return None
        return Store.of(row)


@dataclass(frozen=True, slots=True)
class _Ahead:
    """Lines whose availability the document goes on to ask of stores, as it has them and as we do."""

    document: object = None
    lines: tuple[LineWanted, ...] = ()


def _asked_below(info: Info) -> _Ahead:
    """Look ahead to the first field that asks stores about lines; what is wrong with them, it says itself."""
    for field in selected(info, ("edges", "node", "availability"), ("nodes", "availability")):
        document = field.argument("lines")
        if field.argument("channel") is None and isinstance(document, list):
            with suppress(KeyError, TypeError, Invalid):
                lines = [LineInput(variant_id=line["variantId"], quantity=line["quantity"]) for line in document]
                return _Ahead(document, asked(lines).lines)
    return _Ahead()


def _radius(within_km: float | None, near: NearInput | None) -> float | None:
    if within_km is None:
        return None
    if near is None:
        raise Invalid("say near what", field=("near",))
    if not 0 <= within_km <= HALFWAY_ROUND_KM:
        raise Invalid(f"from 0 to {HALFWAY_ROUND_KM}", field=("withinKm",))
    return within_km


@finds(IdKind.LOCATION)
async def find_location(context: Context, key: UUID, _token: str | None) -> Location | None:
    """Find a location. Stores are for everybody, also closed ones, which old orders name; other places for staff."""
    row = await context.load(LocationById, key)
    found = None if row is None else location_of(row)
    return None if isinstance(found, Warehouse) and not context.actor.is_staff else found
