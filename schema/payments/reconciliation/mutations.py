"""Comparing settlement reports."""

import strawberry

from app.kernel.db import UnitOfWork
from app.kernel.errors import DomainError, Invalid
from app.kernel.ids import ReconciliationId
from app.payments.rules import LONGEST_NAME
from app.payments.rules.reconciling import Report
from app.payments.service import reconciling
from schema.core.context import Info
from schema.core.errors import UserError, user_errors
from schema.core.mutations import Done, answer_of, perform
from schema.payments.reconciliation.inputs import PaymentReconcileInput
from schema.payments.reconciliation.queries import visible_reconciliation
from schema.payments.reconciliation.types import PaymentReconcilePayload


@strawberry.type
class ReconciliationMutation:
    """Mutations of reconciliations."""

    @strawberry.mutation
    async def payment_reconcile(self, info: Info, input: PaymentReconcileInput) -> PaymentReconcilePayload:
        """Compare a payment service's settlement report with the ledger, and list what differs. Needs payments:manage."""
        context = info.context

        async def command(uow: UnitOfWork) -> Done:
            run = await reconciling.reconcile(
                uow,
                context.services.gateways,
                Report.of_text(input.report, name=_name(input.file_name)),
                gateway=input.gateway,
                asked_from=input.from_,
                asked_to=input.to,
            )
            return Done(run.id)

        outcome = await perform(context, "paymentReconcile", input, command, key=input.idempotency_key)
        errors: list[UserError] = outcome.errors
        settled: int | DomainError = 0
        if outcome.object_id is not None and input.apply:
            settled = await answer_of(
                context,
                reconciling.apply(
                    context.begin,
                    context.services.gateways,
                    reconciliation_id=ReconciliationId(outcome.object_id),
                ),
            )
        if isinstance(settled, DomainError):
            # What was compared is kept; the same call settles what is left.
            errors, settled = user_errors(settled), 0
        found = None if outcome.object_id is None else await visible_reconciliation(context, outcome.object_id)
        return PaymentReconcilePayload(reconciliation=found, settled=settled, errors=errors)


def _name(text: str | None) -> str | None:
    name = (text or "").strip()
    if len(name) > LONGEST_NAME:
        raise Invalid(f"a name of at most {LONGEST_NAME} characters", field=("fileName",))
    return name or None
