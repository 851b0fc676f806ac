"""Codes as people type them, what is left of accounts, and what was never used."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.errors import BrokenInvariant, Invalid
from app.kernel.ids import CreditAccountId, new_id
from app.kernel.tokens import LETTERS, KeyRing
from app.payments.errors import CreditInsufficient, TooManyWrongCodes
from app.payments.rules import accounts as rules
from app.payments.rules.accounts import CreditAccount, GuessThrottle
from app.payments.states import CREDIT, CreditKind, CreditStatus

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
KEYS = KeyRing({"new": b"n" * 32, "old": b"o" * 32}, "new")
CARD = CreditAccount(
    id=CreditAccountId(new_id()), kind=CreditKind.GIFT_CARD, currency="GBP", balance_minor=5000, held_minor=2000,
    status=CreditStatus.ACTIVE, expires_at=NOW + timedelta(days=1), customer_id=None, code_hash="h", code_key_id="old",
    code_generation=0, last_characters="ABCD", order_line_id=None, unit=None, entries=1, created_by="TEST",
    created_at=NOW, updated_at=NOW,
)  # fmt: skip


class TestCode:
    def test_is_shown_in_groups_of_four(self) -> None:
        code = rules.code_of(KEYS, CARD)

        assert code is not None
        assert [len(group) for group in code.split("-")] == [4, 4, 4, 4]
        assert set(code) <= {*LETTERS, "-"}

    def test_is_of_the_key_that_it_was_made_with(self) -> None:
        assert rules.code_of(KEYS, CARD) == rules.code_of(KeyRing({"old": b"o" * 32}, "old"), CARD)
        assert rules.code_of(KEYS, CARD) != rules.code_of(KEYS, replace(CARD, code_key_id="new"))

    def test_is_another_one_for_another_generation(self) -> None:
        assert rules.code_of(KEYS, CARD) != rules.code_of(KEYS, replace(CARD, code_generation=1))

    def test_is_nobodys_when_its_key_is_gone_or_it_is_store_credit(self) -> None:
        assert rules.code_of(KeyRing({"new": b"n" * 32}, "new"), CARD) is None
        assert rules.code_of(KEYS, replace(CARD, code_key_id=None)) is None

    @given(st.text(alphabet=LETTERS, min_size=16, max_size=16), st.integers(1, 15))
    def test_is_read_however_it_is_grouped_and_in_any_case(self, code: str, cut: int) -> None:
        assert rules.normalized_code(f" {code[:cut].lower()} - {code[cut:]}\n") == code

    def test_is_read_with_letters_that_look_like_digits(self) -> None:
        assert rules.normalized_code("oOiIlL") == "001111"

    @given(st.text())
    def test_is_hashed_whatever_it_is(self, text: str) -> None:
        assert len(rules.code_hash(KEYS, text)) == 64


class TestAccount:
    def test_pays_with_what_nothing_holds(self) -> None:
        assert CARD.available_minor(NOW) == 3000

    def test_pays_with_nothing_from_its_last_moment_on(self) -> None:
        assert CARD.available_minor(NOW + timedelta(days=1)) == 0

    @pytest.mark.parametrize("status", [CreditStatus.DISABLED, CreditStatus.EXPIRED])
    def test_pays_with_nothing_when_it_is_closed(self, status: CreditStatus) -> None:
        assert replace(CARD, status=status).available_minor(NOW) == 0

    def test_has_90_days_for_what_comes_back_and_more_where_it_had_more(self) -> None:
        later = NOW + timedelta(days=400)

        assert rules.spendable_until(CARD, NOW) == NOW + timedelta(days=90)
        assert rules.spendable_until(replace(CARD, expires_at=later), NOW) == later
        assert rules.spendable_until(replace(CARD, expires_at=None), NOW) is None

    def test_refuses_more_than_is_left_and_says_how_much_that_is(self) -> None:
        rules.refuse_more_than(CARD, 3000, 3000)
        with pytest.raises(CreditInsufficient) as refusal:
            rules.refuse_more_than(CARD, 3001, 3000)

        assert refusal.value.message == "30.01 GBP was asked for, and 30.00 GBP is left"

    def test_refuses_a_balance_beyond_all_measure(self) -> None:
        rules.refuse_overflow(CARD, 10**15 - 5001)
        with pytest.raises(Invalid):
            rules.refuse_overflow(CARD, 10**15 - 5000)

    def test_is_unused_while_only_its_first_entry_is_there(self) -> None:
        fresh = replace(CARD, held_minor=0)
        used = [
            CARD,
            replace(fresh, entries=2),
            replace(fresh, status=CreditStatus.DISABLED),
            replace(fresh, status=CreditStatus.EXPIRED),
        ]

        assert rules.unused([fresh, *used]) == [fresh]


class TestWanted:
    def test_adds_up_for_each_account(self) -> None:
        one, other = CreditAccountId(new_id()), CreditAccountId(new_id())

        assert rules.summed([(one, 1), (other, 5), (one, 2)]) == {one: 3, other: 5}

    @pytest.mark.parametrize("amount", [0, -1])
    def test_is_an_amount(self, amount: int) -> None:
        with pytest.raises(BrokenInvariant):
            rules.summed([(CARD.id, amount)])


class TestReason:
    def test_is_tidied(self) -> None:
        assert rules.given_reason(" a  late\nparcel ") == "a late parcel"

    @pytest.mark.parametrize("text", ["", " \n", "x" * 501])
    def test_is_given_and_short(self, text: str) -> None:
        with pytest.raises(Invalid):
            rules.given_reason(text)


class TestThrottle:
    def test_says_how_long_to_wait(self) -> None:
        throttle = GuessThrottle(window_seconds=900)

        assert throttle.wait_seconds(NOW, NOW) == 900
        assert throttle.wait_seconds(NOW - timedelta(seconds=890), NOW) == 10
        assert throttle.wait_seconds(NOW - timedelta(seconds=900), NOW) == 1

    def test_says_it_in_whole_minutes(self) -> None:
        assert "wait 1 minute " in TooManyWrongCodes(1).message
        assert "wait 2 minutes " in TooManyWrongCodes(61).message


class TestStates:
    def test_of_a_closed_card_are_not_changed_by_money_that_comes_back(self) -> None:
        assert not CREDIT.allows(CreditStatus.DISABLED, "refund")
        assert CREDIT.next(CreditStatus.EXPIRED, "refund") is CreditStatus.ACTIVE
