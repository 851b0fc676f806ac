"""What promotions take off, and in which order."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.kernel.ids import ChannelId
from app.promotions.rules import Goods, Promotion, normal_code, reductions
from app.promotions.states import PromotionKind

#: A busy machine is no failure of the law.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

CHANNEL = ChannelId(UUID(int=1))
OPENING = datetime(2026, 1, 1, tzinfo=UTC)


def percent(size: int, code: str | None = None, *, from_minor: int = 0) -> Promotion:
    return promotion(PromotionKind.PERCENT_OFF, code, percent=size, from_minor=from_minor)


def amount(size: int, code: str | None = None, *, from_minor: int = 0) -> Promotion:
    return promotion(PromotionKind.AMOUNT_OFF, code, amount_minor=size, from_minor=from_minor)


def free_delivery(code: str | None = None, *, from_minor: int = 0) -> Promotion:
    return promotion(PromotionKind.FREE_DELIVERY, code, from_minor=from_minor)


def promotion(
    kind: PromotionKind,
    code: str | None,
    *,
    percent: int | None = None,
    amount_minor: int | None = None,
    from_minor: int,
) -> Promotion:
    name = f"{kind} {percent or amount_minor or ''} {code or ''}"
    return Promotion(UUID(int=2), CHANNEL, name, code, kind, percent, amount_minor, from_minor, OPENING, None)


def taken(subtotals: tuple[int, ...], *promotions: Promotion) -> list[tuple[str | None, tuple[int, ...]]]:
    return [(reduction.code, reduction.parts_minor) for reduction in reductions(Goods(subtotals), promotions)]


class TestPercentage:
    def test_is_taken_off_the_subtotal_and_shared_among_lines(self) -> None:
        assert taken((1000, 500), percent(10, "TEN")) == [("TEN", (100, 50))]

    def test_is_rounded_half_away_from_zero_once(self) -> None:
        assert taken((5, 5, 5), percent(10, "TEN")) == [("TEN", (1, 1, 0))]

    def test_adds_to_another_on_the_same_subtotal(self) -> None:
        assert taken((1000,), percent(10, "TEN"), percent(20, "TWENTY")) == [("TWENTY", (200,)), ("TEN", (100,))]

    def test_never_takes_more_than_is_left(self) -> None:
        assert taken((1000,), percent(70, "A"), percent(70, "B")) == [("A", (700,)), ("B", (300,))]


class TestAmount:
    def test_is_shared_by_what_lines_are_worth(self) -> None:
        assert taken((3000, 1000), amount(500, "FIVER")) == [("FIVER", (375, 125))]

    def test_never_takes_more_than_there_is(self) -> None:
        assert taken((200, 100), amount(500, "FIVER")) == [("FIVER", (200, 100))]

    def test_acts_after_percentages(self) -> None:
        found = taken((1000,), amount(500, "FIVER"), percent(10, "TEN"))

        assert found == [("TEN", (100,)), ("FIVER", (500,))]


class TestAutomaticPromotion:
    def test_applies_by_itself(self) -> None:
        assert taken((1000,), percent(3)) == [(None, (30,))]

    def test_gives_way_to_the_one_that_takes_most_off(self) -> None:
        assert taken((1000,), percent(3), amount(100), percent(5)) == [(None, (100,))]

    def test_combines_with_codes_and_acts_before_them(self) -> None:
        assert taken((1000,), percent(50, "HALF"), percent(3)) == [(None, (30,)), ("HALF", (500,))]


class TestCondition:
    def test_is_met_by_the_subtotal_exactly(self) -> None:
        assert taken((14_999,), percent(3, from_minor=15_000)) == []
        assert taken((15_000,), percent(3, from_minor=15_000)) == [(None, (450,))]

    def test_is_about_the_subtotal_before_any_promotion(self) -> None:
        found = taken((1000,), percent(50, "HALF"), amount(100, "ONE", from_minor=1000))

        assert found == [("HALF", (500,)), ("ONE", (100,))]


class TestFreeDelivery:
    def test_takes_nothing_off_goods(self) -> None:
        (reduction,) = reductions(Goods((1000,)), [free_delivery("FREESHIP")])

        assert (reduction.frees_delivery, reduction.amount_minor) == (True, 0)

    def test_is_given_once(self) -> None:
        found = reductions(Goods((1000,)), [free_delivery("B"), free_delivery("A"), free_delivery()])

        assert [reduction.code for reduction in found] == [None]


class TestCode:
    def test_is_read_without_regard_to_case_and_space(self) -> None:
        assert normal_code(" welcome10 ") == "WELCOME10"


_PROMOTIONS = st.lists(
    st.one_of(
        st.builds(percent, st.integers(1, 100), st.sampled_from(["A", "B", None]), from_minor=st.integers(0, 5000)),
        st.builds(amount, st.integers(1, 20_000), st.sampled_from(["C", "D", None]), from_minor=st.integers(0, 5000)),
        st.builds(free_delivery, st.sampled_from(["E", None])),
    ),
    max_size=6,
)
_SUBTOTALS = st.lists(st.integers(0, 100_000), max_size=8).map(tuple)


class TestLaws:
    @unhurried
    @given(_SUBTOTALS, _PROMOTIONS)
    def test_no_line_goes_below_zero(self, subtotals: tuple[int, ...], promotions: list[Promotion]) -> None:
        found = reductions(Goods(subtotals), promotions)

        left = [subtotal - sum(r.parts_minor[i] for r in found) for i, subtotal in enumerate(subtotals)]
        assert all(part >= 0 for part in left)
        assert all(part >= 0 for r in found for part in r.parts_minor)

    @unhurried
    @given(_SUBTOTALS, _PROMOTIONS, st.randoms())
    def test_the_order_in_which_promotions_are_listed_changes_nothing(
        self, subtotals: tuple[int, ...], promotions: list[Promotion], random: object
    ) -> None:
        listed = list(promotions)
        random.shuffle(listed)  # type: ignore[attr-defined]

        assert taken(subtotals, *listed) == taken(subtotals, *promotions)
