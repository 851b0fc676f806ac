"""What is true of the catalogue without a database: its records, what is refused, and how descriptions are compared."""

from app.catalog.rules.bundles import BundleInput, Component, ComponentInput, check_bundles, check_nesting
from app.catalog.rules.inputs import (
    MOST_VARIANTS,
    AttributeInput,
    CategoryInput,
    CategoryStep,
    CollectionInput,
    MediaInput,
    ProductInput,
    VariantInput,
    check_categories,
    check_products,
    check_tree,
)
from app.catalog.rules.records import Category, Collection, Goods, Media, OptionRow, Product, Variant

__all__ = [
    "MOST_VARIANTS",
    "AttributeInput",
    "BundleInput",
    "Category",
    "CategoryInput",
    "CategoryStep",
    "Collection",
    "CollectionInput",
    "Component",
    "ComponentInput",
    "Goods",
    "Media",
    "MediaInput",
    "OptionRow",
    "Product",
    "ProductInput",
    "Variant",
    "VariantInput",
    "check_bundles",
    "check_categories",
    "check_nesting",
    "check_products",
    "check_tree",
]
