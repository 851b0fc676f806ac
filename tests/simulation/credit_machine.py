"""Gift cards and store credit beside a model in plain Python: what was given, held, taken, given back and lost.

After every step each account has to be what the model says: its balance, what is held, its state, every entry of its ledger.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from app.kernel.db import Database, UnitOfWork
from app.kernel.errors import BrokenInvariant, DomainError
from app.kernel.ids import new_id
from app.payments.service import accounts, crediting
from app.payments.states import CreditEntryKind, CreditKind, CreditStatus
from tests.builders import postgres
from tests.builders.buyers import broken
from tests.builders.clock import StoppedClock
from tests.builders.credited import TENDERS, Card, expire, gift_card, run, store_credit
from tests.builders.patience import PATIENT
from tests.builders.shop import KEYS, Shop

#: So many units of work want the same at the same time.
AT_ONCE = 3
SEASON = timedelta(days=90)
REFUSALS = (DomainError, BrokenInvariant)

amounts = st.integers(1, 400)
#: Which accounts a step is about, and how much of each: the first three there are, so that steps meet.
wanted = st.lists(st.tuples(st.integers(0, 2), amounts), min_size=1, max_size=3)
some = st.integers(0, 5)


@dataclass
class Model:
    """What an account has to be."""

    card: Card
    kind: CreditKind
    expires_at: datetime | None
    balance: int = 0
    held: int = 0
    status: CreditStatus = CreditStatus.ACTIVE
    entries: list[tuple[str, int]] = field(default_factory=list)

    def write(self, kind: CreditEntryKind, amount: int) -> None:
        """Change the balance, with an entry."""
        if amount:
            self.balance += amount
            self.entries.append((kind.value, amount))

    def is_over(self, now: datetime) -> bool:
        """Say whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now

    def available(self, now: datetime) -> int:
        """Say what can be paid with it."""
        return 0 if self.is_over(now) or self.status is not CreditStatus.ACTIVE else self.balance - self.held

    def come_back(self, now: datetime) -> None:
        """Let money be spent that comes back."""
        if self.status is CreditStatus.EXPIRED:
            self.status = CreditStatus.ACTIVE
        if self.expires_at is not None:
            self.expires_at = max(self.expires_at, now + SEASON)


