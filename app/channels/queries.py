"""Every statement about channels."""

from collections.abc import Collection, Sequence
from datetime import datetime

from app.channels import models  # noqa: F401  # The statements below are about these tables.
from app.channels.rules import Channel
from app.kernel.db import UnitOfWork
from app.kernel.ids import ChannelId
from app.kernel.plain import as_text, to_plain
from app.kernel.sql import Session, rows, statement

__all__ = ["Channel", "get_channel", "list_channels", "list_channels_by_id"]

_CHANNEL = (
    "id, code, name, currency, tax_included, countries, is_default, display_cap, threshold, reservation_ttl_seconds,"
    " reserve_at, reserve_partially, priority, return_window_days, capture_at, capture_delivery, refund_sequence, tenders,"
    " gift_card_ttl_days, cart_ttl_days, customer_cart_ttl_days, recovery_url, language, timezone, invoice_prefix, seller, closed_at"
)

_GET_BY_CODE = rows(f"SELECT {_CHANNEL} FROM channels WHERE code = :code", Channel)
_GET_BY_ID = rows(f"SELECT {_CHANNEL} FROM channels WHERE id = :id", Channel)
_GET_DEFAULT = rows(f"SELECT {_CHANNEL} FROM channels WHERE is_default", Channel)
_LIST_OPEN = rows(f"SELECT {_CHANNEL} FROM channels WHERE closed_at IS NULL ORDER BY is_default DESC, code", Channel)
_LIST_ALL = rows(f"SELECT {_CHANNEL} FROM channels ORDER BY code", Channel)
_LIST_BY_ID = rows(f"SELECT {_CHANNEL} FROM channels WHERE id = ANY(:ids::uuid[])", Channel)
_LIST_BY_CODE = rows(
    f"SELECT {_CHANNEL} FROM channels WHERE code = ANY(:codes::text[]) OR (:with_default AND is_default)", Channel
)
#: Writers of channels wait for each other: which one is the default is a question about all of them.
_LOCK_ALL = statement("LOCK TABLE channels IN SHARE ROW EXCLUSIVE MODE")
_CLEAR_DEFAULT = statement("UPDATE channels SET is_default = false WHERE is_default AND code <> ALL(:codes::text[])")
_UPSERT = statement(
    """
    INSERT INTO channels (id, code, name, currency, tax_included, countries, is_default, display_cap, threshold,
        reservation_ttl_seconds, reserve_at, reserve_partially, priority, return_window_days, capture_at, capture_delivery,
        refund_sequence, tenders, gift_card_ttl_days, cart_ttl_days, customer_cart_ttl_days, recovery_url, language, timezone,
        invoice_prefix, seller, closed_at)
    SELECT id, code, name, currency, tax_included, string_to_array(countries, ','), is_default, display_cap,
        threshold, reservation_ttl_seconds, reserve_at, reserve_partially, priority, return_window_days, capture_at,
        capture_delivery, refund_sequence, string_to_array(tenders, ','), gift_card_ttl_days, cart_ttl_days,
        customer_cart_ttl_days, recovery_url, language, timezone, invoice_prefix, seller::jsonb, closed_at
    FROM unnest(
        :ids::uuid[], :codes::text[], :names::text[], :currencies::text[], :tax_includeds::bool[], :countries::text[],
        :is_defaults::bool[], :display_caps::int[], :thresholds::int[], :ttls::int[], :reserve_ats::text[],
        :reserve_partiallys::bool[], :priorities::smallint[], :windows::int[],
        :capture_ats::text[], :capture_deliveries::text[], :refund_sequences::text[], :tenders::text[], :gift_card_ttls::int[],
        :cart_ttls::int[], :customer_cart_ttls::int[], :recovery_urls::text[],
        :languages::text[], :timezones::text[], :invoice_prefixes::text[], :sellers::text[], :closed_ats::timestamptz[]
    ) AS channel (id, code, name, currency, tax_included, countries, is_default, display_cap, threshold,
        reservation_ttl_seconds, reserve_at, reserve_partially, priority, return_window_days, capture_at, capture_delivery,
        refund_sequence, tenders, gift_card_ttl_days, cart_ttl_days, customer_cart_ttl_days, recovery_url, language, timezone,
        invoice_prefix, seller, closed_at)
    -- The default moves: the row that loses it goes first.
    ORDER BY is_default
    ON CONFLICT (id) DO UPDATE SET
        name = excluded.name, tax_included = excluded.tax_included, countries = excluded.countries,
        is_default = excluded.is_default, display_cap = excluded.display_cap, threshold = excluded.threshold,
        reservation_ttl_seconds = excluded.reservation_ttl_seconds, reserve_at = excluded.reserve_at,
        reserve_partially = excluded.reserve_partially, priority = excluded.priority,
        return_window_days = excluded.return_window_days, capture_at = excluded.capture_at,
        capture_delivery = excluded.capture_delivery, refund_sequence = excluded.refund_sequence, tenders = excluded.tenders,
        gift_card_ttl_days = excluded.gift_card_ttl_days, cart_ttl_days = excluded.cart_ttl_days,
        customer_cart_ttl_days = excluded.customer_cart_ttl_days, recovery_url = excluded.recovery_url,
        language = excluded.language, timezone = excluded.timezone, invoice_prefix = excluded.invoice_prefix,
        seller = excluded.seller,
        closed_at = excluded.closed_at
    """
)


