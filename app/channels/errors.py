"""Why a channel is refused."""

from app.kernel.errors import Conflict, Invalid


class UnknownChannel(Invalid):
    """No open channel has this code."""

    def __init__(self, code: str | None) -> None:
        message = (
            "the shop has no default channel yet; name one"
            if code is None
            else f"{code[:60]!r} is not a channel of this shop"
        )
        super().__init__(message, field=("channel",))


class CurrencyFixed(Conflict):
    """Carts, orders and price lists speak the channel's currency, so it is never changed."""