class CreditMachine(RuleBasedStateMachine):
    """A shop whose customers pay with gift cards and store credit."""

    def __init__(self, template: tuple[postgres.Server, str]) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.clock = StoppedClock()
        self.template = template
        self.models: list[Model] = []

    @initialize()
    def open(self) -> None:
        """Open the furnished shop, with a card for ever, one for a week, and store credit."""
        self.runner.run(self._open())
        self.issue(1000, None)
        self.issue(1000, 7)
        self.give(500)

    async def _open(self) -> None:
        dsn = await self.stack.enter_async_context(postgres.cloned(*self.template))
        database = Database(dsn, keys=KEYS, clock=self.clock, pool_size=AT_ONCE, patience=PATIENT)
        await database.connect()
        self.stack.push_async_callback(database.close)
        self.shop = Shop(database)

    def teardown(self) -> None:
        """See that every law holds in the end, and close the shop."""
        try:
            if hasattr(self, "shop"):
                assert self.runner.run(broken(self.shop, but=TENDERS)) == []
        finally:
            self.runner.run(self.stack.aclose())
            self.runner.close()

    @invariant()
    def agrees(self) -> None:
        """Compare every account with its model."""
        for model in self.models:
            now = self.runner.run(model.card.now())
            assert (now.balance_minor, now.held_minor, now.status, now.expires_at) == (
                model.balance,
                model.held,
                model.status,
                model.expires_at,
            )
            assert self.runner.run(model.card.told()) == model.entries

    @rule(minor=amounts, days=st.none() | st.integers(1, 30))
    def issue(self, minor: int, days: int | None) -> None:
        """Give a gift card."""
        expires_at = None if days is None else self.clock.at + timedelta(days=days)
        card = self.runner.run(gift_card(self.shop, _pounds(minor), expires_at=expires_at))
        model = Model(card, CreditKind.GIFT_CARD, expires_at)
        model.write(CreditEntryKind.ISSUE, minor)
        self.models.append(model)

    @rule(minor=amounts)
    def give(self, minor: int) -> None:
        """Give store credit, several times at once."""

        async def give() -> list[Card]:
            return await asyncio.gather(*(store_credit(self.shop, _pounds(minor)) for _ in range(AT_ONCE)))

        card = self.runner.run(give())[0]
        model = next((model for model in self.models if model.card.id == card.id), None)
        if model is None:
            model = Model(card, CreditKind.STORE_CREDIT, None)
            self.models.append(model)
        for _ in range(AT_ONCE):
            model.write(CreditEntryKind.ISSUE, minor)

    @rule(parts=wanted)
    def hold(self, parts: list[tuple[int, int]]) -> None:
        """Hold money of several accounts, in several checkouts at once: of those as many succeed as there is money for."""
        sums = self._sums(parts)
        fits = min(model.available(self.clock.at) // minor for model, minor in sums)
        done = self._at_once(lambda uow: accounts.hold(uow, self._named(parts)))

        assert done == min(AT_ONCE, fits)
        for model, minor in sums:
            model.held += done * minor

    @rule(parts=wanted, again=st.booleans())
    def let_go(self, parts: list[tuple[int, int]], again: bool) -> None:  # Hypothesis passes by name.
        """Let money go."""
        sums = self._sums(parts)
        done = self._once(lambda uow: accounts.let_go(uow, self._named(parts), spendable_again=again))

        assert done == all(minor <= model.held for model, minor in sums)
        for model, minor in sums if done else []:
            model.held -= minor
            if again:
                model.come_back(self.clock.at)

    @rule(parts=wanted)
    def redeem(self, parts: list[tuple[int, int]]) -> None:
        """Take money, at once with others who want the same of what is held."""
        sums = self._sums(parts)
        fits = min(model.held // minor for model, minor in sums)
        done = self._at_once(lambda uow: accounts.redeem(uow, self._named(parts), cause_id=new_id()))

        assert done == min(AT_ONCE, fits)
        for model, minor in sums:
            model.held -= done * minor
            for _ in range(done):
                model.write(CreditEntryKind.REDEEM, -minor)

    @rule(parts=wanted)
    def refund(self, parts: list[tuple[int, int]]) -> None:
        """Give money back."""
        assert self._once(lambda uow: accounts.refund(uow, self._named(parts), cause_id=new_id()))
        for model, minor in self._sums(parts):
            model.write(CreditEntryKind.REFUND, minor)
            model.come_back(self.clock.at)

    @rule(which=some, minor=st.integers(-400, 400).filter(bool))
    def adjust(self, which: int, minor: int) -> None:
        """Put a balance right."""
        model = self.models[which % len(self.models)]
        amount = Decimal(_pounds(minor))
        done = self._once(
            lambda uow: crediting.adjust(
                uow, account_id=model.card.id, kind=model.kind, amount=amount, reason="a typing error"
            )
        )

        fits = model.balance - model.held + minor >= 0
        assert done == (fits and not (minor > 0 and model.is_over(self.clock.at)))
        if done:
            model.write(CreditEntryKind.ADJUST, minor)

    @rule(which=some)
    def disable(self, which: int) -> None:
        """Close a card."""
        model = self.models[which % len(self.models)]
        done = self._once(lambda uow: crediting.disable(uow, account_id=model.card.id))

        assert done == (model.kind is CreditKind.GIFT_CARD and model.status is not CreditStatus.DISABLED)
        if done:
            model.status = CreditStatus.DISABLED

    @rule(which=some)
    def enable(self, which: int) -> None:
        """Open a card again."""
        model = self.models[which % len(self.models)]
        done = self._once(lambda uow: crediting.enable(uow, account_id=model.card.id))

        assert done == (model.status is CreditStatus.DISABLED)
        if done:
            model.status = CreditStatus.ACTIVE

    @rule(days=st.sampled_from([1, 5, 100]))
    def expire(self, days: int) -> None:
        """Let time pass, and the worker look for what is over."""
        self.clock.advance(days=days)
        self.runner.run(expire(self.shop))
        for model in self.models:
            if model.is_over(self.clock.at) and model.status is not CreditStatus.DISABLED:
                model.status = CreditStatus.EXPIRED
                model.write(CreditEntryKind.EXPIRE, model.held - model.balance)

    def _sums(self, parts: Sequence[tuple[int, int]]) -> list[tuple[Model, int]]:
        sums: dict[int, int] = {}
        for which, minor in parts:
            sums[which] = sums.get(which, 0) + minor
        return [(self.models[which], minor) for which, minor in sums.items()]

    def _named(self, parts: Sequence[tuple[int, int]]) -> accounts.Wanted:
        return [(self.models[which].card.id, minor) for which, minor in parts]

    def _once(self, work: Callable[[UnitOfWork], Awaitable[object]]) -> bool:
        return bool(self.runner.run(self._tried(work)))

    def _at_once(self, work: Callable[[UnitOfWork], Awaitable[object]]) -> int:
        async def try_all() -> int:
            return sum(await asyncio.gather(*(self._tried(work) for _ in range(AT_ONCE))))

        return self.runner.run(try_all())

    async def _tried(self, work: Callable[[UnitOfWork], Awaitable[object]]) -> int:
        try:
            await run(self.shop, work)
        except REFUSALS:
            return 0
        return 1


def _pounds(minor: int) -> str:
    return str(Decimal(minor) / 100)
