"""a shop opens

Everything a first purchase needs: people, catalogue, places, prices, stock, carts, orders, money, work and returns.

Kind: expand
Locks: nothing, as every table is new
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "attributes",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_attributes")),
    )
    op.create_table(
        "categories",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_categories_not_own_parent")),
        sa.ForeignKeyConstraint(["parent_id"], ["categories.id"], name=op.f("fk_categories_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_categories")),
        sa.UniqueConstraint("slug", name=op.f("uq_categories_slug")),
    )
    op.create_index("ix_categories_parent_id", "categories", ["parent_id"], unique=False)
    op.create_table(
        "channels",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("tax_included", sa.Boolean(), nullable=False),
        sa.Column("countries", sa.ARRAY(sa.Text()), nullable=False, comment="where it delivers to"),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("display_cap", sa.Integer(), nullable=True, comment="most units shown as available; null shows all"),
        sa.Column(
            "threshold",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="units of each variant kept from selling",
        ),
        sa.Column("reservation_ttl_seconds", sa.Integer(), nullable=False, comment="how long checkout holds stock"),
        sa.Column("return_window_days", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_channels_currency")),
        sa.CheckConstraint("display_cap > 0", name=op.f("ck_channels_display_cap")),
        sa.CheckConstraint("reservation_ttl_seconds > 0", name=op.f("ck_channels_reservation_ttl_seconds")),
        sa.CheckConstraint("return_window_days >= 0", name=op.f("ck_channels_return_window_days_not_negative")),
        sa.CheckConstraint("threshold >= 0", name=op.f("ck_channels_threshold_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channels")),
        sa.UniqueConstraint("code", name=op.f("uq_channels_code")),
    )
    op.create_index(
        "uq_channels_default", "channels", ["is_default"], unique=True, postgresql_where=sa.text("is_default")
    )
    op.create_table(
        "collections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collections")),
        sa.UniqueConstraint("slug", name=op.f("uq_collections_slug")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("scope", sa.Text(), nullable=False, comment="mutation and actor; for guests the cart or order"),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("input_hash", sa.LargeBinary(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=True, comment="what the answer is about; null while the call runs"),
        sa.Column(
            "result",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="what else the answer was made of; null while the call runs",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"], unique=False)
    op.create_table(
        "locations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "address",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="a place of business, not personal data",
        ),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("pickup_enabled", sa.Boolean(), nullable=False),
        sa.Column("pickup_lead_minutes", sa.Integer(), nullable=False, comment="open minutes from order to ready"),
        sa.Column("pickup_slot_capacity", sa.Integer(), nullable=False, comment="pickups an hour can take"),
        sa.Column("pickup_hold_days", sa.Integer(), nullable=False, comment="how long goods wait for their customer"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind <> 'STORE' OR address IS NOT NULL", name=op.f("ck_locations_store_has_address")),
        sa.CheckConstraint("kind IN ('STORE', 'WAREHOUSE', 'SUPPLIER')", name=op.f("ck_locations_kind")),
        sa.CheckConstraint("latitude BETWEEN -90 AND 90", name=op.f("ck_locations_latitude")),
        sa.CheckConstraint("longitude BETWEEN -180 AND 180", name=op.f("ck_locations_longitude")),
        sa.CheckConstraint("pickup_hold_days > 0", name=op.f("ck_locations_pickup_hold_days")),
        sa.CheckConstraint("pickup_lead_minutes >= 0", name=op.f("ck_locations_pickup_lead_minutes")),
        sa.CheckConstraint("pickup_slot_capacity > 0", name=op.f("ck_locations_pickup_slot_capacity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_locations")),
        sa.UniqueConstraint("code", name=op.f("uq_locations_code")),
    )
    op.create_table(
        "login_attempts",
        sa.Column(
            "email_hash", sa.Text(), nullable=False, comment="keyed hash, so that unknown addresses are not collected"
        ),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("window_started_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_login_attempts_failures_not_negative")),
        sa.PrimaryKeyConstraint("email_hash", name=op.f("pk_login_attempts")),
    )
    op.create_index("ix_login_attempts_window_started_at", "login_attempts", ["window_started_at"], unique=False)
    op.create_table(
        "movements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("delta", sa.Integer(), nullable=False),
        sa.Column("balance", sa.Integer(), nullable=False, comment="of the bucket, afterwards"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("cause_kind", sa.Text(), nullable=False, comment="order, return, feed, adjustment"),
        sa.Column("cause_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("bucket IN ('SELLABLE', 'DAMAGED', 'QUALITY')", name=op.f("ck_movements_bucket")),
        sa.CheckConstraint(
            "reason IN ('OPENING', 'FEED', 'SHIPPED', 'HANDED_OVER', 'CARRIED_OUT', 'RETURNED', 'NOT_FOUND', 'DAMAGED', 'ADJUSTED')",
            name=op.f("ck_movements_reason"),
        ),
        sa.CheckConstraint("balance >= 0", name=op.f("ck_movements_balance_not_negative")),
        sa.CheckConstraint("delta <> 0", name=op.f("ck_movements_delta_not_zero")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_movements")),
    )
    op.create_index(
        "ix_movements_cause_id",
        "movements",
        ["cause_id"],
        unique=False,
        postgresql_where=sa.text("cause_id IS NOT NULL"),
    )
    op.create_index("ix_movements_level", "movements", ["variant_id", "location_id", "id"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("aggregate_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(
        "ix_outbox_aggregate_waiting",
        "outbox",
        ["aggregate_id", "seq"],
        unique=False,
        postgresql_where=sa.text("delivered_at IS NULL"),
    )
    op.create_index(
        "ix_outbox_delivered_at",
        "outbox",
        ["delivered_at"],
        unique=False,
        postgresql_where=sa.text("delivered_at IS NOT NULL"),
    )
    op.create_index(
        "ix_outbox_waiting", "outbox", ["due_at", "seq"], unique=False, postgresql_where=sa.text("delivered_at IS NULL")
    )
    op.create_table(
        "price_lists",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_price_lists_currency")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_lists")),
        sa.UniqueConstraint("code", name=op.f("uq_price_lists_code")),
    )
    op.create_table(
        "reservations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False, comment="units promised at first"),
        sa.Column(
            "quantity", sa.Integer(), nullable=False, comment="units still promised; what was released or went is off"
        ),
        sa.Column(
            "demand_id", sa.Uuid(), nullable=False, comment="checkout attempt while soft, order when firm; opaque"
        ),
        sa.Column("line_id", sa.Uuid(), nullable=False, comment="cart line while soft, order line when firm; opaque"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(quantity > 0) = (state IN ('SOFT', 'FIRM'))", name=op.f("ck_reservations_open_units")),
        sa.CheckConstraint("(state = 'SOFT') = (expires_at IS NOT NULL)", name=op.f("ck_reservations_soft_expires")),
        sa.CheckConstraint("(state IN ('SOFT', 'FIRM')) = (closed_at IS NULL)", name=op.f("ck_reservations_closed")),
        sa.CheckConstraint(
            "state IN ('SOFT', 'FIRM', 'RELEASED', 'EXPIRED', 'CONSUMED')", name=op.f("ck_reservations_state")
        ),
        sa.CheckConstraint("quantity >= 0 AND quantity <= reserved", name=op.f("ck_reservations_quantity")),
        sa.CheckConstraint("reserved > 0", name=op.f("ck_reservations_reserved")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservations")),
    )
    op.create_index(
        "ix_reservations_expiry",
        "reservations",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state = 'SOFT'"),
    )
    op.create_index(
        "ix_reservations_open_demand",
        "reservations",
        ["demand_id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_reservations_open_level",
        "reservations",
        ["variant_id", "location_id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "uq_reservations_firm_line",
        "reservations",
        ["line_id", "location_id"],
        unique=True,
        postgresql_where=sa.text("state = 'FIRM'"),
    )
    op.create_table(
        "routing_decisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False, comment="the order routed; opaque, as orders stand above"),
        sa.Column("cause", sa.Text(), nullable=False, comment="PLACEMENT, REJECTION or SHORT_PICK"),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column(
            "demand",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="lines and destination, without any address",
        ),
        sa.Column(
            "candidates",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="each with its stock, its distance and why it lost",
        ),
        sa.Column("plan", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routing_decisions")),
    )
    op.create_index("ix_routing_decisions_subject_id", "routing_decisions", ["subject_id", "id"], unique=False)
    op.create_table(
        "state_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_state_changes")),
    )
    op.create_index("ix_state_changes_subject_id", "state_changes", ["subject_id", "id"], unique=False)
    op.create_table(
        "test_gateway_operations",
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column(
            "authorization_reference",
            sa.Text(),
            nullable=True,
            comment="of the authorization that a capture, void or refund is about",
        ),
        sa.Column("outcome", sa.Text(), nullable=False, comment="SUCCEEDED, DECLINED, ACTION or LATE"),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("settles_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("idempotency_key", name=op.f("pk_test_gateway_operations")),
        sa.UniqueConstraint("reference", name=op.f("uq_test_gateway_operations_reference")),
    )
    op.create_index(
        "ix_test_gateway_operations_authorization", "test_gateway_operations", ["authorization_reference"], unique=False
    )
    op.create_table(
        "timers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "due_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when it fires next; raised by whoever fires it",
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_timers")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False, comment="lower case"),
        sa.Column("password_hash", sa.Text(), nullable=False, comment="argon2id"),
        sa.Column("roles", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("every_location", sa.Boolean(), nullable=False, comment="works at all locations, also those to come"),
        sa.Column(
            "customer_id",
            sa.Uuid(),
            nullable=True,
            comment="the customer this log-in is too; an opaque id, as customers stand above",
        ),
        sa.Column("demo", sa.Boolean(), nullable=False, comment="a sample log-in, refused outside demo data"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "roles <@ ARRAY['SHOPPER', 'ASSOCIATE', 'STORE_MANAGER', 'CUSTOMER_SERVICE', 'OPERATIONS', 'MERCHANDISER', 'INTEGRATION', 'ADMIN'] AND cardinality(roles) > 0",
            name=op.f("ck_users_roles"),
        ),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_users_email_lower")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_table(
        "attribute_values",
        sa.Column("attribute_code", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attribute_code"], ["attributes.code"], name=op.f("fk_attribute_values_attribute_code")
        ),
        sa.PrimaryKeyConstraint("attribute_code", "code", name=op.f("pk_attribute_values")),
    )
    op.create_table(
        "channel_locations",
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("ships", sa.Boolean(), nullable=False, comment="supplies shipments of this channel"),
        sa.Column("hands_out", sa.Boolean(), nullable=False, comment="offers pickup or carry-out to this channel"),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_channel_locations_channel_id")),
        sa.ForeignKeyConstraint(["location_id"], ["locations.id"], name=op.f("fk_channel_locations_location_id")),
        sa.PrimaryKeyConstraint("channel_id", "location_id", name=op.f("pk_channel_locations")),
    )
    op.create_index("ix_channel_locations_location_id", "channel_locations", ["location_id"], unique=False)
    op.create_table(
        "channel_price_lists",
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("price_list_id", sa.Uuid(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False, comment="the lowest number that has a price wins"),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_channel_price_lists_channel_id")),
        sa.ForeignKeyConstraint(
            ["price_list_id"], ["price_lists.id"], name=op.f("fk_channel_price_lists_price_list_id")
        ),
        sa.PrimaryKeyConstraint("channel_id", "price_list_id", name=op.f("pk_channel_price_lists")),
    )
    op.create_index("uq_channel_price_lists_priority", "channel_price_lists", ["channel_id", "priority"], unique=True)
    op.create_table(
        "customers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True, comment="null for a customer who never logs in"),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_customers_email_lower")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_customers_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
        sa.UniqueConstraint("user_id", name=op.f("uq_customers_user_id")),
    )
    op.create_index(
        "uq_customers_email", "customers", ["email"], unique=True, postgresql_where=sa.text("email IS NOT NULL")
    )
    op.create_table(
        "delivery_options",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("free_from_minor", sa.BigInteger(), nullable=True),
        sa.Column(
            "countries", sa.ARRAY(sa.Text()), nullable=True, comment="null delivers to every country of the channel"
        ),
        sa.Column("min_days", sa.Integer(), nullable=False),
        sa.Column("max_days", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint("method IN ('SHIPPING', 'PICKUP', 'CARRY_OUT')", name=op.f("ck_delivery_options_method")),
        sa.CheckConstraint("free_from_minor >= 0", name=op.f("ck_delivery_options_free_from_minor_not_negative")),
        sa.CheckConstraint("min_days >= 0 AND max_days >= min_days", name=op.f("ck_delivery_options_days")),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_delivery_options_price_minor_not_negative")),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_delivery_options_channel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_options")),
    )
    op.create_index("uq_delivery_options_code", "delivery_options", ["channel_id", "code"], unique=True)
    op.create_table(
        "opening_hours",
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.SmallInteger(), nullable=False, comment="0 = Monday"),
        sa.Column("opens_minute", sa.SmallInteger(), nullable=False, comment="minutes after local midnight"),
        sa.Column(
            "closes_minute", sa.SmallInteger(), nullable=False, comment="over 1440 when it closes after midnight"
        ),
        sa.CheckConstraint(
            "closes_minute > opens_minute AND closes_minute <= opens_minute + 1440",
            name=op.f("ck_opening_hours_closes_minute"),
        ),
        sa.CheckConstraint("day BETWEEN 0 AND 6", name=op.f("ck_opening_hours_day")),
        sa.CheckConstraint("opens_minute BETWEEN 0 AND 1439", name=op.f("ck_opening_hours_opens_minute")),
        sa.ForeignKeyConstraint(["location_id"], ["locations.id"], name=op.f("fk_opening_hours_location_id")),
        sa.PrimaryKeyConstraint("location_id", "day", "opens_minute", name=op.f("pk_opening_hours")),
    )
    op.create_table(
        "pickup_code_attempts",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("window_started_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_pickup_code_attempts_failures_not_negative")),
        sa.ForeignKeyConstraint(["store_id"], ["locations.id"], name=op.f("fk_pickup_code_attempts_store_id")),
        sa.PrimaryKeyConstraint("store_id", name=op.f("pk_pickup_code_attempts")),
    )
    op.create_table(
        "pickup_slots",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.CheckConstraint("used >= 0 AND used <= capacity", name=op.f("ck_pickup_slots_used_of_capacity")),
        sa.ForeignKeyConstraint(["store_id"], ["locations.id"], name=op.f("fk_pickup_slots_store_id")),
        sa.PrimaryKeyConstraint("store_id", "starts_at", name=op.f("pk_pickup_slots")),
    )
    op.create_table(
        "products",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column(
            "keywords",
            sa.Text(),
            server_default="",
            nullable=False,
            comment="labels of attributes, options, categories; for search",
        ),
        sa.Column("category_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed(
                "setweight(to_tsvector('english', name) || to_tsvector('simple', name), 'A') || setweight(to_tsvector('english', keywords), 'B') || setweight(to_tsvector('english', coalesce(description, '')), 'C')",
                persisted=True,
            ),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(["category_id"], ["categories.id"], name=op.f("fk_products_category_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
        sa.UniqueConstraint("slug", name=op.f("uq_products_slug")),
    )
    op.create_index("ix_products_category_id", "products", ["category_id"], unique=False)
    op.create_index(
        "ix_products_name", "products", ["name", "id"], unique=False, postgresql_where=sa.text("archived_at IS NULL")
    )
    op.create_index(
        "ix_products_newest",
        "products",
        ["created_at", "id"],
        unique=False,
        postgresql_where=sa.text("archived_at IS NULL"),
    )
    op.create_index("ix_products_search", "products", ["search"], unique=False, postgresql_using="gin")
    op.create_table(
        "promotions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True, comment="upper case; null applies by itself"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=True, comment="for PERCENT_OFF: 1 to 100"),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("from_subtotal_minor", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind = 'AMOUNT_OFF') = (amount_minor IS NOT NULL)", name=op.f("ck_promotions_amount_given")
        ),
        sa.CheckConstraint("(kind = 'PERCENT_OFF') = (percent IS NOT NULL)", name=op.f("ck_promotions_percent_given")),
        sa.CheckConstraint("kind IN ('PERCENT_OFF', 'AMOUNT_OFF', 'FREE_DELIVERY')", name=op.f("ck_promotions_kind")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_promotions_amount_minor")),
        sa.CheckConstraint("code = upper(code)", name=op.f("ck_promotions_code_upper")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_promotions_ends_after_start")),
        sa.CheckConstraint("from_subtotal_minor >= 0", name=op.f("ck_promotions_from_subtotal_minor")),
        sa.CheckConstraint("percent BETWEEN 1 AND 100", name=op.f("ck_promotions_percent")),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_promotions_channel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotions")),
    )
    op.create_index(
        "uq_promotions_automatic",
        "promotions",
        ["channel_id", "name"],
        unique=True,
        postgresql_where=sa.text("code IS NULL"),
    )
    op.create_index(
        "uq_promotions_code",
        "promotions",
        ["channel_id", "code"],
        unique=True,
        postgresql_where=sa.text("code IS NOT NULL"),
    )
    op.create_table(
        "refresh_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "family_id", sa.Uuid(), nullable=False, comment="one log-in; a token used twice revokes its whole family"
        ),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_refresh_tokens_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refresh_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_refresh_tokens_token_hash")),
    )
    op.create_index("ix_refresh_tokens_expires_at", "refresh_tokens", ["expires_at"], unique=False)
    op.create_index("ix_refresh_tokens_family_id", "refresh_tokens", ["family_id"], unique=False)
    op.create_index("ix_refresh_tokens_user_id", "refresh_tokens", ["user_id"], unique=False)
    op.create_table(
        "staff_locations",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["location_id"], ["locations.id"], name=op.f("fk_staff_locations_location_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_staff_locations_user_id")),
        sa.PrimaryKeyConstraint("user_id", "location_id", name=op.f("pk_staff_locations")),
    )
    op.create_index("ix_staff_locations_location_id", "staff_locations", ["location_id"], unique=False)
    op.create_table(
        "tax_rates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rate_basis_points", sa.Integer(), nullable=False, comment="2000 is 20 %"),
        sa.CheckConstraint("rate_basis_points BETWEEN 0 AND 10000", name=op.f("ck_tax_rates_rate_basis_points")),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_tax_rates_channel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tax_rates")),
    )
    op.create_index("uq_tax_rates_country", "tax_rates", ["channel_id", "country"], unique=True)
    op.create_table(
        "carts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("shipping_address", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("billing_address", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("promotion_codes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("token_generation", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "attempt_id",
            sa.Uuid(),
            nullable=True,
            comment="the live checkout attempt; opaque, as checkout stands above",
        ),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reserved_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('ACTIVE', 'ORDERED', 'MERGED', 'EXPIRED')", name=op.f("ck_carts_status")),
        sa.CheckConstraint("version > 0", name=op.f("ck_carts_version")),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_carts_channel_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_carts_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carts")),
    )
    op.create_index(
        "ix_carts_updated_at", "carts", ["updated_at"], unique=False, postgresql_where=sa.text("status = 'ACTIVE'")
    )
    op.create_index(
        "uq_carts_customer_active",
        "carts",
        ["customer_id", "channel_id"],
        unique=True,
        postgresql_where=sa.text("status = 'ACTIVE' AND customer_id IS NOT NULL"),
    )
    op.create_table(
        "collection_products",
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collections.id"], name=op.f("fk_collection_products_collection_id")
        ),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_collection_products_product_id")),
        sa.PrimaryKeyConstraint("collection_id", "product_id", name=op.f("pk_collection_products")),
    )
    op.create_index("ix_collection_products_product_id", "collection_products", ["product_id"], unique=False)
    op.create_table(
        "customer_addresses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("address", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("default_shipping", sa.Boolean(), nullable=False),
        sa.Column("default_billing", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_customer_addresses_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_addresses")),
    )
    op.create_index("ix_customer_addresses_customer_id", "customer_addresses", ["customer_id"], unique=False)
    op.create_index(
        "uq_customer_addresses_billing",
        "customer_addresses",
        ["customer_id"],
        unique=True,
        postgresql_where=sa.text("default_billing"),
    )
    op.create_index(
        "uq_customer_addresses_shipping",
        "customer_addresses",
        ["customer_id"],
        unique=True,
        postgresql_where=sa.text("default_shipping"),
    )
    op.create_table(
        "media",
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("alt", sa.Text(), nullable=False),
        sa.CheckConstraint("position BETWEEN 0 AND 99", name=op.f("ck_media_position")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_media_product_id")),
        sa.PrimaryKeyConstraint("product_id", "position", name=op.f("pk_media")),
    )
    op.create_table(
        "product_attributes",
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("attribute_code", sa.Text(), nullable=False),
        sa.Column("value_code", sa.Text(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attribute_code", "value_code"],
            ["attribute_values.attribute_code", "attribute_values.code"],
            name=op.f("fk_product_attributes_attribute_code_value_code"),
        ),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_product_attributes_product_id")),
        sa.PrimaryKeyConstraint("product_id", "attribute_code", "value_code", name=op.f("pk_product_attributes")),
    )
    op.create_index(
        "ix_product_attributes_value",
        "product_attributes",
        ["attribute_code", "value_code", "product_id"],
        unique=False,
    )
    op.create_table(
        "variants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("gtin", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("gtin ~ '^([0-9]{8}|[0-9]{12,14})$'", name=op.f("ck_variants_gtin")),
        sa.CheckConstraint("position BETWEEN 0 AND 249", name=op.f("ck_variants_position")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_variants_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_variants")),
        sa.UniqueConstraint(
            "product_id",
            "position",
            deferrable=True,
            initially="DEFERRED",
            name=op.f("uq_variants_product_id_position"),
        ),
        sa.UniqueConstraint("sku", name=op.f("uq_variants_sku")),
    )
    op.create_index("ix_variants_gtin", "variants", ["gtin"], unique=False)
    op.create_index(
        "ix_variants_sku_upper", "variants", [sa.literal_column("upper(sku) text_pattern_ops")], unique=False
    )
    op.create_table(
        "cart_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cart_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(delivery = 'SHIPPING') = (store_id IS NULL)", name=op.f("ck_cart_lines_store")),
        sa.CheckConstraint("delivery IN ('SHIPPING', 'PICKUP', 'CARRY_OUT')", name=op.f("ck_cart_lines_delivery")),
        sa.CheckConstraint("quantity BETWEEN 1 AND 10000", name=op.f("ck_cart_lines_quantity")),
        sa.ForeignKeyConstraint(["cart_id"], ["carts.id"], name=op.f("fk_cart_lines_cart_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["store_id"], ["locations.id"], name=op.f("fk_cart_lines_store_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_cart_lines_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cart_lines")),
    )
    op.create_index(
        "uq_cart_lines_same",
        "cart_lines",
        ["cart_id", "variant_id", "delivery", "store_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "cart_selections",
        sa.Column("cart_id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False, comment="derived from cart, method and store"),
        sa.Column("option_id", sa.Uuid(), nullable=False),
        sa.Column("slot_starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["cart_id"], ["carts.id"], name=op.f("fk_cart_selections_cart_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["option_id"], ["delivery_options.id"], name=op.f("fk_cart_selections_option_id")),
        sa.PrimaryKeyConstraint("cart_id", "group_id", name=op.f("pk_cart_selections")),
    )
    op.create_table(
        "levels",
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("sellable", sa.Integer(), server_default="0", nullable=False),
        sa.Column("damaged", sa.Integer(), server_default="0", nullable=False),
        sa.Column("quality", sa.Integer(), server_default="0", nullable=False),
        sa.Column("soft", sa.Integer(), server_default="0", nullable=False),
        sa.Column("firm", sa.Integer(), server_default="0", nullable=False),
        sa.Column("safety_stock", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("damaged >= 0", name=op.f("ck_levels_damaged_not_negative")),
        sa.CheckConstraint("firm >= 0", name=op.f("ck_levels_firm_not_negative")),
        sa.CheckConstraint("quality >= 0", name=op.f("ck_levels_quality_not_negative")),
        sa.CheckConstraint("safety_stock >= 0", name=op.f("ck_levels_safety_stock_not_negative")),
        sa.CheckConstraint("sellable - soft - firm >= 0", name=op.f("ck_levels_never_oversold")),
        sa.CheckConstraint("sellable >= 0", name=op.f("ck_levels_sellable_not_negative")),
        sa.CheckConstraint("soft >= 0", name=op.f("ck_levels_soft_not_negative")),
        sa.ForeignKeyConstraint(["location_id"], ["locations.id"], name=op.f("fk_levels_location_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_levels_variant_id")),
        sa.PrimaryKeyConstraint("variant_id", "location_id", name=op.f("pk_levels")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index("ix_levels_location_id", "levels", ["location_id", "variant_id"], unique=False)
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("cart_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("tax_included", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("payment_status", sa.Text(), nullable=False),
        sa.Column("fulfillment_status", sa.Text(), nullable=False),
        sa.Column("return_status", sa.Text(), nullable=False),
        sa.Column("started", sa.Boolean(), nullable=False, comment="some location has taken work up"),
        sa.Column("shipping_address", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("billing_address", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("subtotal_minor", sa.BigInteger(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("delivery_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("token_generation", sa.Integer(), server_default="0", nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "fulfillment_status IN ('UNFULFILLED', 'PARTIALLY_FULFILLED', 'FULFILLED')",
            name=op.f("ck_orders_fulfillment_status"),
        ),
        sa.CheckConstraint(
            "payment_status IN ('NOT_REQUIRED', 'PENDING', 'PARTIALLY_AUTHORIZED', 'AUTHORIZED', 'PARTIALLY_CAPTURED', 'CAPTURED', 'PARTIALLY_REFUNDED', 'REFUNDED', 'VOIDED')",
            name=op.f("ck_orders_payment_status"),
        ),
        sa.CheckConstraint(
            "return_status IN ('NONE', 'PARTIALLY_RETURNED', 'RETURNED')", name=op.f("ck_orders_return_status")
        ),
        sa.CheckConstraint(
            "status IN ('PLACED', 'PROCESSING', 'PARTIALLY_FULFILLED', 'FULFILLED', 'CLOSED', 'CANCELLED')",
            name=op.f("ck_orders_status"),
        ),
        sa.CheckConstraint("delivery_minor >= 0", name=op.f("ck_orders_delivery_minor_not_negative")),
        sa.CheckConstraint("discount_minor >= 0", name=op.f("ck_orders_discount_minor_not_negative")),
        sa.CheckConstraint("subtotal_minor >= 0", name=op.f("ck_orders_subtotal_minor_not_negative")),
        sa.CheckConstraint("tax_minor >= 0", name=op.f("ck_orders_tax_minor_not_negative")),
        sa.CheckConstraint(
            "total_minor = subtotal_minor - discount_minor + delivery_minor + CASE WHEN tax_included THEN 0 ELSE tax_minor END",
            name=op.f("ck_orders_total_adds_up"),
        ),
        sa.CheckConstraint("total_minor >= 0", name=op.f("ck_orders_total_minor_not_negative")),
        sa.ForeignKeyConstraint(["cart_id"], ["carts.id"], name=op.f("fk_orders_cart_id")),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_orders_channel_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_orders_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("cart_id", name=op.f("uq_orders_cart_id")),
        sa.UniqueConstraint("number", name=op.f("uq_orders_number")),
    )
    op.create_index("ix_orders_customer_id", "orders", ["customer_id", "placed_at", "id"], unique=False)
    op.create_index("ix_orders_email", "orders", ["email"], unique=False)
    op.create_index("ix_orders_placed_at", "orders", ["placed_at", "id"], unique=False)
    op.create_index("ix_orders_status", "orders", ["status", "placed_at", "id"], unique=False)
    op.create_index("ix_orders_total_minor", "orders", ["total_minor", "id"], unique=False)
    op.create_table(
        "prices",
        sa.Column("price_list_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("list_amount_minor", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_prices_amount_minor_not_negative")),
        sa.CheckConstraint("list_amount_minor > amount_minor", name=op.f("ck_prices_list_amount_above_amount")),
        sa.ForeignKeyConstraint(["price_list_id"], ["price_lists.id"], name=op.f("fk_prices_price_list_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_prices_variant_id")),
        sa.PrimaryKeyConstraint("variant_id", "price_list_id", name=op.f("pk_prices")),
    )
    op.create_index("ix_prices_price_list_id", "prices", ["price_list_id", "amount_minor"], unique=False)
    op.create_table(
        "variant_options",
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("attribute_code", sa.Text(), nullable=False),
        sa.Column("value_code", sa.Text(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attribute_code", "value_code"],
            ["attribute_values.attribute_code", "attribute_values.code"],
            name=op.f("fk_variant_options_attribute_code_value_code"),
        ),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_variant_options_variant_id")),
        sa.PrimaryKeyConstraint("variant_id", "attribute_code", name=op.f("pk_variant_options")),
    )
    op.create_index(
        "ix_variant_options_value", "variant_options", ["attribute_code", "value_code", "variant_id"], unique=False
    )
    op.create_table(
        "checkout_attempts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cart_id", sa.Uuid(), nullable=False),
        sa.Column("cart_version", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column(
            "snapshot",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="lines, prices, addresses and plan, frozen; emptied when the attempt has ended",
        ),
        sa.Column("key_scope", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("failure_code", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("worked_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status = 'PLACED') = (order_id IS NOT NULL)", name=op.f("ck_checkout_attempts_placed_has_order")
        ),
        sa.CheckConstraint(
            "status IN ('PRICED', 'AUTHORIZING', 'ACTION_REQUIRED', 'UNKNOWN', 'PLACED', 'FAILED', 'ABANDONED')",
            name=op.f("ck_checkout_attempts_status"),
        ),
        sa.CheckConstraint("total_minor >= 0", name=op.f("ck_checkout_attempts_total_minor_not_negative")),
        sa.ForeignKeyConstraint(["cart_id"], ["carts.id"], name=op.f("fk_checkout_attempts_cart_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_checkout_attempts_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkout_attempts")),
    )
    op.create_index("ix_checkout_attempts_key", "checkout_attempts", ["key_scope", "key"], unique=False)
    op.create_index(
        "ix_checkout_attempts_unfinished",
        "checkout_attempts",
        ["worked_until"],
        unique=False,
        postgresql_where=sa.text("status IN ('PRICED', 'AUTHORIZING', 'ACTION_REQUIRED', 'UNKNOWN')"),
    )
    op.create_index(
        "uq_checkout_attempts_live",
        "checkout_attempts",
        ["cart_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('PRICED', 'AUTHORIZING', 'ACTION_REQUIRED', 'UNKNOWN')"),
    )
    op.create_table(
        "fulfillment_orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("predecessor_id", sa.Uuid(), nullable=True, comment="whose rejected or short work this is"),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("rejection_reason", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("method IN ('SHIPPING', 'PICKUP', 'CARRY_OUT')", name=op.f("ck_fulfillment_orders_method")),
        sa.CheckConstraint(
            "rejection_reason IN ('NOT_FOUND', 'DAMAGED', 'NO_CAPACITY', 'CLOSED', 'OTHER')",
            name=op.f("ck_fulfillment_orders_rejection_reason"),
        ),
        sa.CheckConstraint(
            "status IN ('OPEN', 'ACCEPTED', 'PICKING', 'PACKED', 'READY', 'FULFILLED', 'REJECTED', 'CANCELLED')",
            name=op.f("ck_fulfillment_orders_status"),
        ),
        sa.ForeignKeyConstraint(["location_id"], ["locations.id"], name=op.f("fk_fulfillment_orders_location_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_fulfillment_orders_order_id")),
        sa.ForeignKeyConstraint(
            ["predecessor_id"], ["fulfillment_orders.id"], name=op.f("fk_fulfillment_orders_predecessor_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fulfillment_orders")),
        sa.UniqueConstraint("number", name=op.f("uq_fulfillment_orders_number")),
    )
    op.create_index("ix_fulfillment_orders_due_at", "fulfillment_orders", ["due_at", "id"], unique=False)
    op.create_index(
        "ix_fulfillment_orders_location_id", "fulfillment_orders", ["location_id", "due_at", "id"], unique=False
    )
    op.create_index("ix_fulfillment_orders_order_id", "fulfillment_orders", ["order_id", "id"], unique=False)
    op.create_index(
        "ix_fulfillment_orders_queue",
        "fulfillment_orders",
        ["location_id", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("status NOT IN ('FULFILLED', 'REJECTED', 'CANCELLED')"),
    )
    op.create_table(
        "order_deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("option_code", sa.Text(), nullable=False),
        sa.Column("option_name", sa.Text(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("discounts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("method IN ('SHIPPING', 'PICKUP', 'CARRY_OUT')", name=op.f("ck_order_deliveries_method")),
        sa.CheckConstraint("discount_minor >= 0", name=op.f("ck_order_deliveries_discount_minor_not_negative")),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_order_deliveries_price_minor_not_negative")),
        sa.CheckConstraint("tax_minor >= 0", name=op.f("ck_order_deliveries_tax_minor_not_negative")),
        sa.CheckConstraint("total_minor >= 0", name=op.f("ck_order_deliveries_total_minor_not_negative")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_deliveries_order_id")),
        sa.ForeignKeyConstraint(["store_id"], ["locations.id"], name=op.f("fk_order_deliveries_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_deliveries")),
    )
    op.create_index("ix_order_deliveries_order_id", "order_deliveries", ["order_id"], unique=False)
    op.create_table(
        "order_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_events_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_events")),
    )
    op.create_index("ix_order_events_order_id", "order_events", ["order_id", "id"], unique=False)
    op.create_table(
        "order_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("product_name", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("ordered", sa.Integer(), nullable=False),
        sa.Column("unallocated", sa.Integer(), nullable=False),
        sa.Column("backordered", sa.Integer(), nullable=False),
        sa.Column("allocated", sa.Integer(), nullable=False),
        sa.Column("fulfilled", sa.Integer(), nullable=False),
        sa.Column("cancelled", sa.Integer(), nullable=False),
        sa.Column("returned", sa.Integer(), nullable=False),
        sa.Column("unit_price_minor", sa.BigInteger(), nullable=False),
        sa.Column("subtotal_minor", sa.BigInteger(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column(
            "discounts",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="[{name, code, amount_minor}], adding up to discount_minor",
        ),
        sa.Column("tax_included", sa.Boolean(), nullable=False),
        sa.CheckConstraint("delivery IN ('SHIPPING', 'PICKUP', 'CARRY_OUT')", name=op.f("ck_order_lines_delivery")),
        sa.CheckConstraint("allocated >= 0", name=op.f("ck_order_lines_allocated_not_negative")),
        sa.CheckConstraint("backordered >= 0", name=op.f("ck_order_lines_backordered_not_negative")),
        sa.CheckConstraint("cancelled >= 0", name=op.f("ck_order_lines_cancelled_not_negative")),
        sa.CheckConstraint("discount_minor >= 0", name=op.f("ck_order_lines_discount_minor_not_negative")),
        sa.CheckConstraint("fulfilled >= 0", name=op.f("ck_order_lines_fulfilled_not_negative")),
        sa.CheckConstraint(
            "ordered = cancelled + unallocated + backordered + allocated + fulfilled",
            name=op.f("ck_order_lines_quantities_add_up"),
        ),
        sa.CheckConstraint("ordered > 0", name=op.f("ck_order_lines_ordered")),
        sa.CheckConstraint("returned <= fulfilled", name=op.f("ck_order_lines_returned_of_fulfilled")),
        sa.CheckConstraint("returned >= 0", name=op.f("ck_order_lines_returned_not_negative")),
        sa.CheckConstraint("subtotal_minor = unit_price_minor * ordered", name=op.f("ck_order_lines_subtotal_adds_up")),
        sa.CheckConstraint("tax_minor >= 0", name=op.f("ck_order_lines_tax_minor_not_negative")),
        sa.CheckConstraint(
            "total_minor = subtotal_minor - discount_minor + CASE WHEN tax_included THEN 0 ELSE tax_minor END",
            name=op.f("ck_order_lines_total_adds_up"),
        ),
        sa.CheckConstraint("total_minor >= 0", name=op.f("ck_order_lines_total_minor_not_negative")),
        sa.CheckConstraint("unallocated >= 0", name=op.f("ck_order_lines_unallocated_not_negative")),
        sa.CheckConstraint("unit_price_minor >= 0", name=op.f("ck_order_lines_unit_price_minor_not_negative")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_lines_order_id")),
        sa.ForeignKeyConstraint(["store_id"], ["locations.id"], name=op.f("fk_order_lines_store_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_order_lines_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_lines")),
    )
    op.create_index("uq_order_lines_position", "order_lines", ["order_id", "position"], unique=True)
    op.create_table(
        "payments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "attempt_id", sa.Uuid(), nullable=False, comment="the checkout attempt; opaque, as checkout stands above"
        ),
        sa.Column("order_id", sa.Uuid(), nullable=True, comment="null until the order is placed"),
        sa.Column(
            "position", sa.SmallInteger(), nullable=False, comment="tenders are charged and refunded in this order"
        ),
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=True, comment="the gateway's own token, redacted once it has been used"),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("authorized_minor", sa.BigInteger(), nullable=False),
        sa.Column("released_minor", sa.BigInteger(), nullable=False),
        sa.Column("capturing_minor", sa.BigInteger(), nullable=False),
        sa.Column("captured_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunding_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), nullable=False),
        sa.Column("gateway_reference", sa.Text(), nullable=True),
        sa.Column(
            "action_url",
            sa.Text(),
            nullable=True,
            comment="where the shopper has to act; null when nothing is asked of them",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('PENDING', 'UNKNOWN', 'AUTHORIZED', 'PARTIALLY_CAPTURED', 'CAPTURED', 'PARTIALLY_REFUNDED', 'REFUNDED', 'VOIDED', 'EXPIRED', 'FAILED')",
            name=op.f("ck_payments_status"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_payments_amount_minor")),
        sa.CheckConstraint("authorized_minor >= 0", name=op.f("ck_payments_authorized_minor_not_negative")),
        sa.CheckConstraint(
            "captured_minor + capturing_minor + released_minor <= authorized_minor",
            name=op.f("ck_payments_captured_of_authorized"),
        ),
        sa.CheckConstraint("captured_minor >= 0", name=op.f("ck_payments_captured_minor_not_negative")),
        sa.CheckConstraint("capturing_minor >= 0", name=op.f("ck_payments_capturing_minor_not_negative")),
        sa.CheckConstraint(
            "refunded_minor + refunding_minor <= captured_minor", name=op.f("ck_payments_refunded_of_captured")
        ),
        sa.CheckConstraint("refunded_minor >= 0", name=op.f("ck_payments_refunded_minor_not_negative")),
        sa.CheckConstraint("refunding_minor >= 0", name=op.f("ck_payments_refunding_minor_not_negative")),
        sa.CheckConstraint("released_minor >= 0", name=op.f("ck_payments_released_minor_not_negative")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_payments_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
    )
    op.create_index("ix_payments_order_id", "payments", ["order_id", "position"], unique=False)
    op.create_index("uq_payments_attempt_position", "payments", ["attempt_id", "position"], unique=True)
    op.create_table(
        "refunds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("cause_id", sa.Uuid(), nullable=False, comment="the return or cancellation; opaque"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refunds_amount_minor")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_refunds_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
    )
    op.create_index("ix_refunds_cause_id", "refunds", ["cause_id"], unique=False)
    op.create_index("ix_refunds_order_id", "refunds", ["order_id", "id"], unique=False)
    op.create_table(
        "returns",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("refund_method", sa.Text(), nullable=False),
        sa.Column("decline_reason", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("refund_lines_minor", sa.BigInteger(), nullable=False),
        sa.Column("refund_tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("refund_delivery_minor", sa.BigInteger(), nullable=False),
        sa.Column("refund_total_minor", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("decline_reason IS NULL OR status = 'DECLINED'", name=op.f("ck_returns_declined")),
        sa.CheckConstraint("refund_method IN ('ORIGINAL', 'STORE_CREDIT')", name=op.f("ck_returns_refund_method")),
        sa.CheckConstraint(
            "status IN ('REQUESTED', 'APPROVED', 'DECLINED', 'IN_TRANSIT', 'RECEIVED', 'INSPECTED', 'CLOSED', 'CANCELLED', 'EXPIRED')",
            name=op.f("ck_returns_status"),
        ),
        sa.CheckConstraint("refund_delivery_minor >= 0", name=op.f("ck_returns_refund_delivery_minor_not_negative")),
        sa.CheckConstraint("refund_lines_minor >= 0", name=op.f("ck_returns_refund_lines_minor_not_negative")),
        sa.CheckConstraint("refund_tax_minor <= refund_total_minor", name=op.f("ck_returns_refund_tax_of_total")),
        sa.CheckConstraint("refund_tax_minor >= 0", name=op.f("ck_returns_refund_tax_minor_not_negative")),
        sa.CheckConstraint(
            "refund_total_minor = refund_lines_minor + refund_delivery_minor", name=op.f("ck_returns_refund_adds_up")
        ),
        sa.CheckConstraint("refund_total_minor >= 0", name=op.f("ck_returns_refund_total_minor_not_negative")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_returns_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_returns")),
        sa.UniqueConstraint("number", name=op.f("uq_returns_number")),
    )
    op.create_index("ix_returns_order_id", "returns", ["order_id", "id"], unique=False)
    op.create_table(
        "fulfillment_order_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fulfillment_order_id", sa.Uuid(), nullable=False),
        sa.Column("order_line_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("product_name", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("picked", sa.Integer(), server_default="0", nullable=False),
        sa.Column("packed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("fulfilled", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rejected", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cancelled", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("cancelled >= 0", name=op.f("ck_fulfillment_order_lines_cancelled_not_negative")),
        sa.CheckConstraint(
            "fulfilled + rejected + cancelled <= quantity", name=op.f("ck_fulfillment_order_lines_outcomes_of_quantity")
        ),
        sa.CheckConstraint(
            "fulfilled <= packed AND packed <= picked", name=op.f("ck_fulfillment_order_lines_steps_in_order")
        ),
        sa.CheckConstraint("fulfilled >= 0", name=op.f("ck_fulfillment_order_lines_fulfilled_not_negative")),
        sa.CheckConstraint(
            "greatest(picked, fulfilled) + rejected <= quantity",
            name=op.f("ck_fulfillment_order_lines_picked_of_quantity"),
        ),
        sa.CheckConstraint("packed >= 0", name=op.f("ck_fulfillment_order_lines_packed_not_negative")),
        sa.CheckConstraint("picked >= 0", name=op.f("ck_fulfillment_order_lines_picked_not_negative")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_fulfillment_order_lines_quantity")),
        sa.CheckConstraint("rejected >= 0", name=op.f("ck_fulfillment_order_lines_rejected_not_negative")),
        sa.ForeignKeyConstraint(
            ["fulfillment_order_id"],
            ["fulfillment_orders.id"],
            name=op.f("fk_fulfillment_order_lines_fulfillment_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["order_line_id"], ["order_lines.id"], name=op.f("fk_fulfillment_order_lines_order_line_id")
        ),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_fulfillment_order_lines_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fulfillment_order_lines")),
    )
    op.create_index(
        "ix_fulfillment_order_lines_order_line_id", "fulfillment_order_lines", ["order_line_id"], unique=False
    )
    op.create_index(
        "uq_fulfillment_order_lines_line",
        "fulfillment_order_lines",
        ["fulfillment_order_id", "order_line_id"],
        unique=True,
    )
    op.create_table(
        "payment_transactions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("refund_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("gateway_reference", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state IN ('SUCCEEDED', 'FAILED')) = (settled_at IS NOT NULL)",
            name=op.f("ck_payment_transactions_settled"),
        ),
        sa.CheckConstraint(
            "kind IN ('AUTHORIZATION', 'CAPTURE', 'VOID', 'REFUND')", name=op.f("ck_payment_transactions_kind")
        ),
        sa.CheckConstraint("refund_id IS NULL OR kind = 'REFUND'", name=op.f("ck_payment_transactions_refund")),
        sa.CheckConstraint(
            "state IN ('REQUESTED', 'SUCCEEDED', 'FAILED', 'UNKNOWN')", name=op.f("ck_payment_transactions_state")
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_payment_transactions_amount_minor")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_payment_transactions_payment_id")),
        sa.ForeignKeyConstraint(["refund_id"], ["refunds.id"], name=op.f("fk_payment_transactions_refund_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_transactions")),
    )
    op.create_index(
        "ix_payment_transactions_open",
        "payment_transactions",
        ["requested_at"],
        unique=False,
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.create_index("ix_payment_transactions_payment_id", "payment_transactions", ["payment_id", "id"], unique=False)
    op.create_index(
        "uq_payment_transactions_reference",
        "payment_transactions",
        ["payment_id", "kind", "gateway_reference"],
        unique=True,
        postgresql_where=sa.text("gateway_reference IS NOT NULL"),
    )
    op.create_table(
        "pickups",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fulfillment_order_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("slot_starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("slot_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ready_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("collect_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("collected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code_generation", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "code_hash",
            sa.Text(),
            nullable=True,
            comment="keyed hash of the live code, unique at the counter of a store",
        ),
        sa.Column("code_attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("collected_by", sa.Text(), nullable=True),
        sa.Column("spot", sa.Text(), nullable=True),
        sa.Column("vehicle", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(status = 'COLLECTED') = (collected_at IS NOT NULL)", name=op.f("ck_pickups_collected")),
        sa.CheckConstraint(
            "status IN ('WAITING_TRANSFER', 'PREPARING', 'READY', 'EN_ROUTE', 'ARRIVED', 'COLLECTED', 'EXPIRED', 'CANCELLED')",
            name=op.f("ck_pickups_status"),
        ),
        sa.CheckConstraint("code_attempts >= 0", name=op.f("ck_pickups_code_attempts_not_negative")),
        sa.CheckConstraint("code_generation >= 0", name=op.f("ck_pickups_code_generation_not_negative")),
        sa.ForeignKeyConstraint(
            ["fulfillment_order_id"], ["fulfillment_orders.id"], name=op.f("fk_pickups_fulfillment_order_id")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_pickups_order_id")),
        sa.ForeignKeyConstraint(["store_id"], ["locations.id"], name=op.f("fk_pickups_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pickups")),
        sa.UniqueConstraint("fulfillment_order_id", name=op.f("uq_pickups_fulfillment_order_id")),
    )
    op.create_index(
        "ix_pickups_collect_by",
        "pickups",
        ["collect_by"],
        unique=False,
        postgresql_where=sa.text("status IN ('READY', 'EN_ROUTE', 'ARRIVED')"),
    )
    op.create_index("ix_pickups_order_id", "pickups", ["order_id"], unique=False)
    op.create_index(
        "uq_pickups_live_code",
        "pickups",
        ["store_id", "code_hash"],
        unique=True,
        postgresql_where=sa.text("status IN ('READY', 'EN_ROUTE', 'ARRIVED')"),
    )
    op.create_table(
        "return_deliveries",
        sa.Column("order_delivery_id", sa.Uuid(), nullable=False),
        sa.Column("return_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_return_deliveries_amount_minor_not_negative")),
        sa.CheckConstraint("tax_minor <= amount_minor", name=op.f("ck_return_deliveries_tax_of_amount")),
        sa.CheckConstraint("tax_minor >= 0", name=op.f("ck_return_deliveries_tax_minor_not_negative")),
        sa.ForeignKeyConstraint(
            ["order_delivery_id"], ["order_deliveries.id"], name=op.f("fk_return_deliveries_order_delivery_id")
        ),
        sa.ForeignKeyConstraint(["return_id"], ["returns.id"], name=op.f("fk_return_deliveries_return_id")),
        sa.PrimaryKeyConstraint("order_delivery_id", name=op.f("pk_return_deliveries")),
    )
    op.create_index("ix_return_deliveries_return_id", "return_deliveries", ["return_id"], unique=False)
    op.create_table(
        "return_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("return_id", sa.Uuid(), nullable=False),
        sa.Column("order_line_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("received", sa.Integer(), server_default="0", nullable=False),
        sa.Column("accepted", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refund_minor", sa.BigInteger(), nullable=False),
        sa.Column("refund_tax_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "reason IN ('UNWANTED', 'DOES_NOT_FIT', 'DEFECTIVE', 'DAMAGED_IN_TRANSIT', 'WRONG_ITEM', 'NOT_AS_DESCRIBED', 'LATE', 'OTHER')",
            name=op.f("ck_return_lines_reason"),
        ),
        sa.CheckConstraint("accepted > 0 OR refund_minor = 0", name=op.f("ck_return_lines_refund_of_accepted")),
        sa.CheckConstraint(
            "accepted >= 0 AND accepted <= received AND received <= quantity",
            name=op.f("ck_return_lines_steps_in_order"),
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_return_lines_quantity")),
        sa.CheckConstraint("refund_minor >= 0", name=op.f("ck_return_lines_refund_minor_not_negative")),
        sa.CheckConstraint("refund_tax_minor >= 0", name=op.f("ck_return_lines_refund_tax_minor_not_negative")),
        sa.ForeignKeyConstraint(["order_line_id"], ["order_lines.id"], name=op.f("fk_return_lines_order_line_id")),
        sa.ForeignKeyConstraint(["return_id"], ["returns.id"], name=op.f("fk_return_lines_return_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_return_lines_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_lines")),
    )
    op.create_index("ix_return_lines_order_line_id", "return_lines", ["order_line_id"], unique=False)
    op.create_index("uq_return_lines_order_line", "return_lines", ["return_id", "order_line_id"], unique=True)
    op.create_table(
        "shipments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fulfillment_order_id", sa.Uuid(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=True),
        sa.Column("tracking_number", sa.Text(), nullable=True),
        sa.Column("tracking_url", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('LABELLED', 'IN_TRANSIT', 'OUT_FOR_DELIVERY', 'DELIVERED', 'EXCEPTION', 'RETURNING', 'RETURNED_TO_SENDER')",
            name=op.f("ck_shipments_status"),
        ),
        sa.ForeignKeyConstraint(
            ["fulfillment_order_id"], ["fulfillment_orders.id"], name=op.f("fk_shipments_fulfillment_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipments")),
    )
    op.create_index("ix_shipments_fulfillment_order_id", "shipments", ["fulfillment_order_id", "id"], unique=False)
    op.create_table(
        "return_receipts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("return_line_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("disposition", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "disposition IN ('RESTOCK', 'DAMAGED', 'QUALITY', 'VENDOR', 'DESTROY')",
            name=op.f("ck_return_receipts_disposition"),
        ),
        sa.CheckConstraint(
            "accepted = (disposition IS NOT NULL)", name=op.f("ck_return_receipts_accepted_goes_somewhere")
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_return_receipts_quantity")),
        sa.ForeignKeyConstraint(["location_id"], ["locations.id"], name=op.f("fk_return_receipts_location_id")),
        sa.ForeignKeyConstraint(
            ["return_line_id"], ["return_lines.id"], name=op.f("fk_return_receipts_return_line_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_receipts")),
    )
    op.create_index("ix_return_receipts_return_line_id", "return_receipts", ["return_line_id", "id"], unique=False)
    op.create_table(
        "shipment_lines",
        sa.Column("shipment_id", sa.Uuid(), nullable=False),
        sa.Column("fulfillment_order_line_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_shipment_lines_quantity")),
        sa.ForeignKeyConstraint(
            ["fulfillment_order_line_id"],
            ["fulfillment_order_lines.id"],
            name=op.f("fk_shipment_lines_fulfillment_order_line_id"),
        ),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipments.id"], name=op.f("fk_shipment_lines_shipment_id")),
        sa.PrimaryKeyConstraint("shipment_id", "fulfillment_order_line_id", name=op.f("pk_shipment_lines")),
    )

    # The ledger is written once: not even a mistaken statement may rewrite what happened to stock.
    op.execute(
        """
        CREATE FUNCTION refuse_to_rewrite_history() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    for table in ("movements", "state_changes", "order_events", "return_receipts"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_to_rewrite_history()"
        )


