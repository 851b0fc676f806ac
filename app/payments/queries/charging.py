"""Every statement about what orders owe and are owed: charges and refunds, with the money that has moved for them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from app.kernel.db import UnitOfWork
from app.kernel.plain import to_plain
from app.kernel.sql import Session, rows, statement
from app.payments import models  # noqa: F401  # The statements below are about these tables.
from app.payments.rules import Charge, Refund

_LIST_CHARGES = rows(
    """
    SELECT charge.id, charge.order_id, charge.cause, charge.amount_minor, charge.waived_minor, charge.lines, charge.requested_at,
        coalesce(sum(step.amount_minor) FILTER (WHERE step.state = 'SUCCEEDED'), 0)::bigint,
        coalesce(sum(step.amount_minor) FILTER (WHERE step.settled_at IS NULL), 0)::bigint
    FROM charges AS charge LEFT JOIN payment_transactions AS step ON step.charge_id = charge.id
    WHERE charge.order_id = ANY(:order_ids::uuid[])
    GROUP BY charge.id ORDER BY charge.id
    """,
    Charge,
)
_LIST_REFUNDS = rows(
    """
    SELECT refund.id, refund.order_id, refund.cause_id, refund.reason, refund.amount_minor, refund.waived_minor,
        refund.to_store_credit, refund.sequence, refund.lines, refund.requested_at,
        (coalesce(sum(step.amount_minor) FILTER (WHERE step.kind = 'REFUND' AND step.state = 'SUCCEEDED'), 0)
            - coalesce(sum(step.amount_minor) FILTER (WHERE step.kind = 'REFUND_REVERSAL'), 0))::bigint,
        coalesce(sum(step.amount_minor) FILTER (WHERE step.settled_at IS NULL), 0)::bigint
    FROM refunds AS refund LEFT JOIN payment_transactions AS step ON step.refund_id = refund.id
    WHERE refund.order_id = ANY(:order_ids::uuid[])
    GROUP BY refund.id ORDER BY refund.id
    """,
    Refund,
)
_INSERT_CHARGE = statement(
    """
    INSERT INTO charges (id, order_id, cause, amount_minor, waived_minor, lines, actor, requested_at)
    VALUES (:id, :order_id, :cause, :amount_minor, 0, :lines, :actor, :now)
    """
)
_INSERT_REFUND = statement(
    """
    INSERT INTO refunds (id, order_id, cause_id, reason, amount_minor, waived_minor, to_store_credit, sequence, lines, actor,
        requested_at)
    VALUES (:id, :order_id, :cause_id, :reason, :amount_minor, 0, :to_store_credit, :sequence, :lines, :actor, :now)
    """
)
_WAIVE_CHARGES = statement(
    """
    UPDATE charges SET waived_minor = waived_minor + part.amount_minor
    FROM unnest(:ids::uuid[], :amounts::bigint[]) AS part (id, amount_minor) WHERE charges.id = part.id
    """
)
_WAIVE_REFUNDS = statement(
    """
    UPDATE refunds SET waived_minor = waived_minor + part.amount_minor
    FROM unnest(:ids::uuid[], :amounts::bigint[]) AS part (id, amount_minor) WHERE refunds.id = part.id
    """
)


@dataclass(frozen=True, slots=True)
class Refunded:
    """What has been given back because of one return or cancellation."""

    cause_id: UUID
    requested_minor: int
    refunded_minor: int


_REFUNDED_FOR_CAUSE = rows(
    """
    SELECT refund.cause_id, sum(refund.amount_minor)::bigint,
        coalesce(sum((SELECT sum(CASE step.kind WHEN 'REFUND' THEN step.amount_minor ELSE -step.amount_minor END)
            FROM payment_transactions AS step
            WHERE step.refund_id = refund.id AND step.state = 'SUCCEEDED')), 0)::bigint
    FROM refunds AS refund WHERE refund.cause_id = ANY(:cause_ids::uuid[]) GROUP BY refund.cause_id
    """,
    Refunded,
)


async def list_charges(session: Session, *, order_ids: Collection[UUID]) -> list[Charge]:
    """List what was charged of orders, oldest first."""
    return await _LIST_CHARGES.all(session, order_ids=list(order_ids))


async def list_refunds(session: Session, *, order_ids: Collection[UUID]) -> list[Refund]:
    """List what orders' customers are to have back, oldest first."""
    return await _LIST_REFUNDS.all(session, order_ids=list(order_ids))


async def insert_charge(uow: UnitOfWork, *, charge: Charge) -> None:
    """Write what goods cost that are charged now."""
    await _INSERT_CHARGE.run(
        uow,
        id=charge.id,
        order_id=charge.order_id,
        cause=charge.cause.value,
        amount_minor=charge.amount_minor,
        lines=to_plain(charge.lines),
        actor=uow.actor.label,
        now=uow.now,
    )


async def insert_refund(uow: UnitOfWork, *, refund: Refund) -> None:
    """Write what a customer is to have back."""
    await _INSERT_REFUND.run(
        uow,
        id=refund.id,
        order_id=refund.order_id,
        cause_id=refund.cause_id,
        reason=refund.reason,
        amount_minor=refund.amount_minor,
        to_store_credit=refund.to_store_credit,
        sequence=refund.sequence.value,
        lines=to_plain(refund.lines),
        actor=uow.actor.label,
        now=uow.now,
    )


async def waive(uow: UnitOfWork, *, charges: Mapping[UUID, int], refunds: Mapping[UUID, int]) -> None:
    """Settle parts of charges and refunds against each other."""
    await _WAIVE_CHARGES.run(uow, ids=list(charges), amounts=list(charges.values()))
    await _WAIVE_REFUNDS.run(uow, ids=list(refunds), amounts=list(refunds.values()))


async def refunded_for_cause(session: Session, *, cause_ids: Collection[UUID]) -> dict[UUID, Refunded]:
    """Say what was asked to be, and what has been, given back because of each of these returns or cancellations."""
    found = await _REFUNDED_FOR_CAUSE.all(session, cause_ids=list(cause_ids))
    return {refunded.cause_id: refunded for refunded in found}
