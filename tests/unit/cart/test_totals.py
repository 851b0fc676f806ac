"""The totals of a cart: price, promote, deliver, tax."""

from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.cart.rules import CartLine, Quote, Selection, Terms, UnitPrice, group_id, quoted
from app.delivery.rules import DeliveryOption
from app.delivery.states import DeliveryMethod
from app.kernel.ids import CartId, CartLineId, ChannelId, LocationId, VariantId
from app.promotions.rules import Promotion
from app.promotions.states import PromotionKind
from app.tax.rules import TaxRate

CART = CartId(UUID(int=1))
CHANNEL = ChannelId(UUID(int=2))
DUBLIN = LocationId(UUID(int=3))
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SHIPPING = group_id(CART, DeliveryMethod.SHIPPING, None)
COLLECTED = group_id(CART, DeliveryMethod.PICKUP, DUBLIN)
STANDARD = DeliveryOption(
    UUID(int=10), CHANNEL, "standard", "Standard", DeliveryMethod.SHIPPING, 395, 5000, None, 2, 4, 0
)
EXPRESS = DeliveryOption(UUID(int=11), CHANNEL, "express", "Express", DeliveryMethod.SHIPPING, 695, None, None, 1, 2, 1)
PICKUP = DeliveryOption(UUID(int=12), CHANNEL, "pickup", "Collect", DeliveryMethod.PICKUP, 0, None, None, 0, 0, 2)
TEN_PERCENT = Promotion(UUID(int=20), CHANNEL, "Ten", "TEN", PromotionKind.PERCENT_OFF, 10, None, 0, NOON, None)
FREE_DELIVERY = Promotion(
    UUID(int=21), CHANNEL, "Free delivery", "FREESHIP", PromotionKind.FREE_DELIVERY, None, None, 0, NOON, None
)

#: A busy machine is no failure of the law.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
RATES = {
    country: TaxRate(UUID(int=30), CHANNEL, country, f"VAT {country}", points)
    for country, points in {"GB": 2000, "IE": 2300}.items()
}
MUG, LAMP = 1, 2
PRICES = {UUID(int=100 + MUG): UnitPrice(1250, 1500), UUID(int=100 + LAMP): UnitPrice(3999, None)}


def line(number: int, variant: int, quantity: int, *, store: LocationId | None = None) -> CartLine:
    return CartLine(
        id=CartLineId(UUID(int=1000 + number)),
        cart_id=CART,
        variant_id=VariantId(UUID(int=100 + variant)),
        quantity=quantity,
        delivery=DeliveryMethod.PICKUP if store else DeliveryMethod.SHIPPING,
        store_id=store,
        created_at=NOON,
    )


def terms(
    *promotions: Promotion, tax_included: bool = True, options: tuple[DeliveryOption, ...] = (STANDARD, EXPRESS, PICKUP)
) -> Terms:
    return Terms(
        currency="GBP",
        tax_included=tax_included,
        countries=frozenset({"GB", "IE"}),
        home="GB",
        prices=PRICES,
        promotions=promotions,
        options=options,
        rates=RATES,
        store_countries={DUBLIN: "IE"},
    )


def quote(
    *lines: CartLine, on: Terms | None = None, chosen: DeliveryOption | None = None, destination: str | None = None
) -> Quote:
    selections = [Selection(SHIPPING, chosen.id, None)] if chosen else []
    return quoted(CART, lines, selections=selections, destination=destination, terms=on or terms())


class TestQuote:
    def test_of_an_empty_cart_is_nothing(self) -> None:
        empty = quote()

        assert (empty.total_minor, empty.lines, empty.groups) == (0, (), ())

    def test_multiplies_prices(self) -> None:
        found = quote(line(1, MUG, 3), line(2, LAMP, 1))

        assert found.subtotal_minor == 3 * 1250 + 3999
        assert [part.list_price_minor for part in found.lines] == [1500, None]

    def test_tells_its_steps(self) -> None:
        found = quote(line(1, MUG, 2), on=terms(TEN_PERCENT), chosen=STANDARD)

        assert found.steps == (
            "price: 1 lines, 25.00 GBP",
            "promote: Ten (TEN) takes off 2.50 GBP",
            "deliver: SHIPPING by Standard for 3.95 GBP",
            "tax: VAT GB, 4.41 GBP included",
        )

    def test_counts_nothing_for_what_is_not_sold_any_more(self) -> None:
        gone = line(1, 99, 5)

        found = quote(gone, line(2, MUG, 1))

        assert [(part.sold, part.total_minor) for part in found.lines] == [(False, 0), (True, 1250)]


