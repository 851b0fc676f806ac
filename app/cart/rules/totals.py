"""The totals of a cart: price, promote, deliver, tax. Each step sees what the ones before it made.

Lines are taken in the order of their ids, whatever order they come in, so that the last penny of a discount always
falls on the same line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.cart.rules.records import CartLine, Selection, group_id
from app.delivery.rules import Consignment, DeliveryOption, offers
from app.delivery.states import DeliveryMethod
from app.kernel.ids import CartId, CartLineId, LocationId, VariantId
from app.kernel.money import Money
from app.promotions.rules import Goods, Promotion, Reduction, reductions
from app.tax.rules import Taxable, Taxed, TaxRate, taxes


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """What one unit costs now, and before the price list's reduction."""

    amount_minor: int
    list_amount_minor: int | None


@dataclass(frozen=True, slots=True)
class Terms:
    """What a channel asks right now: everything that totals depend on besides the cart itself.

    `home` is the country assumed until there is an address; `store_countries` are those of the stores that hand over.
    """

    currency: str
    tax_included: bool
    countries: frozenset[str]
    home: str
    prices: Mapping[UUID, UnitPrice]
    promotions: Sequence[Promotion]
    options: Sequence[DeliveryOption]
    rates: Mapping[str, TaxRate]
    store_countries: Mapping[UUID, str]


@dataclass(frozen=True, slots=True)
class QuotedDiscount:
    """An amount taken off one line or delivery, with its promotion."""

    name: str
    code: str | None
    amount_minor: int


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """A line with its amounts. `total_minor` is after discounts and includes tax always.

    `sold` is false where the variant has no price in the channel any more: it counts nothing, and cannot be ordered.
    """

    line_id: CartLineId
    variant_id: VariantId
    quantity: int
    delivery: DeliveryMethod
    store_id: LocationId | None
    group_id: UUID
    unit_price_minor: int
    list_price_minor: int | None
    subtotal_minor: int
    discounts: tuple[QuotedDiscount, ...]
    discount_minor: int
    tax_minor: int
    total_minor: int
    sold: bool
    note: str | None
    gift_message: str | None


@dataclass(frozen=True, slots=True)
class QuotedOption:
    """A delivery option with its price for one group."""

    option_id: UUID
    code: str
    name: str
    price_minor: int
    min_days: int
    max_days: int


@dataclass(frozen=True, slots=True)
class QuotedGroup:
    """Lines that travel together, what may deliver them, and what that costs, tax included in the total."""

    group_id: UUID
    method: DeliveryMethod
    store_id: LocationId | None
    line_ids: tuple[CartLineId, ...]
    options: tuple[QuotedOption, ...]
    selected: QuotedOption | None
    slot_starts_at: datetime | None
    discounts: tuple[QuotedDiscount, ...]
    #: Whether an option was chosen that is not offered any more.
    withdrawn: bool
    discount_minor: int
    tax_minor: int
    total_minor: int

    @property
    def price_minor(self) -> int:
        """What delivery costs before discounts; nothing until an option is chosen."""
        return self.selected.price_minor if self.selected else 0


@dataclass(frozen=True, slots=True)
class Quote:
    """What a cart costs at one moment, and how that came about.

    total = subtotal - discount + delivery, plus tax where prices do not include it. `steps` say it in words.
    """

    lines: tuple[QuotedLine, ...]
    groups: tuple[QuotedGroup, ...]
    subtotal_minor: int
    discount_minor: int
    delivery_minor: int
    tax_minor: int
    total_minor: int
    currency: str
    tax_included: bool
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Priced:
    line: CartLine
    group_id: UUID
    price: UnitPrice | None
    subtotal_minor: int


@dataclass(frozen=True, slots=True)
class _Delivered:
    group_id: UUID
    method: DeliveryMethod
    store_id: LocationId | None
    country: str
    line_ids: tuple[CartLineId, ...]
    options: tuple[QuotedOption, ...]
    selected: QuotedOption | None
    slot_starts_at: datetime | None
    discounts: tuple[QuotedDiscount, ...]
    withdrawn: bool

    @property
    def net_minor(self) -> int:
        price = self.selected.price_minor if self.selected else 0
        return price - sum(discount.amount_minor for discount in self.discounts)


