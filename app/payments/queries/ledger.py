"""Every statement about tenders and the steps of their ledger."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from app.channels.states import TenderKind
from app.kernel.db import UnitOfWork
from app.kernel.ids import CreditAccountId, OrderId, PaymentId, new_id
from app.kernel.sql import Session, rows, statement
from app.payments import models  # noqa: F401  # The statements below are about these tables.
from app.payments.errors import PaymentMismatch
from app.payments.rules import Payment, Step
from app.payments.states import AuthorizationCause, PaymentStatus, TransactionKind, TransactionState

_NAMED_ONCE = "uq_payment_transactions_reference"
_PAYMENT = """id, attempt_id, order_id, position, tender, account_id, gateway, token, status, currency, amount_minor,
    authorizing_minor, authorized_minor, released_minor, expired_minor, capturing_minor, captured_minor, refunding_minor, refunded_minor,
    charged_back_minor, gateway_reference, action_kind, action_url, action_secret, holds_until, renews_at, created_at, updated_at"""
_STEP = """id, payment_id, charge_id, refund_id, kind, cause, state, amount_minor, gateway, authorization_reference,
    gateway_reference, failure, attempts, requested_at, settled_at"""

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
_LIST_RENEWABLE = rows(
    f"""
    SELECT {_PAYMENT} FROM payments WHERE renews_at <= :now AND order_id IS NOT NULL
    ORDER BY renews_at LIMIT :most
    """,
    Payment,
)
_LIST_RUN_OUT = rows(
    f"""
    SELECT {_PAYMENT} FROM payments WHERE holds_until <= :now AND order_id IS NOT NULL
    ORDER BY holds_until LIMIT :most
    """,
    Payment,
)
#: By whatever authorization of it, as news may be about one that was renewed since.
_FIND_BY_REFERENCE = rows(
    """
    SELECT payment_id FROM payment_transactions
    WHERE gateway = :gateway AND kind = 'AUTHORIZATION' AND gateway_reference = :reference
    """,
    UUID,
)
_GET_STEP = rows(f"SELECT {_STEP} FROM payment_transactions WHERE id = :id", Step)
_LOCK_STEP = rows(f"SELECT {_STEP} FROM payment_transactions WHERE id = :id FOR NO KEY UPDATE", Step)
_GET_STEP_BY_REFERENCE = rows(
    f"""
    SELECT {_STEP} FROM payment_transactions
    WHERE gateway = :gateway AND kind = :kind AND gateway_reference = :reference
    """,
    Step,
)
_LIST_STEPS = rows(
    f"SELECT {_STEP} FROM payment_transactions WHERE payment_id = ANY(:payment_ids::uuid[]) ORDER BY payment_id, id",
    Step,
)
#: Those that were asked for most often come last, and what people do at tills not at all: nothing keeps others waiting.
_LIST_OPEN_STEPS = rows(
    f"""
    SELECT {_STEP} FROM payment_transactions AS step
    WHERE settled_at IS NULL AND cause IS DISTINCT FROM 'INITIAL' AND requested_at < :before
      AND EXISTS (SELECT FROM payments WHERE payments.id = step.payment_id AND payments.tender = 'CARD')
    ORDER BY attempts, requested_at LIMIT :most
    """,
    Step,
)

#: Tenders, each with the first step of its ledger, whose id is the idempotency key that its gateway is asked under. Money
#: that asks no gateway is held with that; a promise to pay has no step yet.
_INSERT = statement(
    """
    WITH tender AS (
        SELECT * FROM unnest(:ids::uuid[], :positions::int[], :tenders::text[], :gateways::text[], :tokens::text[], :amounts::bigint[],
            :steps::uuid[], :statuses::text[], :references::text[], :accounts::uuid[])
            AS tender (id, position, tender, gateway, token, amount_minor, step_id, status, reference, account_id)
    ), payment AS (
        INSERT INTO payments (id, attempt_id, position, tender, gateway, token, status, currency, amount_minor, authorizing_minor,
            authorized_minor, released_minor, expired_minor, capturing_minor, captured_minor, refunding_minor, refunded_minor,
            charged_back_minor, gateway_reference, account_id, created_at, updated_at)
        SELECT id, :attempt_id::uuid, position, tender, gateway, token, status, :currency::text, amount_minor,
            CASE WHEN step_id IS NOT NULL AND status = 'PENDING' THEN amount_minor ELSE 0 END,
            CASE WHEN status = 'AUTHORIZED' THEN amount_minor ELSE 0 END, 0, 0, 0, 0, 0, 0, 0, reference, account_id,
            :now::timestamptz, :now::timestamptz
        FROM tender
    )
    INSERT INTO payment_transactions (id, payment_id, kind, cause, state, amount_minor, gateway, gateway_reference, requested_at,
        settled_at)
    SELECT step_id, id, 'AUTHORIZATION', 'INITIAL', CASE WHEN status = 'AUTHORIZED' THEN 'SUCCEEDED' ELSE 'REQUESTED' END,
        amount_minor, gateway, reference, :now::timestamptz, CASE WHEN status = 'AUTHORIZED' THEN :now::timestamptz END
    FROM tender WHERE step_id IS NOT NULL
    """
)

#: One statement writes a tender and its first step after the gateway has answered, or did not.
_RECORD_AUTHORIZATION = statement(
    """
    WITH step AS (
        UPDATE payment_transactions SET state = :step_state::text, gateway_reference = coalesce(:reference, gateway_reference),
            failure = :failure, attempts = attempts + 1,
            settled_at = CASE WHEN :step_state::text IN ('SUCCEEDED', 'FAILED') THEN :now::timestamptz END
        WHERE payment_id = :id AND cause = 'INITIAL' AND settled_at IS NULL
    )
    UPDATE payments SET status = :status, authorizing_minor = :authorizing_minor, authorized_minor = :authorized_minor,
        gateway_reference = coalesce(:reference, gateway_reference), action_kind = :action_kind, action_url = :action_url,
        action_secret = :action_secret, holds_until = :holds_until, renews_at = :renews_at,
        order_id = coalesce(:order_id, order_id), updated_at = :now::timestamptz,
        token = CASE WHEN :step_state::text IN ('SUCCEEDED', 'FAILED') THEN NULL ELSE token END
    WHERE id = :id
    """
)
_UPDATE_BALANCES = statement(
    """
    UPDATE payments AS payment SET status = now.status, amount_minor = now.amount_minor,
        authorizing_minor = now.authorizing_minor, authorized_minor = now.authorized_minor, released_minor = now.released_minor,
        expired_minor = now.expired_minor, capturing_minor = now.capturing_minor, captured_minor = now.captured_minor,
        refunding_minor = now.refunding_minor, refunded_minor = now.refunded_minor,
        charged_back_minor = now.charged_back_minor, gateway_reference = now.gateway_reference,
        holds_until = now.holds_until, renews_at = now.renews_at, updated_at = :now::timestamptz
    FROM unnest(:ids::uuid[], :statuses::text[], :amounts::bigint[], :authorizings::bigint[], :authorizeds::bigint[],
        :releaseds::bigint[], :expireds::bigint[], :capturings::bigint[], :captureds::bigint[], :refundings::bigint[],
        :refundeds::bigint[], :charged_backs::bigint[], :references::text[], :holds_untils::timestamptz[],
        :renews_ats::timestamptz[])
        AS now (id, status, amount_minor, authorizing_minor, authorized_minor, released_minor, expired_minor, capturing_minor,
            captured_minor, refunding_minor, refunded_minor, charged_back_minor, gateway_reference, holds_until, renews_at)
    WHERE payment.id = now.id
    """
)
_INSERT_STEPS = statement(
    """
    INSERT INTO payment_transactions (id, payment_id, charge_id, refund_id, kind, cause, state, amount_minor, gateway,
        authorization_reference, gateway_reference, requested_at, settled_at)
    SELECT id, payment_id, charge_id, refund_id, kind, cause, CASE WHEN settled THEN 'SUCCEEDED' ELSE 'REQUESTED' END,
        amount_minor, gateway, about, reference, :now::timestamptz, CASE WHEN settled THEN :now::timestamptz END
    FROM unnest(:ids::uuid[], :payments::uuid[], :charges::uuid[], :refunds::uuid[], :kinds::text[], :causes::text[],
        :amounts::bigint[], :gateways::text[], :abouts::text[], :references::text[], :settleds::bool[])
        AS step (id, payment_id, charge_id, refund_id, kind, cause, amount_minor, gateway, about, reference, settled)
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
#: A promise to pay becomes the money that it was kept with, which is here, and so held.
_KEEP_PROMISE = statement(
    """
    WITH payment AS (
        UPDATE payments SET tender = :tender::text, gateway = lower(:tender::text), amount_minor = :amount_minor::bigint,
            authorized_minor = :amount_minor::bigint, status = 'AUTHORIZED', gateway_reference = :reference::text,
            updated_at = :now::timestamptz
        WHERE id = :id::uuid RETURNING id
    )
    INSERT INTO payment_transactions (id, payment_id, kind, cause, state, amount_minor, gateway, gateway_reference,
        requested_at, settled_at)
    SELECT :step_id::uuid, id, 'AUTHORIZATION', 'INITIAL', 'SUCCEEDED', :amount_minor::bigint, lower(:tender::text),
        :reference::text, :now::timestamptz, :now::timestamptz
    FROM payment
    """
)
#: The LIMIT takes nothing away: without it the statement would be planned anew for each order.
_SET_ORDER = statement(
    """
    UPDATE payments SET order_id = :order_id, updated_at = :now
    WHERE id IN (SELECT * FROM unnest(:ids::uuid[]) LIMIT cardinality(:ids::uuid[]))
    """
)
_REDACT_TOKENS = statement(
    """
    UPDATE payments SET token = NULL, action_secret = NULL
    WHERE attempt_id = :attempt_id AND (token IS NOT NULL OR action_secret IS NOT NULL)
    """
)


