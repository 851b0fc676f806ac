"""Every statement about news that gateways sent."""

from datetime import datetime
from uuid import UUID

from app.kernel.db import UnitOfWork
from app.kernel.sql import Session, rows, statement
from app.payments import models  # noqa: F401  # The statements below are about these tables.
from app.payments.gateway import Notice, Outcome
from app.payments.states import NoticeEffect, TransactionKind

_INSERT = statement(
    """
    INSERT INTO gateway_notices (gateway, notice_id, kind, outcome, key, gateway_reference, authorization_reference, amount_minor,
        currency, effect, at, received_at)
    VALUES (:gateway, :notice_id, :kind, :outcome, :key, :reference, :about, :amount_minor, :currency, 'UNMATCHED', :at, :now)
    ON CONFLICT (gateway, notice_id) DO NOTHING
    """
)
_SET_EFFECT = statement(
    """
    UPDATE gateway_notices SET effect = :effect, transaction_id = :transaction_id
    WHERE gateway = :gateway AND notice_id = :notice_id
    """
)
_WAS_HEARD = rows(
    """
    SELECT EXISTS (SELECT FROM gateway_notices WHERE transaction_id = :step_id AND outcome = :outcome AND at > :since)
    """,
    bool,
)
_LIST_CONTRADICTED = rows(
    """
    SELECT notice_id, kind, outcome, at, amount_minor, currency, key, gateway_reference, authorization_reference, '',
        NULL::timestamptz
    FROM gateway_notices
    WHERE gateway = :gateway AND authorization_reference = :about AND kind = :kind AND effect = 'CONTRADICTED'
    ORDER BY at, notice_id
    """,
    Notice,
)


async def insert_notice(uow: UnitOfWork, *, gateway: str, notice: Notice) -> bool:
    """Keep news; answers False for what was heard before. Whoever hears the same at the same time waits for us here."""
    return bool(
        await _INSERT.run(
            uow,
            gateway=gateway,
            notice_id=notice.id,
            kind=notice.kind.value,
            outcome=notice.outcome.value,
            key=notice.key,
            reference=notice.reference,
            about=notice.authorization,
            amount_minor=notice.amount_minor,
            currency=notice.currency,
            at=notice.at,
            now=uow.now,
        )
    )


async def set_effect(
    uow: UnitOfWork, *, gateway: str, notice: Notice, effect: NoticeEffect, transaction_id: UUID | None
) -> None:
    """Write what came of news."""
    await _SET_EFFECT.run(uow, gateway=gateway, notice_id=notice.id, effect=effect.value, transaction_id=transaction_id)


async def was_heard(session: Session, *, step_id: UUID, outcome: Outcome, since: datetime) -> bool:
    """Say whether a gateway has told of a step that it went this way after that moment."""
    return await _WAS_HEARD.one(session, step_id=step_id, outcome=outcome.value, since=since)


async def list_contradicted(
    session: Session, *, gateway: str, kind: TransactionKind, about: str | None
) -> list[Notice]:
    """List news of one kind about an authorization that the ledger contradicted, in the order in which things happened."""
    return await _LIST_CONTRADICTED.all(session, gateway=gateway, kind=kind.value, about=about)
