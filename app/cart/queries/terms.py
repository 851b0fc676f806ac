"""What the totals of a cart are reckoned from: its contents with today's prices, and what its channel offers."""

from collections.abc import Collection
from dataclasses import dataclass
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
from app.kernel.sql import Session, Statement, rows, statement
from app.pricing.queries import PRICE_OF_LINE
from app.promotions.rules import Promotion
from app.tax.rules import TaxRate


@dataclass(frozen=True, slots=True)
class _Content:
    id: UUID
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


def _contents(goods: str, join: str) -> Statement[_Content]:
    """Write the one statement that reads a cart's contents: a round trip costs more than the rows."""
    return rows(
        f"""
        SELECT line.id, line.variant_id, line.quantity, line.delivery, line.store_id, line.created_at, line.note,
            line.gift_message, NULL::uuid AS option_id, NULL::timestamptz AS slot_starts_at, price.amount_minor,
            price.list_amount_minor, {goods}
        FROM cart_lines AS line {PRICE_OF_LINE} {join}
        WHERE line.cart_id = :cart_id
        UNION ALL
        SELECT group_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, option_id, slot_starts_at, NULL, NULL, NULL, NULL, NULL,
            NULL, NULL
        FROM cart_selections WHERE cart_id = :cart_id
        """,
        _Content,
    )


_CONTENTS = _contents("NULL::text, NULL::text, NULL::bool, NULL::jsonb, NULL::bool", "")
_CONTENTS_WITH_GOODS = _contents(
    GOODS,
    "JOIN variants AS variant ON variant.id = line.variant_id JOIN products AS product ON product.id = variant.product_id",
)


@dataclass(frozen=True, slots=True)
class Offers:
    """A channel, and what it asks besides prices."""

    channel: Channel
    promotions: tuple[Promotion, ...]
    options: tuple[DeliveryOption, ...]
    rates: tuple[TaxRate, ...]


#: Every read of a cart needs all of these, and a round trip costs more than these few rows.
_LIST_OFFERS = statement(
    """
    SELECT 'channel' AS kind, to_jsonb(channel) AS row, 0 AS position FROM channels AS channel WHERE id = :channel_id
    UNION ALL
    SELECT 'promotion' AS kind, to_jsonb(promotion) AS row, 0 AS position FROM promotions AS promotion
    WHERE channel_id = :channel_id AND (code IS NULL OR code = ANY(:codes::text[]))
      AND starts_at <= :at AND (ends_at IS NULL OR ends_at > :at)
    UNION ALL
    SELECT 'option', to_jsonb(option), position FROM delivery_options AS option WHERE channel_id = :channel_id
    UNION ALL
    SELECT 'rate', to_jsonb(rate), 0 FROM tax_rates AS rate WHERE channel_id = :channel_id
    ORDER BY kind, position
    """
)


async def list_contents(
    session: Session, *, cart_id: CartId, channel_id: ChannelId, with_goods: bool = False
) -> Contents:
    """List what is in a cart and what it costs now, with one statement."""
    found = Contents([], [], {}, {})
    asked = _CONTENTS_WITH_GOODS if with_goods else _CONTENTS
    for content in await asked.all(session, cart_id=cart_id, channel_id=channel_id):
        if content.option_id is not None:
            found.selections.append(Selection(content.id, content.option_id, content.slot_starts_at))
            continue
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


async def list_offers(session: Session, *, channel_id: ChannelId, codes: Collection[str], at: datetime) -> Offers:
    """Find a channel, which has to be there, and what it takes off, charges for delivery, and taxes at one moment."""
    found: dict[str, list[Any]] = {"channel": [], "promotion": [], "option": [], "rate": []}
    for record in await _LIST_OFFERS.all(session, channel_id=channel_id, codes=list(codes), at=at):
        found[record["kind"]].append(record["row"])
    return Offers(
        channel=from_plain(Channel, found["channel"][0]),
        promotions=tuple(from_plain(Promotion, row) for row in found["promotion"]),
        options=tuple(from_plain(DeliveryOption, row) for row in found["option"]),
        rates=tuple(from_plain(TaxRate, row) for row in found["rate"]),
    )
