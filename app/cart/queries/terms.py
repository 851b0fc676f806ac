"""What the totals of a cart are reckoned from: its contents with today's prices, and what its channel offers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from app.cart import models  # noqa: F401  # The statements below are about these tables.
from app.cart.rules import CartLine, Selection, UnitPrice
from app.catalog.queries.reading import GOODS
from app.catalog.rules import Goods
from app.channels.rules import Channel
from app.delivery.rules import DeliveryOption
from app.delivery.states import DeliveryMethod
from app.kernel.ids import CartId, CartLineId, ChannelId, LocationId, VariantId
from app.kernel.plain import from_plain
from app.kernel.sql import Session, Statement, rows
from app.pricing.queries import PRICE_OF_LINE
from app.promotions.rules import Promotion
from app.tax.rules import TaxRate

#: More lines than any cart has.
_ALL = 1_000_000


@dataclass(frozen=True, slots=True)
class _Content:
    kind: str
    offered: dict[str, Any] | None
    place: int
    id: UUID | None
    variant_id: VariantId | None
    quantity: int | None
    delivery: DeliveryMethod | None
    store_id: LocationId | None
    created_at: datetime | None
    note: str | None
    gift_message: str | None
    option_id: UUID | None
    slot_starts_at: datetime | None
    amount_minor: int | None
    list_amount_minor: int | None
    sku: str | None
    product_name: str | None
    archived: bool | None
    options: list[dict[str, str]] | None
    bundle: bool | None


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a cart: lines, delivery choices, today's prices, and what its goods are called where that was asked for."""

    lines: list[CartLine]
    selections: list[Selection]
    prices: dict[UUID, UnitPrice]
    goods: dict[UUID, Goods]


@dataclass(frozen=True, slots=True)
class Offers:
    """A channel, and what it asks besides prices."""

    channel: Channel
    promotions: tuple[Promotion, ...]
    options: tuple[DeliveryOption, ...]
    rates: tuple[TaxRate, ...]


@dataclass(frozen=True, slots=True)
class Basis:
    """What the totals of a cart are reckoned from."""

    contents: Contents
    offers: Offers


def _basis(goods: str, join: str) -> Statement[_Content]:
    """Write the one statement that reads all that totals are reckoned from: a round trip costs more than the rows.

    Lines and choices have columns of their own; what the channel offers is a few rows, each as JSON. The LIMITs take nothing
    away: without them, as some carts are larger than others, the statement would be planned anew for each.
    bench/checkout.py measures it.
    """
    nothing = ", ".join(["NULL"] * (len(fields(_Content)) - 3))
    return rows(
        f"""
        SELECT 'line' AS kind, NULL::jsonb AS offered, 0 AS place, line.id, line.variant_id, line.quantity, line.delivery,
            line.store_id, line.created_at, line.note, line.gift_message, NULL::uuid AS option_id,
            NULL::timestamptz AS slot_starts_at, price.amount_minor, price.list_amount_minor, {goods}
        FROM (SELECT * FROM cart_lines WHERE cart_id = :cart_id LIMIT :most::int) AS line {PRICE_OF_LINE} {join}
        UNION ALL
        SELECT 'selection', NULL, 0, group_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, option_id, slot_starts_at, NULL, NULL,
            NULL, NULL, NULL, NULL, NULL
        FROM cart_selections WHERE cart_id = :cart_id
        UNION ALL
        SELECT 'channel', to_jsonb(channel), 0, {nothing} FROM channels AS channel WHERE id = :channel_id
        UNION ALL
        SELECT 'promotion', to_jsonb(promotion), 0, {nothing} FROM promotions AS promotion
        WHERE channel_id = :channel_id
          AND (code IS NULL OR code IN (SELECT * FROM unnest(:codes::text[]) LIMIT cardinality(:codes::text[])))
          AND starts_at <= :at AND (ends_at IS NULL OR ends_at > :at)
        UNION ALL
        SELECT 'option', to_jsonb(option), position, {nothing} FROM delivery_options AS option WHERE channel_id = :channel_id
        UNION ALL
        SELECT 'rate', to_jsonb(rate), 0, {nothing} FROM tax_rates AS rate WHERE channel_id = :channel_id
        ORDER BY kind, place
        """,
        _Content,
    )


_BASIS = _basis("NULL::text, NULL::text, NULL::bool, NULL::jsonb, NULL::bool", "")
_BASIS_WITH_GOODS = _basis(
    GOODS,
    "JOIN variants AS variant ON variant.id = line.variant_id JOIN products AS product ON product.id = variant.product_id",
)


async def get_basis(
    session: Session,
    *,
    cart_id: CartId,
    channel_id: ChannelId,
    codes: Collection[str],
    at: datetime,
    with_goods: bool = False,
) -> Basis:
    """Find what is in a cart, what it costs at one moment, and what its channel, which has to be there, asks besides."""
    asked = _BASIS_WITH_GOODS if with_goods else _BASIS
    found: dict[str, list[_Content]] = {
        kind: [] for kind in ("line", "selection", "channel", "promotion", "option", "rate")
    }
    for content in await asked.all(
        session, cart_id=cart_id, channel_id=channel_id, codes=list(codes), at=at, most=_ALL
    ):
        found[content.kind].append(content)
    [channel] = found["channel"]
    offers = Offers(
        channel=from_plain(Channel, channel.offered or {}),
        promotions=tuple(from_plain(Promotion, content.offered or {}) for content in found["promotion"]),
        options=tuple(from_plain(DeliveryOption, content.offered or {}) for content in found["option"]),
        rates=tuple(from_plain(TaxRate, content.offered or {}) for content in found["rate"]),
    )
    return Basis(_contents(cart_id, found["line"], found["selection"]), offers)


def _contents(cart_id: CartId, lines: Sequence[_Content], selections: Sequence[_Content]) -> Contents:
    found = Contents([], [], {}, {})
    for content in selections:
        assert content.id is not None
        assert content.option_id is not None
        found.selections.append(Selection(content.id, content.option_id, content.slot_starts_at))
    for content in lines:
        assert content.id is not None
        assert content.variant_id is not None
        assert content.quantity is not None
        assert content.delivery is not None
        assert content.created_at is not None
        found.lines.append(
            CartLine(
                id=CartLineId(content.id),
                cart_id=cart_id,
                variant_id=content.variant_id,
                quantity=content.quantity,
                delivery=content.delivery,
                store_id=content.store_id,
                created_at=content.created_at,
                note=content.note,
                gift_message=content.gift_message,
            )
        )
        if content.amount_minor is not None:
            found.prices[content.variant_id] = UnitPrice(content.amount_minor, content.list_amount_minor)
        if content.sku is not None:
            found.goods[content.variant_id] = Goods(
                content.variant_id,
                content.sku,
                content.product_name or "",
                archived=bool(content.archived),
                options=content.options or [],
                bundle=bool(content.bundle),
            )
    return found
