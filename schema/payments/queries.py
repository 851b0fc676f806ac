"""Reading gift cards and store credit."""

from uuid import UUID

import strawberry

from app.kernel.ids import CustomerId, IdKind, decode
from app.kernel.paging import page, page_request
from app.kernel.permissions import Permission
from app.payments.queries import accounts as queries
from app.payments.queries.accounts import GiftCardFilter as Wanted
from app.payments.rules import accounts as rules
from app.payments.states import CreditKind
from schema.core.context import Context, Info
from schema.core.ids import Node, finds
from schema.payments.inputs import GiftCardFilter
from schema.payments.loaders import CreditAccountById
from schema.payments.types import GiftCard, GiftCardConnection, StoreCredit


async def visible_gift_card(context: Context, key: UUID) -> GiftCard | None:
    """Show a gift card to those who manage credit."""
    if not context.actor.may(Permission.CREDIT_MANAGE):
        return None
    row = await context.load(CreditAccountById, key)
    return None if row is None or row.kind is not CreditKind.GIFT_CARD else GiftCard.of(row, context.now)


@strawberry.type
class CreditQuery:
    """Root fields about gift cards."""

    @strawberry.field
    async def gift_cards(
        self, info: Info, filter: GiftCardFilter | None = None, first: int | None = None, after: str | None = None
    ) -> GiftCardConnection | None:
        """Gift cards, newest first. Needs credit:manage."""
        context = info.context
        context.actor.require(Permission.CREDIT_MANAGE)
        wanted = _wanted(context, filter or GiftCardFilter())
        request = page_request(first=first, after=after)
        found = await queries.list_newest_cards(context.session, wanted=wanted, request=request)
        cut = page(found, request, queries.card_key)
        return GiftCardConnection.of(
            cut,
            [GiftCard.of(row, context.now) for row in cut.items],
            lambda: queries.count_cards(context.session, wanted=wanted),
        )

    @strawberry.field
    async def gift_card(self, info: Info, id: strawberry.ID) -> GiftCard | None:
        """One gift card, for staff with credit:manage."""
        return await visible_gift_card(info.context, decode(IdKind.GIFT_CARD, id))


def _wanted(context: Context, given: GiftCardFilter) -> Wanted:
    return Wanted(
        statuses=given.status,
        customer_id=None
        if given.customer_id is None
        else CustomerId(decode(IdKind.CUSTOMER, given.customer_id, field=("filter", "customerId"))),
        last_characters=None if given.last_characters is None else rules.normalized_code(given.last_characters),
        code_hash=None if given.code is None else rules.code_hash(context.keys, given.code),
    )


@finds(IdKind.GIFT_CARD)
async def _gift_card_node(context: Context, key: UUID, _token: str | None) -> Node | None:
    return await visible_gift_card(context, key)


@finds(IdKind.STORE_CREDIT)
async def _store_credit_node(context: Context, key: UUID, _token: str | None) -> Node | None:
    """Show store credit to its owner, and to staff who see customers or manage credit."""
    row = await context.load(CreditAccountById, key)
    if row is None or row.kind is not CreditKind.STORE_CREDIT:
        return None
    actor = context.actor
    seen = (
        actor.customer_id == row.customer_id
        or actor.may(Permission.CUSTOMERS_READ)
        or actor.may(Permission.CREDIT_MANAGE)
    )
    return StoreCredit.of(row, context.now) if seen else None
