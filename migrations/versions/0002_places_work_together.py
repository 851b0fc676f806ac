"""places work together

Groups of locations supply channels, transfers connect stores, postal codes are known, variants form bundles,
and a channel says when it holds stock.

Kind: expand
Locks: channels, locations and channel_locations for a moment each, as columns with constant defaults are added
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "location_groups",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_location_groups")),
        sa.UniqueConstraint("code", name=op.f("uq_location_groups_code")),
    )
    op.create_table(
        "postal_codes",
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False, comment="upper case, without blanks and hyphens"),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.CheckConstraint("code ~ '^[A-Z0-9]{1,12}$'", name=op.f("ck_postal_codes_code")),
        sa.CheckConstraint("country ~ '^[A-Z]{2}$'", name=op.f("ck_postal_codes_country")),
        sa.CheckConstraint("latitude BETWEEN -90 AND 90", name=op.f("ck_postal_codes_latitude")),
        sa.CheckConstraint("longitude BETWEEN -180 AND 180", name=op.f("ck_postal_codes_longitude")),
        sa.PrimaryKeyConstraint("country", "code", name=op.f("pk_postal_codes")),
    )
    op.create_table(
        "channel_location_groups",
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("ships", sa.Boolean(), nullable=False),
        sa.Column("hands_out", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_channel_location_groups_channel_id")),
        sa.ForeignKeyConstraint(["group_id"], ["location_groups.id"], name=op.f("fk_channel_location_groups_group_id")),
        sa.PrimaryKeyConstraint("channel_id", "group_id", name=op.f("pk_channel_location_groups")),
    )
    op.create_index("ix_channel_location_groups_group_id", "channel_location_groups", ["group_id"], unique=False)
    op.create_table(
        "location_group_members",
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["location_groups.id"], name=op.f("fk_location_group_members_group_id")),
        sa.ForeignKeyConstraint(["location_id"], ["locations.id"], name=op.f("fk_location_group_members_location_id")),
        sa.PrimaryKeyConstraint("group_id", "location_id", name=op.f("pk_location_group_members")),
    )
    op.create_index("ix_location_group_members_location_id", "location_group_members", ["location_id"], unique=False)
    op.create_table(
        "transfer_lanes",
        sa.Column("from_location_id", sa.Uuid(), nullable=False),
        sa.Column("to_location_id", sa.Uuid(), nullable=False),
        sa.Column("lead_minutes", sa.Integer(), nullable=False, comment="from the request to the goods being there"),
        sa.CheckConstraint("from_location_id <> to_location_id", name=op.f("ck_transfer_lanes_goes_somewhere")),
        sa.CheckConstraint("lead_minutes > 0", name=op.f("ck_transfer_lanes_lead_minutes")),
        sa.ForeignKeyConstraint(
            ["from_location_id"], ["locations.id"], name=op.f("fk_transfer_lanes_from_location_id")
        ),
        sa.ForeignKeyConstraint(["to_location_id"], ["locations.id"], name=op.f("fk_transfer_lanes_to_location_id")),
        sa.PrimaryKeyConstraint("to_location_id", "from_location_id", name=op.f("pk_transfer_lanes")),
    )
    op.create_index("ix_transfer_lanes_from_location_id", "transfer_lanes", ["from_location_id"], unique=False)
    op.create_table(
        "bundle_components",
        sa.Column("bundle_id", sa.Uuid(), nullable=False),
        sa.Column("component_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False, comment="units of the component in one bundle"),
        sa.CheckConstraint("bundle_id <> component_id", name=op.f("ck_bundle_components_not_in_itself")),
        sa.CheckConstraint("quantity BETWEEN 1 AND 1000", name=op.f("ck_bundle_components_quantity")),
        sa.ForeignKeyConstraint(["bundle_id"], ["variants.id"], name=op.f("fk_bundle_components_bundle_id")),
        sa.ForeignKeyConstraint(["component_id"], ["variants.id"], name=op.f("fk_bundle_components_component_id")),
        sa.PrimaryKeyConstraint("bundle_id", "component_id", name=op.f("pk_bundle_components")),
    )
    op.create_index("ix_bundle_components_component_id", "bundle_components", ["component_id"], unique=False)
    op.add_column(
        "channel_locations",
        sa.Column(
            "own",
            sa.Boolean(),
            server_default=sa.text("true"),
            nullable=False,
            comment="said of this location; else by its groups",
        ),
    )
    op.add_column(
        "channels",
        sa.Column(
            "reserve_at", sa.Text(), server_default="CHECKOUT", nullable=False, comment="when units are first held"
        ),
    )
    op.add_column(
        "channels",
        sa.Column(
            "reserve_partially",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="hold what there is",
        ),
    )
    op.add_column(
        "channels",
        sa.Column(
            "priority",
            sa.SmallInteger(),
            server_default="0",
            nullable=False,
            comment="higher is served first when short",
        ),
    )
    op.add_column(
        "locations",
        sa.Column(
            "pickup_supply",
            sa.Text(),
            server_default="OWN",
            nullable=False,
            comment="where its pickups' goods come from",
        ),
    )
    op.create_check_constraint(
        op.f("ck_channels_reserve_at"), "channels", "reserve_at IN ('CART', 'CHECKOUT', 'NEVER')"
    )
    op.create_check_constraint(op.f("ck_locations_pickup_supply"), "locations", "pickup_supply IN ('OWN', 'TRANSFER')")


def downgrade() -> None:
    op.drop_column("locations", "pickup_supply")
    op.drop_column("channel_locations", "own")
    for column in ("priority", "reserve_partially", "reserve_at"):
        op.drop_column("channels", column)
    op.drop_table("bundle_components")
    op.drop_table("transfer_lanes")
    op.drop_table("location_group_members")
    op.drop_table("channel_location_groups")
    op.drop_table("postal_codes")
    op.drop_table("location_groups")