@dataclass(frozen=True, slots=True)
class NewTender:
    """A tender to be written. `step_id` names its first step; a promise to pay has none.

    Money that asks no gateway is AUTHORIZED as it is written; `reference` is what a till's terminal calls it.
    """

    id: PaymentId
    step_id: UUID | None
    position: int
    tender: TenderKind
    gateway: str
    token: str | None
    amount_minor: int
    status: PaymentStatus = PaymentStatus.PENDING
    reference: str | None = None
    account_id: CreditAccountId | None = None

    def payment(self, attempt_id: UUID, currency: str, at: datetime) -> Payment:
        """Say what the row is that this tender was written as."""
        held = self.amount_minor if self.status is PaymentStatus.AUTHORIZED else 0
        return Payment(
            id=self.id,
            attempt_id=attempt_id,
            order_id=None,
            position=self.position,
            tender=self.tender,
            account_id=self.account_id,
            gateway=self.gateway,
            token=self.token,
            status=self.status,
            currency=currency,
            amount_minor=self.amount_minor,
            authorizing_minor=self.amount_minor if self.step_id is not None and not held else 0,
            authorized_minor=held,
            released_minor=0,
            expired_minor=0,
            capturing_minor=0,
            captured_minor=0,
            refunding_minor=0,
            refunded_minor=0,
            charged_back_minor=0,
            gateway_reference=self.reference,
            action_kind=None,
            action_url=None,
            action_secret=None,
            holds_until=None,
            renews_at=None,
            created_at=at,
            updated_at=at,
        )