async def get_channel(
    session: Session, *, code: str | None = None, channel_id: ChannelId | None = None
) -> Channel | None:
    """Find a channel by its id or code, closed ones too; without either, the shop's default channel."""
    if channel_id is not None:
        return await _GET_BY_ID.first(session, id=channel_id)
    if code is not None:
        return await _GET_BY_CODE.first(session, code=code)
    return await _GET_DEFAULT.first(session)


async def list_channels(session: Session) -> list[Channel]:
    """List the channels that are open, the default first."""
    return await _LIST_OPEN.all(session)


async def list_every_channel(session: Session) -> list[Channel]:
    """List all channels, closed ones too."""
    return await _LIST_ALL.all(session)


async def list_channels_by_id(session: Session, *, channel_ids: Collection[ChannelId]) -> list[Channel]:
    """List these channels, closed ones too."""
    return await _LIST_BY_ID.all(session, ids=list(channel_ids))


async def list_channels_by_code(
    session: Session, *, codes: Collection[str], with_default: bool = False
) -> list[Channel]:
    """List the channels with these codes, closed ones too, and the default one where asked."""
    return await _LIST_BY_CODE.all(session, codes=list(codes), with_default=with_default)


async def lock_channels(uow: UnitOfWork) -> None:
    """Keep others from changing any channel until this unit of work ends; readers go on."""
    await _LOCK_ALL.run(uow)


async def clear_default(uow: UnitOfWork, *, except_codes: Collection[str]) -> None:
    """Let no channel but these be the default."""
    await _CLEAR_DEFAULT.run(uow, codes=list(except_codes))


async def upsert_channels(uow: UnitOfWork, *, channels: Sequence[Channel]) -> None:
    """Write these channels as they are given; the currency of one that is there stays."""
    closed_ats: list[datetime | None] = [channel.closed_at for channel in channels]
    await _UPSERT.run(
        uow,
        ids=[channel.id for channel in channels],
        codes=[channel.code for channel in channels],
        names=[channel.name for channel in channels],
        currencies=[channel.currency for channel in channels],
        tax_includeds=[channel.tax_included for channel in channels],
        countries=[",".join(channel.countries) for channel in channels],
        is_defaults=[channel.is_default for channel in channels],
        display_caps=[channel.display_cap for channel in channels],
        thresholds=[channel.threshold for channel in channels],
        ttls=[channel.reservation_ttl_seconds for channel in channels],
        reserve_ats=[channel.reserve_at.value for channel in channels],
        reserve_partiallys=[channel.reserve_partially for channel in channels],
        priorities=[channel.priority for channel in channels],
        windows=[channel.return_window_days for channel in channels],
        capture_ats=[channel.capture_at.value for channel in channels],
        capture_deliveries=[channel.capture_delivery.value for channel in channels],
        refund_sequences=[channel.refund_sequence.value for channel in channels],
        tenders=[",".join(channel.tenders) for channel in channels],
        gift_card_ttls=[channel.gift_card_ttl_days for channel in channels],
        cart_ttls=[channel.cart_ttl_days for channel in channels],
        customer_cart_ttls=[channel.customer_cart_ttl_days for channel in channels],
        recovery_urls=[channel.recovery_url for channel in channels],
        languages=[channel.language for channel in channels],
        timezones=[channel.timezone for channel in channels],
        invoice_prefixes=[channel.invoice_prefix for channel in channels],
        sellers=[None if channel.seller is None else as_text(to_plain(channel.seller)) for channel in channels],
        closed_ats=closed_ats,
    )
