"""What checkouts, orders and returns do with gift cards and store credit: hold, let go, take, give back.

Whoever calls has decided that it may. Accounts are locked in the order of their ids, after the payments that they are
locked for; each step costs two statements, however many accounts there are.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import structlog

from app.kernel.db import UnitOfWork
from app.kernel.errors import BrokenInvariant
from app.kernel.ids import CreditAccountId, CustomerId, new_id
from app.kernel.permissions import Permission
from app.payments.errors import CreditInsufficient
from app.payments.events import CreditChanged
from app.payments.queries import accounts as queries
from app.payments.queries.accounts import NewAccount
from app.payments.rules import accounts as rules
from app.payments.rules.accounts import CreditAccount, CreditMove
from app.payments.states import CREDIT, CreditEntryKind, CreditStatus

log = structlog.get_logger()

#: Accounts, and how much of each in minor units. An account may stand several times.
Wanted = Sequence[tuple[CreditAccountId, int]]

#: What the history of states calls it.
SUBJECT = "credit account"


async def hold(uow: UnitOfWork, wanted: Wanted) -> None:
    """Keep money for a checkout, all of it or none, so that nobody else can pay with it.

    Locks: the accounts. Raises: CreditInsufficient, which says of which account how much is left; of one that is disabled
    or whose time is over, that is nothing.
    """
    found = await _locked(uow, wanted)
    for account, asked in found:
        try:
            rules.refuse_more_than(account, asked, account.available_minor(uow.now))
        except CreditInsufficient as refusal:
            log.warning("credit refused", reason=refusal.code, account_id=str(account.id), requested_minor=asked)
            raise
    await queries.hold(uow, wanted=[(account.id, asked) for account, asked in found])


async def let_go(uow: UnitOfWork, wanted: Wanted, *, spendable_again: bool = False) -> list[CreditAccount]:
    """Let money go that was held and is not needed; answers the accounts.

    A card whose time was over meanwhile has lost it; but `spendable_again`, as when an order that was paid with it is
    cancelled, it can be spent like money that is given back. Locks: the accounts. Emits CreditChanged.
    Raises: BrokenInvariant when less is held.
    """
    found = await _locked(uow, wanted)
    _refuse_unheld(found)
    return await write(
        uow,
        [
            _spendable(CreditMove(account, held_minor=-asked), uow.now)
            if spendable_again
            else CreditMove(account, held_minor=-asked)
            for account, asked in found
        ],
        kind=CreditEntryKind.REFUND,
        action="refund",
    )


async def redeem(uow: UnitOfWork, wanted: Wanted, *, cause_id: UUID) -> list[CreditAccount]:
    """Take money that is held, whatever has become of the card since; answers the accounts.

    `cause_id` is the step of the payment, which takes from an account once. Locks: the accounts. Emits CreditChanged.
    Raises: BrokenInvariant when less is held.
    """
    found = await _locked(uow, wanted)
    _refuse_unheld(found)
    moves = [CreditMove(account, amount_minor=-asked, held_minor=-asked) for account, asked in found]
    return await write(uow, moves, kind=CreditEntryKind.REDEEM, cause_id=cause_id)


async def refund(uow: UnitOfWork, wanted: Wanted, *, cause_id: UUID) -> list[CreditAccount]:
    """Give money back to where it came from; answers the accounts.

    It can be spent for 90 days at least, also when the card's time was over. A card that staff have disabled stays so, as
    it may be in wrong hands: they enable it, or move the money. `cause_id` is the step of the payment, which gives back to
    an account once. Locks: the accounts. Emits CreditChanged.
    """
    found = await _locked(uow, wanted)
    for account, asked in found:
        rules.refuse_overflow(account, asked, field=())
    moves = [_spendable(CreditMove(account, amount_minor=asked), uow.now) for account, asked in found]
    return await write(uow, moves, kind=CreditEntryKind.REFUND, cause_id=cause_id, action="refund")


async def credit_customer(
    uow: UnitOfWork,
    *,
    customer_id: CustomerId,
    currency: str,
    amount_minor: int,
    kind: CreditEntryKind,
    cause_id: UUID | None = None,
    reason: str | None = None,
) -> CreditAccount:
    """Give a customer store credit: the first in this currency, or more of it. The customer is known to be there.

    With a `cause_id`, a REFUND is given once. Locks: the account. Emits CreditChanged. Raises: Invalid when it is too much.
    """
    new = NewAccount(
        id=CreditAccountId(new_id()), currency=currency, balance_minor=amount_minor, customer_id=customer_id
    )
    opened = await queries.insert_store_credit(uow, account=new, kind=kind, cause_id=cause_id, reason=reason)
    account = await queries.lock_store_credit(uow, customer_id=customer_id, currency=currency)
    if account is None:
        raise BrokenInvariant(f"customer {customer_id} has no store credit after it was given")
    if not opened:
        rules.refuse_overflow(account, amount_minor)
        moves = [CreditMove(account, amount_minor=amount_minor)]
        (account,) = await write(uow, moves, kind=kind, cause_id=cause_id, reason=reason)
        return account
    uow.moved(SUBJECT, account.id, before=None, after=account.status.value, action="storeCreditIssue")
    tell(uow, account, kind)
    return account


async def expire_due(uow: UnitOfWork, *, most: int) -> int:
    """Take off cards whose time is over what nothing holds; answers of how many.

    Those that others have locked come next time. Locks: the accounts. Emits CreditChanged. Raises: Forbidden.
    """
    uow.actor.require(Permission.CREDIT_MANAGE)
    due = await queries.lock_due(uow, most=most)
    moves = [
        CreditMove(account, amount_minor=-account.free_minor, status=CREDIT.next(account.status, "expire"))
        for account in due
    ]
    await write(uow, moves, kind=CreditEntryKind.EXPIRE, action="expire")
    return len(due)


async def write(
    uow: UnitOfWork,
    moves: Sequence[CreditMove],
    *,
    kind: CreditEntryKind,
    cause_id: UUID | None = None,
    reason: str | None = None,
    action: str = "",
) -> list[CreditAccount]:
    """Write what becomes of locked accounts, with their ledger; answers them as they are now. Emits CreditChanged."""
    if not moves:
        return []
    now = await queries.move(uow, moves=moves, kind=kind, cause_id=cause_id, reason=reason)
    by_id = {part.account.id: part for part in moves}
    for account in now:
        part = by_id[account.id]
        before = part.account.status
        if account.status is not before:
            uow.moved(SUBJECT, account.id, before=before.value, after=account.status.value, action=action)
        if account.status is not before or part.amount_minor:
            tell(uow, account, kind if part.amount_minor else None)
    return now


def tell(uow: UnitOfWork, account: CreditAccount, kind: CreditEntryKind | None) -> None:
    """Emit CreditChanged."""
    uow.emit(
        CreditChanged(
            account_id=account.id,
            status=account.status.value,
            kind=None if kind is None else kind.value,
            number=account.entries,
        )
    )


async def _locked(uow: UnitOfWork, wanted: Wanted) -> list[tuple[CreditAccount, int]]:
    sums = rules.summed(wanted)
    found = await queries.lock_accounts(uow, account_ids=list(sums)) if sums else []
    if len(found) != len(sums):
        raise BrokenInvariant(f"of {len(sums)} accounts only {len(found)} are there")
    return [(account, sums[account.id]) for account in found]


def _refuse_unheld(found: Sequence[tuple[CreditAccount, int]]) -> None:
    for account, asked in found:
        if asked > account.held_minor:
            raise BrokenInvariant(f"{asked} minor units of account {account.id} are not held")


def _spendable(move: CreditMove, now: datetime) -> CreditMove:
    """Let money that comes back to an account be spent."""
    status = move.account.status
    if status is CreditStatus.EXPIRED:
        status = CREDIT.next(status, "refund")
    return replace(move, status=status, expires_at=rules.spendable_until(move.account, now))
