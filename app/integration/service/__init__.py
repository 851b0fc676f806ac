"""Imports: files that others wrote become goods, stores and stock.

Invariants: a chunk is one transaction, and one bad row never costs its chunk; every row is told of, taken or refused;
an import repeated changes nothing, and one that broke off goes on where it was.
"""

from app.integration.service.channel import channel_to_sell_in
from app.integration.service.feeds import TakenFeed, take_stock_feed
from app.integration.service.postal_codes import import_postal_codes
from app.integration.service.products import import_products
from app.integration.service.stock import StockTerms, import_stock
from app.integration.service.stores import StoreTerms, import_stores

__all__ = [
    "StockTerms",
    "StoreTerms",
    "TakenFeed",
    "channel_to_sell_in",
    "import_postal_codes",
    "import_products",
    "import_stock",
    "import_stores",
    "take_stock_feed",
]
