"""What adding and changing lines comes to."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from app.cart.errors import TooManyLines, TooManyUnits
from app.cart.rules import (
    MOST_LINES,
    MOST_UNITS,
    AddLine,
    CartLine,
    ChangeLine,
    group_id,
    merged,
    refuse_too_many_lines,
    rewritten,
)
from app.delivery.states import DeliveryMethod
from app.kernel.errors import DomainError, Invalid, NotFound
from app.kernel.ids import CartId, CartLineId, LocationId, VariantId

CART = CartId(UUID(int=1))
STORE = LocationId(UUID(int=2))
MUG = VariantId(UUID(int=3))
LAMP = VariantId(UUID(int=4))
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def line(number: int, variant: VariantId, quantity: int, *, store: LocationId | None = None) -> CartLine:
    method = DeliveryMethod.PICKUP if store else DeliveryMethod.SHIPPING
    return CartLine(CartLineId(UUID(int=100 + number)), CART, variant, quantity, method, store, NOON)


def line_id(number: int) -> UUID:
    return UUID(int=100 + number)


def refused_field(refusal: pytest.ExceptionInfo[DomainError]) -> tuple[str, ...]:
    return refusal.value.field


class TestAdding:
    def test_adds_up_what_is_the_same(self) -> None:
        found = merged(
            [AddLine(MUG, 1), AddLine(LAMP, 2), AddLine(MUG, 3), AddLine(MUG, 1, DeliveryMethod.PICKUP, STORE)]
        )

        assert list(found.values()) == [(4, 0), (2, 1), (1, 3)]

    @pytest.mark.parametrize("quantity", [0, -1, MOST_UNITS + 1])
    def test_refuses_a_quantity_that_no_line_has(self, quantity: int) -> None:
        with pytest.raises(Invalid) as refusal:
            merged([AddLine(MUG, 1), AddLine(LAMP, quantity)])

        assert refused_field(refusal) == ("lines", "1", "quantity")

    def test_refuses_too_many_units_in_all(self) -> None:
        with pytest.raises(TooManyUnits) as refusal:
            merged([AddLine(MUG, MOST_UNITS), AddLine(MUG, 1)])

        assert refused_field(refusal) == ("lines", "1", "quantity")

    def test_refuses_too_many_lines(self) -> None:
        refuse_too_many_lines(MOST_LINES)
        with pytest.raises(TooManyLines):
            refuse_too_many_lines(MOST_LINES + 1)


class TestChanging:
    def test_changes_a_quantity(self) -> None:
        found = rewritten([line(1, MUG, 1), line(2, LAMP, 1)], [ChangeLine(line_id(1), quantity=5)])

        assert (found.removed, found.recounted, found.moved) == ((), (line(1, MUG, 5),), ())

    def test_removes_at_zero(self) -> None:
        found = rewritten([line(1, MUG, 1)], [ChangeLine(line_id(1), quantity=0)])

        assert found.removed == (line_id(1),)

    def test_writes_nothing_when_nothing_is_different(self) -> None:
        found = rewritten([line(1, MUG, 1)], [ChangeLine(line_id(1), quantity=1)])

        assert (found.removed, found.recounted, found.moved) == ((), (), ())

    def test_gives_up_the_store_for_shipping(self) -> None:
        found = rewritten([line(1, MUG, 1, store=STORE)], [ChangeLine(line_id(1), delivery=DeliveryMethod.SHIPPING)])

        assert found.moved == (line(1, MUG, 1),)

    def test_adds_a_line_to_the_older_one_that_it_becomes_like(self) -> None:
        lines = [line(1, MUG, 1), line(2, MUG, 2, store=STORE)]

        found = rewritten(lines, [ChangeLine(line_id(2), delivery=DeliveryMethod.SHIPPING)])

        assert (found.removed, found.recounted, found.moved) == ((line_id(2),), (line(1, MUG, 3),), ())

    def test_lets_two_lines_change_places(self) -> None:
        lines = [line(1, MUG, 1), line(2, MUG, 2, store=STORE)]

        found = rewritten(
            lines,
            [
                ChangeLine(line_id(1), delivery=DeliveryMethod.PICKUP, store_id=STORE),
                ChangeLine(line_id(2), delivery=DeliveryMethod.SHIPPING),
            ],
        )

        assert set(found.moved) == {line(1, MUG, 1, store=STORE), line(2, MUG, 2)}

    @pytest.mark.parametrize(
        ("change", "name", "kind"),
        [
            (ChangeLine(UUID(int=9), quantity=1), "lineId", NotFound),
            (ChangeLine(line_id(1), quantity=-1), "quantity", Invalid),
            (ChangeLine(line_id(1), quantity=MOST_UNITS + 1), "quantity", TooManyUnits),
        ],
    )
    def test_names_what_it_refuses(self, change: ChangeLine, name: str, kind: type[DomainError]) -> None:
        with pytest.raises(kind) as refusal:
            rewritten([line(1, MUG, 1)], [change])

        assert refused_field(refusal) == ("lines", "0", name)

    def test_refuses_a_line_named_twice(self) -> None:
        with pytest.raises(Invalid) as refusal:
            rewritten([line(1, MUG, 1)], [ChangeLine(line_id(1), quantity=2), ChangeLine(line_id(1), quantity=3)])

        assert refused_field(refusal) == ("lines", "1", "lineId")


class TestGroupId:
    def test_is_stable_while_method_and_store_are(self) -> None:
        assert group_id(CART, DeliveryMethod.PICKUP, STORE) == group_id(CART, DeliveryMethod.PICKUP, STORE)
        assert group_id(CART, DeliveryMethod.PICKUP, STORE) != group_id(CART, DeliveryMethod.CARRY_OUT, STORE)
