"""Mutations about where the shop sells."""

import strawberry

from app.channels import service as channels
from app.kernel.db import UnitOfWork
from schema.channels.inputs import ChannelPutInput
from schema.channels.loaders import ChannelById
from schema.channels.types import Channel, ChannelPayload
from schema.core.context import Info
from schema.core.mutations import Done, perform
from schema.core.singles import single


@strawberry.type
class ChannelMutation:
    """Root fields that say where the shop sells."""

    @strawberry.mutation
    async def channel_put(self, info: Info, input: ChannelPutInput) -> ChannelPayload:
        """Open a channel, change it, or close it, by its code. Needs catalog:write."""

        async def command(uow: UnitOfWork) -> Done:
            [row] = await single(channels.change_channels(uow, changes=[input.change()]))
            return Done(row.id)

        outcome = await perform(info.context, "channelPut", input, command, key=input.idempotency_key)
        channel = None if outcome.object_id is None else await info.context.load(ChannelById, outcome.object_id)
        return ChannelPayload(channel=None if channel is None else Channel.of(channel), errors=outcome.errors)
