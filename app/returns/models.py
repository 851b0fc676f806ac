"""Tables of returns: what is to come back, what came and where it went, and what is given back for it."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, Uuid

from app.kernel.columns import id_column, instant, minor, not_negative, one_of
from app.kernel.metadata import metadata
from app.returns.states import Disposition, RefundMethod, ReturnReason, ReturnStatus

returns = Table(
    "returns",
    metadata,
    id_column(),
    Column("number", Text, nullable=False, unique=True),
    Column("order_id", Uuid, ForeignKey("orders.id"), nullable=False),
    Column("status", Text, nullable=False),
    Column("refund_method", Text, nullable=False),
    Column("decline_reason", Text),
    Column("currency", Text, nullable=False),
    # What will be given back if all that is still expected comes and is accepted; once closed, what is.
    minor("refund_lines_minor"),
    minor("refund_tax_minor"),
    minor("refund_delivery_minor"),
    minor("refund_total_minor"),
    instant("created_at"),
    instant("updated_at"),
    one_of("status", ReturnStatus),
    one_of("refund_method", RefundMethod),
    *not_negative("refund_lines_minor", "refund_tax_minor", "refund_delivery_minor", "refund_total_minor"),
    CheckConstraint("refund_total_minor = refund_lines_minor + refund_delivery_minor", name="refund_adds_up"),
    CheckConstraint("refund_tax_minor <= refund_total_minor", name="refund_tax_of_total"),
    CheckConstraint("decline_reason IS NULL OR status = 'DECLINED'", name="declined"),
    Index("ix_returns_order_id", "order_id", "id"),
)

return_lines = Table(
    "return_lines",
    metadata,
    id_column(),
    Column("return_id", Uuid, ForeignKey("returns.id"), nullable=False),
    Column("order_line_id", Uuid, ForeignKey("order_lines.id"), nullable=False),
    Column("variant_id", Uuid, ForeignKey("variants.id"), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("note", Text),
    Column("received", Integer, nullable=False, server_default="0"),
    Column("accepted", Integer, nullable=False, server_default="0"),
    # What the units accepted so far were paid with: fixed when they are, as later ones of the line are worth the rest.
    minor("refund_minor"),
    minor("refund_tax_minor"),
    one_of("reason", ReturnReason),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint("accepted >= 0 AND accepted <= received AND received <= quantity", name="steps_in_order"),
    *not_negative("refund_minor", "refund_tax_minor"),
    CheckConstraint("accepted > 0 OR refund_minor = 0", name="refund_of_accepted"),
    Index("uq_return_lines_order_line", "return_id", "order_line_id", unique=True),
    Index("ix_return_lines_order_line_id", "order_line_id"),
)

return_receipts = Table(
    "return_receipts",
    metadata,
    id_column(),
    Column("return_line_id", Uuid, ForeignKey("return_lines.id"), nullable=False),
    Column("location_id", Uuid, ForeignKey("locations.id"), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("accepted", Boolean, nullable=False),
    Column("disposition", Text),
    Column("actor", Text, nullable=False),
    instant("at"),
    one_of("disposition", Disposition),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint("accepted = (disposition IS NOT NULL)", name="accepted_goes_somewhere"),
    Index("ix_return_receipts_return_line_id", "return_line_id", "id"),
)

#: The deliveries of orders that are given back, each with the return whose units completed it. The key is the
#: delivery's own, so none is ever given back twice.
return_deliveries = Table(
    "return_deliveries",
    metadata,
    Column("order_delivery_id", Uuid, ForeignKey("order_deliveries.id"), primary_key=True),
    Column("return_id", Uuid, ForeignKey("returns.id"), nullable=False),
    minor("amount_minor"),
    minor("tax_minor"),
    *not_negative("amount_minor", "tax_minor"),
    CheckConstraint("tax_minor <= amount_minor", name="tax_of_amount"),
    Index("ix_return_deliveries_return_id", "return_id"),
)
