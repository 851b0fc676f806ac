"""E-mail addresses are written one way, and what cannot be one is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.email import normalized
from app.kernel.errors import Invalid


class TestNormalized:
    """One person, one spelling."""

    @pytest.mark.parametrize(
        ("typed", "kept"),
        [
            (" Ada@Shop.Test ", "ada@shop.test"),
            ("o'brien+mugs@mail.shop.test", "o'brien+mugs@mail.shop.test"),
            ("jos\u0065\u0301@shop.test", "jos\u00e9@shop.test"),
        ],
    )
    def test_writes_an_address_one_way(self, typed: str, kept: str) -> None:
        """Case, space around it and ways to compose letters do not matter."""
        assert normalized(typed) == kept

    @pytest.mark.parametrize(
        "typed",
        [
            "",
            "ada",
            "ada@",
            "@shop.test",
            "ada@shop",
            "a da@shop.test",
            "ada@shop..test",
            "a\x00@x.test",
            "a@b.test, c@d.test",
            "Ada <ada@shop.test>",
            "\ud800@shop.test",
            "a" * 65 + "@shop.test",
            "a@" + "b." * 130 + "test",
        ],
    )
    def test_refuses_what_cannot_be_one(self, typed: str) -> None:
        """Nobody can be written to there."""
        with pytest.raises(Invalid) as refused:
            normalized(typed, field=("email",))

        assert refused.value.field == ("email",)

    @given(st.text(max_size=40).map(lambda text: f"{text}@shop.test"))
    def test_changes_nothing_the_second_time(self, typed: str) -> None:
        """What was normalized is normal, and can be stored."""
        try:
            once = normalized(typed)
        except Invalid:
            return

        assert normalized(once) == once
        assert once.encode()
