"""Commands about channels."""

from collections.abc import Sequence

from app.channels import queries
from app.channels.errors import CurrencyFixed, UnknownChannel
from app.channels.rules import Channel, ChannelChange, ChannelInput, check, refuse_shared_prefixes, tidied
from app.kernel.changes import whole
from app.kernel.db import UnitOfWork
from app.kernel.ids import ChannelId, new_id
from app.kernel.permissions import Permission
from app.kernel.puts import Put, PutRow, effect_of
from app.kernel.sql import Session


async def choose(session: Session, *, code: str | None) -> Channel:
    """Find the channel that a caller names, or the shop's default channel.

    Raises: UnknownChannel, also when it is closed.
    """
    channel = await queries.get_channel(session, code=code)
    if channel is None or channel.closed_at is not None:
        raise UnknownChannel(code)
    return channel


async def change_channels(uow: UnitOfWork, *, changes: Sequence[ChannelChange]) -> list[PutRow]:
    """Open channels, or change what is said of them, each by its code; answers one row each, in their order.

    Locks: the channels. Raises: Forbidden; Invalid naming the element, also where a new one lacks something; CurrencyFixed.
    """
    uow.actor.require(Permission.CATALOG_WRITE)
    await queries.lock_channels(uow)
    codes = [change.code for change in changes]
    known = {channel.code: channel for channel in await queries.list_channels_by_code(uow, codes=codes)}
    wanted = [
        whole(ChannelInput, change, known=known.get(change.code), at=("channels", str(i)))
        for i, change in enumerate(changes)
    ]
    return await put_channels(uow, channels=wanted)


async def put_channels(uow: UnitOfWork, *, channels: Sequence[ChannelInput]) -> list[PutRow]:
    """Open or change channels, each by its code; answers one row each, in their order.

    Whoever is put as the default takes that over from the channel that was.
    Locks: the channels. Raises: Forbidden; Invalid naming the element; CurrencyFixed; Conflict for a prefix of invoices that
    is another channel's.
    """
    uow.actor.require(Permission.CATALOG_WRITE)
    check(channels)
    await queries.lock_channels(uow)
    known = {
        channel.code: channel
        for channel in await queries.list_channels_by_code(uow, codes=[channel.code for channel in channels])
    }
    wanted = [_wanted(uow, i, channel, known.get(channel.code)) for i, channel in enumerate(channels)]
    if any(row.invoice_prefix is not None for row in wanted):
        refuse_shared_prefixes(wanted, await queries.list_every_channel(uow))
    effects = [effect_of(known=row.code in known, changed=known.get(row.code) != row) for row in wanted]
    changed = [row for row, effect in zip(wanted, effects, strict=True) if effect is not Put.UNCHANGED]
    if changed:
        if any(row.is_default for row in changed):
            await queries.clear_default(uow, except_codes=[row.code for row in wanted if row.is_default])
        await queries.upsert_channels(uow, channels=changed)
    return [PutRow(row.code, row.id, effect) for row, effect in zip(wanted, effects, strict=True)]


def _wanted(uow: UnitOfWork, i: int, channel: ChannelInput, known: Channel | None) -> Channel:
    if known is not None and known.currency != channel.currency:
        raise CurrencyFixed(
            "a channel keeps its currency; open another channel", field=("channels", str(i), "currency")
        )
    closed_at = (known.closed_at if known else None) or uow.now
    return Channel(
        id=known.id if known else ChannelId(new_id()),
        code=channel.code,
        name=channel.name,
        currency=channel.currency,
        tax_included=channel.tax_included,
        countries=channel.countries,
        is_default=channel.is_default,
        display_cap=channel.display_cap,
        threshold=channel.threshold,
        reservation_ttl_seconds=channel.reservation_ttl_seconds,
        reserve_at=channel.reserve_at,
        reserve_partially=channel.reserve_partially,
        priority=channel.priority,
        return_window_days=channel.return_window_days,
        capture_at=channel.capture_at,
        capture_delivery=channel.capture_delivery,
        refund_sequence=channel.refund_sequence,
        tenders=channel.tenders,
        gift_card_ttl_days=channel.gift_card_ttl_days,
        cart_ttl_days=channel.cart_ttl_days,
        customer_cart_ttl_days=channel.customer_cart_ttl_days,
        recovery_url=channel.recovery_url,
        language=channel.language,
        timezone=channel.timezone,
        invoice_prefix=channel.invoice_prefix,
        seller=None if channel.seller is None else tidied(channel.seller, at=("channels", str(i), "seller")),
        closed_at=closed_at if channel.closed else None,
    )