@dataclass(frozen=True, slots=True)
class NewStep:
    """A step to be written: asked for, or `settled` at once where no gateway has to be asked."""

    id: UUID
    payment: Payment
    kind: TransactionKind
    amount_minor: int
    cause: AuthorizationCause | None = None
    charge_id: UUID | None = None
    refund_id: UUID | None = None
    about: str | None = None
    reference: str | None = None
    settled: bool = False


@contextmanager
def named_once(*field: str) -> Iterator[None]:
    """Refuse politely what the ledger knows already: a name that a gateway, or a terminal, gave to another step.

    Raises: PaymentMismatch.
    """
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != _NAMED_ONCE:
            raise
        raise PaymentMismatch("this reference stands for something else already", field=field) from error


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


async def list_renewable(session: Session, *, now: datetime, most: int) -> list[Payment]:
    """List tenders of orders whose money has to be held anew soon."""
    return await _LIST_RENEWABLE.all(session, now=now, most=most)


async def list_run_out(session: Session, *, now: datetime, most: int) -> list[Payment]:
    """List tenders of orders whose money is held no more."""
    return await _LIST_RUN_OUT.all(session, now=now, most=most)


async def find_by_reference(session: Session, *, gateway: str, reference: str) -> PaymentId | None:
    """Find the tender that a gateway's authorization is of."""
    found = await _FIND_BY_REFERENCE.first(session, gateway=gateway, reference=reference)
    return None if found is None else PaymentId(found)


async def get_step(session: Session, *, step_id: UUID) -> Step | None:
    """Read one step of the ledger."""
    return await _GET_STEP.first(session, id=step_id)


async def get_step_by_reference(
    session: Session, *, gateway: str, kind: TransactionKind, reference: str
) -> Step | None:
    """Find a step by the gateway's name of it."""
    return await _GET_STEP_BY_REFERENCE.first(session, gateway=gateway, kind=kind.value, reference=reference)


async def lock_step(uow: UnitOfWork, *, step_id: UUID) -> Step | None:
    """Lock one step of the ledger."""
    return await _LOCK_STEP.first(uow, id=step_id)


async def list_steps(session: Session, *, payment_ids: Collection[UUID]) -> list[Step]:
    """List the ledgers of tenders, oldest step first."""
    return await _LIST_STEPS.all(session, payment_ids=list(payment_ids))


async def list_open_steps(session: Session, *, before: datetime, most: int) -> list[Step]:
    """List steps of orders that were asked for before a moment and have no answer yet."""
    return await _LIST_OPEN_STEPS.all(session, before=before, most=most)


