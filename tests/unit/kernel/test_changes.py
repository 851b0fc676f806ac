"""What becomes of what is there when somebody says something of it."""

from dataclasses import dataclass

import pytest

from app.kernel.changes import LEFT_OUT, LeftOut, whole
from app.kernel.errors import Invalid, field_name


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """A shelf as it shall be."""

    name: str
    most_units: int = 10
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class ShelfChange:
    """What is said of a shelf."""

    name: str | LeftOut | None = LEFT_OUT
    most_units: int | LeftOut | None = LEFT_OUT
    note: str | LeftOut | None = LEFT_OUT


KNOWN = Shelf(name="low", most_units=3, note="dusty")


class TestWhole:
    @pytest.mark.parametrize(
        ("change", "known", "found"),
        [
            (ShelfChange(name="low"), None, Shelf(name="low")),
            (ShelfChange(name="low", most_units=None), None, Shelf(name="low")),
            (ShelfChange(), KNOWN, KNOWN),
            (ShelfChange(most_units=0, note=""), KNOWN, Shelf(name="low", most_units=0, note="")),
            (ShelfChange(most_units=None, note=None), KNOWN, Shelf(name="low")),
        ],
    )
    def test_keeps_what_is_left_out_and_clears_what_is_null(
        self, change: ShelfChange, known: Shelf | None, found: Shelf
    ) -> None:
        assert whole(Shelf, change, known=known, at=()) == found

    @pytest.mark.parametrize(("change", "known"), [(ShelfChange(), None), (ShelfChange(name=None), KNOWN)])
    def test_needs_what_has_no_default(self, change: ShelfChange, known: Shelf | None) -> None:
        with pytest.raises(Invalid) as refused:
            whole(Shelf, change, known=known, at=("shelves", "0"))

        assert refused.value.field == ("shelves", "0", "name")


class TestFieldName:
    def test_is_what_inputs_have(self) -> None:
        assert [field_name(name) for name in ("name", "postal_code", "return_window_days")] == [
            "name",
            "postalCode",
            "returnWindowDays",
        ]
