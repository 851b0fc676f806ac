"""Invoices and credit notes, as whoever bought and whoever keeps the books see them."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

import schema.payments.invoices.inputs  # noqa: F401  # The enum of kinds is declared there.
from app.channels.states import TenderKind
from app.kernel.ids import IdKind
from app.kernel.paging import Page
from app.payments.rules import invoicing as rules
from app.payments.states import InvoiceKind
from schema.channels.loaders import ChannelById
from schema.channels.types import Channel, Seller
from schema.core.address import Address
from schema.core.connections import PageInfo
from schema.core.context import Context, Info
from schema.core.ids import Node, public_id
from schema.core.money import Money

# Orders show their invoices and invoices their order: modules in a circle are named, and their types met at run time.
from schema.orders import loaders as order_loaders
from schema.orders import types as order_types
from schema.payments.invoices.loaders import InvoicesByOrderId

if TYPE_CHECKING:
    from schema.orders.types import Order


@strawberry.type
class InvoiceLine:
    """Units of an order line, or a delivery, that are charged or credited together."""

    name: str
    """What it is, as it was called when it was bought."""
    sku: str | None
    """As it was numbered when it was bought; null for a delivery."""
    options: list[str]
    """Size, color and the like, such as "Size: M"."""
    quantity: int
    """How many units; 0 where money is given back for goods that stay with their buyer."""
    unit_price: Money | None
    """What one unit cost before discounts; null where money is given back for no unit."""
    discount_total: Money
    """What was taken off."""
    tax_total: Money
    """The tax in the total."""
    tax_rate_basis_points: int | None
    """The rate of the tax: 2000 is 20 %. Null where the rates of when it was written do not explain the tax."""
    total: Money
    """After discounts, tax always included."""

    @classmethod
    def of(cls, row: rules.InvoiceLine, currency: str) -> "InvoiceLine":
        """Show a line."""
        return cls(
            name=row.name,
            sku=row.sku,
            options=list(row.options),
            quantity=row.units,
            unit_price=Money.maybe(row.unit_price_minor, currency),
            discount_total=Money.of(row.discount_minor, currency),
            tax_total=Money.of(row.tax_minor, currency),
            tax_rate_basis_points=row.rate_basis_points,
            total=Money.of(row.amount_minor, currency),
        )


@strawberry.type
class InvoiceTax:
    """What of a document is taxed at one rate."""

    name: str
    """What the tax is called; empty where nothing is taxed, or the rate is not known."""
    rate_basis_points: int | None
    """2000 is 20 %; null where the rates of when it was written do not explain the tax."""
    net: Money
    """What is taxed, without the tax."""
    tax: Money
    """The tax on it."""


@strawberry.type
class InvoiceTender:
    """What was taken from one kind of money, or given back to it."""

    tender: TenderKind
    """The kind of money."""
    amount: Money
    """How much of it."""


@strawberry.type
class InvoiceBuyer:
    """Who bought, as far as they said."""

    name: str | None
    """Null when nobody said."""
    email: str | None
    """Null when nobody said."""
    billing_address: Address | None
    """Where the bill goes; null when nobody said."""
    shipping_address: Address | None
    """Where the goods went; null where nothing was shipped."""


@strawberry.type
class Invoice(Node):
    """An invoice of what was charged at once, or a credit note of what was given back at once. Never changed."""

    row: strawberry.Private[rules.Invoice]
    #: The token of the order, handed on so that whoever reads the order as its buyer still does.
    order_token: strawberry.Private[str | None]
    number: str
    """What people call it: counted without a gap for each channel, year and kind."""
    year: int
    """In which year it was counted, by the clocks of its channel."""
    issued_at: datetime
    """When it was written: once its money was taken, or was given back."""
    order_number: str
    """The number of its order."""
    tax_included: bool
    """Whether unit prices and discounts include tax."""
    net_total: Money
    """Without tax."""
    tax_total: Money
    """The tax in the total."""
    total: Money
    """What was charged or credited, tax included: Σ of the lines."""
    taxes: list[InvoiceTax]
    """The same by rate, the highest first."""
    tenders: list[InvoiceTender]
    """What kinds of money it was paid with, or given back to."""
    settled_total: Money
    """What was settled between what the order owed and was owed, without money that moved."""
    lines: list[InvoiceLine]
    """What was charged or credited; not more lines than the order has, with its deliveries."""
    seller: Seller
    """Who sold, as the channel said then."""
    buyer: InvoiceBuyer | None
    """Who bought; null when nobody said, and after erasure."""
    corrects_numbers: list[str]
    """For a credit note: the numbers of the invoices that it corrects."""

    @classmethod
    def kind(cls) -> IdKind:
        """Say which prefix these ids have."""
        return IdKind.INVOICE

    @classmethod
    def of(cls, row: rules.Invoice, *, order_token: str | None = None) -> "Invoice":
        """Show a document; `order_token` is for whoever reads its order as its buyer."""
        content, currency = row.content, row.currency
        seller = Seller.maybe(row.seller)
        assert seller is not None
        return cls(
            id=public_id(IdKind.INVOICE, row.id),
            row=row,
            order_token=order_token,
            number=row.number,
            year=row.year,
            issued_at=row.issued_at,
            order_number=content.order_number,
            tax_included=content.tax_included,
            net_total=Money.of(row.net_minor, currency),
            tax_total=Money.of(row.tax_minor, currency),
            total=Money.of(row.total_minor, currency),
            taxes=[
                InvoiceTax(
                    name=tax.name,
                    rate_basis_points=tax.rate_basis_points,
                    net=Money.of(tax.net_minor, currency),
                    tax=Money.of(tax.tax_minor, currency),
                )
                for tax in content.taxes
            ],
            tenders=[
                InvoiceTender(tender=one.tender, amount=Money.of(one.amount_minor, currency))
                for one in content.paid_with
            ],
            settled_total=Money.of(content.waived_minor, currency),
            lines=[InvoiceLine.of(line, currency) for line in content.lines],
            seller=seller,
            buyer=_buyer(row.buyer),
            corrects_numbers=list(content.corrects),
        )

    @strawberry.field(name="kind")  # type: ignore[untyped-decorator]  # Strawberry types it without arguments alone.
    def document_kind(self, info: Info) -> InvoiceKind:
        """Whether it is an invoice or a credit note."""
        return self.row.kind

    @strawberry.field
    async def channel(self, info: Info) -> Channel:
        """Where the goods were sold."""
        row = await info.context.load(ChannelById, self.row.channel_id)
        assert row is not None  # A foreign key says so.
        return Channel.of(row)

    @strawberry.field
    async def order(self, info: Info) -> Annotated["Order", strawberry.lazy("schema.orders.types")]:
        """What was bought."""
        row = await info.context.load(order_loaders.OrderById, self.row.order_id)
        assert row is not None  # A foreign key says so.
        return order_types.Order.of(row, token=self.order_token)

    @strawberry.field
    async def corrects(self, info: Info) -> list["Invoice"]:
        """For a credit note: the invoices that it corrects, oldest first."""
        found = await info.context.load(InvoicesByOrderId, self.row.order_id)
        return [self._beside(row) for row in found if row.number in self.row.content.corrects]

    @strawberry.field
    async def credit_notes(self, info: Info) -> list["Invoice"]:
        """For an invoice: the credit notes that correct it, oldest first."""
        found = await info.context.load(InvoicesByOrderId, self.row.order_id)
        return [self._beside(row) for row in found if self.row.number in row.content.corrects]

    @strawberry.field
    def html_url(self, info: Info) -> str:
        """Where a browser finds it as a page: a path of this server, with the token that opens it."""
        return path_of(info.context, self.row, "html")

    @strawberry.field
    def pdf_url(self, info: Info) -> str:
        """Where a browser finds it as a PDF: a path of this server, with the token that opens it.

        Answers 501 where the server cannot make PDFs.
        """
        return path_of(info.context, self.row, "pdf")

    def _beside(self, row: rules.Invoice) -> "Invoice":
        return Invoice.of(row, order_token=self.order_token)


def path_of(context: Context, row: rules.Invoice, form: str) -> str:
    """Write where a document is found in one of its forms."""
    return f"/invoices/{public_id(IdKind.INVOICE, row.id)}.{form}?token={context.keys.token('invoice', row.id)}"


def _buyer(row: rules.Buyer | None) -> InvoiceBuyer | None:
    if row is None:
        return None
    return InvoiceBuyer(
        name=row.name,
        email=row.email,
        billing_address=Address.maybe(row.billing_address),
        shipping_address=Address.maybe(row.shipping_address),
    )


@strawberry.type
class InvoiceEdge:
    """A document in a list."""

    cursor: str
    """Where in the list it stands."""
    node: Invoice
    """The document."""


@strawberry.type
class InvoiceConnection:
    """A page of invoices and credit notes."""

    edges: list[InvoiceEdge]
    """The documents with their cursors."""
    nodes: list[Invoice]
    """The documents alone."""
    page_info: PageInfo
    """Where the page stands in the list."""
    count: strawberry.Private[Any]

    @classmethod
    def of(cls, page: Page[rules.Invoice], nodes: Sequence[Invoice], count: Any) -> "InvoiceConnection":
        """Show a page; `count` counts the whole list when asked."""
        return cls(
            edges=[InvoiceEdge(cursor=cursor, node=node) for cursor, node in zip(page.cursors, nodes, strict=True)],
            nodes=list(nodes),
            page_info=PageInfo.of(page),
            count=count,
        )

    @strawberry.field
    async def total_count(self) -> int:
        """How many documents the filter lets through; counted only when asked for."""
        return int(await self.count())
