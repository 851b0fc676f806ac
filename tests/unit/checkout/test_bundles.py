"""Bundles written as lines of their parts: the money adds up whatever it is."""

from dataclasses import replace
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from app.checkout.rules import Discount, Part, SnapshotLine, unbundled
from app.delivery.states import DeliveryMethod
from app.kernel.ids import OrderLineId, VariantId

BUNDLE = VariantId(uuid4())


def line(
    price: int, quantity: int, *, discounts: tuple[int, ...] = (), tax: int = 0, included: bool = True
) -> SnapshotLine:
    """Write a line of the bundle."""
    off = sum(discounts)
    return SnapshotLine(
        id=OrderLineId(uuid4()),
        cart_line_id=uuid4(),
        variant_id=BUNDLE,
        product_name="A set",
        sku="set",
        options=(),
        delivery=DeliveryMethod.SHIPPING,
        store_id=None,
        quantity=quantity,
        unit_price_minor=price,
        subtotal_minor=price * quantity,
        discount_minor=off,
        tax_minor=tax,
        total_minor=price * quantity - off + (0 if included else tax),
        discounts=tuple(Discount(f"{i}", None, amount) for i, amount in enumerate(discounts)),
    )


def part(quantity: int, price: int) -> Part:
    """Write units of some variant."""
    return Part(VariantId(uuid4()), quantity, "part", "A part", (), price)


parts_of_bundles = st.lists(st.builds(part, st.integers(1, 12), st.integers(0, 10_000)), min_size=1, max_size=6)


@st.composite
def bundle_lines(draw: st.DrawFn) -> SnapshotLine:
    """Draw a line of the bundle with discounts that do not exceed it, and a tax that does not exceed the rest."""
    price, quantity = draw(st.integers(0, 100_000)), draw(st.integers(1, 50))
    left = price * quantity
    discounts = []
    for _ in range(draw(st.integers(0, 3))):
        discounts.append(draw(st.integers(0, left)))
        left -= discounts[-1]
    return line(
        price, quantity, discounts=tuple(discounts), tax=draw(st.integers(0, left)), included=draw(st.booleans())
    )


class TestUnbundled:
    def test_shares_a_price_by_what_the_parts_cost(self) -> None:
        cup, pot = part(2, 500), part(1, 2000)

        lines = unbundled([line(2400, 3)], {BUNDLE: [cup, pot]})

        assert [(x.variant_id, x.quantity, x.unit_price_minor) for x in lines] == [
            (cup.variant_id, 6, 400),
            (pot.variant_id, 3, 1600),
        ]
        assert {x.bundle_id for x in lines} == {BUNDLE}

    def test_puts_a_share_that_does_not_divide_into_two_lines(self) -> None:
        lines = unbundled([line(1000, 2)], {BUNDLE: [part(3, 100)]})

        assert [(x.quantity, x.unit_price_minor, x.subtotal_minor) for x in lines] == [(4, 333, 1332), (2, 334, 668)]

    def test_leaves_other_lines_alone(self) -> None:
        other = replace(line(500, 1), variant_id=VariantId(uuid4()))

        assert unbundled([other], {BUNDLE: [part(1, 1)]}) == [other]

    @given(bundle_lines(), parts_of_bundles)
    def test_money_and_units_add_up(self, whole: SnapshotLine, parts: list[Part]) -> None:
        lines = unbundled([whole], {BUNDLE: parts})

        for name in ("subtotal_minor", "discount_minor", "tax_minor", "total_minor"):
            assert sum(getattr(x, name) for x in lines) == getattr(whole, name), name
        units: dict[UUID, int] = {}
        for x in lines:
            units[x.variant_id] = units.get(x.variant_id, 0) + x.quantity
        assert units == {x.variant_id: x.quantity * whole.quantity for x in parts}

    @given(bundle_lines(), parts_of_bundles)
    def test_every_line_keeps_what_the_database_asks_of_it(self, whole: SnapshotLine, parts: list[Part]) -> None:
        for x in unbundled([whole], {BUNDLE: parts}):
            assert x.subtotal_minor == x.unit_price_minor * x.quantity
            assert x.discount_minor == sum(discount.amount_minor for discount in x.discounts)
            assert 0 <= x.discount_minor <= x.subtotal_minor
            assert x.tax_minor >= 0
            net = x.subtotal_minor - x.discount_minor
            assert x.total_minor in {net, net + x.tax_minor}
            assert x.quantity > 0