def quoted(
    cart_id: CartId,
    lines: Sequence[CartLine],
    *,
    selections: Sequence[Selection],
    destination: str | None,
    terms: Terms,
) -> Quote:
    """Say what a cart costs and why. `destination` is the country of the shipping address, once there is one."""
    priced = _price(cart_id, lines, terms)
    taken = reductions(Goods(tuple(part.subtotal_minor for part in priced)), terms.promotions)
    groups = _deliver(priced, selections, destination, taken, terms)
    return _tax(priced, taken, groups, terms)


def _price(cart_id: CartId, lines: Sequence[CartLine], terms: Terms) -> list[_Priced]:
    priced = []
    names: dict[tuple[DeliveryMethod, LocationId | None], UUID] = {}
    for line in sorted(lines, key=lambda line: line.id):
        price = terms.prices.get(line.variant_id)
        place = (line.delivery, line.store_id)
        group = names.get(place) or names.setdefault(place, group_id(cart_id, *place))
        priced.append(_Priced(line, group, price, price.amount_minor * line.quantity if price else 0))
    return priced


def _deliver(
    priced: Sequence[_Priced],
    selections: Sequence[Selection],
    destination: str | None,
    taken: Sequence[Reduction],
    terms: Terms,
) -> list[_Delivered]:
    chosen = {selection.group_id: selection for selection in selections}
    freed_by = next((reduction for reduction in taken if reduction.frees_delivery), None)
    together: dict[UUID, list[_Priced]] = {}
    for part in priced:
        together.setdefault(part.group_id, []).append(part)
    return [_group(parts, chosen.get(group), destination, freed_by, terms) for group, parts in together.items()]


def _group(
    parts: Sequence[_Priced],
    chosen: Selection | None,
    destination: str | None,
    freed_by: Reduction | None,
    terms: Terms,
) -> _Delivered:
    first = parts[0].line
    country = destination or terms.home
    if first.store_id is not None:
        country = terms.store_countries.get(first.store_id, terms.home)
    consignment = Consignment(
        method=first.delivery,
        country=country,
        country_served=country in terms.countries,
        subtotal_minor=sum(part.subtotal_minor for part in parts),
    )
    options = tuple(
        QuotedOption(
            option_id=offer.option.id,
            code=offer.option.code,
            name=offer.option.name,
            price_minor=offer.price_minor,
            min_days=offer.option.min_days,
            max_days=offer.option.max_days,
        )
        for offer in offers(consignment, terms.options)
    )
    selected = _selected(options, chosen)
    discounts: tuple[QuotedDiscount, ...] = ()
    if freed_by is not None and selected is not None and selected.price_minor:
        discounts = (QuotedDiscount(freed_by.name, freed_by.code, selected.price_minor),)
    return _Delivered(
        group_id=parts[0].group_id,
        method=first.delivery,
        store_id=first.store_id,
        country=country,
        line_ids=tuple(part.line.id for part in parts),
        options=options,
        selected=selected,
        slot_starts_at=chosen.slot_starts_at if chosen else None,
        discounts=discounts,
        withdrawn=chosen is not None and selected is None,
    )


def _selected(options: Sequence[QuotedOption], chosen: Selection | None) -> QuotedOption | None:
    """Find what was chosen, if it is still offered; where there is only one way, nobody has to choose it."""
    if len(options) == 1:
        return options[0]
    return next((option for option in options if chosen and option.option_id == chosen.option_id), None)


def _tax(priced: Sequence[_Priced], taken: Sequence[Reduction], groups: Sequence[_Delivered], terms: Terms) -> Quote:
    country_of = {group.group_id: group.country for group in groups}
    discounts = [_discounts(i, taken) for i in range(len(priced))]
    nets = [
        part.subtotal_minor - sum(discount.amount_minor for discount in off)
        for part, off in zip(priced, discounts, strict=True)
    ]
    amounts = [Taxable(net, country_of[part.group_id]) for part, net in zip(priced, nets, strict=True)]
    amounts += [Taxable(group.net_minor, group.country) for group in groups]
    taxed = taxes(amounts, terms.rates, included=terms.tax_included)
    on_lines, on_groups = taxed[: len(priced)], taxed[len(priced) :]
    lines = tuple(
        _quoted_line(part, off, net, tax.tax_minor, terms)
        for part, off, net, tax in zip(priced, discounts, nets, on_lines, strict=True)
    )
    deliveries = tuple(_quoted_group(group, tax.tax_minor, terms) for group, tax in zip(groups, on_groups, strict=True))
    return _summed(lines, deliveries, taken, taxed, terms)


