"""What checkout answers."""

import strawberry

from app.checkout.errors import PriceChanged
from app.checkout.service import PaymentAsked
from app.kernel.ids import IdKind
from schema.cart.types import Cart
from schema.core.errors import UserError, written_by
from schema.core.ids import public_id
from schema.core.money import Money
from schema.inventory.types import OutOfStockError
from schema.orders.types import Order


@strawberry.type
class PaymentAction:
    """What the shopper has to do before the payment goes on."""

    payment_id: strawberry.ID
    """The tender that asks for it."""
    kind: str
    """How: REDIRECT sends the shopper to `url`; STRIPE_SDK lets Stripe's own script ask them with `clientSecret`."""
    client_secret: str | None
    """For payment services whose own script asks the shopper; null for others."""
    url: str | None
    """
    Where to send the shopper; null for payment services with a script. Of the gateway `test`, a path of this server.
    """

    @classmethod
    def of(cls, asked: PaymentAsked) -> "PaymentAction":
        """Show what is asked."""
        return cls(
            payment_id=public_id(IdKind.PAYMENT, asked.payment_id),
            kind=asked.kind,
            client_secret=asked.client_secret,
            url=asked.url,
        )


@strawberry.type
class PriceChangedError(UserError):
    """Returned when the total is no longer the one that the shopper saw. The payload has the cart as it is now."""

    total: Money
    """What the cart costs now."""
    expected: Money | None
    """What the shopper saw; null where the total was not compared, as lines are not sold any more."""
    unsold_line_ids: list[strawberry.ID]
    """Lines of the cart that are not sold any more, and have to be removed."""


def _price_changed(error: PriceChanged) -> list[UserError]:
    currency = error.total.currency
    return [
        PriceChangedError(
            code=error.code,
            message=error.message,
            field=list(error.field) or None,
            total=Money.of(error.total.minor, currency),
            expected=None if error.expected is None else Money.of(error.expected.minor, currency),
            unsold_line_ids=[public_id(IdKind.CART_LINE, line_id) for line_id in error.unsold],
        )
    ]


written_by(PriceChanged, _price_changed)


@strawberry.type
class CheckoutStartPayload:
    """The answer to checkoutStart."""

    cart: Cart | None
    """The cart with `reservedUntil`; null for a caller who may not see it."""
    shortages: list[OutOfStockError]
    """What could not be held, with what is left of it. Empty when everything is held."""
    errors: list[UserError]
    """Why nothing was held."""


@strawberry.type
class CheckoutCompletePayload:
    """The answer to checkoutComplete."""

    order: Order | None
    """The order; null when refused or not finished."""
    cart: Cart | None
    """The cart as it is now, when it did not become an order; null for a caller who may not see it."""
    payment_action: PaymentAction | None
    """Set when the shopper must act, such as 3-D Secure; call again with the same key afterwards."""
    errors: list[UserError]
    """Why there is no order."""
