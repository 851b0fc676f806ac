"""Finding channels."""

from uuid import UUID

import strawberry

from app.channels import queries
from app.kernel.ids import IdKind
from schema.channels.loaders import ChannelById
from schema.channels.types import Channel
from schema.core.context import Context, Info
from schema.core.ids import finds


@strawberry.type
class ChannelQuery:
    """Where the shop sells."""

    @strawberry.field
    async def channels(self, info: Info) -> list[Channel] | None:
        """List the channels that are open, the default channel first."""
        return [Channel.of(row) for row in await queries.list_channels(info.context.session)]


@finds(IdKind.CHANNEL)
async def find_channel(context: Context, key: UUID, _token: str | None) -> Channel | None:
    """Find a channel, also one that has been closed: old orders name it."""
    row = await context.load(ChannelById, key)
    return None if row is None else Channel.of(row)
