"""What documents say adds up to what they are of, whatever was bought, charged in parts and given back in parts."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.channels.rules import Channel, prefix_of
from app.channels.states import CaptureAt, CaptureDelivery, RefundSequence, ReserveAt, TenderKind
from app.kernel.address import Address
from app.kernel.ids import ChannelId, new_id
from app.orders.rules import OrderWithLines
from app.payments.rules import Charge, Charged, ChargedKind, Refund, due
from app.payments.rules.invoicing import Grounds, PaidWith, content_of, rate_of, to_credit, to_invoice, year_of
from app.payments.states import ChargeCause
from app.tax.rules import Taxable, TaxRate, taxes
from tests.builders.bought import bought, delivered, order_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CHANNEL = Channel(
    id=ChannelId(new_id()), code="web", name="Web", currency="GBP", tax_included=True, countries=("GB",), is_default=True,
    display_cap=None, threshold=0, reservation_ttl_seconds=900, reserve_at=ReserveAt.CHECKOUT, reserve_partially=False,
    priority=0, return_window_days=30, capture_at=CaptureAt.SHIPMENT, capture_delivery=CaptureDelivery.FIRST,
    refund_sequence=RefundSequence.AS_CHARGED, tenders=(TenderKind.CARD,), gift_card_ttl_days=None, cart_ttl_days=90,
    customer_cart_ttl_days=None, recovery_url=None, language="en", timezone="UTC", invoice_prefix=None, seller=None, closed_at=None,
)  # fmt: skip
HOME = Address(line1="1 High Street", city="London", country="GB")
VAT = TaxRate(id=new_id(), channel_id=CHANNEL.id, country="GB", name="VAT", rate_basis_points=2000)
IRISH = replace(VAT, id=new_id(), country="IE", rate_basis_points=2300)


@dataclass(frozen=True, slots=True)
class Sale:
    """An order, and how many units of each line leave, or come back, in each of its steps."""

    order: OrderWithLines
    leaves: list[list[int]]
    returns: list[list[int]]


@st.composite
def sales(draw: st.DrawFn) -> Sale:
    """Buy anything, at any prices, taken off and taxed in any way, in a channel of either kind."""
    included = draw(st.booleans())
    lines = []
    for position in range(draw(st.integers(1, 4))):
        ordered, price = draw(st.integers(1, 9)), draw(st.integers(1, 100_000))
        discount = draw(st.integers(0, ordered * price - 1))
        net = ordered * price - discount
        [taxed] = taxes([Taxable(net, "GB")], {"GB": VAT}, included=included)
        lines.append(
            replace(
                bought(ordered=ordered),
                unit_price_minor=price,
                position=position,
                discount_minor=discount,
                subtotal_minor=ordered * price,
                tax_minor=taxed.tax_minor,
                total_minor=net if included else net + taxed.tax_minor,
                discounts=[{"name": "Sale", "code": None, "amount_minor": discount}] if discount else [],
                tax_included=included,
            )
        )
    fee = draw(st.integers(0, 999))
    [on_fee] = taxes([Taxable(fee, "GB")], {"GB": VAT}, included=True)
    delivery = replace(delivered(price=fee), tax_minor=on_fee.tax_minor)
    if not included:
        # What is taxed besides costs that much more.
        delivery = replace(delivery, total_minor=fee + on_fee.tax_minor)
    made = order_of(*lines, deliveries=(delivery,))
    order = replace(made, order=replace(made.order, tax_included=included, shipping_address=HOME))
    steps = draw(st.integers(1, 3))
    leaves = [draw(_steps(line.ordered, steps)) for line in order.lines]
    returns = [draw(_steps(sum(left), steps)) for left in leaves]
    return Sale(order, leaves, returns)


def _steps(units: int, steps: int) -> st.SearchStrategy[list[int]]:
    """Split some of the units over steps."""
    cuts = st.lists(st.integers(0, units), min_size=steps, max_size=steps).map(sorted)
    return cuts.map(lambda ends: [end - start for start, end in zip([0, *ends], ends, strict=False)])


def grounds_of(order: OrderWithLines, *rates: TaxRate) -> Grounds:
    """Say what documents of an order are written of."""
    return Grounds(order=order, channel=CHANNEL, rates=rates or (VAT, IRISH), store_countries={})


def charge_of(lines: list[Charged], *, paid: bool = True) -> Charge:
    """Charge for lines, and take the money."""
    amount = sum(part.amount_minor for part in lines)
    return Charge(
        id=new_id(), order_id=order_of().order.id, cause=ChargeCause.SHIPMENT, amount_minor=amount, waived_minor=0,
        lines=tuple(lines), requested_at=NOON, captured_minor=amount if paid else 0, capturing_minor=0,
    )  # fmt: skip


def refund_of(lines: list[Charged], *, paid: bool = True) -> Refund:
    """Give money back for lines."""
    amount = sum(part.amount_minor for part in lines)
    return Refund(
        id=new_id(), order_id=order_of().order.id, cause_id=new_id(), reason="", amount_minor=amount, waived_minor=0,
        to_store_credit=False, sequence=RefundSequence.AS_CHARGED, lines=tuple(lines), requested_at=NOON,
        refunded_minor=amount if paid else 0, refunding_minor=0,
    )  # fmt: skip


def charges_of(sale: Sale) -> list[Charge]:
    """Charge what leaves, step by step."""
    charges: list[Charge] = []
    gone = dict.fromkeys((line.id for line in sale.order.lines), 0)
    for step in range(len(sale.leaves[0])):
        for line, leaves in zip(sale.order.lines, sale.leaves, strict=True):
            gone[line.id] += leaves[step]
        parts = due(sale.order, charges, gone)
        if sum(part.amount_minor for part in parts):
            charges.append(charge_of(parts))
    return charges


def refunds_of(sale: Sale) -> list[Refund]:
    """Give back what returns, step by step, the units that left first."""
    refunds: list[Refund] = []
    back = dict.fromkeys((line.id for line in sale.order.lines), 0)
    for step in range(len(sale.returns[0])):
        parts = []
        for line, returns in zip(sale.order.lines, sale.returns, strict=True):
            before = back[line.id]
            back[line.id] = now = before + returns[step]
            if now > before:
                value, tax = line.value(now) - line.value(before), line.tax_of(now) - line.tax_of(before)
                parts.append(Charged(ChargedKind.LINE, line.id, now - before, value, tax))
        if sum(part.amount_minor for part in parts):
            refunds.append(refund_of(parts))
    return refunds


class TestContent:
    @given(sales())
    def test_adds_up_to_what_it_is_of(self, sale: Sale) -> None:
        grounds = grounds_of(sale.order)
        written: list[Charge | Refund] = [*charges_of(sale), *refunds_of(sale)]
        for one in written:
            paid = [PaidWith(TenderKind.CARD, one.amount_minor)]
            content = content_of(
                grounds, one.lines, amount_minor=one.amount_minor, paid_with=paid, waived_minor=one.waived_minor
            )

            assert content.total_minor == one.amount_minor == sum(tender.amount_minor for tender in content.paid_with)
            assert content.tax_minor == sum(part.tax_minor for part in one.lines)
            assert sum(tax.net_minor for tax in content.taxes) == content.total_minor - content.tax_minor
            assert sum(tax.tax_minor for tax in content.taxes) == content.tax_minor

    @given(sales())
    def test_explains_every_amount_by_units_and_what_was_taken_off(self, sale: Sale) -> None:
        grounds = grounds_of(sale.order)
        for one in charges_of(sale):
            content = content_of(grounds, one.lines, amount_minor=one.amount_minor, paid_with=[], waived_minor=0)

            for line in content.lines:
                assert line.unit_price_minor is not None
                shown = line.unit_price_minor * line.units - line.discount_minor
                assert shown == line.amount_minor - (0 if content.tax_included else line.tax_minor)
                assert line.discount_minor >= 0

    @given(sales())
    def test_of_a_whole_order_is_the_order(self, sale: Sale) -> None:
        everything = {line.id: line.ordered for line in sale.order.lines}
        charge = charge_of(due(sale.order, [], everything))

        content = content_of(
            grounds_of(sale.order), charge.lines, amount_minor=charge.amount_minor, paid_with=[], waived_minor=0
        )

        worth = sum(line.total_minor for line in sale.order.lines)
        assert content.total_minor == worth + sum(delivery.total_minor for delivery in sale.order.deliveries)
        taken_off = sum(line.discount_minor for line in content.lines)
        assert taken_off == sum(line.discount_minor for line in sale.order.lines)

    def test_of_a_refund_without_lines_is_one_line_of_the_order(self) -> None:
        order = order_of(bought())

        content = content_of(grounds_of(order), [], amount_minor=500, paid_with=[], waived_minor=500)

        [line] = content.lines
        assert (line.name, line.units, line.amount_minor, line.unit_price_minor) == (order.order.number, 0, 500, None)


class TestDue:
    @given(sales(), st.data())
    def test_credits_no_line_with_more_than_was_invoiced(self, sale: Sale, data: st.DataObject) -> None:
        charges = [
            replace(charge, captured_minor=charge.amount_minor * data.draw(st.integers(0, 1)))
            for charge in charges_of(sale)
        ]
        refunds = refunds_of(sale)

        written = {charge.id for charge in to_invoice(charges, set())}
        credited = to_credit(charges, refunds, invoiced=written, credited=set())

        for line in sale.order.lines:
            invoiced = sum(_units(charge.lines, line.id) for charge in charges if charge.id in written)
            assert sum(_units(refund.lines, line.id) for refund in credited) <= invoiced
        if len(written) == len(charges):
            assert credited == refunds

    @given(sales())
    def test_leaves_what_was_taken_and_not_given_back(self, sale: Sale) -> None:
        charges, refunds = charges_of(sale), refunds_of(sale)

        invoiced = to_invoice(charges, set())
        credited = to_credit(charges, refunds, invoiced={one.id for one in invoiced}, credited=set())

        kept = sum(one.captured_minor for one in charges) - sum(one.refunded_minor for one in refunds)
        assert sum(one.amount_minor for one in invoiced) - sum(one.amount_minor for one in credited) == kept

    def test_is_nothing_that_was_written_or_is_not_settled(self) -> None:
        paid, unpaid = charge_of([_mug(1)]), charge_of([_mug(1)], paid=False)
        back, not_yet = refund_of([_mug(1)]), refund_of([_mug(1)], paid=False)

        assert to_invoice([paid, unpaid], set()) == [paid]
        assert to_invoice([paid, unpaid], {paid.id}) == []
        assert to_credit([paid], [back, not_yet], invoiced={paid.id}, credited=set()) == [back]
        assert to_credit([paid], [back, not_yet], invoiced={paid.id}, credited={back.id}) == []
        assert to_credit([paid, unpaid], [back], invoiced=set(), credited=set()) == []


class TestRate:
    @given(st.integers(0, 10**7), st.integers(0, 3000), st.booleans())
    def test_of_where_the_goods_change_hands_explains_their_tax(
        self, amount: int, basis_points: int, included: bool
    ) -> None:
        rate = replace(VAT, rate_basis_points=basis_points)
        [taxed] = taxes([Taxable(amount, "GB")], {"GB": rate}, included=included)

        found = rate_of(amount, taxed.tax_minor, [IRISH, rate], country="GB", included=included)

        assert found == ("VAT", basis_points)

    def test_is_that_of_another_country_where_it_alone_explains_the_tax(self) -> None:
        assert rate_of(12300, 2300, [VAT, IRISH], country=None, included=True) == ("VAT", 2300)

    def test_is_nobodys_where_none_explains_the_tax(self) -> None:
        assert rate_of(12000, 1, [VAT, IRISH], country="GB", included=True) == ("", None)

    def test_is_nothing_where_nothing_is_taxed(self) -> None:
        assert rate_of(12000, 0, [VAT, IRISH], country="US", included=True) == ("", 0)


class TestNumbersOfAChannel:
    @pytest.mark.parametrize(
        ("code", "chosen", "prefix"),
        [
            ("web", None, "WEB"),
            ("web shop / berlin", None, "WEB-SHOP-BERLIN"),
            ("straße", None, "STRASSE"),
            ("日本", None, "INV"),
            ("x" * 40, None, "X" * 20),
            ("web", "RG-1", "RG-1"),
        ],
    )
    def test_begin_with(self, code: str, chosen: str | None, prefix: str) -> None:
        assert prefix_of(code, chosen) == prefix

    def test_are_of_the_year_by_its_clocks(self) -> None:
        new_year_in_auckland = datetime(2026, 12, 31, 11, 30, tzinfo=UTC)

        assert year_of(new_year_in_auckland, "Pacific/Auckland") == 2027
        assert year_of(new_year_in_auckland, "Europe/London") == 2026


def _mug(units: int) -> Charged:
    return Charged(ChargedKind.LINE, UUID(int=7), units, 1200 * units, 200 * units)


def _units(parts: tuple[Charged, ...], line_id: UUID) -> int:
    return sum(part.units for part in parts if part.id == line_id)
