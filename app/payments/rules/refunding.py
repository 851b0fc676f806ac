"""Which refunds of a tender have arrived."""

from collections.abc import Collection
from uuid import UUID

from app.payments.rules.ledger import Step
from app.payments.states import TransactionKind, TransactionState


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
