"""What may be checked out at all."""

from decimal import Decimal

from app.cart.errors import DeliveryUnavailable
from app.cart.rules import Cart, Quote
from app.checkout.errors import CartEmpty, DeliveryRequired, PriceChanged
from app.delivery.states import DeliveryMethod
from app.kernel.money import Money, parse_minor


def refuse_unready(cart: Cart, quote: Quote, *, expected_total: Decimal) -> None:
    """Refuse a cart that cannot become an order yet.

    Raises: CartEmpty; DeliveryRequired naming what is missing; DeliveryUnavailable; PriceChanged, with what changed.
    """
    if not quote.lines:
        raise CartEmpty("there is nothing in the cart", field=("cartId",))
    total = Money(quote.total_minor, quote.currency)
    unsold = tuple(line.line_id for line in quote.lines if not line.sold)
    if unsold:
        raise PriceChanged(
            "a line of the cart is not sold any more; remove it", field=("cartId",), total=total, unsold=unsold
        )
    methods = {line.delivery for line in quote.lines}
    if cart.email is None and cart.customer_id is None and methods != {DeliveryMethod.CARRY_OUT}:
        raise DeliveryRequired("an email address is needed; set it on the cart", field=("email",))
    if DeliveryMethod.SHIPPING in methods and cart.shipping_address is None:
        raise DeliveryRequired("a shipping address is needed; set it on the cart", field=("shippingAddress",))
    for group in quote.groups:
        if not group.options:
            raise DeliveryUnavailable(
                f"nothing is offered for the lines by {group.method}; change the address, or how they are delivered",
                field=("deliveryGroups",),
            )
        if group.selected is None and group.withdrawn:
            raise DeliveryUnavailable(
                f"the option chosen for the lines by {group.method} is not offered any more; choose another one",
                field=("deliveryGroups",),
            )
        if group.selected is None:
            raise DeliveryRequired(
                f"choose a delivery option for the lines by {group.method}", field=("deliveryGroups",)
            )
    expected = parse_minor(expected_total, quote.currency, field=("expectedTotal",))
    if expected != quote.total_minor:
        raise PriceChanged(
            f"the total is {total} now", field=("expectedTotal",), total=total, expected=Money(expected, quote.currency)
        )
