"""What may be checked out at all, and how its tenders add up."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from app.cart.rules import Cart, Quote
from app.checkout.errors import CartEmpty, DeliveryRequired, PriceChanged
from app.checkout.rules.records import Tender
from app.delivery.states import DeliveryMethod
from app.kernel.errors import Invalid
from app.kernel.money import Money, parse_minor
from app.payments.errors import PaymentMismatch

MOST_TENDERS = 5


def refuse_unready(cart: Cart, quote: Quote, *, expected_total: Decimal) -> None:
    """Refuse a cart that cannot become an order yet.

    Raises: CartEmpty; DeliveryRequired naming what is missing; PriceChanged.
    """
    if not quote.lines:
        raise CartEmpty("there is nothing in the cart", field=("cartId",))
    for line in quote.lines:
        if not line.sold:
            raise PriceChanged("a line of the cart is not sold any more; remove it", field=("cartId",))
    methods = {line.delivery for line in quote.lines}
    if cart.email is None and cart.customer_id is None and methods != {DeliveryMethod.CARRY_OUT}:
        raise DeliveryRequired("an email address is needed; set it on the cart", field=("email",))
    if DeliveryMethod.SHIPPING in methods and cart.shipping_address is None:
        raise DeliveryRequired("a shipping address is needed; set it on the cart", field=("shippingAddress",))
    for group in quote.groups:
        if group.selected is None:
            raise DeliveryRequired(
                f"choose a delivery option for the lines by {group.method}", field=("deliveryGroups",)
            )
    expected = parse_minor(expected_total, quote.currency, field=("expectedTotal",))
    if expected != quote.total_minor:
        total = Money(quote.total_minor, quote.currency)
        raise PriceChanged(f"the total is {total} now", field=("expectedTotal",))


def tender_amounts(
    tenders: Sequence[Tender], *, total_minor: int, currency: str, gateways: Mapping[str, object]
) -> list[int]:
    """Say how much each tender pays, in minor units.

    Raises: PaymentMismatch naming the tender: unknown, without a token, or not adding up to the total.
    """
    if len(tenders) > MOST_TENDERS:
        raise Invalid(f"at most {MOST_TENDERS} tenders", field=("payments",))
    if total_minor == 0 and not tenders:
        return []
    if not tenders or total_minor == 0:
        total = Money(total_minor, currency)
        raise PaymentMismatch(f"the tenders have to add up to {total}", field=("payments",))
    amounts: list[int] = []
    for i, tender in enumerate(tenders):
        path = ("payments", str(i))
        if tender.gateway not in gateways:
            raise PaymentMismatch("this shop takes no such payment", field=(*path, "gateway"))
        if not tender.token or len(tender.token) > 200:
            raise PaymentMismatch("a token of the payment service is needed", field=(*path, "token"))
        if tender.amount is not None:
            amount = parse_minor(tender.amount, currency, field=(*path, "amount"))
        elif i == len(tenders) - 1:
            amount = total_minor - sum(amounts)
        else:
            raise PaymentMismatch("only the last tender may leave its amount out", field=(*path, "amount"))
        if amount <= 0:
            raise PaymentMismatch("a tender has to pay something", field=(*path, "amount"))
        amounts.append(amount)
    if sum(amounts) != total_minor:
        paid, total = Money(sum(amounts), currency), Money(total_minor, currency)
        raise PaymentMismatch(f"the tenders add up to {paid}, the total is {total}", field=("payments",))
    return amounts
