"""Gift cards that were bought: issued once their units have left, and taken back with them while they are as they were sold."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from app.kernel.db import UnitOfWork
from app.kernel.ids import OrderId
from app.kernel.plain import counted
from app.orders import service as orders
from app.payments.queries import accounts as queries
from app.payments.rules.accounts import CreditAccount, CreditMove
from app.payments.service.accounts import write
from app.payments.service.crediting import new_card, tell_issued
from app.payments.states import CREDIT, CreditEntryKind


async def issue_bought(uow: UnitOfWork, *, order_id: OrderId) -> int:
    """Issue a gift card for each unit of an order that is one, has left, and has none yet; answers how many.

    Its value is what a unit cost before discounts. May be called again and again, and by several at once: a unit never has
    two cards. Emits GiftCardIssued.
    """
    due = await queries.list_due_cards(uow, order_id=order_id)
    if not due:
        return 0
    cards = [
        replace(
            new_card(
                uow,
                amount_minor=sold.value_minor,
                currency=sold.currency,
                expires_at=None if sold.ttl_days is None else uow.now + timedelta(days=sold.ttl_days),
            ),
            order_line_id=sold.order_line_id,
            unit=sold.unit,
        )
        for sold in due
    ]
    issued = set(await queries.insert_cards(uow, cards=cards, reason=None))
    for card in cards:
        if card.id in issued:
            tell_issued(uow, card)
    if issued:
        message = f"{counted(len(issued), 'gift card')} issued"
        await orders.note(uow, order_id, kind="GIFT_CARDS_ISSUED", message=message)
    return len(issued)


async def take_back(uow: UnitOfWork, cards: Sequence[CreditAccount], *, cause_id: UUID) -> None:
    """Close gift cards that were given back unused, and take what is on them off. The caller has locked them.

    Emits CreditChanged.
    """
    moves = [
        CreditMove(card, amount_minor=-card.balance_minor, status=CREDIT.next(card.status, "takeBack"))
        for card in cards
    ]
    await write(uow, moves, kind=CreditEntryKind.ADJUST, cause_id=cause_id, action="takeBack")
