"""What staff do with gift cards and store credit: give them, put them right, close them and open them again."""

from datetime import datetime
from decimal import Decimal

from app.customers import queries as customers
from app.kernel.db import UnitOfWork
from app.kernel.errors import IllegalTransition, Invalid, NotFound
from app.kernel.ids import CreditAccountId, CustomerId, new_id
from app.kernel.money import currencies, parse_minor
from app.kernel.permissions import Permission
from app.payments.errors import CreditAccountNotFound
from app.payments.events import GiftCardIssued
from app.payments.queries import accounts as queries
from app.payments.queries.accounts import NewAccount
from app.payments.rules import accounts as rules
from app.payments.rules.accounts import CreditAccount, CreditMove
from app.payments.service.accounts import SUBJECT, credit_customer, write
from app.payments.states import CREDIT, CreditEntryKind, CreditKind, CreditStatus


async def issue_gift_card(
    uow: UnitOfWork,
    *,
    amount: Decimal,
    currency: str,
    reason: str,
    expires_at: datetime | None = None,
    customer_id: CustomerId | None = None,
) -> CreditAccountId:
    """Give somebody a gift card, paid for by the shop.

    Emits GiftCardIssued. Raises: Forbidden; Invalid and NotFound naming the field at fault.
    """
    uow.actor.require(Permission.CREDIT_MANAGE)
    amount_minor = _positive(amount, currency)
    told = rules.given_reason(reason)
    if expires_at is not None and expires_at <= uow.now:
        raise Invalid("this moment is over", field=("expiresAt",))
    if customer_id is not None:
        await _refuse_customer(uow, customer_id)
    card = new_card(uow, amount_minor=amount_minor, currency=currency, expires_at=expires_at, customer_id=customer_id)
    await queries.insert_cards(uow, cards=[card], reason=told)
    tell_issued(uow, card)
    return card.id


async def issue_store_credit(
    uow: UnitOfWork, *, customer_id: CustomerId, amount: Decimal, currency: str, reason: str
) -> CreditAccount:
    """Give a customer store credit: the first in this currency, or more of it.

    Locks: the account. Emits CreditChanged. Raises: Forbidden; Invalid and NotFound naming the field at fault.
    """
    uow.actor.require(Permission.CREDIT_MANAGE)
    amount_minor = _positive(amount, currency)
    told = rules.given_reason(reason)
    await _refuse_customer(uow, customer_id)
    return await credit_customer(
        uow,
        customer_id=customer_id,
        currency=currency,
        amount_minor=amount_minor,
        kind=CreditEntryKind.ISSUE,
        reason=told,
    )


async def adjust(
    uow: UnitOfWork, *, account_id: CreditAccountId, kind: CreditKind, amount: Decimal, reason: str
) -> CreditAccount:
    """Put a balance right by hand, up or down, and say why; never below what is held.

    A card whose time is over gets nothing more: it would be gone at once. Locks: the account. Emits CreditChanged.
    Raises: Forbidden; CreditAccountNotFound; CreditInsufficient; IllegalTransition; Invalid naming the field at fault.
    """
    account = await _lock(uow, account_id, kind)
    amount_minor = parse_minor(amount, account.currency, field=("amount",))
    if not amount_minor:
        raise Invalid("this changes nothing", field=("amount",))
    told = rules.given_reason(reason)
    if amount_minor > 0 and account.is_over(uow.now):
        raise IllegalTransition("the time of this gift card is over; give another one", field=("giftCardId",))
    rules.refuse_more_than(account, -amount_minor, account.free_minor, field=("amount",))
    rules.refuse_overflow(account, amount_minor)
    move = CreditMove(account, amount_minor=amount_minor)
    (now,) = await write(uow, [move], kind=CreditEntryKind.ADJUST, reason=told)
    return now


async def disable(uow: UnitOfWork, *, account_id: CreditAccountId) -> CreditAccount:
    """Let nobody pay with a gift card any more. What is held of it can still be taken.

    Locks: the account. Emits CreditChanged. Raises: Forbidden; CreditAccountNotFound; IllegalTransition.
    """
    return await _move(uow, account_id, "giftCardDisable")


async def enable(uow: UnitOfWork, *, account_id: CreditAccountId) -> CreditAccount:
    """Let a gift card be paid with again, until it expires.

    Locks: the account. Emits CreditChanged. Raises: Forbidden; CreditAccountNotFound; IllegalTransition.
    """
    return await _move(uow, account_id, "giftCardEnable")


def new_card(
    uow: UnitOfWork,
    *,
    amount_minor: int,
    currency: str,
    expires_at: datetime | None,
    customer_id: CustomerId | None = None,
) -> NewAccount:
    """Describe a new gift card: its code is derived from the current key, and kept as a hash alone."""
    card_id = CreditAccountId(new_id())
    code = rules.derived_code(uow.keys, card_id, key_id=uow.keys.current)
    return NewAccount(
        id=card_id,
        currency=currency,
        balance_minor=amount_minor,
        customer_id=customer_id,
        expires_at=expires_at,
        code_key_id=uow.keys.current,
        code_hash=rules.code_hash(uow.keys, code),
        last_characters=code[-rules.SHOWN_LENGTH :],
    )


def tell_issued(uow: UnitOfWork, card: NewAccount) -> None:
    """Write a new gift card into the history of states, and emit GiftCardIssued."""
    uow.moved(SUBJECT, card.id, before=None, after=CreditStatus.ACTIVE.value, action="giftCardIssue")
    uow.emit(GiftCardIssued(account_id=card.id, order_line_id=card.order_line_id))


async def _move(uow: UnitOfWork, account_id: CreditAccountId, action: str) -> CreditAccount:
    account = await _lock(uow, account_id, CreditKind.GIFT_CARD)
    move = CreditMove(account, status=CREDIT.next(account.status, action))
    (now,) = await write(uow, [move], kind=CreditEntryKind.ADJUST, action=action)
    return now


async def _lock(uow: UnitOfWork, account_id: CreditAccountId, kind: CreditKind) -> CreditAccount:
    uow.actor.require(Permission.CREDIT_MANAGE)
    found = await queries.lock_accounts(uow, account_ids=[account_id])
    if not found or found[0].kind is not kind:
        card = kind is CreditKind.GIFT_CARD
        raise CreditAccountNotFound(
            f"there is no such {'gift card' if card else 'store credit'}",
            field=("giftCardId" if card else "storeCreditId",),
        )
    return found[0]


def _positive(amount: Decimal, currency: str) -> int:
    if currency not in currencies():
        raise Invalid("not a currency code of ISO 4217", field=("currency",))
    amount_minor = parse_minor(amount, currency, field=("amount",))
    if amount_minor <= 0:
        raise Invalid("more than nothing", field=("amount",))
    return amount_minor


async def _refuse_customer(uow: UnitOfWork, customer_id: CustomerId) -> None:
    if await customers.get_customer(uow, customer_id=customer_id) is None:
        raise NotFound("there is no such customer", field=("customerId",))
