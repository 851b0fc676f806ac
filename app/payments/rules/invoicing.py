"""What a document says: an invoice of what was charged, or a credit note of what was given back, as it is frozen.

Its lines, its taxes and what it was paid with all add up to the charge or refund that it is of.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.channels.rules import Channel, Seller
from app.channels.states import TenderKind
from app.delivery.states import DeliveryMethod
from app.kernel.address import Address
from app.kernel.ids import ChannelId, InvoiceId, OrderId
from app.kernel.plain import from_plain
from app.orders.rules import Order, OrderDelivery, OrderLine, OrderWithLines
from app.payments.rules.charging import Charge, Charged, ChargedKind, Refund
from app.payments.states import InvoiceKind
from app.tax.rules import Taxable, TaxRate, taxes


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """Units of a line of the order, or a delivery. The amount has its discount taken off and its tax in it.

    A line without a unit price takes money off goods that stay with their buyer. A rate is in basis points, and None where
    the rates of today do not explain the tax.
    """

    kind: ChargedKind
    id: UUID
    name: str
    sku: str | None
    options: tuple[str, ...]
    units: int
    unit_price_minor: int | None
    discount_minor: int
    discounts: tuple[str, ...]
    amount_minor: int
    tax_minor: int
    tax_name: str
    rate_basis_points: int | None


@dataclass(frozen=True, slots=True)
class TaxTotal:
    """What of a document is taxed at one rate, and the tax on it."""

    name: str
    rate_basis_points: int | None
    net_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True)
class PaidWith:
    """What was taken from one kind of money, or given back to it."""

    tender: TenderKind
    amount_minor: int


@dataclass(frozen=True, slots=True)
class InvoiceContent:
    """All that a document says of goods and money. Nobody is named in it, so that it never has to be erased.

    `waived_minor` was settled between charges and refunds without money that moved; `corrects` are the numbers of the
    invoices that a credit note takes back from.
    """

    order_number: str
    ordered_at: datetime
    tax_included: bool
    language: str
    timezone: str
    lines: tuple[InvoiceLine, ...]
    taxes: tuple[TaxTotal, ...]
    paid_with: tuple[PaidWith, ...]
    waived_minor: int
    corrects: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "InvoiceContent":
        """Read it as it is kept."""
        return from_plain(cls, value)

    @property
    def total_minor(self) -> int:
        """What the lines add up to."""
        return sum(line.amount_minor for line in self.lines)

    @property
    def tax_minor(self) -> int:
        """The tax in it."""
        return sum(line.tax_minor for line in self.lines)


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who bought, as far as they said: the one part of a document that may be forgotten."""

    name: str | None = None
    email: str | None = None
    billing_address: Address | None = None
    shipping_address: Address | None = None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Buyer":
        """Read it as it is kept."""
        return from_plain(cls, value)


@dataclass(frozen=True, slots=True)
class Invoice:
    """A document that was written: an invoice of one charge, or a credit note of one refund."""

    id: InvoiceId
    order_id: OrderId
    kind: InvoiceKind
    charge_id: UUID | None
    refund_id: UUID | None
    number: str
    channel_id: ChannelId
    year: int
    sequence: int
    currency: str
    total_minor: int
    tax_minor: int
    issued_at: datetime
    content: InvoiceContent
    buyer: Buyer | None
    seller: Seller

    @property
    def net_minor(self) -> int:
        """What it amounts to without tax."""
        return self.total_minor - self.tax_minor


def to_invoice(charges: Iterable[Charge], invoiced: Collection[UUID]) -> list[Charge]:
    """List the charges that are paid for and have no invoice yet, oldest first."""
    return [charge for charge in charges if charge.is_settled and charge.id not in invoiced]


def to_credit(
    charges: Sequence[Charge], refunds: Iterable[Refund], *, invoiced: Collection[UUID], credited: Collection[UUID]
) -> list[Refund]:
    """List the refunds that were given back and have no credit note yet, oldest first.

    One waits until what it takes back has been invoiced: no line is ever credited with more than its invoices say.
    """
    written = [charge for charge in charges if charge.id in invoiced]
    everything = len(written) == len(charges)
    done = [refund for refund in refunds if refund.id in credited]
    found = []
    for refund in refunds:
        if refund.id in credited or not refund.is_settled:
            continue
        if everything or _fits(written, [*done, refund]):
            found.append(refund)
            done.append(refund)
    return found


def _fits(charges: Sequence[Charge], refunds: Sequence[Refund]) -> bool:
    units: dict[UUID, int] = {}
    left = sum(charge.amount_minor for charge in charges) - sum(refund.amount_minor for refund in refunds)
    for sign, parts in ((1, charges), (-1, refunds)):
        for part in parts:
            for line in part.lines:
                units[line.id] = units.get(line.id, 0) + sign * line.units
    return left >= 0 and min(units.values(), default=0) >= 0


def corrected(invoices: Iterable[Invoice], refund: Refund) -> list[Invoice]:
    """List the invoices that a credit note corrects: those that name a line of it, else all that the order has."""
    ours = [invoice for invoice in invoices if invoice.kind is InvoiceKind.INVOICE]
    named = {part.id for part in refund.lines}
    return [invoice for invoice in ours if any(line.id in named for line in invoice.content.lines)] or ours


