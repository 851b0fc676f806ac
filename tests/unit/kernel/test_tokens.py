"""Derived secrets: what a ring of keys signs, verifies and hashes."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.ids import new_id
from app.kernel.tokens import LETTERS, KeyRing

OLD, NEW = b"o" * 32, b"n" * 32
BEFORE = KeyRing({"z-old": OLD}, "z-old")
#: As the settings make it: the current key stands first.
ROTATING = KeyRing({"a-new": NEW, "z-old": OLD}, "a-new")
AFTER = KeyRing({"a-new": NEW}, "a-new")
CART = UUID(int=1)


class TestToken:
    def test_proves_the_right_to_one_object_of_one_kind_and_generation(self) -> None:
        token = ROTATING.token("cart", CART, generation=2)

        assert ROTATING.verifies(token, "cart", CART, generation=2)
        assert not ROTATING.verifies(token, "cart", UUID(int=2), generation=2)
        assert not ROTATING.verifies(token, "order", CART, generation=2)
        assert not ROTATING.verifies(token, "cart", CART, generation=3)

    def test_is_the_same_whenever_it_is_shown(self) -> None:
        assert ROTATING.token("cart", CART) == ROTATING.token("cart", CART)

    def test_holds_while_its_key_is_in_the_ring(self) -> None:
        token = BEFORE.token("cart", CART)

        assert ROTATING.verifies(token, "cart", CART)
        assert not AFTER.verifies(token, "cart", CART)

    def test_is_signed_by_the_current_key(self) -> None:
        assert ROTATING.token("cart", CART) == AFTER.token("cart", CART)

    @given(st.text())
    def test_is_not_guessed(self, text: str) -> None:
        assert not ROTATING.verifies(text, "cart", CART)
        assert not ROTATING.code_matches(text, "cart", CART) or len(text) == 6

    def test_is_not_its_neighbours_with_another_split(self) -> None:
        assert ROTATING.token("cart:x", CART) != ROTATING.token("cart", CART)


class TestCode:
    @given(st.uuids(), st.integers(0, 100))
    def test_is_six_digits_and_matches_itself(self, subject: UUID, generation: int) -> None:
        code = ROTATING.code("pickup", subject, generation=generation)

        assert len(code) == 6
        assert code.isdecimal()
        assert ROTATING.code_matches(code, "pickup", subject, generation=generation)

    def test_holds_while_its_key_is_in_the_ring(self) -> None:
        code = BEFORE.code("pickup", CART)

        assert ROTATING.code_matches(code, "pickup", CART)
        assert not AFTER.code_matches(code, "pickup", CART)

    def test_changes_with_its_generation(self) -> None:
        codes = {ROTATING.code("pickup", CART, generation=generation) for generation in range(20)}

        assert len(codes) > 15

    def test_tells_nothing_of_the_token(self) -> None:
        assert ROTATING.code("cart", CART) not in ROTATING.token("cart", CART)


class TestKeyedHash:
    def test_stays_the_same_while_a_new_key_is_brought_in(self) -> None:
        assert ROTATING.keyed_hash("email", "ada@shop.test") == BEFORE.keyed_hash("email", "ada@shop.test")

    def test_does_not_hang_on_how_keys_are_named(self) -> None:
        other_names = KeyRing({"z-new": NEW, "a-old": OLD}, "z-new")

        assert other_names.keyed_hash("email", "ada") == ROTATING.keyed_hash("email", "ada")

    def test_is_of_the_new_key_once_the_old_one_is_gone(self) -> None:
        assert AFTER.keyed_hash("email", "ada") != ROTATING.keyed_hash("email", "ada")

    def test_differs_by_kind_and_by_text(self) -> None:
        hashes = {ROTATING.keyed_hash(kind, text) for kind in ("email", "pickup") for text in ("1", "2")}

        assert len(hashes) == 4


class TestDerivedKey:
    def test_serves_one_purpose_and_gives_no_key_away(self) -> None:
        keys = {ROTATING.derived_key(purpose, key_id) for purpose in ("jwt", "csrf") for key_id in ROTATING.keys}

        assert len(keys) == 4
        assert not keys & {OLD, NEW}

    def test_of_an_unknown_key_is_no_key(self) -> None:
        with pytest.raises(KeyError):
            ROTATING.derived_key("jwt", "nobody")


class TestRing:
    def test_does_not_print_its_keys(self) -> None:
        assert "nnnn" not in repr(ROTATING)


class TestLetters:
    def test_are_derived_again_and_differ_by_kind_subject_generation_and_key(self) -> None:
        ring = KeyRing({"b": b"b" * 32, "a": b"a" * 32}, "b")
        one, other = new_id(), new_id()
        derived = [
            ring.letters("card", one, length=16),
            ring.letters("voucher", one, length=16),
            ring.letters("card", other, length=16),
            ring.letters("card", one, length=16, generation=1),
            ring.letters("card", one, length=16, key_id="a"),
        ]

        assert derived[0] == ring.letters("card", one, length=16, key_id="b")
        assert len(set(derived)) == len(derived)
        assert {len(code) for code in derived} == {16}

    def test_use_every_letter_and_no_other(self) -> None:
        ring = KeyRing({"a": b"a" * 32}, "a")

        used = {letter for _ in range(100) for letter in ring.letters("card", new_id(), length=16)}

        assert used == set(LETTERS)
