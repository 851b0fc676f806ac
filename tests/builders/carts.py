"""Carts through the services, as guests and associates fill and change them, in few words."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from app.cart import queries
from app.cart import service as carts
from app.cart.rules import AddLine, Cart, CartChanges, CartLine, ChangeLine, Quote, Select, group_id
from app.delivery.states import DeliveryMethod
from app.kernel.actor import ANONYMOUS
from app.kernel.db import Begin, UnitOfWork
from app.kernel.errors import DomainError
from app.kernel.ids import ProductId, VariantId, new_id
from tests.builders.shop import Shop


def guest(shop: Shop) -> Begin:
    return shop.database.begin(ANONYMOUS)


def token(shop: Shop, cart: Cart) -> str:
    return shop.database.keys.token("cart", cart.id, generation=cart.token_generation)


def units(shop: Shop, **quantities: int) -> list[AddLine]:
    return [AddLine(shop.variants[sku.replace("_", "-")], quantity) for sku, quantity in quantities.items()]


def collected(
    shop: Shop, sku: str, quantity: int, store: str, method: DeliveryMethod = DeliveryMethod.PICKUP
) -> AddLine:
    return AddLine(shop.variants[sku], quantity, method, shop.locations[store])


async def opened(shop: Shop, *lines: AddLine, by: Begin | None = None) -> Cart:
    async def work(uow: UnitOfWork) -> Cart:
        return await carts.create(uow, lines=lines)

    return await (by or guest(shop)).run(work)


async def add(shop: Shop, cart: Cart, *lines: AddLine, by: Begin | None = None, version: int | None = None) -> Cart:
    async def work(uow: UnitOfWork) -> Cart:
        return await carts.add_lines(uow, cart_id=cart.id, token=token(shop, cart), version=version, lines=lines)

    return await (by or guest(shop)).run(work)


async def change(shop: Shop, cart: Cart, *changes: ChangeLine, by: Begin | None = None) -> Cart:
    async def work(uow: UnitOfWork) -> Cart:
        return await carts.change_lines(uow, cart_id=cart.id, token=token(shop, cart), version=None, changes=changes)

    return await (by or guest(shop)).run(work)


async def update(shop: Shop, cart: Cart, changes: CartChanges) -> Cart:
    async def work(uow: UnitOfWork) -> Cart:
        return await carts.update(uow, cart_id=cart.id, token=token(shop, cart), version=None, changes=changes)

    return await guest(shop).run(work)


async def select(shop: Shop, cart: Cart, *selections: Select, places_left: dict[Any, int] | None = None) -> Cart:
    async def work(uow: UnitOfWork) -> Cart:
        return await carts.select_delivery(
            uow,
            cart_id=cart.id,
            token=token(shop, cart),
            version=None,
            selections=selections,
            places_left=places_left or {},
        )

    return await guest(shop).run(work)


async def quote(shop: Shop, cart: Cart) -> Quote:
    async with shop.database.read() as session:
        current = await queries.get_cart(session, cart_id=cart.id)
        assert current is not None
        return await carts.quote(session, cart=current, now=shop.database.now())


async def lines_of(shop: Shop, cart: Cart) -> list[CartLine]:
    async with shop.database.read() as session:
        return await queries.list_lines(session, cart_ids=[cart.id])


async def write(shop: Shop, sql: str, *args: object) -> None:
    async def work(uow: UnitOfWork) -> None:
        await uow.execute(sql, args)

    await shop.begin().run(work)


def quantities(lines: Sequence[CartLine]) -> list[int]:
    return [line.quantity for line in lines]


def shipping(cart: Cart) -> UUID:
    return group_id(cart.id, DeliveryMethod.SHIPPING, None)


async def refused(kind: type[DomainError], work: Any) -> DomainError:
    with pytest.raises(kind) as refusal:
        await work
    return refusal.value


async def furnish_variants(shop: Shop, count: int) -> list[VariantId]:
    """Sell many more variants, two hundred to a product."""
    ids = [VariantId(new_id()) for _ in range(count)]
    products = [ProductId(new_id()) for _ in range(count // 200 + 1)]
    owners = [products[number // 200] for number in range(count)]
    await write(
        shop,
        "INSERT INTO products (id, slug, name, created_at, updated_at) SELECT id, id::text, 'A shelf', now(), now()"
        " FROM unnest($1::uuid[]) AS product (id)",
        products,
    )
    await write(
        shop,
        "INSERT INTO variants (id, product_id, sku, name, position) "
        "SELECT id, product_id, id::text, 'A thing', position"
        " FROM unnest($1::uuid[], $2::uuid[], $3::int[]) AS variant (id, product_id, position)",
        ids,
        owners,
        [number % 200 for number in range(count)],
    )
    await write(
        shop,
        "INSERT INTO prices (price_list_id, variant_id, amount_minor) SELECT price_list_id, id, 100"
        " FROM unnest($1::uuid[]) AS variant (id), (SELECT DISTINCT price_list_id FROM prices) AS list",
        ids,
    )
    return ids
