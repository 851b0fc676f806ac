"""Gift cards and store credit, and the few things that are done with them again and again."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from app.kernel.actor import SYSTEM
from app.kernel.db import UnitOfWork
from app.kernel.errors import DomainError
from app.kernel.events import Event
from app.kernel.ids import CreditAccountId, new_id
from app.kernel.paging import page_request
from app.orders.events import OrderChanged
from app.payments.events import AccountsSettled, PaymentStepSettled
from app.payments.queries import accounts as queries
from app.payments.rules import accounts as rules
from app.payments.rules.accounts import CreditAccount, CreditEntry, GivenCode
from app.payments.service import accounts, codes, crediting
from app.worker import SUBSCRIPTIONS, Means, Relay
from tests.builders.placed import Placed
from tests.builders.shop import Shop

AnswerT = TypeVar("AnswerT")
PEER = "203.0.113.7"
#: Money that is held and taken here without an order: there are no tenders that it could be compared with.
TENDERS = "its tenders"
WRONG = "0000-0000-0000-0000"


@dataclass(frozen=True, slots=True)
class Card:
    """A gift card or store credit of a shop."""

    shop: Shop
    id: CreditAccountId

    async def now(self) -> CreditAccount:
        """Read it as it is now."""
        async with self.shop.database.read() as session:
            (found,) = await queries.list_accounts(session, account_ids=[self.id])
        return found

    async def balance(self) -> tuple[int, int]:
        """Say what is on it, and what of that is held."""
        account = await self.now()
        return account.balance_minor, account.held_minor

    async def code(self) -> str:
        """Read its code, as it is shown."""
        code = rules.code_of(self.shop.database.keys, await self.now())
        assert code is not None
        return code

    async def ledger(self) -> list[CreditEntry]:
        """Read its ledger, oldest entry first."""
        async with self.shop.database.read() as session:
            found = await queries.list_entries(
                session, account_ids=[self.id], request=page_request(first=100, after=None)
            )
        return found[::-1]

    async def told(self) -> list[tuple[str, int]]:
        """Read the kinds and amounts of its ledger, oldest first."""
        return [(entry.kind.value, entry.amount_minor) for entry in await self.ledger()]

    async def hold(self, minor: int) -> None:
        """Hold some of it."""
        await run(self.shop, lambda uow: accounts.hold(uow, [(self.id, minor)]))

    async def let_go(self, minor: int, *, spendable_again: bool = False) -> None:
        """Let some of it go."""
        await run(self.shop, lambda uow: accounts.let_go(uow, [(self.id, minor)], spendable_again=spendable_again))

    async def redeem(self, minor: int) -> None:
        """Take some of what is held."""
        await run(self.shop, lambda uow: accounts.redeem(uow, [(self.id, minor)], cause_id=new_id()))

    async def refund(self, minor: int) -> None:
        """Give some back."""
        await run(self.shop, lambda uow: accounts.refund(uow, [(self.id, minor)], cause_id=new_id()))

    async def disable(self) -> None:
        """Have staff close it."""
        await run(self.shop, lambda uow: crediting.disable(uow, account_id=self.id), by="service")

    async def enable(self) -> None:
        """Have staff open it again."""
        await run(self.shop, lambda uow: crediting.enable(uow, account_id=self.id), by="service")


async def run(shop: Shop, work: Callable[[UnitOfWork], Awaitable[AnswerT]], *, by: str = "system") -> AnswerT:
    """Do something in a unit of its own."""
    return await shop.begin(by).run(work)


async def gift_card(
    shop: Shop, amount: str = "50.00", *, currency: str = "GBP", expires_at: datetime | None = None, by: str = "service"
) -> Card:
    """Have staff give somebody a gift card."""
    issued = await run(
        shop,
        lambda uow: crediting.issue_gift_card(
            uow, amount=Decimal(amount), currency=currency, reason="a prize", expires_at=expires_at
        ),
        by=by,
    )
    return Card(shop, issued)


async def store_credit(
    shop: Shop, amount: str = "20.00", *, customer: str = "ada", currency: str = "GBP", by: str = "service"
) -> Card:
    """Have staff give a customer store credit."""
    customer_id = shop.people[customer].customer_id
    assert customer_id is not None
    account = await run(
        shop,
        lambda uow: crediting.issue_store_credit(
            uow, customer_id=customer_id, amount=Decimal(amount), currency=currency, reason="for the wait"
        ),
        by=by,
    )
    return Card(shop, account.id)


async def find(
    shop: Shop, *typed: str, currency: str = "GBP", origin: str = PEER, throttle: rules.GuessThrottle = codes.THROTTLE
) -> list[CreditAccount]:
    """Look cards up that somebody wants to pay with."""
    given = [GivenCode(code, ("tenders", str(i), "code")) for i, code in enumerate(typed)]
    begin = shop.begin()
    found = await begin.run(lambda uow: codes.find(uow, codes=given, origin=origin, throttle=throttle))
    if isinstance(found, DomainError):
        raise found
    for card, code in zip(found, given, strict=True):
        codes.refuse_unusable(card, code, currency=currency, now=begin.now)
    return found


async def expire(shop: Shop) -> int:
    """Have the worker look for cards whose time is over."""
    return await run(shop, lambda uow: accounts.expire_due(uow, most=100))


async def sell_as_gift_card(shop: Shop, *skus: str, ttl_days: int | None = None) -> None:
    """Let units of these variants become gift cards when they are bought from now on."""
    async with shop.database.unit(SYSTEM) as uow:
        await uow.execute("UPDATE variants SET gift_card = true WHERE sku = ANY($1)", [list(skus)])
        await uow.execute("UPDATE channels SET gift_card_ttl_days = $1", [ttl_days])


async def work_off(shop: Shop) -> None:
    """Have the worker tell every event that waits to those who issue gift cards and write invoices; no money moves."""
    kinds: tuple[type[Event], ...] = (OrderChanged, PaymentStepSettled, AccountsSettled)
    told = {kind: SUBSCRIPTIONS[kind] for kind in kinds}
    await Relay(Means(shop.begin(), {}), subscriptions=told).drain()


async def cards_of(placed: Placed, sku: str) -> list[Card]:
    """Find the gift cards that a line's units became."""
    line = await placed.line(sku)
    async with placed.shop.database.read() as session:
        found = await queries.list_sold(session, line_ids=[line.id])
    return [Card(placed.shop, account.id) for account in found]
