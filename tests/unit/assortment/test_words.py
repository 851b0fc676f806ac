"""How what somebody typed is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.assortment.rules import Words, words_of


class TestWordsOf:
    @pytest.mark.parametrize("nothing", [None, "", "   ", "\0"])
    def test_is_nothing_when_nothing_was_typed(self, nothing: str | None) -> None:
        assert words_of(nothing) is None

    def test_takes_the_last_word_for_unfinished(self) -> None:
        assert words_of("blue running sho") == Words(whole="blue & running", begun="sho:*", code="blue running sho")

    def test_keeps_a_code_whole(self) -> None:
        words = words_of(" MUG-01 ")

        assert words is not None
        assert words.code == "MUG-01"

    def test_does_not_take_two_characters_for_a_code(self) -> None:
        words = words_of("mu")

        assert words is not None
        assert words.code == ""

    def test_lets_a_code_of_signs_find_no_words(self) -> None:
        assert words_of("!?!") == Words(whole="", begun="", code="!?!")

    @given(st.text())
    def test_never_hands_on_an_operator_of_text_search(self, typed: str) -> None:
        words = words_of(typed)

        if words is not None:
            said = words.whole.replace(" & ", "") + words.begun.removesuffix(":*")
            assert said == "" or said.isalnum()