class TestDelivery:
    def test_costs_nothing_before_an_option_is_chosen(self) -> None:
        found = quote(line(1, MUG, 1))

        (group,) = found.groups
        assert (group.selected, found.delivery_minor) == (None, 0)

    def test_is_chosen_by_itself_where_there_is_one_option(self) -> None:
        (group,) = quote(line(1, MUG, 1), on=terms(options=(STANDARD,))).groups

        assert group.selected is not None
        assert group.selected.price_minor == STANDARD.price_minor

    def test_is_free_from_the_subtotal_of_its_group(self) -> None:
        four_mugs = quote(line(1, MUG, 4), chosen=STANDARD)
        mixed = quote(line(1, MUG, 3), line(2, MUG, 1, store=DUBLIN), chosen=STANDARD)

        assert four_mugs.delivery_minor == 0
        assert mixed.delivery_minor == STANDARD.price_minor

    def test_forgets_a_choice_that_is_not_offered_any_more(self) -> None:
        (group,) = quote(line(1, MUG, 1), chosen=PICKUP).groups

        assert group.selected is None

    def test_makes_a_group_of_each_method_and_store(self) -> None:
        found = quote(line(1, MUG, 1), line(2, LAMP, 1, store=DUBLIN), line(3, LAMP, 1))

        assert [(group.group_id, len(group.line_ids)) for group in found.groups] == [(SHIPPING, 2), (COLLECTED, 1)]

    def test_is_offered_nowhere_outside_the_countries_of_the_channel(self) -> None:
        (group,) = quote(line(1, MUG, 1), destination="US").groups

        assert group.options == ()

    def test_is_freed_by_a_promotion(self) -> None:
        found = quote(line(1, MUG, 1), on=terms(FREE_DELIVERY), chosen=EXPRESS)

        assert (found.delivery_minor, found.discount_minor, found.total_minor) == (695, 695, 1250)


class TestTax:
    def test_is_within_inclusive_totals(self) -> None:
        found = quote(line(1, MUG, 1), chosen=STANDARD)

        assert found.tax_minor == 208 + 66
        assert found.total_minor == 1250 + 395

    def test_is_added_to_exclusive_totals(self) -> None:
        found = quote(line(1, MUG, 1), on=terms(tax_included=False), chosen=STANDARD)

        assert found.tax_minor == 250 + 79
        assert found.total_minor == 1250 + 395 + 329
        assert found.lines[0].total_minor == 1500

    def test_is_that_of_the_destination(self) -> None:
        found = quote(line(1, MUG, 1), on=terms(tax_included=False), destination="IE")

        assert found.tax_minor == 288

    def test_is_that_of_the_store_for_what_is_collected(self) -> None:
        found = quote(line(1, MUG, 1, store=DUBLIN), on=terms(tax_included=False), destination="GB")

        assert found.tax_minor == 288


_LINES = st.lists(
    st.tuples(st.sampled_from([MUG, LAMP, 99]), st.integers(1, 50), st.sampled_from([None, DUBLIN])), max_size=6
).map(lambda found: [line(i, variant, units, store=store) for i, (variant, units, store) in enumerate(found)])
_AMOUNTS = st.integers(1, 100_000).map(
    lambda size: replace(TEN_PERCENT, code="AMOUNT", kind=PromotionKind.AMOUNT_OFF, percent=None, amount_minor=size)
)
_PERCENTS = st.integers(1, 100).map(lambda size: replace(TEN_PERCENT, code="PERCENT", percent=size))
_TERMS = st.builds(
    lambda promotions, included: terms(*promotions, tax_included=included),
    st.lists(st.one_of(_AMOUNTS, _PERCENTS, st.just(FREE_DELIVERY)), max_size=3, unique_by=lambda one: one.code),
    st.booleans(),
)
_CHOICES = st.sampled_from([None, STANDARD, EXPRESS])


class TestLaws:
    @unhurried
    @given(_LINES, _TERMS, _CHOICES)
    def test_total_is_the_formula_of_the_contract(
        self, lines: list[CartLine], on: Terms, chosen: DeliveryOption | None
    ) -> None:
        found = quote(*lines, on=on, chosen=chosen)

        added = 0 if found.tax_included else found.tax_minor
        assert found.total_minor == found.subtotal_minor - found.discount_minor + found.delivery_minor + added
        assert found.subtotal_minor == sum(part.unit_price_minor * part.quantity for part in found.lines)

    @unhurried
    @given(_LINES, _TERMS, _CHOICES)
    def test_parts_add_up_to_the_whole(self, lines: list[CartLine], on: Terms, chosen: DeliveryOption | None) -> None:
        found = quote(*lines, on=on, chosen=chosen)

        assert found.total_minor == sum(p.total_minor for p in found.lines) + sum(g.total_minor for g in found.groups)
        assert found.tax_minor == sum(p.tax_minor for p in found.lines) + sum(g.tax_minor for g in found.groups)
        assert all(sum(d.amount_minor for d in part.discounts) == part.discount_minor for part in found.lines)
        assert sorted(i for g in found.groups for i in g.line_ids) == sorted(part.line_id for part in found.lines)

    @unhurried
    @given(_LINES, _TERMS, _CHOICES)
    def test_nothing_is_ever_negative(self, lines: list[CartLine], on: Terms, chosen: DeliveryOption | None) -> None:
        found = quote(*lines, on=on, chosen=chosen)

        assert found.total_minor >= 0
        assert all(min(p.total_minor, p.tax_minor, p.discount_minor) >= 0 for p in found.lines)
        assert all(min(g.total_minor, g.tax_minor, g.discount_minor) >= 0 for g in found.groups)

    @unhurried
    @given(_LINES, _TERMS, _CHOICES, st.integers())
    def test_the_order_of_lines_changes_nothing(
        self, lines: list[CartLine], on: Terms, chosen: DeliveryOption | None, seed: int
    ) -> None:
        shuffled = list(lines)
        Random(seed).shuffle(shuffled)  # Not a secret.

        assert quote(*shuffled, on=on, chosen=chosen) == quote(*lines, on=on, chosen=chosen)