def _discounts(i: int, taken: Sequence[Reduction]) -> tuple[QuotedDiscount, ...]:
    return tuple(
        QuotedDiscount(reduction.name, reduction.code, reduction.parts_minor[i])
        for reduction in taken
        if reduction.parts_minor[i]
    )


def _quoted_line(part: _Priced, discounts: tuple[QuotedDiscount, ...], net: int, tax: int, terms: Terms) -> QuotedLine:
    line = part.line
    return QuotedLine(
        line_id=line.id,
        variant_id=line.variant_id,
        quantity=line.quantity,
        delivery=line.delivery,
        store_id=line.store_id,
        group_id=part.group_id,
        unit_price_minor=part.price.amount_minor if part.price else 0,
        list_price_minor=part.price.list_amount_minor if part.price else None,
        subtotal_minor=part.subtotal_minor,
        discounts=discounts,
        discount_minor=part.subtotal_minor - net,
        tax_minor=tax,
        total_minor=net if terms.tax_included else net + tax,
        sold=part.price is not None,
        note=line.note,
        gift_message=line.gift_message,
    )


def _quoted_group(group: _Delivered, tax: int, terms: Terms) -> QuotedGroup:
    return QuotedGroup(
        group_id=group.group_id,
        method=group.method,
        store_id=group.store_id,
        line_ids=group.line_ids,
        options=group.options,
        selected=group.selected,
        slot_starts_at=group.slot_starts_at,
        discounts=group.discounts,
        withdrawn=group.withdrawn,
        discount_minor=sum(discount.amount_minor for discount in group.discounts),
        tax_minor=tax,
        total_minor=group.net_minor if terms.tax_included else group.net_minor + tax,
    )


def _summed(
    lines: tuple[QuotedLine, ...],
    groups: tuple[QuotedGroup, ...],
    taken: Sequence[Reduction],
    taxed: Sequence[Taxed],
    terms: Terms,
) -> Quote:
    subtotal = sum(line.subtotal_minor for line in lines)
    discount = sum(line.discount_minor for line in lines) + sum(group.discount_minor for group in groups)
    delivery = sum(group.price_minor for group in groups)
    tax = sum(part.tax_minor for part in taxed)
    return Quote(
        lines=lines,
        groups=groups,
        subtotal_minor=subtotal,
        discount_minor=discount,
        delivery_minor=delivery,
        tax_minor=tax,
        total_minor=subtotal - discount + delivery + (0 if terms.tax_included else tax),
        currency=terms.currency,
        tax_included=terms.tax_included,
        steps=_explained(lines, groups, taken, taxed, terms),
    )


def _explained(
    lines: Sequence[QuotedLine],
    groups: Sequence[QuotedGroup],
    taken: Sequence[Reduction],
    taxed: Sequence[Taxed],
    terms: Terms,
) -> tuple[str, ...]:
    def money(minor: int) -> Money:
        return Money(minor, terms.currency)

    steps = [f"price: {len(lines)} lines, {money(sum(line.subtotal_minor for line in lines))}"]
    steps += [f"price: line {line.line_id} is not sold here any more" for line in lines if not line.sold]
    steps += [
        f"promote: {reduction.name} ({reduction.code or 'automatic'}) takes off "
        + ("delivery" if reduction.frees_delivery else str(money(reduction.amount_minor)))
        for reduction in taken
    ]
    steps += [
        f"deliver: {group.method} by {group.selected.name} for {money(group.price_minor)}"
        if group.selected
        else f"deliver: {group.method}, one of {len(group.options)} options to be chosen"
        for group in groups
    ]
    by_rate: dict[str, int] = {}
    for part in taxed:
        by_rate[part.name] = by_rate.get(part.name, 0) + part.tax_minor
    how = "included" if terms.tax_included else "added"
    steps += [f"tax: {name}, {money(tax)} {how}" for name, tax in by_rate.items() if name]
    return tuple(steps)
