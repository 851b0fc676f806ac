"""Mutations of pickups."""

import strawberry

from app.kernel.db import UnitOfWork
from app.kernel.errors import DomainError
from app.kernel.ids import IdKind, PickupId, decode
from app.pickup import service as pickups
from app.pickup.errors import PickupCodeWrong
from schema.core.context import Context, Info
from schema.core.mutations import Done, Outcome, perform
from schema.pickup.inputs import PickupCheckInInput, PickupHandOverInput
from schema.pickup.queries import visible_pickup
from schema.pickup.types import PickupPayload


@strawberry.type
class PickupMutation:
    """Root fields that move pickups."""

    @strawberry.mutation
    async def pickup_check_in(self, info: Info, input: PickupCheckInInput) -> PickupPayload:
        """Tell the store that the customer is on the way, or there and where."""

        async def command(uow: UnitOfWork) -> Done:
            pickup = await pickups.check_in(
                uow,
                pickup_id=_key(input.pickup_id),
                token=input.token,
                arrived=input.arrived,
                spot=input.spot,
                vehicle=input.vehicle,
            )
            return Done(pickup.id)

        outcome = await perform(info.context, "pickupCheckIn", input, command)
        return await _payload(info.context, outcome, input.token)

    @strawberry.mutation
    async def pickup_hand_over(self, info: Info, input: PickupHandOverInput) -> PickupPayload:
        """Give the goods to whoever knows their code. A wrong code is counted."""

        async def command(uow: UnitOfWork) -> Done | DomainError:
            pickup = await pickups.hand_over(
                uow, pickup_id=_key(input.pickup_id), code=input.code, collected_by=input.collected_by
            )
            return pickup if isinstance(pickup, PickupCodeWrong) else Done(pickup.id)

        outcome = await perform(info.context, "pickupHandOver", input, command, key=input.idempotency_key)
        return await _payload(info.context, outcome, None)


def _key(text: strawberry.ID) -> PickupId:
    return PickupId(decode(IdKind.PICKUP, text, field=("pickupId",)))


async def _payload(context: Context, outcome: Outcome, token: str | None) -> PickupPayload:
    if outcome.object_id is None:
        return PickupPayload(pickup=None, errors=outcome.errors)
    return PickupPayload(pickup=await visible_pickup(context, outcome.object_id, token), errors=[])
