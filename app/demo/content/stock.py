"""How much of everything lies where on the first day: uneven, as in a real shop.

The warehouse holds most; stores hold the popular part, some of it down to the last unit; a few things are sold out.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.demo.content.catalogue import Product
from app.demo.content.places import STORES, WAREHOUSE

#: Of a hundred popular variants, how many a store carries.
_BREADTH = {
    "LONDON": 92,
    "MANCHESTER": 80,
    "BIRMINGHAM": 75,
    "DUBLIN": 70,
    "CARDIFF": 40,
    "JERSEY": 30,
    "GIBRALTAR": 25,
}
_USUAL_BREADTH = 55
_POPULAR_PERCENT = 45
_SOLD_OUT_PRODUCTS = 4
_SOLD_OUT_VARIANTS_PERCENT = 2

#: (weight, fewest, most): the warehouse has run out of a few things and is deep in others; a store is often down to the last.
_WAREHOUSE_FORTUNES = ((6, 0, 0), (7, 1, 3), (62, 20, 90), (25, 100, 400))
_STORE_FORTUNES = ((12, 0, 0), (33, 1, 3), (55, 4, 14))


@dataclass(frozen=True, slots=True)
class Level:
    """Sellable units of one variant at one place; may be none."""

    sku: str
    location_code: str
    quantity: int


def levels(products: Sequence[Product], seed: int) -> tuple[Level, ...]:
    """Count what lies where, variant by variant, the warehouse first."""
    chance = random.Random(f"{seed}:stock")
    sold_out = {product.slug for product in chance.sample(products, _SOLD_OUT_PRODUCTS)}
    found: list[Level] = []
    for product in products:
        popular = chance.randrange(100) < _POPULAR_PERCENT
        for variant in product.variants:
            gone = product.slug in sold_out or chance.randrange(100) < _SOLD_OUT_VARIANTS_PERCENT
            found.append(Level(variant.sku, WAREHOUSE.code, 0 if gone else _quantity(chance, _WAREHOUSE_FORTUNES)))
            if popular:
                found.extend(_in_stores(variant.sku, chance, gone=gone))
    return tuple(found)


def _in_stores(sku: str, chance: random.Random, *, gone: bool) -> Iterator[Level]:
    for store in STORES:
        if chance.randrange(100) < _BREADTH.get(store.code, _USUAL_BREADTH):
            yield Level(sku, store.code, 0 if gone else _quantity(chance, _STORE_FORTUNES))


def _quantity(chance: random.Random, fortunes: Sequence[tuple[int, int, int]]) -> int:
    weights = [weight for weight, _, _ in fortunes]
    _, fewest, most = chance.choices(fortunes, weights=weights)[0]
    return chance.randint(fewest, most)
