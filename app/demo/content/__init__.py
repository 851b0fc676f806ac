"""The content of the demo shop: what it sells, where, to whom and on what terms.

Pure: no database and no clock. The same seed gives equal content, on any machine. Amounts are integers of pence.
"""

from dataclasses import dataclass

from app.demo.content.catalogue import Category, Collection, Product, catalogue
from app.demo.content.commerce import (
    CHANNELS,
    DELIVERY_OPTIONS,
    PRICE_LIST,
    PROMOTIONS,
    TAX_RATES,
    Channel,
    DeliveryOption,
    PriceList,
    Promotion,
    TaxRate,
)
from app.demo.content.people import Customer, LogIn, customers, log_ins
from app.demo.content.places import GROUPS, LANES, PLACES, Group, Lane, Place
from app.demo.content.stock import Level, levels

DEFAULT_SEED = 20261121


@dataclass(frozen=True, slots=True)
class ShopContent:
    """A whole shop on its first morning."""

    places: tuple[Place, ...]
    groups: tuple[Group, ...]
    lanes: tuple[Lane, ...]
    categories: tuple[Category, ...]
    collections: tuple[Collection, ...]
    products: tuple[Product, ...]
    levels: tuple[Level, ...]
    log_ins: tuple[LogIn, ...]
    customers: tuple[Customer, ...]
    channels: tuple[Channel, ...]
    price_list: PriceList
    delivery_options: tuple[DeliveryOption, ...]
    tax_rates: tuple[TaxRate, ...]
    promotions: tuple[Promotion, ...]


def shop(seed: int = DEFAULT_SEED) -> ShopContent:
    """Gather everything the demo shop opens with."""
    goods = catalogue(seed)
    return ShopContent(
        places=PLACES,
        groups=GROUPS,
        lanes=LANES,
        categories=goods.categories,
        collections=goods.collections,
        products=goods.products,
        levels=levels(goods.products, seed),
        log_ins=log_ins(),
        customers=customers(seed),
        channels=CHANNELS,
        price_list=PRICE_LIST,
        delivery_options=DELIVERY_OPTIONS,
        tax_rates=TAX_RATES,
        promotions=PROMOTIONS,
    )
