"""The list of personal data is about columns that there are, and leaves none out that sounds like one."""

import re

from app.kernel.personal_data import PERSONAL_DATA
from app.tables import METADATA

_SOUNDS_PERSONAL = re.compile(
    r"email|phone|address|first_name|last_name|birth|vehicle|spot|note$|gift_message|token$|token_hash|password|collected_by|tracking|snapshot"
)
#: Columns that sound personal and are not.
_OF_NOBODY = {
    ("locations", "address"),
    # Of goods, never of people: who writes them is told so.
    ("counts", "note"),
    ("movements", "note"),
    ("purchase_orders", "note"),
    ("transfers", "note"),
    ("transfers", "settled_note"),
}


class TestPersonalData:
    """Every place of personal data is known."""

    def test_stands_in_columns_that_exist(self) -> None:
        """A column that was renamed or dropped leaves the list with it."""
        for table, column in PERSONAL_DATA:
            assert column in METADATA.tables[table].columns, f"{table}.{column}"

    def test_is_listed_wherever_a_column_sounds_like_it(self) -> None:
        """A new column named like personal data is listed, or is said to be about nobody."""
        found = {
            (table.name, column.name)
            for table in METADATA.tables.values()
            for column in table.columns
            if _SOUNDS_PERSONAL.search(column.name)
        }

        assert found - PERSONAL_DATA.keys() - _OF_NOBODY == set()

    def test_is_not_excused_for_columns_that_are_gone(self) -> None:
        """An excuse whose column is gone is gone too."""
        for table, column in _OF_NOBODY:
            assert column in METADATA.tables[table].columns
