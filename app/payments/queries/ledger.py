"""Every statement about payments."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.kernel.db import UnitOfWork
from app.kernel.ids import OrderId, PaymentId
from app.kernel.sql import Session, rows, statement
from app.payments.models import ledger as models  # noqa: F401  # The statements below are about these tables.
from app.payments.rules import Payment, Step
from app.payments.states import PaymentStatus, TransactionKind, TransactionState

_PAYMENT = """id, attempt_id, order_id, position, gateway, token, status, currency, amount_minor, authorized_minor, released_minor,
    capturing_minor, captured_minor, refunding_minor, refunded_minor, gateway_reference, action_url, created_at, updated_at"""
_STEP = """id, payment_id, refund_id, kind, state, amount_minor, gateway_reference, failure, attempts, requested_at, settled_at"""

_LOCK_FOR_ORDER = rows(
    f"SELECT {_PAYMENT} FROM payments WHERE order_id = :order_id ORDER BY id FOR NO KEY UPDATE", Payment
)
_LOCK_FOR_ATTEMPT = rows(
    f"SELECT {_PAYMENT} FROM payments WHERE attempt_id = :attempt_id ORDER BY id FOR NO KEY UPDATE", Payment
)
_LOCK = rows(f"SELECT {_PAYMENT} FROM payments WHERE id = :id FOR NO KEY UPDATE", Payment)
_LIST_FOR_ORDERS = rows(
    f"SELECT {_PAYMENT} FROM payments WHERE order_id = ANY(:order_ids::uuid[]) ORDER BY order_id, position", Payment
)
_LIST = rows(f"SELECT {_PAYMENT} FROM payments WHERE id = ANY(:ids::uuid[])", Payment)
_LIST_FOR_ATTEMPT = rows(f"SELECT {_PAYMENT} FROM payments WHERE attempt_id = :attempt_id ORDER BY position", Payment)
_GET_STEP = rows(f"SELECT {_STEP} FROM payment_transactions WHERE id = :id", Step)
_LOCK_STEP = rows(f"SELECT {_STEP} FROM payment_transactions WHERE id = :id FOR NO KEY UPDATE", Step)
_LIST_STEPS = rows(
    f"SELECT {_STEP} FROM payment_transactions WHERE payment_id = ANY(:payment_ids::uuid[]) ORDER BY payment_id, id",
    Step,
)
_LIST_OPEN_STEPS = rows(
    f"""
    SELECT {_STEP} FROM payment_transactions
    WHERE settled_at IS NULL AND kind <> 'AUTHORIZATION' AND requested_at < :before ORDER BY requested_at LIMIT :most
    """,
    Step,
)

#: A tender and the first step of its ledger, whose id is the idempotency key that the gateway is asked under.
_INSERT = statement(
    """
    WITH tender AS (
        SELECT * FROM unnest(:ids::uuid[], :positions::int[], :gateways::text[], :tokens::text[], :amounts::bigint[], :steps::uuid[])
            AS tender (id, position, gateway, token, amount_minor, step_id)
    ), payment AS (
        INSERT INTO payments (id, attempt_id, position, gateway, token, status, currency, amount_minor, authorized_minor,
            released_minor, capturing_minor, captured_minor, refunding_minor, refunded_minor, created_at, updated_at)
        SELECT id, :attempt_id::uuid, position, gateway, token, 'PENDING', :currency::text, amount_minor, 0, 0, 0, 0, 0, 0,
            :now::timestamptz, :now::timestamptz
        FROM tender
    )
    INSERT INTO payment_transactions (id, payment_id, kind, state, amount_minor, requested_at)
    SELECT step_id, id, 'AUTHORIZATION', 'REQUESTED', amount_minor, :now::timestamptz FROM tender
    """
)

#: One statement writes tenders and their authorization steps after the gateway has answered, or did not.
_RECORD_AUTHORIZATION = statement(
    """
    WITH step AS (
        UPDATE payment_transactions SET state = :step_state::text, gateway_reference = coalesce(:reference, gateway_reference),
            failure = :failure, attempts = attempts + 1,
            settled_at = CASE WHEN :step_state::text IN ('SUCCEEDED', 'FAILED') THEN :now::timestamptz END
        WHERE payment_id = :id AND kind = 'AUTHORIZATION'
    )
    UPDATE payments SET status = :status, authorized_minor = :authorized_minor, gateway_reference = coalesce(:reference, gateway_reference),
        action_url = :action_url, order_id = coalesce(:order_id, order_id), updated_at = :now::timestamptz,
        token = CASE WHEN :step_state::text IN ('SUCCEEDED', 'FAILED') THEN NULL ELSE token END
    WHERE id = :id
    """
)
_UPDATE_BALANCES = statement(
    """
    UPDATE payments SET status = :status, released_minor = :released_minor, capturing_minor = :capturing_minor,
        captured_minor = :captured_minor, refunding_minor = :refunding_minor, refunded_minor = :refunded_minor,
        updated_at = :now
    WHERE id = :id
    """
)
_INSERT_STEPS = statement(
    """
    INSERT INTO payment_transactions (id, payment_id, refund_id, kind, state, amount_minor, requested_at)
    SELECT id, payment_id, :refund_id::uuid, :kind::text, 'REQUESTED', amount_minor, :now::timestamptz
    FROM unnest(:ids::uuid[], :payments::uuid[], :amounts::bigint[]) AS step (id, payment_id, amount_minor)
    """
)
_UPDATE_STEP = statement(
    """
    UPDATE payment_transactions SET state = :state::text, gateway_reference = coalesce(:reference, gateway_reference),
        failure = :failure, attempts = attempts + 1,
        settled_at = CASE WHEN :state::text IN ('SUCCEEDED', 'FAILED') THEN :now::timestamptz END
    WHERE id = :id
    """
)
_INSERT_REFUND = statement(
    """
    INSERT INTO refunds (id, order_id, cause_id, reason, amount_minor, actor, requested_at)
    VALUES (:id, :order_id, :cause_id, :reason, :amount_minor, :actor, :now)
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
        coalesce(sum((SELECT sum(step.amount_minor) FROM payment_transactions AS step
            WHERE step.refund_id = refund.id AND step.state = 'SUCCEEDED')), 0)::bigint
    FROM refunds AS refund WHERE refund.cause_id = ANY(:cause_ids::uuid[]) GROUP BY refund.cause_id
    """,
    Refunded,
)
_SET_ORDER = statement("UPDATE payments SET order_id = :order_id, updated_at = :now WHERE id = :id")
_REDACT_TOKENS = statement("UPDATE payments SET token = NULL WHERE attempt_id = :attempt_id AND token IS NOT NULL")


async def lock_for_order(uow: UnitOfWork, *, order_id: OrderId) -> list[Payment]:
    """Lock an order's tenders."""
    return sorted(await _LOCK_FOR_ORDER.all(uow, order_id=order_id), key=lambda payment: payment.position)


