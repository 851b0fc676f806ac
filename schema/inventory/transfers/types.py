"""Transfers, as those who work at either end see them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import strawberry

import schema.inventory.transfers.inputs  # noqa: F401  # The enum of states is declared there.
from app.inventory.rules import transfers as rules
from app.inventory.states import TransferCause, TransferStatus
from app.kernel.ids import IdKind
from app.kernel.paging import Page
from schema.catalog.loaders import VariantById
from schema.catalog.types import ProductVariant
from schema.core.connections import PageInfo
from schema.core.context import Info
from schema.core.errors import UserError
from schema.core.ids import Node, public_id
from schema.inventory.transfers.loaders import LinesByTransferId
from schema.locations.loaders import LocationById
from schema.locations.types import Location, location_of

strawberry.enum(TransferCause)


@strawberry.type
class TransferLine(Node):
    """Units of one variant in a transfer."""

    row: strawberry.Private[rules.TransferLine]
    requested: int
    """Units that were asked for."""
    shipped: int
    """Units that left."""
    received: int
    """Units that came, in whatever state."""
    written_back: int
    """Units that came back to where they had left."""
    written_off: int
    """Units that were lost on their way."""
    outstanding: int
    """Units still on their way."""

    @classmethod
    def kind(cls) -> IdKind:
        """Say which prefix these ids have."""
        return IdKind.TRANSFER_LINE

    @classmethod
    def of(cls, row: rules.TransferLine) -> "TransferLine":
        """Show a line."""
        return cls(
            id=public_id(IdKind.TRANSFER_LINE, row.id),
            row=row,
            requested=row.requested,
            shipped=row.shipped,
            received=row.received,
            written_back=row.written_back,
            written_off=row.written_off,
            outstanding=row.outstanding,
        )

    @strawberry.field
    async def variant(self, info: Info) -> ProductVariant:
        """What is sent, whether it is still sold or not."""
        row = await info.context.load(VariantById, self.row.variant_id)
        assert row is not None  # A foreign key says so.
        return ProductVariant.of(row, None)


async def _origin(self: "Transfer", info: Info) -> Location:
    """Where the goods leave."""
    row = await info.context.load(LocationById, self.row.from_location_id)
    assert row is not None  # A foreign key says so.
    return location_of(row)


@strawberry.type
class Transfer(Node):
    """Goods that are sent from one location to another."""

    row: strawberry.Private[rules.Transfer]
    number: str
    """For people: unique in the shop, not sequential; begins with T."""
    status: TransferStatus
    """How far it has come."""
    cause: TransferCause
    """Why the goods are sent."""
    note: str | None
    """What colleagues were told; null when nothing."""
    settled_note: str | None
    """Why units were written back or off, as last said; null when nobody has."""
    expected_at: datetime | None
    """When it will be there; null when nobody has said."""
    created_at: datetime
    """When it was written."""
    shipped_at: datetime | None
    """When it left; null before."""
    closed_at: datetime | None
    """When it was received, settled or cancelled; null before."""
    # The name is a word of Python's, so the field is declared apart from its resolver.
    from_: Location = strawberry.field(resolver=_origin, name="from")

    @classmethod
    def kind(cls) -> IdKind:
        """Say which prefix these ids have."""
        return IdKind.TRANSFER

    @classmethod
    def of(cls, row: rules.Transfer) -> "Transfer":
        """Show a transfer."""
        return cls(
            id=public_id(IdKind.TRANSFER, row.id),
            row=row,
            number=row.number,
            status=row.status,
            cause=row.cause,
            note=row.note,
            settled_note=row.settled_note,
            expected_at=row.expected_at,
            created_at=row.created_at,
            shipped_at=row.shipped_at,
            closed_at=row.closed_at,
        )

    @strawberry.field
    async def to(self, info: Info) -> Location:
        """Where they go."""
        row = await info.context.load(LocationById, self.row.to_location_id)
        assert row is not None  # A foreign key says so.
        return location_of(row)

    @strawberry.field
    async def lines(self, info: Info) -> list[TransferLine]:
        """What is sent; 500 lines at most."""
        return [TransferLine.of(row) for row in await info.context.load(LinesByTransferId, self.row.id)]

    @strawberry.field
    async def next_actions(self, info: Info) -> list[str]:
        """The mutations that would be accepted from this caller now."""
        return rules.next_actions(info.context.actor, self.row)


@strawberry.type
class TransferEdge:
    """A transfer in a list."""

    cursor: str
    """Where in the list it stands."""
    node: Transfer
    """The transfer."""


@strawberry.type
class TransferConnection:
    """A page of transfers."""

    edges: list[TransferEdge]
    """The transfers with their cursors."""
    nodes: list[Transfer]
    """The transfers alone."""
    page_info: PageInfo
    """Where the page stands in the list."""
    count: strawberry.Private[Any]

    @classmethod
    def of(cls, page: Page[rules.Transfer], nodes: Sequence[Transfer], count: Any) -> "TransferConnection":
        """Show a page; `count` counts the whole list when asked."""
        return cls(
            edges=[TransferEdge(cursor=cursor, node=node) for cursor, node in zip(page.cursors, nodes, strict=True)],
            nodes=list(nodes),
            page_info=PageInfo.of(page),
            count=count,
        )

    @strawberry.field
    async def total_count(self) -> int:
        """How many transfers the filter lets through; counted only when asked for."""
        return int(await self.count())


@strawberry.type
class TransferPayload:
    """The answer to a mutation about a transfer."""

    transfer: Transfer | None
    """As it is now; null when refused."""
    errors: list[UserError]
    """Why it was refused."""
