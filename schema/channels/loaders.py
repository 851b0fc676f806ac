"""Channels, read for all who ask at once."""

from collections.abc import Sequence
from typing import TypeAlias
from uuid import UUID

from app.channels import queries
from app.channels.errors import UnknownChannel
from app.channels.rules import Channel
from app.kernel.ids import ChannelId
from schema.core.batches import by_id
from schema.core.context import Batch, Context

#: How an object knows the channel it is seen in: as it was read, by its id, or not at all, which is the default channel.
ChannelRef: TypeAlias = Channel | UUID | None


async def _channels(context: Context, ids: list[UUID]) -> Sequence[Channel | None]:
    """Channels by id, closed ones too."""
    wanted = [ChannelId(channel_id) for channel_id in ids]
    return by_id(await queries.list_channels_by_id(context.session, channel_ids=wanted), ids)


async def _channels_by_code(context: Context, keys: list[tuple[str | None]]) -> Sequence[Channel | None]:
    """Channels by code, closed ones too; without a code the default channel."""
    codes = [code for (code,) in keys]
    found = await queries.list_channels_by_code(
        context.session, codes=[code for code in codes if code is not None], with_default=None in codes
    )
    known: dict[str | None, Channel] = {channel.code: channel for channel in found}
    default = next((channel for channel in found if channel.is_default), None)
    return [default if code is None else known.get(code) for code in codes]


ChannelById: Batch[UUID, Channel | None] = Batch(_channels)
#: The key is a tuple because a loader takes no None for one.
ChannelByCode: Batch[tuple[str | None], Channel | None] = Batch(_channels_by_code)


async def chosen(context: Context, code: str | None) -> Channel:
    """Find the channel that a client names, or the shop's default channel.

    Raises: UnknownChannel, also when it is closed.
    """
    channel = await context.load(ChannelByCode, (code,))
    if channel is None or channel.closed_at is not None:
        raise UnknownChannel(code)
    return channel


async def channel_of(context: Context, ref: ChannelRef) -> Channel:
    """Read the channel that an object is seen in.

    Raises: UnknownChannel when there is no default channel to see it in.
    """
    if isinstance(ref, Channel):
        return ref
    channel = await (context.load(ChannelByCode, (None,)) if ref is None else context.load(ChannelById, ref))
    if channel is None:
        raise UnknownChannel(None)
    return channel