async def lock_for_attempt(uow: UnitOfWork, *, attempt_id: UUID) -> list[Payment]:
    """Lock the tenders of a checkout attempt."""
    return sorted(await _LOCK_FOR_ATTEMPT.all(uow, attempt_id=attempt_id), key=lambda payment: payment.position)


async def lock(uow: UnitOfWork, *, payment_id: UUID) -> Payment | None:
    """Lock one tender."""
    return await _LOCK.first(uow, id=payment_id)


async def list_payments(session: Session, *, order_ids: Collection[UUID]) -> list[Payment]:
    """List the tenders of orders, in the order in which they are charged."""
    return await _LIST_FOR_ORDERS.all(session, order_ids=list(order_ids))


async def list_by_id(session: Session, *, payment_ids: Collection[UUID]) -> list[Payment]:
    """List tenders by id, in no order."""
    return await _LIST.all(session, ids=list(payment_ids))


async def list_for_attempt(session: Session, *, attempt_id: UUID) -> list[Payment]:
    """List the tenders of a checkout attempt."""
    return await _LIST_FOR_ATTEMPT.all(session, attempt_id=attempt_id)


async def get_step(session: Session, *, step_id: UUID) -> Step | None:
    """Read one step of the ledger."""
    return await _GET_STEP.first(session, id=step_id)


async def lock_step(uow: UnitOfWork, *, step_id: UUID) -> Step | None:
    """Lock one step of the ledger."""
    return await _LOCK_STEP.first(uow, id=step_id)


async def list_steps(session: Session, *, payment_ids: Collection[UUID]) -> list[Step]:
    """List the ledgers of tenders, oldest step first."""
    return await _LIST_STEPS.all(session, payment_ids=list(payment_ids))


async def list_open_steps(session: Session, *, before: datetime, most: int) -> list[Step]:
    """List captures, voids and refunds that were asked for before a moment and have no answer yet."""
    return await _LIST_OPEN_STEPS.all(session, before=before, most=most)


