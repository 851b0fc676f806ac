"""Which tenders an order's money goes back to: in the sequence of its refunds, and never to one for another."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, assert_never
from uuid import UUID

from app.channels.states import RefundSequence
from app.kernel.ids import PaymentId
from app.payments.rules.charging import Refund
from app.payments.rules.ledger import Payment, Step, spread
from app.payments.states import TransactionKind, TransactionState

#: What was taken of each authorization of each tender and not given back, by the gateway's name of the authorization.
Taken: TypeAlias = Mapping[UUID, Mapping[str | None, int]]


@dataclass(frozen=True, slots=True)
class RefundPart:
    """What one tender gives back of one refund. `about` names the authorization that it was taken of."""

    refund_id: UUID
    payment_id: PaymentId
    about: str | None
    amount_minor: int


def taken_by_authorization(steps: Collection[Step]) -> dict[UUID, dict[str | None, int]]:
    """Say what was taken of which authorization of each tender and not given back: a gateway gives back to where it came from."""
    taken: dict[UUID, dict[str | None, int]] = {}
    signs = {TransactionKind.CAPTURE: 1, TransactionKind.REFUND: -1, TransactionKind.REFUND_REVERSAL: 1}
    for step in steps:
        sign = signs.get(step.kind, 0)
        counts = step.state is TransactionState.SUCCEEDED or (sign < 0 and step.state is not TransactionState.FAILED)
        if sign and counts:
            of = taken.setdefault(step.payment_id, {})
            of[step.authorization_reference] = of.get(step.authorization_reference, 0) + sign * step.amount_minor
    return taken


def undone(steps: Collection[Step]) -> set[UUID]:
    """Say which refunds of a tender's ledger did not arrive after all.

    A reversal is of the refund that it is named after, and without such a name of the last one before it of the same amount,
    for the same refund and of the same authorization, that no other is of.
    """
    in_time = sorted(steps, key=lambda step: step.id)
    given = [
        step for step in in_time if step.kind is TransactionKind.REFUND and step.state is TransactionState.SUCCEEDED
    ]
    back = [step for step in in_time if step.kind is TransactionKind.REFUND_REVERSAL]
    names = {name: step.id for step in given for name in (step.gateway_reference, str(step.id)) if name is not None}
    found = {names[step.gateway_reference] for step in back if step.gateway_reference in names}
    for reversal in back:
        if reversal.gateway_reference not in names:
            alike = [
                step.id for step in given if step.id < reversal.id and step.id not in found and _same(step, reversal)
            ]
            found.update(alike[-1:])
    return found


def _same(step: Step, other: Step) -> bool:
    return (step.refund_id, step.authorization_reference, step.amount_minor) == (
        other.refund_id,
        other.authorization_reference,
        other.amount_minor,
    )


def in_sequence(payments: Collection[Payment], sequence: RefundSequence) -> list[Payment]:
    """Put tenders into the order in which they are given their money back."""
    as_charged = sorted(payments, key=lambda payment: payment.position)
    match sequence:
        case RefundSequence.AS_CHARGED:
            return as_charged
        case RefundSequence.CREDIT_LAST:
            return sorted(as_charged, key=lambda payment: payment.is_credit)
    assert_never(sequence)


def refund_parts(
    refunds: Sequence[Refund],
    payments: Sequence[Payment],
    taken: Taken,
    *,
    owed_minor: int = 0,
    to: Sequence[PaymentId] = (),
) -> list[RefundPart]:
    """Say which tenders give back how much of what is missing of refunds, earlier refunds first.

    Each tender gives as much as it can before the next one gives anything. What is still being taken of a tender, is about to be
    as the order owes `owed_minor`, or was fetched back by its bank, waits for that tender instead of being given by a later one:
    it may yet be here. With `to`, money goes to these tenders alone, in this order, and waits for none of them.
    """
    as_charged = in_sequence(payments, RefundSequence.AS_CHARGED)
    about_to_be_taken = spread(owed_minor, [payment.capturable for payment in as_charged])
    awaited = {payment.id: payment.awaited + soon for payment, soon in zip(as_charged, about_to_be_taken, strict=True)}
    rooms = {payment.id: payment.refundable for payment in payments}
    left = {payment.id: dict(taken.get(payment.id, {})) for payment in payments}
    parts: list[RefundPart] = []
    for refund in refunds:
        amount = refund.missing
        for payment_id in to or [payment.id for payment in in_sequence(payments, refund.sequence)]:
            for about, of in left[payment_id].items():
                part = min(amount, rooms[payment_id], of)
                if part > 0:
                    parts.append(RefundPart(refund.id, payment_id, about, part))
                    left[payment_id][about] -= part
                    rooms[payment_id] -= part
                    amount -= part
            if not to:
                waits = min(amount, awaited[payment_id])
                awaited[payment_id] -= waits
                amount -= waits
    return parts
