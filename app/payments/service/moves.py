"""What is done with an order's tenders in one unit of work: balances change at once, and everything is written together.

Money that a gateway holds moves when the worker has asked the gateway; until then it counts as asked for. Money that this
house moves itself (gift cards, store credit, cash, accounts) moves with the transaction that asks for it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import Enum, auto
from uuid import UUID

from app.channels.states import TenderKind
from app.kernel.db import UnitOfWork
from app.kernel.ids import CreditAccountId, CustomerId, PaymentId, new_id
from app.payments import queries
from app.payments.events import PaymentStepRequested, PaymentStepSettled
from app.payments.queries import NewStep
from app.payments.queries import accounts as account_queries
from app.payments.rules import Payment, moved
from app.payments.service import accounts
from app.payments.states import (
    PAYMENT,
    AuthorizationCause,
    CreditEntryKind,
    PaymentStatus,
    TransactionKind,
    TransactionState,
)


class Moves:
    """The tenders of one order, locked, and what is done with them; nothing is written before `write`."""

    def __init__(self, payments: Iterable[Payment]) -> None:
        self._payments = {payment.id: payment for payment in payments}
        self._before = dict(self._payments)
        self._steps: list[NewStep] = []
        self._actions: list[tuple[Payment, Payment, str]] = []
        self._credit: list[tuple[_CreditMove, UUID, int, UUID]] = []

    @property
    def payments(self) -> list[Payment]:
        """The tenders as they are by now, in the order in which they are charged."""
        return sorted(self._payments.values(), key=lambda payment: payment.position)

    def of(self, payment_id: PaymentId) -> Payment:
        """One tender as it is by now."""
        return self._payments[payment_id]

    def take(self, payment: Payment, amount_minor: int, *, charge_id: UUID) -> None:
        """Take held money for goods."""
        at_once = not payment.asks_gateway
        self._steps.append(
            NewStep(
                new_id(),
                payment,
                TransactionKind.CAPTURE,
                amount_minor,
                charge_id=charge_id,
                about=payment.gateway_reference,
                settled=at_once,
            )
        )
        if payment.account_id is not None:
            self._credit.append((_CreditMove.REDEEM, payment.account_id, amount_minor, self._steps[-1].id))
        if at_once:
            self.move(payment, payment.changed(captured=amount_minor), "capture")
        else:
            self.put(payment.changed(capturing=amount_minor))

    def give_back(
        self,
        payment: Payment,
        amount_minor: int,
        *,
        refund_id: UUID,
        about: str | None,
        at_once: bool,
        credit_to: CustomerId | None = None,
    ) -> None:
        """Give taken money back: at once where nobody has to be asked, as store credit to a customer where one is named."""
        self._steps.append(
            NewStep(
                new_id(),
                payment,
                TransactionKind.REFUND,
                amount_minor,
                refund_id=refund_id,
                about=about,
                settled=at_once,
            )
        )
        step_id = self._steps[-1].id
        if credit_to is not None:
            self._credit.append((_CreditMove.CREDIT, credit_to, amount_minor, step_id))
        elif payment.account_id is not None:
            self._credit.append((_CreditMove.REFUND, payment.account_id, amount_minor, step_id))
        if at_once:
            self.move(payment, payment.changed(refunded=amount_minor), "refund")
        else:
            self.put(payment.changed(refunding=amount_minor))

    def let_go(self, payment: Payment, amount_minor: int) -> None:
        """Let held money go. It counts as gone at once, so that nothing takes what is on its way out."""
        self._steps.append(
            NewStep(
                new_id(),
                payment,
                TransactionKind.VOID,
                amount_minor,
                about=payment.gateway_reference,
                settled=not payment.asks_gateway,
            )
        )
        if payment.account_id is not None:
            what = _CreditMove.GIVE_UP if payment.order_id is None else _CreditMove.LET_GO
            self._credit.append((what, payment.account_id, amount_minor, self._steps[-1].id))
        self.move(payment, payment.changed(released=amount_minor), "release")

    def cancel(self, payment: Payment) -> None:
        """End a promise to pay that is not needed any more."""
        status = PAYMENT.next(payment.status, "cancel")
        self._moved(payment, replace(payment, status=status), "cancel")

    def hold_anew(
        self, payment: Payment, amount_minor: int, *, cause: AuthorizationCause = AuthorizationCause.RENEWAL
    ) -> None:
        """Ask for money to be held anew, or for more of it; money that is on its way is not asked for again by the timer."""
        self._steps.append(
            NewStep(
                new_id(),
                payment,
                TransactionKind.AUTHORIZATION,
                amount_minor,
                cause=cause,
                about=payment.gateway_reference,
            )
        )
        renews_at = payment.renews_at if cause is AuthorizationCause.INCREMENT else None
        self.put(replace(payment.changed(authorizing=amount_minor), renews_at=renews_at))

    def run_out(self, payment: Payment, amount_minor: int, *, about: str | None = None, ask: bool = False) -> Payment:
        """Count held money as held no more; `ask` lets the gateway let go of what another authorization replaced."""
        self._steps.append(
            NewStep(
                new_id(),
                payment,
                TransactionKind.EXPIRATION,
                amount_minor,
                about=about or payment.gateway_reference,
                settled=not ask,
            )
        )
        return self.move(payment, payment.changed(expired=amount_minor), "expire")

    def keep(self, payment: Payment) -> None:
        """Count a promise to pay as kept: the money is here, and was written down as held."""
        before = self._payments[payment.id]
        status = PAYMENT.next(before.status, "receive")
        self._actions.append((before, payment, "receive"))
        self._payments[payment.id] = replace(payment, status=status)

    def record(self, step: NewStep) -> None:
        """Write a step down that somebody else did, such as a bank."""
        self._steps.append(step)

    def move(self, before: Payment, now: Payment, event: str) -> Payment:
        """Change the balances of a tender that was authorized, and its state with them."""
        after, action = moved(before, now, event)
        return self._moved(before, after, action)

    def put(self, payment: Payment) -> Payment:
        """Change a tender that stays in its state."""
        self._payments[payment.id] = payment
        return payment

    def _moved(self, before: Payment, after: Payment, action: str | None) -> Payment:
        if action is not None:
            self._actions.append((before, after, action))
        return self.put(after)

    async def _move_credit(self, uow: UnitOfWork) -> None:
        """Let money move on gift cards and store credit, those with the smallest ids first."""
        moves, self._credit = self._credit, []
        currency = next(iter(self._payments.values())).currency if moves else ""
        customers = [CustomerId(whose) for what, whose, _, _ in moves if what is _CreditMove.CREDIT]
        if len(moves) > 1:
            await account_queries.lock_of(
                uow,
                account_ids=[CreditAccountId(whose) for what, whose, _, _ in moves if what is not _CreditMove.CREDIT],
                customer_ids=customers,
                currency=currency,
            )
        for what, whose, amount, step_id in moves:
            wanted = [(CreditAccountId(whose), amount)]
            match what:
                case _CreditMove.REDEEM:
                    await accounts.redeem(uow, wanted, cause_id=step_id)
                case _CreditMove.REFUND:
                    await accounts.refund(uow, wanted, cause_id=step_id)
                case _CreditMove.LET_GO:
                    # An order that was paid with a card is cancelled: its time may be over meanwhile, and is not lost.
                    await accounts.let_go(uow, wanted, spendable_again=True)
                case _CreditMove.GIVE_UP:
                    # A checkout came to nothing: nobody has paid, and the card's time goes on as if nobody had tried.
                    await accounts.let_go(uow, wanted)
                case _CreditMove.CREDIT:
                    await accounts.credit_customer(
                        uow,
                        customer_id=CustomerId(whose),
                        currency=currency,
                        amount_minor=amount,
                        kind=CreditEntryKind.REFUND,
                        cause_id=step_id,
                    )

    async def write(self, uow: UnitOfWork) -> None:
        """Write everything down. Emits PaymentStepRequested for what gateways are to be asked, PaymentStepSettled for the rest."""
        steps, self._steps = self._steps, []
        actions, self._actions = self._actions, []
        if steps:
            await queries.insert_steps(uow, steps=steps)
        changed = [payment for payment in self._payments.values() if payment is not self._before[payment.id]]
        await queries.update_balances(uow, payments=changed)
        self._before = dict(self._payments)
        await self._move_credit(uow)
        for before, after, action in actions:
            uow.moved("payment", before.id, before=before.status.value, after=after.status.value, action=action)
        for step in steps:
            if step.settled:
                uow.emit(
                    PaymentStepSettled(
                        payment_id=step.payment.id,
                        transaction_id=step.id,
                        state=TransactionState.SUCCEEDED.value,
                    )
                )
            elif step.payment.asks_gateway:
                uow.emit(PaymentStepRequested(payment_id=step.payment.id, transaction_id=step.id))


class _CreditMove(Enum):
    """What is done with the gift card or store credit that a tender is of."""

    REDEEM = auto()
    REFUND = auto()
    LET_GO = auto()
    GIVE_UP = auto()
    CREDIT = auto()


def gives_back_at_once(payment: Payment, *, to_store_credit: bool) -> bool:
    """Say whether money goes back without anybody being asked: a till's own terminal is asked by a person."""
    return to_store_credit or payment.tender not in {TenderKind.CARD, TenderKind.CARD_PRESENT}


def promised(payments: Sequence[Payment]) -> list[Payment]:
    """List the tenders that were only promised so far."""
    return [
        payment
        for payment in payments
        if payment.tender is TenderKind.PAY_IN_STORE and payment.status is PaymentStatus.PENDING
    ]
