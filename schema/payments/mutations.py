"""Gift cards and store credit: asked about, given, put right, closed and opened again."""

import strawberry

from app.kernel.db import UnitOfWork
from app.kernel.errors import DomainError
from app.kernel.ids import CreditAccountId, CustomerId, IdKind, decode
from app.payments.rules import accounts as rules
from app.payments.service import codes, crediting
from app.payments.states import CreditKind
from schema.core.context import Context, Info
from schema.core.mutations import Done, Outcome, perform
from schema.payments.inputs import (
    GiftCardAdjustInput,
    GiftCardCheckInput,
    GiftCardDisableInput,
    GiftCardEnableInput,
    GiftCardIssueInput,
    StoreCreditAdjustInput,
    StoreCreditIssueInput,
)
from schema.payments.loaders import CreditAccountById
from schema.payments.types import (
    GiftCardBalance,
    GiftCardCheckPayload,
    GiftCardIssuePayload,
    GiftCardPayload,
    StoreCredit,
    StoreCreditPayload,
    gift_card_of,
)


@strawberry.type
class CreditMutation:
    """Mutations of gift cards and store credit."""

    @strawberry.mutation
    async def gift_card_check(self, info: Info, input: GiftCardCheckInput) -> GiftCardCheckPayload:
        """Say what is left on the gift card with this code.

        NOT_FOUND counts as a guess; after ten of them within a quarter of an hour RATE_LIMITED says how long to wait.
        """
        context = info.context

        async def command(uow: UnitOfWork) -> Done | DomainError:
            found = await codes.check(uow, code=input.code, currency=input.currency, origin=context.origin)
            return found if isinstance(found, DomainError) else Done(found.id)

        outcome = await perform(context, "giftCardCheck", input, command)
        row = None if outcome.object_id is None else await context.load(CreditAccountById, outcome.object_id)
        return GiftCardCheckPayload(
            gift_card=None if row is None else GiftCardBalance.of(row, context.now), errors=outcome.errors
        )

    @strawberry.mutation
    async def gift_card_issue(self, info: Info, input: GiftCardIssueInput) -> GiftCardIssuePayload:
        """Give somebody a gift card, paid for by the shop. Needs credit:manage."""
        context = info.context

        async def command(uow: UnitOfWork) -> Done:
            return Done(
                await crediting.issue_gift_card(
                    uow,
                    amount=input.amount,
                    currency=input.currency,
                    reason=input.reason,
                    expires_at=input.expires_at,
                    customer_id=None if input.customer_id is None else _customer(input.customer_id),
                )
            )

        outcome = await perform(context, "giftCardIssue", input, command, key=input.idempotency_key)
        card = await gift_card_of(context, outcome.object_id)
        return GiftCardIssuePayload(
            gift_card=card,
            code=None if card is None else rules.code_of(context.keys, card.row),
            errors=outcome.errors,
        )

    @strawberry.mutation
    async def gift_card_adjust(self, info: Info, input: GiftCardAdjustInput) -> GiftCardPayload:
        """Put the balance of a gift card right, and say why. Needs credit:manage."""

        async def command(uow: UnitOfWork) -> Done:
            account = await crediting.adjust(
                uow,
                account_id=_gift_card(input.gift_card_id),
                kind=CreditKind.GIFT_CARD,
                amount=input.amount,
                reason=input.reason,
            )
            return Done(account.id)

        outcome = await perform(info.context, "giftCardAdjust", input, command, key=input.idempotency_key)
        return await _card_payload(info.context, outcome)

    @strawberry.mutation
    async def gift_card_disable(self, info: Info, input: GiftCardDisableInput) -> GiftCardPayload:
        """Let nobody pay with a gift card any more; what is held of it can still be taken. Needs credit:manage."""

        async def command(uow: UnitOfWork) -> Done:
            return Done((await crediting.disable(uow, account_id=_gift_card(input.gift_card_id))).id)

        outcome = await perform(info.context, "giftCardDisable", input, command, key=input.idempotency_key)
        return await _card_payload(info.context, outcome)

    @strawberry.mutation
    async def gift_card_enable(self, info: Info, input: GiftCardEnableInput) -> GiftCardPayload:
        """Let a gift card be paid with again, until it expires. Needs credit:manage."""

        async def command(uow: UnitOfWork) -> Done:
            return Done((await crediting.enable(uow, account_id=_gift_card(input.gift_card_id))).id)

        outcome = await perform(info.context, "giftCardEnable", input, command, key=input.idempotency_key)
        return await _card_payload(info.context, outcome)

    @strawberry.mutation
    async def store_credit_issue(self, info: Info, input: StoreCreditIssueInput) -> StoreCreditPayload:
        """Give a customer store credit: the first in this currency, or more of it. Needs credit:manage."""

        async def command(uow: UnitOfWork) -> Done:
            account = await crediting.issue_store_credit(
                uow,
                customer_id=_customer(input.customer_id),
                amount=input.amount,
                currency=input.currency,
                reason=input.reason,
            )
            return Done(account.id)

        outcome = await perform(info.context, "storeCreditIssue", input, command, key=input.idempotency_key)
        return await _credit_payload(info.context, outcome)

    @strawberry.mutation
    async def store_credit_adjust(self, info: Info, input: StoreCreditAdjustInput) -> StoreCreditPayload:
        """Put the balance of store credit right, and say why. Needs credit:manage."""

        async def command(uow: UnitOfWork) -> Done:
            account = await crediting.adjust(
                uow,
                account_id=CreditAccountId(
                    decode(IdKind.STORE_CREDIT, input.store_credit_id, field=("storeCreditId",))
                ),
                kind=CreditKind.STORE_CREDIT,
                amount=input.amount,
                reason=input.reason,
            )
            return Done(account.id)

        outcome = await perform(info.context, "storeCreditAdjust", input, command, key=input.idempotency_key)
        return await _credit_payload(info.context, outcome)


def _gift_card(text: str) -> CreditAccountId:
    return CreditAccountId(decode(IdKind.GIFT_CARD, text, field=("giftCardId",)))


def _customer(text: str) -> CustomerId:
    return CustomerId(decode(IdKind.CUSTOMER, text, field=("customerId",)))


async def _card_payload(context: Context, outcome: Outcome) -> GiftCardPayload:
    return GiftCardPayload(gift_card=await gift_card_of(context, outcome.object_id), errors=outcome.errors)


async def _credit_payload(context: Context, outcome: Outcome) -> StoreCreditPayload:
    row = None if outcome.object_id is None else await context.load(CreditAccountById, outcome.object_id)
    return StoreCreditPayload(
        store_credit=None if row is None else StoreCredit.of(row, context.now), errors=outcome.errors
    )
