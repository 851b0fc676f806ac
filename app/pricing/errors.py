"""Why a price is refused."""

from app.kernel.errors import Conflict, Invalid


class UnknownPriceList(Invalid):
    """No price list has this code."""


class UnknownSku(Invalid):
    """No variant has this SKU."""


class CurrencyMismatch(Conflict):
    """A channel sells by price lists of its own currency, and a price list keeps the one that it has."""