async def insert(uow: UnitOfWork, *, attempt_id: UUID, currency: str, tenders: Sequence[NewTender]) -> None:
    """Write the tenders of a checkout attempt, each with its authorization asked for, or held where nobody is asked.

    Raises: PaymentMismatch for a terminal's reference that paid for something else.
    """
    written = {
        "attempt_id": attempt_id,
        "currency": currency,
        "now": uow.now,
        "ids": [tender.id for tender in tenders],
        "positions": [tender.position for tender in tenders],
        "tenders": [tender.tender.value for tender in tenders],
        "gateways": [tender.gateway for tender in tenders],
        "tokens": [tender.token for tender in tenders],
        "amounts": [tender.amount_minor for tender in tenders],
        "steps": [tender.step_id for tender in tenders],
        "statuses": [tender.status.value for tender in tenders],
        "references": [tender.reference for tender in tenders],
        "accounts": [tender.account_id for tender in tenders],
    }
    if not any(tender.reference for tender in tenders):
        await _INSERT.later(uow, **written)
        return
    with named_once("payments"):
        await _INSERT.run(uow, **written)


async def record_authorization(
    uow: UnitOfWork,
    *,
    payment: Payment,
    step_state: TransactionState,
    reference: str | None,
    failure: str | None,
    order_id: OrderId | None,
) -> None:
    """Write what a tender and its first step are now."""
    await _RECORD_AUTHORIZATION.later(
        uow,
        id=payment.id,
        status=payment.status.value,
        authorizing_minor=payment.authorizing_minor,
        authorized_minor=payment.authorized_minor,
        action_kind=payment.action_kind,
        action_url=payment.action_url,
        action_secret=payment.action_secret,
        holds_until=payment.holds_until,
        renews_at=payment.renews_at,
        step_state=step_state.value,
        reference=reference,
        failure=failure,
        order_id=order_id,
        now=uow.now,
    )


async def update_balances(uow: UnitOfWork, *, payments: Sequence[Payment]) -> None:
    """Write the balances of tenders, and what they follow from."""
    if not payments:
        return
    await _UPDATE_BALANCES.run(
        uow,
        now=uow.now,
        ids=[payment.id for payment in payments],
        statuses=[payment.status.value for payment in payments],
        amounts=[payment.amount_minor for payment in payments],
        authorizings=[payment.authorizing_minor for payment in payments],
        authorizeds=[payment.authorized_minor for payment in payments],
        releaseds=[payment.released_minor for payment in payments],
        expireds=[payment.expired_minor for payment in payments],
        capturings=[payment.capturing_minor for payment in payments],
        captureds=[payment.captured_minor for payment in payments],
        refundings=[payment.refunding_minor for payment in payments],
        refundeds=[payment.refunded_minor for payment in payments],
        charged_backs=[payment.charged_back_minor for payment in payments],
        references=[payment.gateway_reference for payment in payments],
        holds_untils=[payment.holds_until for payment in payments],
        renews_ats=[payment.renews_at for payment in payments],
    )


async def insert_steps(uow: UnitOfWork, *, steps: Sequence[NewStep]) -> None:
    """Write steps to be asked of gateways, and those that are settled already."""
    await _INSERT_STEPS.run(
        uow,
        now=uow.now,
        ids=[step.id for step in steps],
        payments=[step.payment.id for step in steps],
        charges=[step.charge_id for step in steps],
        refunds=[step.refund_id for step in steps],
        kinds=[step.kind.value for step in steps],
        causes=[None if step.cause is None else step.cause.value for step in steps],
        amounts=[step.amount_minor for step in steps],
        gateways=[step.payment.gateway for step in steps],
        abouts=[step.about for step in steps],
        references=[step.reference for step in steps],
        settleds=[step.settled for step in steps],
    )


async def update_step(
    uow: UnitOfWork, *, step_id: UUID, state: TransactionState, reference: str | None, failure: str | None
) -> None:
    """Write how a step went."""
    await _UPDATE_STEP.run(uow, id=step_id, state=state.value, reference=reference, failure=failure, now=uow.now)


async def keep_promise(
    uow: UnitOfWork, *, payment_id: PaymentId, tender: TenderKind, amount_minor: int, reference: str | None
) -> None:
    """Write down what a promise to pay was kept with.

    Raises: PaymentMismatch for a terminal's reference that paid for something else.
    """
    with named_once("reference"):
        await _KEEP_PROMISE.run(
            uow,
            id=payment_id,
            step_id=new_id(),
            tender=tender.value,
            amount_minor=amount_minor,
            reference=reference,
            now=uow.now,
        )


async def set_order(uow: UnitOfWork, *, payment_ids: Collection[PaymentId], order_id: OrderId) -> None:
    """Let tenders belong to the order that was placed with them."""
    await _SET_ORDER.later(uow, ids=list(payment_ids), order_id=order_id, now=uow.now)


async def redact_tokens(uow: UnitOfWork, *, attempt_id: UUID) -> None:
    """Forget the gateway tokens of an attempt that has ended."""
    await _REDACT_TOKENS.run(uow, attempt_id=attempt_id)
