"""Gift cards and store credit, as staff, their owners and whoever knows a code see them."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

import schema.payments.inputs  # noqa: F401  # The enum of states is declared there.
from app.kernel.ids import IdKind
from app.kernel.paging import Page, page, page_request
from app.kernel.permissions import Permission
from app.payments.errors import CreditInsufficient
from app.payments.queries.accounts import entry_key
from app.payments.rules import accounts as rules
from app.payments.rules.accounts import CreditAccount
from app.payments.states import CreditEntryKind, CreditStatus
from schema.core.connections import PageInfo
from schema.core.context import Context, Info
from schema.core.errors import UserError, written_by
from schema.core.ids import Node, public_id
from schema.core.money import Money
from schema.core.scalars import CurrencyCode

# Customers and their credit show each other: modules in a circle are named, and their types met at run time.
from schema.customers import types as customer_types
from schema.customers.loaders import CustomerById
from schema.payments.loaders import CreditAccountById, EntriesByAccountId, EntriesWanted

if TYPE_CHECKING:
    from schema.customers.types import Customer

strawberry.enum(CreditEntryKind)


@strawberry.type
class CreditEntry:
    """A change of the balance of a gift card or of store credit."""

    number: int
    """Counted from 1, without gaps."""
    kind: CreditEntryKind
    """Why it changed."""
    amount: Money
    """By how much; below zero when less is left."""
    balance: Money
    """What there was afterwards."""
    at: datetime
    """When."""
    reason: str | None
    """As staff said it; null when they said nothing, and for callers without credit:manage."""

    @classmethod
    def of(cls, row: rules.CreditEntry, account: CreditAccount, *, to_staff: bool) -> "CreditEntry":
        """Show an entry."""
        return cls(
            number=row.number,
            kind=row.kind,
            amount=Money.of(row.amount_minor, account.currency),
            balance=Money.of(row.balance_minor, account.currency),
            at=row.at,
            reason=row.reason if to_staff else None,
        )


@strawberry.type
class CreditEntryEdge:
    """An entry in a ledger."""

    cursor: str
    """Where in the ledger it stands."""
    node: CreditEntry
    """The entry."""


@strawberry.type
class CreditEntryConnection:
    """A page of a ledger."""

    edges: list[CreditEntryEdge]
    """The entries with their cursors."""
    nodes: list[CreditEntry]
    """The entries alone."""
    page_info: PageInfo
    """Where the page stands in the ledger."""
    total_count: int
    """How many entries there are."""

    @classmethod
    async def of(
        cls, context: Context, account: CreditAccount, *, first: int | None, after: str | None
    ) -> "CreditEntryConnection":
        """Page through the ledger of an account."""
        request = page_request(first=first, after=after)
        rows = await context.load(EntriesByAccountId, EntriesWanted(account.id, request))
        cut = page(rows, request, entry_key)
        to_staff = context.actor.may(Permission.CREDIT_MANAGE)
        nodes = [CreditEntry.of(row, account, to_staff=to_staff) for row in cut.items]
        return cls(
            edges=[CreditEntryEdge(cursor=cursor, node=node) for cursor, node in zip(cut.cursors, nodes, strict=True)],
            nodes=nodes,
            page_info=PageInfo.of(cut),
            total_count=account.entries,
        )


@strawberry.type
class StoreCredit(Node):
    """What a customer can pay with instead of money, in one currency. It does not expire."""

    row: strawberry.Private[CreditAccount]
    currency: CurrencyCode
    """Of every amount in it."""
    balance: Money
    """What there is, with what checkouts and orders hold of it."""
    available: Money
    """What can be paid with it now."""

    @classmethod
    def kind(cls) -> IdKind:
        """Say which prefix these ids have."""
        return IdKind.STORE_CREDIT

    @classmethod
    def of(cls, row: CreditAccount, now: datetime) -> "StoreCredit":
        """Show store credit."""
        return cls(
            id=public_id(IdKind.STORE_CREDIT, row.id),
            row=row,
            currency=CurrencyCode(row.currency),
            balance=Money.of(row.balance_minor, row.currency),
            available=Money.of(row.available_minor(now), row.currency),
        )

    @strawberry.field
    async def entries(self, info: Info, first: int | None = None, after: str | None = None) -> CreditEntryConnection:
        """Its ledger, newest entries first."""
        return await CreditEntryConnection.of(info.context, self.row, first=first, after=after)


@strawberry.type
class GiftCard(Node):
    """A gift card, as staff see it: never its code."""

    row: strawberry.Private[CreditAccount]
    status: CreditStatus
    """Whether it can be spent."""
    currency: CurrencyCode
    """Of every amount in it."""
    balance: Money
    """What is on it, with what checkouts and orders hold of it."""
    available: Money
    """What can be paid with it now."""
    last_characters: str
    """The last four characters of its code."""
    expires_at: datetime | None
    """From when on it pays for nothing; null when it is good for ever."""
    issued_at: datetime
    """When it was sold or given."""

    @classmethod
    def kind(cls) -> IdKind:
        """Say which prefix these ids have."""
        return IdKind.GIFT_CARD

    @classmethod
    def of(cls, row: CreditAccount, now: datetime) -> "GiftCard":
        """Show a gift card."""
        return cls(
            id=public_id(IdKind.GIFT_CARD, row.id),
            row=row,
            status=row.status,
            currency=CurrencyCode(row.currency),
            balance=Money.of(row.balance_minor, row.currency),
            available=Money.of(row.available_minor(now), row.currency),
            last_characters=row.last_characters or "",
            expires_at=row.expires_at,
            issued_at=row.created_at,
        )

    @strawberry.field
    async def customer(self, info: Info) -> Annotated["Customer", strawberry.lazy("schema.customers.types")] | None:
        """Whom it was given to; null when nobody was named, as for cards that were bought, and for callers who may not see customers."""
        if self.row.customer_id is None:
            return None
        found = await info.context.load(CustomerById, self.row.customer_id)
        return customer_types.Customer.shown_to(info.context.actor, found)

    @strawberry.field
    async def entries(self, info: Info, first: int | None = None, after: str | None = None) -> CreditEntryConnection:
        """Its ledger, newest entries first."""
        return await CreditEntryConnection.of(info.context, self.row, first=first, after=after)


@strawberry.type
class GiftCardEdge:
    """A gift card in a list."""

    cursor: str
    """Where in the list it stands."""
    node: GiftCard
    """The card."""


@strawberry.type
class GiftCardConnection:
    """A page of gift cards."""

    edges: list[GiftCardEdge]
    """The cards with their cursors."""
    nodes: list[GiftCard]
    """The cards alone."""
    page_info: PageInfo
    """Where the page stands in the list."""
    count: strawberry.Private[Any]

    @classmethod
    def of(cls, page: Page[CreditAccount], nodes: Sequence[GiftCard], count: Any) -> "GiftCardConnection":
        """Show a page; `count` counts the whole list when asked."""
        return cls(
            edges=[GiftCardEdge(cursor=cursor, node=node) for cursor, node in zip(page.cursors, nodes, strict=True)],
            nodes=list(nodes),
            page_info=PageInfo.of(page),
            count=count,
        )

    @strawberry.field
    async def total_count(self) -> int:
        """How many gift cards the filter lets through; counted only when asked for."""
        return int(await self.count())


@strawberry.type
class GiftCardBalance:
    """What whoever knows the code of a gift card may know of it."""

    available: Money
    """What can be paid with it now: nothing once it has expired."""
    currency: CurrencyCode
    """What it pays in."""
    expires_at: datetime | None
    """From when on it pays for nothing; null when it is good for ever."""
    last_characters: str
    """The last four characters of its code."""

    @classmethod
    def of(cls, row: CreditAccount, now: datetime) -> "GiftCardBalance":
        """Show what is left."""
        return cls(
            available=Money.of(row.available_minor(now), row.currency),
            currency=CurrencyCode(row.currency),
            expires_at=row.expires_at,
            last_characters=row.last_characters or "",
        )


@strawberry.type
class BoughtGiftCard:
    """A gift card that was bought with an order."""

    row: strawberry.Private[CreditAccount]
    holder: strawberry.Private[bool]
    value: Money
    """What it was sold with."""
    last_characters: str
    """The last four characters of its code."""
    expires_at: datetime | None
    """From when on it pays for nothing; null when it is good for ever."""

    @classmethod
    def of(cls, row: CreditAccount, value: Money, *, holder: bool) -> "BoughtGiftCard":
        """Show a card to the buyer, with its code, or to staff without it."""
        return cls(
            row=row, holder=holder, value=value, last_characters=row.last_characters or "", expires_at=row.expires_at
        )

    @strawberry.field
    async def code(self, info: Info) -> str | None:
        """What it is paid with: whoever has it can. Null for whoever does not read the order as its buyer."""
        return rules.code_of(info.context.keys, self.row) if self.holder else None

    @strawberry.field
    async def gift_card(self, info: Info) -> GiftCard | None:
        """The card and what has become of it; null for callers without credit:manage."""
        if not info.context.actor.may(Permission.CREDIT_MANAGE):
            return None
        return GiftCard.of(self.row, info.context.now)


@strawberry.type
class CreditInsufficientError(UserError):
    """Returned when less is left on a gift card or of store credit than was asked for."""

    requested_amount: Money
    """What was asked for."""
    available_amount: Money
    """What is left."""


@strawberry.type
class GiftCardCheckPayload:
    """The answer to giftCardCheck."""

    gift_card: GiftCardBalance | None
    """What is left on the card; null when refused."""
    errors: list[UserError]
    """Why it was refused."""


@strawberry.type
class GiftCardIssuePayload:
    """The answer to giftCardIssue."""

    gift_card: GiftCard | None
    """The new card; null when refused."""
    code: str | None
    """What it is paid with, to be handed to whom it is for; null when refused."""
    errors: list[UserError]
    """Why it was refused."""


@strawberry.type
class GiftCardPayload:
    """The answer to a mutation about a gift card."""

    gift_card: GiftCard | None
    """As it is now; null when refused."""
    errors: list[UserError]
    """Why it was refused."""


@strawberry.type
class StoreCreditPayload:
    """The answer to a mutation about store credit."""

    store_credit: StoreCredit | None
    """As it is now; null when refused."""
    errors: list[UserError]
    """Why it was refused."""


async def gift_card_of(context: Context, row_id: Any) -> GiftCard | None:
    """Show a gift card after it was changed; None when it was not."""
    row = None if row_id is None else await context.load(CreditAccountById, row_id)
    return None if row is None else GiftCard.of(row, context.now)


def _written(error: CreditInsufficient) -> Sequence[UserError]:
    return [
        CreditInsufficientError(
            code=error.code,
            message=error.message,
            field=list(error.field) or None,
            requested_amount=Money.of(error.requested.minor, error.requested.currency),
            available_amount=Money.of(error.available.minor, error.available.currency),
        )
    ]


written_by(CreditInsufficient, _written)
