"""Commands about prices."""

from collections.abc import Sequence
from uuid import UUID

from app.catalog import queries as catalog
from app.channels import queries as channels
from app.channels.errors import UnknownChannel
from app.channels.rules import Channel
from app.kernel.db import UnitOfWork
from app.kernel.ids import ChannelId, new_id
from app.kernel.permissions import Permission
from app.kernel.puts import Put, PutRow, effect_of
from app.pricing import queries
from app.pricing.errors import CurrencyMismatch, UnknownPriceList, UnknownSku
from app.pricing.rules import Price, PriceInput, PriceList, PriceListInput, check_price_lists, check_prices


async def put_price_lists(uow: UnitOfWork, *, price_lists: Sequence[PriceListInput]) -> list[PutRow]:
    """Open price lists or change them, each by its code, and say which channels sell by them.

    Answers one row each, in their order. Locks: the price lists.
    Raises: Forbidden; Invalid and UnknownChannel naming the element; CurrencyMismatch.
    """
    uow.actor.require(Permission.CATALOG_WRITE)
    check_price_lists(price_lists)
    await queries.lock_price_lists(uow)
    known = {row.code: row for row in await queries.list_price_lists(uow, codes=[row.code for row in price_lists])}
    channel_of = await _channels(uow, price_lists)
    wanted = [
        _wanted(i, price_list, known.get(price_list.code), channel_of) for i, price_list in enumerate(price_lists)
    ]
    ids = [row.id for row in wanted]
    used: dict[ChannelId, list[UUID]] = {channel.id: [] for channel in channel_of.values()}
    used |= {link.channel_id: [] for link in await queries.list_channels_of(uow, price_list_ids=ids)}
    for link in await queries.list_used(uow, channel_ids=list(used)):
        used[link.channel_id].append(link.price_list_id)
    effects: list[Put] = []
    before = {channel_id: tuple(asked) for channel_id, asked in used.items()}
    for price_list, row in zip(price_lists, wanted, strict=True):
        moved = False
        if price_list.channels is not None:
            channel_ids = [channel_of[code].id for code in price_list.channels]
            moved = _use(used, row.id, channel_ids, first=price_list.asked_first)
        effects.append(effect_of(known=row.code in known, changed=moved or known.get(row.code) != row))
    if changed := [row for row in wanted if known.get(row.code) != row]:
        await queries.upsert_price_lists(uow, price_lists=changed)
    if other := {channel_id: asked for channel_id, asked in used.items() if tuple(asked) != before[channel_id]}:
        await queries.replace_used(uow, used=other)
    return [PutRow(row.code, row.id, effect) for row, effect in zip(wanted, effects, strict=True)]


async def put_prices(uow: UnitOfWork, *, price_list: str, prices: Sequence[PriceInput]) -> list[PutRow]:
    """Say what variants cost in a price list, each by its SKU; carts that are open cost the new prices at once.

    Answers one row each, in their order, with the variant's id. Locks: the price lists.
    Raises: Forbidden; Invalid and UnknownSku naming the element; UnknownPriceList.
    """
    uow.actor.require(Permission.CATALOG_WRITE)
    check_prices(prices)
    await queries.lock_price_lists(uow)
    found = await queries.list_price_lists(uow, codes=[price_list])
    if not found:
        raise UnknownPriceList(f"{price_list[:60]!r} is not a price list of this shop", field=("priceList",))
    (target,) = found
    variants = await catalog.list_variants_by_sku(uow, skus=[price.sku for price in prices])
    for i, price in enumerate(prices):
        if price.sku not in variants:
            raise UnknownSku(f"{price.sku[:60]!r} is not a SKU of this shop", field=("prices", str(i), "sku"))
    variant_ids = [variants[price.sku].id for price in prices]
    known = await queries.list_of_price_list(uow, price_list_id=target.id, variant_ids=variant_ids)
    wanted = [
        None if price.amount_minor is None else Price(variant_id, price.amount_minor, price.list_amount_minor)
        for price, variant_id in zip(prices, variant_ids, strict=True)
    ]
    effects = [
        effect_of(known=row is None or variant_id in known, changed=known.get(variant_id) != row)
        for row, variant_id in zip(wanted, variant_ids, strict=True)
    ]
    if changed := [row for row in wanted if row is not None and known.get(row.variant_id) != row]:
        await queries.upsert_prices(uow, price_list_id=target.id, prices=changed)
    if gone := [key for row, key in zip(wanted, variant_ids, strict=True) if row is None and key in known]:
        await queries.delete_prices(uow, price_list_id=target.id, variant_ids=gone)
    return [
        PutRow(price.sku, variant_id, effect)
        for price, variant_id, effect in zip(prices, variant_ids, effects, strict=True)
    ]


async def _channels(uow: UnitOfWork, price_lists: Sequence[PriceListInput]) -> dict[str, Channel]:
    codes = {code for price_list in price_lists for code in price_list.channels or ()}
    known = {channel.code: channel for channel in await channels.list_channels_by_code(uow, codes=codes)}
    for i, price_list in enumerate(price_lists):
        for n, code in enumerate(price_list.channels or ()):
            if code not in known:
                refusal = UnknownChannel(code)
                refusal.field = ("priceLists", str(i), "channels", str(n))
                raise refusal
    return known


def _wanted(i: int, price_list: PriceListInput, known: PriceList | None, channel_of: dict[str, Channel]) -> PriceList:
    at = ("priceLists", str(i))
    if known is not None and known.currency != price_list.currency:
        raise CurrencyMismatch("a price list keeps its currency; open another one", field=(*at, "currency"))
    for n, code in enumerate(price_list.channels or ()):
        if channel_of[code].currency != price_list.currency:
            message = f"the channel {code!r} sells in {channel_of[code].currency}"
            raise CurrencyMismatch(message, field=(*at, "channels", str(n)))
    return PriceList(known.id if known else new_id(), price_list.code, price_list.name, price_list.currency)


def _use(
    used: dict[ChannelId, list[UUID]], price_list_id: UUID, channel_ids: Sequence[ChannelId], *, first: bool
) -> bool:
    """Let these channels, and no others, sell by a price list."""
    moved = False
    for channel_id, asked in used.items():
        if channel_id in channel_ids and price_list_id not in asked:
            asked.insert(0 if first else len(asked), price_list_id)
            moved = True
        elif channel_id not in channel_ids and price_list_id in asked:
            asked.remove(price_list_id)
            moved = True
    return moved
