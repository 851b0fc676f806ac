"""Tables of channels: where we sell."""

from sqlalchemy import ARRAY, Boolean, CheckConstraint, Column, Index, Integer, SmallInteger, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from app.channels.rules import RECOVERY_URL
from app.channels.states import CaptureAt, CaptureDelivery, RefundSequence, ReserveAt, TenderKind
from app.kernel.columns import each_of, id_column, instant, not_negative, one_of
from app.kernel.metadata import metadata

channels = Table(
    "channels",
    metadata,
    id_column(),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("tax_included", Boolean, nullable=False),
    Column("countries", ARRAY(Text), nullable=False, comment="where it delivers to"),
    Column("is_default", Boolean, nullable=False),
    Column("display_cap", Integer, comment="most units shown as available; null shows all"),
    Column("threshold", Integer, nullable=False, server_default="0", comment="units of each variant kept from selling"),
    Column("reservation_ttl_seconds", Integer, nullable=False, comment="how long checkout holds stock"),
    Column("reserve_at", Text, nullable=False, server_default="CHECKOUT", comment="when units are first held"),
    Column("reserve_partially", Boolean, nullable=False, server_default=text("false"), comment="hold what there is"),
    Column("priority", SmallInteger, nullable=False, server_default="0", comment="higher is served first when short"),
    Column("return_window_days", Integer, nullable=False),
    Column("capture_at", Text, nullable=False, server_default="SHIPMENT", comment="when money is taken"),
    Column(
        "capture_delivery", Text, nullable=False, server_default="FIRST", comment="with which goods delivery is charged"
    ),
    Column(
        "refund_sequence", Text, nullable=False, server_default="AS_CHARGED", comment="where money goes back to first"
    ),
    Column(
        "tenders",
        ARRAY(Text),
        nullable=False,
        server_default="{CARD,GIFT_CARD,STORE_CREDIT,CASH,CARD_PRESENT}",
        comment="what kinds of money are taken",
    ),
    Column("gift_card_ttl_days", Integer, comment="how long gift cards sold here can be spent; null means for ever"),
    Column(
        "cart_ttl_days", Integer, nullable=False, server_default="90", comment="how long a guest's cart lives untouched"
    ),
    Column("customer_cart_ttl_days", Integer, comment="how long a customer's does; null is for ever"),
    Column("recovery_url", Text, comment="the storefront's page that opens a cart anew, with {token} in it"),
    Column("language", Text, nullable=False, server_default="en", comment="what its documents are written in; BCP 47"),
    Column("timezone", Text, nullable=False, server_default="UTC", comment="whose days and years its documents have"),
    Column("invoice_prefix", Text, comment="what numbers of invoices begin with; null for what its code makes"),
    Column("seller", JSONB, comment="who sells, as invoices name them: a business, not personal data"),
    instant("closed_at", nullable=True),
    one_of("reserve_at", ReserveAt),
    one_of("capture_at", CaptureAt),
    one_of("capture_delivery", CaptureDelivery),
    one_of("refund_sequence", RefundSequence),
    each_of("tenders", TenderKind),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    CheckConstraint("display_cap > 0", name="display_cap"),
    CheckConstraint("gift_card_ttl_days > 0", name="gift_card_ttl_days"),
    CheckConstraint("invoice_prefix ~ '^[A-Z0-9](-?[A-Z0-9]){0,19}$'", name="invoice_prefix"),
    CheckConstraint("reservation_ttl_seconds > 0", name="reservation_ttl_seconds"),
    CheckConstraint("cart_ttl_days BETWEEN 1 AND 3650", name="cart_ttl_days"),
    CheckConstraint("customer_cart_ttl_days BETWEEN 1 AND 3650", name="customer_cart_ttl_days"),
    CheckConstraint(
        f"recovery_url ~ '^{RECOVERY_URL}$' AND recovery_url LIKE '%{{token}}%' AND char_length(recovery_url) <= 2000",
        name="recovery_url",
    ),
    *not_negative("threshold", "return_window_days"),
    Index("uq_channels_default", "is_default", unique=True, postgresql_where=text("is_default")),
)
