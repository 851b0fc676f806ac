"""What a recovery link says, and that nobody else can say it."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cart.rules import RECOVERY_LIFE, RecoveryLink, next_link, read_link
from app.kernel.ids import CartId, IdKind, encode
from app.kernel.tokens import KeyRing

KEYS = KeyRing({"b": b"second" * 8, "a": b"first" * 8}, "b")
CART = CartId(UUID("01936d2e-0000-7000-8000-000000000001"))
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LINK = next_link(CART, generation=3, now=NOON)


class TestRecoveryLink:
    def test_says_what_it_opens_and_until_when(self) -> None:
        assert read_link(LINK.token(KEYS), KEYS) == LINK
        assert (LINK.cart_id, LINK.generation, LINK.expires_at) == (CART, 3, NOON + RECOVERY_LIFE)

    def test_fits_into_an_address_as_it_is(self) -> None:
        token = LINK.token(KEYS)

        assert token.replace(".", "").replace("_", "").replace("-", "").isalnum()
        assert token.isascii()

    def test_outlives_the_key_that_it_was_made_with(self) -> None:
        older = KeyRing({"a": KEYS.keys["a"]}, "a")

        assert read_link(LINK.token(older), KEYS) == LINK

    @pytest.mark.parametrize(
        "other",
        [
            RecoveryLink(UUID(int=CART.int + 1), LINK.generation, LINK.expires),
            RecoveryLink(CART, LINK.generation + 1, LINK.expires),
            RecoveryLink(CART, LINK.generation, LINK.expires + 1),
        ],
    )
    def test_cannot_be_changed(self, other: RecoveryLink) -> None:
        proof = LINK.token(KEYS).split(".", 3)[3]

        assert (
            read_link(f"{encode(IdKind.CART, other.cart_id)}.{other.generation}.{other.expires}.{proof}", KEYS) is None
        )

    def test_is_no_token_of_the_cart(self) -> None:
        proof = KEYS.token("cart", CART, generation=3)

        assert read_link(f"{encode(IdKind.CART, CART)}.3.{LINK.expires}.{proof}", KEYS) is None
        assert not KEYS.verifies(LINK.token(KEYS), "cart", CART, generation=3)

    @pytest.mark.parametrize(
        "token",
        [
            "", ".", "...", "crt_.1.1.b.x", f"crt_{'z' * 26}.1.1.b.x", f"crt_{'0' * 26}.1.1.é", f"crt_{'0' * 26}.9999999999.1.b.x",
            f"crt_{'0' * 26}.1.99999999999.b.x", f"crt_{'0' * 26}.-1.1.b.x", f"crt_{'0' * 26}.١.1.b.x", LINK.token(KEYS) + "\n",
            " " + LINK.token(KEYS), LINK.token(KEYS).upper(), "x" * 100_000,
        ],
    )  # fmt: skip
    def test_is_nothing_else(self, token: str) -> None:
        assert read_link(token, KEYS) is None

    @given(token=st.text())
    def test_is_not_guessed(self, token: str) -> None:
        assert read_link(token, KEYS) is None
