"""Mutations about places: opening, changing and archiving them."""

import strawberry

from app.kernel.db import UnitOfWork
from app.kernel.permissions import Permission
from app.locations import service as locations
from schema.core.context import Info
from schema.core.mutations import Done, perform
from schema.core.singles import single
from schema.locations.loaders import LocationById
from schema.locations.place_inputs import LocationPutInput
from schema.locations.types import LocationPayload, location_of


@strawberry.type
class PlaceMutation:
    """Root fields that say where the shop is."""

    @strawberry.mutation
    async def location_put(self, info: Info, input: LocationPutInput) -> LocationPayload:
        """Open a location, change it, or archive it, by its code. Needs catalog:write."""

        async def command(uow: UnitOfWork) -> Done:
            uow.actor.require(Permission.CATALOG_WRITE)
            change = input.change()
            [row] = await single(locations.change_locations(uow, changes=[change]))
            return Done(row.id)

        outcome = await perform(info.context, "locationPut", input, command, key=input.idempotency_key)
        location = None if outcome.object_id is None else await info.context.load(LocationById, outcome.object_id)
        return LocationPayload(location=None if location is None else location_of(location), errors=outcome.errors)
