"""Tables of the catalogue: categories, collections, products and the variants that are bought."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR

from app.kernel.columns import id_column, instant
from app.kernel.metadata import metadata

categories = Table(
    "categories",
    metadata,
    id_column(),
    Column("slug", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("parent_id", Uuid, ForeignKey("categories.id")),
    Column("position", Integer, nullable=False, server_default="0"),
    Index("ix_categories_parent_id", "parent_id"),
    CheckConstraint("parent_id <> id", name="not_own_parent"),
)

collections = Table(
    "collections",
    metadata,
    id_column(),
    Column("slug", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
)

products = Table(
    "products",
    metadata,
    id_column(),
    Column("slug", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("description", Text),
    Column(
        "keywords",
        Text,
        nullable=False,
        server_default="",
        comment="labels of attributes, options, categories; for search",
    ),
    Column("category_id", Uuid, ForeignKey("categories.id")),
    instant("created_at"),
    instant("updated_at"),
    instant("archived_at", nullable=True),
    Column(
        "search",
        TSVECTOR,
        # Names are kept unstemmed too: who has typed "runni" looks for "running", whose stem is "run".
        Computed(
            "setweight(to_tsvector('english', name) || to_tsvector('simple', name), 'A')"
            " || setweight(to_tsvector('english', keywords), 'B')"
            " || setweight(to_tsvector('english', coalesce(description, '')), 'C')",
            persisted=True,
        ),
    ),
    Index("ix_products_category_id", "category_id"),
    Index("ix_products_name", "name", "id", postgresql_where=text("archived_at IS NULL")),
    Index("ix_products_newest", "created_at", "id", postgresql_where=text("archived_at IS NULL")),
    Index("ix_products_search", "search", postgresql_using="gin"),
)

collection_products = Table(
    "collection_products",
    metadata,
    Column("collection_id", Uuid, ForeignKey("collections.id"), nullable=False),
    Column("product_id", Uuid, ForeignKey("products.id"), nullable=False),
    PrimaryKeyConstraint("collection_id", "product_id"),
    Index("ix_collection_products_product_id", "product_id"),
)

media = Table(
    "media",
    metadata,
    Column("product_id", Uuid, ForeignKey("products.id"), nullable=False),
    Column("position", SmallInteger, nullable=False),
    Column("url", Text, nullable=False),
    Column("alt", Text, nullable=False),
    PrimaryKeyConstraint("product_id", "position"),
    CheckConstraint("position BETWEEN 0 AND 99", name="position"),
)

attributes = Table(
    "attributes",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name", Text, nullable=False),
)

attribute_values = Table(
    "attribute_values",
    metadata,
    Column("attribute_code", Text, ForeignKey("attributes.code"), nullable=False),
    Column("code", Text, nullable=False),
    Column("label", Text, nullable=False),
    PrimaryKeyConstraint("attribute_code", "code"),
)

product_attributes = Table(
    "product_attributes",
    metadata,
    Column("product_id", Uuid, ForeignKey("products.id"), nullable=False),
    Column("attribute_code", Text, nullable=False),
    Column("value_code", Text, nullable=False),
    Column("position", SmallInteger, nullable=False),
    PrimaryKeyConstraint("product_id", "attribute_code", "value_code"),
    ForeignKeyConstraint(
        ["attribute_code", "value_code"], ["attribute_values.attribute_code", "attribute_values.code"]
    ),
    Index("ix_product_attributes_value", "attribute_code", "value_code", "product_id"),
)

variants = Table(
    "variants",
    metadata,
    id_column(),
    Column("product_id", Uuid, ForeignKey("products.id"), nullable=False),
    Column("sku", Text, nullable=False, unique=True),
    Column("gtin", Text),
    Column("name", Text, nullable=False),
    Column("position", SmallInteger, nullable=False),
    Column(
        "gift_card", Boolean, nullable=False, server_default=text("false"), comment="each unit sold becomes a gift card"
    ),
    instant("archived_at", nullable=True),
    UniqueConstraint("product_id", "position", deferrable=True, initially="DEFERRED"),
    CheckConstraint("position BETWEEN 0 AND 249", name="position"),
    CheckConstraint("gtin ~ '^([0-9]{8}|[0-9]{12,14})$'", name="gtin"),
    Index("ix_variants_sku_upper", text("upper(sku) text_pattern_ops")),
    Index("ix_variants_gtin", "gtin"),
)

variant_options = Table(
    "variant_options",
    metadata,
    Column("variant_id", Uuid, ForeignKey("variants.id"), nullable=False),
    Column("attribute_code", Text, nullable=False),
    Column("value_code", Text, nullable=False),
    Column("position", SmallInteger, nullable=False),
    PrimaryKeyConstraint("variant_id", "attribute_code"),
    ForeignKeyConstraint(
        ["attribute_code", "value_code"], ["attribute_values.attribute_code", "attribute_values.code"]
    ),
    Index("ix_variant_options_value", "attribute_code", "value_code", "variant_id"),
)

#: A bundle is a variant that is made of others and has no stock of its own. Bundles do not nest.
bundle_components = Table(
    "bundle_components",
    metadata,
    Column("bundle_id", Uuid, ForeignKey("variants.id"), nullable=False),
    Column("component_id", Uuid, ForeignKey("variants.id"), nullable=False),
    Column("quantity", Integer, nullable=False, comment="units of the component in one bundle"),
    PrimaryKeyConstraint("bundle_id", "component_id"),
    CheckConstraint("bundle_id <> component_id", name="not_in_itself"),
    CheckConstraint("quantity BETWEEN 1 AND 1000", name="quantity"),
    Index("ix_bundle_components_component_id", "component_id"),
)
