"""Writes that are sent as one statement: which may be, and what it looks like."""

import pytest

from app.kernel.joining import apart, joined

MUGS = "INSERT INTO mugs (id, color) VALUES ($1, $2)"
CUPS = "UPDATE cups SET color = $1 WHERE id = $2"
SAUCERS = """
    WITH given AS (SELECT * FROM unnest($1::uuid[]) AS given (id)), saucer AS MATERIALIZED (
        INSERT INTO saucers (id, name) SELECT id, ':-)' FROM given RETURNING id
    )
    INSERT INTO shelves (saucer_id, row) SELECT id, $2::int FROM saucer
"""


class TestJoined:
    def test_is_the_statement_itself_where_there_is_one(self) -> None:
        assert joined((SAUCERS,)) == SAUCERS

    def test_takes_the_values_one_after_the_other(self) -> None:
        assert joined((MUGS, CUPS)) == (
            "WITH put_off_0 AS (INSERT INTO mugs (id, color) VALUES ($1, $2)) UPDATE cups SET color = $3 WHERE id = $4"
        )

    def test_lifts_the_parts_of_each_to_the_top(self) -> None:
        together = " ".join(joined((MUGS, SAUCERS, CUPS)).split())

        assert together == (
            "WITH put_off_0 AS (INSERT INTO mugs (id, color) VALUES ($1, $2)), "
            "given AS (SELECT * FROM unnest($3::uuid[]) AS given (id)), saucer AS MATERIALIZED ( "
            "INSERT INTO saucers (id, name) SELECT id, ':-)' FROM given RETURNING id ), "
            "put_off_1 AS (INSERT INTO shelves (saucer_id, row) SELECT id, $4::int FROM saucer) "
            "UPDATE cups SET color = $5 WHERE id = $6"
        )

    def test_keeps_the_parts_of_the_last_one_too(self) -> None:
        together = " ".join(joined((CUPS, SAUCERS)).split())

        assert together.startswith("WITH put_off_0 AS (UPDATE cups SET color = $1 WHERE id = $2), given AS (SELECT")
        assert together.endswith("INSERT INTO shelves (saucer_id, row) SELECT id, $4::int FROM saucer")

    @pytest.mark.parametrize(
        "odd",
        ["WITH RECURSIVE tree AS (SELECT 1) SELECT", "WITH a (b) AS (SELECT 1) SELECT", "WITH a AS (SELECT (1 SELECT"],
    )
    def test_refuses_what_it_cannot_read(self, odd: str) -> None:
        with pytest.raises(ValueError, match=r"cannot be joined|not closed"):
            joined((MUGS, odd))


class TestApart:
    def test_are_writes_of_different_tables(self) -> None:
        assert apart(MUGS, CUPS)
        assert apart(SAUCERS, MUGS)

    @pytest.mark.parametrize(
        "other",
        [
            "DELETE FROM mugs WHERE id = $1",
            "INSERT INTO counts SELECT count(*) FROM mugs",
            "INSERT INTO mugs (id) VALUES ($1) ON CONFLICT DO NOTHING",
        ],
    )
    def test_are_not_a_write_and_whatever_speaks_of_its_table(self, other: str) -> None:
        assert not apart(MUGS, other)
        assert not apart(other, MUGS)

    def test_are_not_two_with_the_same_name_for_something(self) -> None:
        assert not apart(SAUCERS, "INSERT INTO plates (id) SELECT id FROM dishes AS saucer")

    def test_are_two_that_lock_and_update_with_the_same_words(self) -> None:
        locking = "WITH plate AS (SELECT id FROM plates FOR NO KEY UPDATE OF plates) DELETE FROM spoons"
        setting = "INSERT INTO forks VALUES ($1) ON CONFLICT (id) DO UPDATE SET tines = 4"

        assert apart(locking, setting)
