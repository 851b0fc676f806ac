"""Gift cards and store credit without a database: what is left, codes as people type them, and how often one may guess."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from app.kernel.errors import BrokenInvariant, Invalid
from app.kernel.ids import CreditAccountId, CustomerId, OrderLineId
from app.kernel.money import LARGEST_MINOR, Money
from app.kernel.tokens import LETTERS, KeyRing
from app.payments.errors import CreditInsufficient
from app.payments.states import CreditEntryKind, CreditKind, CreditStatus

#: 80 bits: however many cards there are, nobody meets one by guessing.
CODE_LENGTH = 16
#: What is known of a code by those who may not use it.
SHOWN_LENGTH = 4
#: For so long can money be spent that was given back to a card whose time was over, or nearly.
SPENDABLE_AGAIN = timedelta(days=90)
LONGEST_REASON = 500
#: What keys derive codes for, and hash them as.
KIND = "gift-card"

_GROUP = 4
_LOOKALIKES = str.maketrans("ILO", "110")
_NOT_OF_A_CODE = re.compile(f"[^{LETTERS}]")


@dataclass(frozen=True, slots=True)
class CreditAccount:
    """A gift card, or what a customer has of store credit in one currency."""

    id: CreditAccountId
    kind: CreditKind
    currency: str
    balance_minor: int
    held_minor: int
    status: CreditStatus
    expires_at: datetime | None
    customer_id: CustomerId | None
    code_hash: str | None = field(repr=False)
    code_key_id: str | None
    code_generation: int
    last_characters: str | None
    order_line_id: OrderLineId | None
    unit: int | None
    entries: int
    created_by: str
    created_at: datetime
    updated_at: datetime

    @property
    def free_minor(self) -> int:
        """What nothing holds."""
        return self.balance_minor - self.held_minor

    def is_over(self, now: datetime) -> bool:
        """Say whether its time is over, whether or not that was noticed yet."""
        return self.expires_at is not None and self.expires_at <= now

    def available_minor(self, now: datetime) -> int:
        """Say what can be paid with it now."""
        return self.free_minor if self.status is CreditStatus.ACTIVE and not self.is_over(now) else 0

    def money(self, minor: int) -> Money:
        """Write an amount in its currency."""
        return Money(minor, self.currency)


@dataclass(frozen=True, slots=True)
class CreditEntry:
    """A change of a balance, and what it was afterwards."""

    account_id: CreditAccountId
    number: int
    kind: CreditEntryKind
    amount_minor: int
    balance_minor: int
    cause_id: UUID | None
    reason: str | None
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CreditMove:
    """What becomes of an account: by how much its balance and what is held of it change, and what it is afterwards."""

    account: CreditAccount
    amount_minor: int = 0
    held_minor: int = 0
    status: CreditStatus | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GivenCode:
    """A code as somebody typed it, and where in their input it stands."""

    code: str = field(repr=False)
    field: tuple[str, ...] = ("code",)


@dataclass(frozen=True, slots=True)
class SoldCard:
    """A gift card that is due: a unit of an order line that has left."""

    order_line_id: OrderLineId
    unit: int
    value_minor: int
    currency: str
    ttl_days: int | None


@dataclass(frozen=True, slots=True)
class GuessThrottle:
    """How many wrong codes are borne within one window, from one origin and from all of them together."""

    failures: int = 10
    failures_of_all: int = 1000
    window_seconds: int = 15 * 60

    def window_start(self, now: datetime) -> datetime:
        """Say before which moment failures are forgotten."""
        return now - timedelta(seconds=self.window_seconds)

    def wait_seconds(self, window_started_at: datetime, now: datetime) -> int:
        """Say how long it takes until a window is over that began then."""
        return max(1, int((window_started_at - self.window_start(now)).total_seconds()))


def normalized_code(text: str) -> str:
    """Read a code as it was meant: in any case, grouped in any way, with letters that look like digits.

    Example: `abcd-efgh ijkl` -> ABCDEFGH1JK1.
    """
    return _NOT_OF_A_CODE.sub("", text.upper().translate(_LOOKALIKES))


def code_of(keys: KeyRing, account: CreditAccount) -> str | None:
    """Derive a gift card's code again, in groups as it is shown; None for store credit, and when its key is gone."""
    if account.code_key_id is None or account.code_key_id not in keys.keys:
        return None
    code = derived_code(keys, account.id, key_id=account.code_key_id, generation=account.code_generation)
    return "-".join(code[start : start + _GROUP] for start in range(0, CODE_LENGTH, _GROUP))


def derived_code(keys: KeyRing, account_id: CreditAccountId, *, key_id: str, generation: int = 0) -> str:
    """Derive the code of a gift card, ungrouped."""
    return keys.letters(KIND, account_id, length=CODE_LENGTH, generation=generation, key_id=key_id)


def code_hash(keys: KeyRing, code: str) -> str:
    """Hash a code the way it is stored, whether it is one or not."""
    return keys.keyed_hash(KIND, normalized_code(code))


def summed(wanted: Iterable[tuple[CreditAccountId, int]]) -> dict[CreditAccountId, int]:
    """Add up what is wanted of each account; each part has to be an amount.

    Raises: BrokenInvariant for an amount that is none.
    """
    sums: dict[CreditAccountId, int] = {}
    for account_id, amount_minor in wanted:
        if amount_minor <= 0:
            raise BrokenInvariant(f"{amount_minor} minor units of account {account_id} are no amount")
        sums[account_id] = sums.get(account_id, 0) + amount_minor
    return sums


def refuse_more_than(account: CreditAccount, asked_minor: int, left_minor: int, *, field: Sequence[str] = ()) -> None:
    """Refuse to take more of an account than is left.

    Raises: CreditInsufficient.
    """
    if asked_minor > left_minor:
        raise CreditInsufficient(
            account.id, requested=account.money(asked_minor), available=account.money(left_minor), field=field
        )


def refuse_overflow(account: CreditAccount, amount_minor: int, *, field: Sequence[str] = ("amount",)) -> None:
    """Refuse a balance that no honest account has.

    Raises: Invalid.
    """
    if account.balance_minor + amount_minor >= LARGEST_MINOR:
        raise Invalid("with this the balance would be out of range", field=field)


def spendable_until(account: CreditAccount, now: datetime) -> datetime | None:
    """Say until when money can be spent that comes back to an account now; None when for ever."""
    return None if account.expires_at is None else max(account.expires_at, now + SPENDABLE_AGAIN)


def given_reason(text: str) -> str:
    """Tidy why staff change a balance.

    Raises: Invalid when nothing is said, or too much.
    """
    tidy = " ".join(text.split())
    if not tidy:
        raise Invalid("somebody will want to know why", field=("reason",))
    if len(tidy) > LONGEST_REASON:
        raise Invalid(f"at most {LONGEST_REASON} characters", field=("reason",))
    return tidy


def unused(cards: Iterable[CreditAccount]) -> list[CreditAccount]:
    """List the cards that are as they were sold: nothing was paid with them, and nothing holds any of them."""
    return [card for card in cards if card.status is CreditStatus.ACTIVE and card.entries == 1 and not card.held_minor]


def by_line(cards: Iterable[CreditAccount]) -> Mapping[OrderLineId, list[CreditAccount]]:
    """Gather gift cards by the order line that they were sold with."""
    found: dict[OrderLineId, list[CreditAccount]] = {}
    for card in cards:
        if card.order_line_id is not None:
            found.setdefault(card.order_line_id, []).append(card)
    return found