def downgrade() -> None:
    op.drop_table("shipment_lines")
    op.drop_index("ix_return_receipts_return_line_id", table_name="return_receipts")
    op.drop_table("return_receipts")
    op.drop_index("ix_shipments_fulfillment_order_id", table_name="shipments")
    op.drop_table("shipments")
    op.drop_index("uq_return_lines_order_line", table_name="return_lines")
    op.drop_index("ix_return_lines_order_line_id", table_name="return_lines")
    op.drop_table("return_lines")
    op.drop_index("ix_return_deliveries_return_id", table_name="return_deliveries")
    op.drop_table("return_deliveries")
    op.drop_index(
        "uq_pickups_live_code",
        table_name="pickups",
        postgresql_where=sa.text("status IN ('READY', 'EN_ROUTE', 'ARRIVED')"),
    )
    op.drop_index("ix_pickups_order_id", table_name="pickups")
    op.drop_index(
        "ix_pickups_collect_by",
        table_name="pickups",
        postgresql_where=sa.text("status IN ('READY', 'EN_ROUTE', 'ARRIVED')"),
    )
    op.drop_table("pickups")
    op.drop_index(
        "uq_payment_transactions_reference",
        table_name="payment_transactions",
        postgresql_where=sa.text("gateway_reference IS NOT NULL"),
    )
    op.drop_index("ix_payment_transactions_payment_id", table_name="payment_transactions")
    op.drop_index(
        "ix_payment_transactions_open",
        table_name="payment_transactions",
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.drop_table("payment_transactions")
    op.drop_index("uq_fulfillment_order_lines_line", table_name="fulfillment_order_lines")
    op.drop_index("ix_fulfillment_order_lines_order_line_id", table_name="fulfillment_order_lines")
    op.drop_table("fulfillment_order_lines")
    op.drop_index("ix_returns_order_id", table_name="returns")
    op.drop_table("returns")
    op.drop_index("ix_refunds_order_id", table_name="refunds")
    op.drop_index("ix_refunds_cause_id", table_name="refunds")
    op.drop_table("refunds")
    op.drop_index("uq_payments_attempt_position", table_name="payments")
    op.drop_index("ix_payments_order_id", table_name="payments")
    op.drop_table("payments")
    op.drop_index("uq_order_lines_position", table_name="order_lines")
    op.drop_table("order_lines")
    op.drop_index("ix_order_events_order_id", table_name="order_events")
    op.drop_table("order_events")
    op.drop_index("ix_order_deliveries_order_id", table_name="order_deliveries")
    op.drop_table("order_deliveries")
    op.drop_index(
        "ix_fulfillment_orders_queue",
        table_name="fulfillment_orders",
        postgresql_where=sa.text("status NOT IN ('FULFILLED', 'REJECTED', 'CANCELLED')"),
    )
    op.drop_index("ix_fulfillment_orders_order_id", table_name="fulfillment_orders")
    op.drop_index("ix_fulfillment_orders_location_id", table_name="fulfillment_orders")
    op.drop_index("ix_fulfillment_orders_due_at", table_name="fulfillment_orders")
    op.drop_table("fulfillment_orders")
    op.drop_index(
        "uq_checkout_attempts_live",
        table_name="checkout_attempts",
        postgresql_where=sa.text("status IN ('PRICED', 'AUTHORIZING', 'ACTION_REQUIRED', 'UNKNOWN')"),
    )
    op.drop_index(
        "ix_checkout_attempts_unfinished",
        table_name="checkout_attempts",
        postgresql_where=sa.text("status IN ('PRICED', 'AUTHORIZING', 'ACTION_REQUIRED', 'UNKNOWN')"),
    )
    op.drop_index("ix_checkout_attempts_key", table_name="checkout_attempts")
    op.drop_table("checkout_attempts")
    op.drop_index("ix_variant_options_value", table_name="variant_options")
    op.drop_table("variant_options")
    op.drop_index("ix_prices_price_list_id", table_name="prices")
    op.drop_table("prices")
    op.drop_index("ix_orders_total_minor", table_name="orders")
    op.drop_index("ix_orders_status", table_name="orders")
    op.drop_index("ix_orders_placed_at", table_name="orders")
    op.drop_index("ix_orders_email", table_name="orders")
    op.drop_index("ix_orders_customer_id", table_name="orders")
    op.drop_table("orders")
    op.drop_index("ix_levels_location_id", table_name="levels")
    op.drop_table("levels")
    op.drop_table("cart_selections")
    op.drop_index("uq_cart_lines_same", table_name="cart_lines", postgresql_nulls_not_distinct=True)
    op.drop_table("cart_lines")
    op.drop_index("ix_variants_sku_upper", table_name="variants")
    op.drop_index("ix_variants_gtin", table_name="variants")
    op.drop_table("variants")
    op.drop_index("ix_product_attributes_value", table_name="product_attributes")
    op.drop_table("product_attributes")
    op.drop_table("media")
    op.drop_index(
        "uq_customer_addresses_shipping", table_name="customer_addresses", postgresql_where=sa.text("default_shipping")
    )
    op.drop_index(
        "uq_customer_addresses_billing", table_name="customer_addresses", postgresql_where=sa.text("default_billing")
    )
    op.drop_index("ix_customer_addresses_customer_id", table_name="customer_addresses")
    op.drop_table("customer_addresses")
    op.drop_index("ix_collection_products_product_id", table_name="collection_products")
    op.drop_table("collection_products")
    op.drop_index(
        "uq_carts_customer_active",
        table_name="carts",
        postgresql_where=sa.text("status = 'ACTIVE' AND customer_id IS NOT NULL"),
    )
    op.drop_index("ix_carts_updated_at", table_name="carts", postgresql_where=sa.text("status = 'ACTIVE'"))
    op.drop_table("carts")
    op.drop_index("uq_tax_rates_country", table_name="tax_rates")
    op.drop_table("tax_rates")
    op.drop_index("ix_staff_locations_location_id", table_name="staff_locations")
    op.drop_table("staff_locations")
    op.drop_index("ix_refresh_tokens_user_id", table_name="refresh_tokens")
    op.drop_index("ix_refresh_tokens_family_id", table_name="refresh_tokens")
    op.drop_index("ix_refresh_tokens_expires_at", table_name="refresh_tokens")
    op.drop_table("refresh_tokens")
    op.drop_index("uq_promotions_code", table_name="promotions", postgresql_where=sa.text("code IS NOT NULL"))
    op.drop_index("uq_promotions_automatic", table_name="promotions", postgresql_where=sa.text("code IS NULL"))
    op.drop_table("promotions")
    op.drop_index("ix_products_search", table_name="products", postgresql_using="gin")
    op.drop_index("ix_products_newest", table_name="products", postgresql_where=sa.text("archived_at IS NULL"))
    op.drop_index("ix_products_name", table_name="products", postgresql_where=sa.text("archived_at IS NULL"))
    op.drop_index("ix_products_category_id", table_name="products")
    op.drop_table("products")
    op.drop_table("pickup_slots")
    op.drop_table("pickup_code_attempts")
    op.drop_table("opening_hours")
    op.drop_index("uq_delivery_options_code", table_name="delivery_options")
    op.drop_table("delivery_options")
    op.drop_index("uq_customers_email", table_name="customers", postgresql_where=sa.text("email IS NOT NULL"))
    op.drop_table("customers")
    op.drop_index("uq_channel_price_lists_priority", table_name="channel_price_lists")
    op.drop_table("channel_price_lists")
    op.drop_index("ix_channel_locations_location_id", table_name="channel_locations")
    op.drop_table("channel_locations")
    op.drop_table("attribute_values")
    op.drop_table("users")
    op.drop_table("timers")
    op.drop_index("ix_test_gateway_operations_authorization", table_name="test_gateway_operations")
    op.drop_table("test_gateway_operations")
    op.drop_index("ix_state_changes_subject_id", table_name="state_changes")
    op.drop_table("state_changes")
    op.drop_index("ix_routing_decisions_subject_id", table_name="routing_decisions")
    op.drop_table("routing_decisions")
    op.drop_index("uq_reservations_firm_line", table_name="reservations", postgresql_where=sa.text("state = 'FIRM'"))
    op.drop_index(
        "ix_reservations_open_level", table_name="reservations", postgresql_where=sa.text("closed_at IS NULL")
    )
    op.drop_index(
        "ix_reservations_open_demand", table_name="reservations", postgresql_where=sa.text("closed_at IS NULL")
    )
    op.drop_index("ix_reservations_expiry", table_name="reservations", postgresql_where=sa.text("state = 'SOFT'"))
    op.drop_table("reservations")
    op.drop_table("price_lists")
    op.drop_index("ix_outbox_waiting", table_name="outbox", postgresql_where=sa.text("delivered_at IS NULL"))
    op.drop_index("ix_outbox_delivered_at", table_name="outbox", postgresql_where=sa.text("delivered_at IS NOT NULL"))
    op.drop_index("ix_outbox_aggregate_waiting", table_name="outbox", postgresql_where=sa.text("delivered_at IS NULL"))
    op.drop_table("outbox")
    op.drop_index("ix_movements_level", table_name="movements")
    op.drop_index("ix_movements_cause_id", table_name="movements", postgresql_where=sa.text("cause_id IS NOT NULL"))
    op.drop_table("movements")
    op.drop_index("ix_login_attempts_window_started_at", table_name="login_attempts")
    op.drop_table("login_attempts")
    op.drop_table("locations")
    op.drop_index("ix_idempotency_keys_created_at", table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_table("collections")
    op.drop_index("uq_channels_default", table_name="channels", postgresql_where=sa.text("is_default"))
    op.drop_table("channels")
    op.drop_index("ix_categories_parent_id", table_name="categories")
    op.drop_table("categories")
    op.drop_table("attributes")
    op.execute("DROP FUNCTION refuse_to_rewrite_history()")