def year_of(moment: datetime, timezone: str) -> int:
    """Say which year it is by a channel's clocks."""
    return moment.astimezone(ZoneInfo(timezone)).year


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a document is written of: the order as it was placed, and the terms of its channel."""

    order: OrderWithLines
    channel: Channel
    rates: Sequence[TaxRate]
    store_countries: Mapping[UUID, str]


def content_of(
    grounds: Grounds,
    parts: Sequence[Charged],
    *,
    amount_minor: int,
    paid_with: Sequence[PaidWith],
    waived_minor: int,
    corrects: Sequence[str] = (),
) -> InvoiceContent:
    """Write what a document says of a charge or a refund.

    A refund of which no lines are known is one line of the whole order.
    """
    order = grounds.order.order
    lines = tuple(_line(grounds, part) for part in parts) or (_whole(grounds, amount_minor),)
    return InvoiceContent(
        order_number=order.number,
        ordered_at=order.placed_at,
        tax_included=order.tax_included,
        language=grounds.channel.language,
        timezone=grounds.channel.timezone,
        lines=lines,
        taxes=tuple(tax_totals(lines)),
        paid_with=tuple(paid_with),
        waived_minor=waived_minor,
        corrects=tuple(corrects),
    )


def tax_totals(lines: Iterable[InvoiceLine]) -> list[TaxTotal]:
    """Add lines up by the rate at which they are taxed, the highest first."""
    nets: dict[tuple[str, int | None], tuple[int, int]] = {}
    for line in lines:
        key = (line.tax_name, line.rate_basis_points)
        net, tax = nets.get(key, (0, 0))
        nets[key] = (net + line.amount_minor - line.tax_minor, tax + line.tax_minor)
    ordered = sorted(nets.items(), key=lambda item: (-(item[0][1] or 0), item[0][0]))
    return [TaxTotal(name, rate, net, tax) for (name, rate), (net, tax) in ordered]


def buyer_of(order: Order, *, name: str | None) -> Buyer | None:
    """Say who bought, as far as the order knows; `name` is that of their account."""
    address = order.billing_address or order.shipping_address
    on_parcel = None if address is None else _joined(address.first_name, address.last_name)
    buyer = Buyer(
        name=on_parcel or name,
        email=order.email,
        billing_address=address,
        shipping_address=order.shipping_address,
    )
    return None if buyer == Buyer() else buyer


def _joined(*names: str | None) -> str | None:
    return " ".join(name for name in names if name) or None


def _line(grounds: Grounds, part: Charged) -> InvoiceLine:
    if part.kind is ChargedKind.DELIVERY:
        delivery = next(one for one in grounds.order.deliveries if one.id == part.id)
        price = delivery.price_minor
        found = _of_delivery(grounds, delivery)
        name, sku, discounts = delivery.option_name, None, delivery.discounts
        options: tuple[str, ...] = ()
    else:
        line = grounds.order.line(part.id)
        assert line is not None, "charges and refunds are of lines of their order"
        price = line.unit_price_minor
        found = _of_line(grounds, line)
        name, sku, discounts = line.product_name, line.sku, line.discounts
        options = tuple(f"{option['name']}: {option['value']}" for option in line.options)
    before_tax = part.amount_minor if grounds.order.order.tax_included else part.amount_minor - part.tax_minor
    discount = price * part.units - before_tax
    # What takes money off goods that stay has no units that its amount could be the price of.
    priced = bool(part.units) and 0 <= discount <= price * part.units
    return InvoiceLine(
        kind=part.kind,
        id=part.id,
        name=name,
        sku=sku,
        options=options,
        units=part.units,
        unit_price_minor=price if priced else None,
        discount_minor=discount if priced else 0,
        discounts=tuple(dict.fromkeys(one["name"] for one in discounts)) if priced and discount else (),
        amount_minor=part.amount_minor,
        tax_minor=part.tax_minor,
        tax_name=found[0],
        rate_basis_points=found[1],
    )


def _whole(grounds: Grounds, amount_minor: int) -> InvoiceLine:
    order = grounds.order.order
    return InvoiceLine(
        kind=ChargedKind.LINE,
        id=order.id,
        name=order.number,
        sku=None,
        options=(),
        units=0,
        unit_price_minor=None,
        discount_minor=0,
        discounts=(),
        amount_minor=amount_minor,
        tax_minor=0,
        tax_name="",
        rate_basis_points=None,
    )


def _of_line(grounds: Grounds, line: OrderLine) -> tuple[str, int | None]:
    country = _country(grounds, line.delivery, line.store_id)
    return rate_of(
        line.subtotal_minor - line.discount_minor,
        line.tax_minor,
        grounds.rates,
        country=country,
        included=grounds.order.order.tax_included,
    )


def _of_delivery(grounds: Grounds, delivery: OrderDelivery) -> tuple[str, int | None]:
    country = _country(grounds, delivery.method, delivery.store_id)
    return rate_of(
        delivery.price_minor - delivery.discount_minor,
        delivery.tax_minor,
        grounds.rates,
        country=country,
        included=grounds.order.order.tax_included,
    )


def _country(grounds: Grounds, method: DeliveryMethod, store_id: UUID | None) -> str | None:
    if method is DeliveryMethod.SHIPPING:
        address = grounds.order.order.shipping_address
        return None if address is None else address.country
    return None if store_id is None else grounds.store_countries.get(store_id)


def rate_of(
    amount_minor: int, tax_minor: int, rates: Sequence[TaxRate], *, country: str | None, included: bool
) -> tuple[str, int | None]:
    """Name the rate that explains the tax on a whole line: where its goods change hands, else anywhere in the channel.

    An order keeps its taxes and not the rates they were counted with; a rate that was changed since then explains nothing,
    and nothing is better said than something that does not add up.
    """
    for rate in sorted(rates, key=lambda rate: rate.country != country):
        [taxed] = taxes([Taxable(amount_minor, rate.country)], {rate.country: rate}, included=included)
        if taxed.tax_minor == tax_minor and (tax_minor or rate.country == country):
            return rate.name, rate.rate_basis_points
    return "", None if tax_minor else 0