@dataclass(frozen=True, slots=True)
class NewTender:
    """A tender to be written, with the id of its first step."""

    id: PaymentId
    step_id: UUID
    position: int
    gateway: str
    token: str
    amount_minor: int

    def payment(self, attempt_id: UUID, currency: str, at: datetime) -> Payment:
        """Say what the row is that this tender was written as."""
        return Payment(
            id=self.id,
            attempt_id=attempt_id,
            order_id=None,
            position=self.position,
            gateway=self.gateway,
            token=self.token,
            status=PaymentStatus.PENDING,
            currency=currency,
            amount_minor=self.amount_minor,
            authorized_minor=0,
            released_minor=0,
            capturing_minor=0,
            captured_minor=0,
            refunding_minor=0,
            refunded_minor=0,
            gateway_reference=None,
            action_url=None,
            created_at=at,
            updated_at=at,
        )


async def insert(uow: UnitOfWork, *, attempt_id: UUID, currency: str, tenders: Sequence[NewTender]) -> None:
    """Write the tenders of a checkout attempt, each with its authorization asked for."""
    await _INSERT.run(
        uow,
        attempt_id=attempt_id,
        currency=currency,
        now=uow.now,
        ids=[tender.id for tender in tenders],
        positions=[tender.position for tender in tenders],
        gateways=[tender.gateway for tender in tenders],
        tokens=[tender.token for tender in tenders],
        amounts=[tender.amount_minor for tender in tenders],
        steps=[tender.step_id for tender in tenders],
    )


async def record_authorization(
    uow: UnitOfWork,
    *,
    payment: Payment,
    step_state: TransactionState,
    reference: str | None,
    failure: str | None,
    order_id: OrderId | None,
) -> None:
    """Write what a tender and its authorization step are now."""
    await _RECORD_AUTHORIZATION.run(
        uow,
        id=payment.id,
        status=payment.status.value,
        authorized_minor=payment.authorized_minor,
        action_url=payment.action_url,
        step_state=step_state.value,
        reference=reference,
        failure=failure,
        order_id=order_id,
        now=uow.now,
    )


async def update_balances(uow: UnitOfWork, *, payment: Payment) -> None:
    """Write the balances of a tender."""
    await _UPDATE_BALANCES.run(
        uow,
        id=payment.id,
        status=payment.status.value,
        released_minor=payment.released_minor,
        capturing_minor=payment.capturing_minor,
        captured_minor=payment.captured_minor,
        refunding_minor=payment.refunding_minor,
        refunded_minor=payment.refunded_minor,
        now=uow.now,
    )


async def insert_steps(
    uow: UnitOfWork,
    *,
    kind: TransactionKind,
    steps: Sequence[tuple[UUID, PaymentId, int]],
    refund_id: UUID | None = None,
) -> None:
    """Write steps to be asked of gateways: (id, payment, amount) each."""
    await _INSERT_STEPS.run(
        uow,
        kind=kind.value,
        refund_id=refund_id,
        now=uow.now,
        ids=[step[0] for step in steps],
        payments=[step[1] for step in steps],
        amounts=[step[2] for step in steps],
    )


async def update_step(
    uow: UnitOfWork, *, step_id: UUID, state: TransactionState, reference: str | None, failure: str | None
) -> None:
    """Write how a step went."""
    await _UPDATE_STEP.run(uow, id=step_id, state=state.value, reference=reference, failure=failure, now=uow.now)


async def insert_refund(
    uow: UnitOfWork, *, refund_id: UUID, order_id: OrderId, cause_id: UUID, reason: str, amount_minor: int
) -> None:
    """Write the intent to give money back."""
    await _INSERT_REFUND.run(
        uow,
        id=refund_id,
        order_id=order_id,
        cause_id=cause_id,
        reason=reason,
        amount_minor=amount_minor,
        actor=uow.actor.label,
        now=uow.now,
    )


async def set_order(uow: UnitOfWork, *, payment_id: PaymentId, order_id: OrderId) -> None:
    """Let a tender belong to the order that was placed with it."""
    await _SET_ORDER.run(uow, id=payment_id, order_id=order_id, now=uow.now)


async def redact_tokens(uow: UnitOfWork, *, attempt_id: UUID) -> None:
    """Forget the gateway tokens of an attempt that has ended."""
    await _REDACT_TOKENS.run(uow, attempt_id=attempt_id)


async def refunded_for_cause(session: Session, *, cause_ids: Collection[UUID]) -> dict[UUID, Refunded]:
    """Say what was asked to be, and what has been, given back because of each of these returns or cancellations."""
    found = await _REFUNDED_FOR_CAUSE.all(session, cause_ids=list(cause_ids))
    return {refunded.cause_id: refunded for refunded in found}
