"""Facts about the catalogue."""

from dataclasses import dataclass

from app.kernel.events import Event
from app.kernel.ids import CategoryId, ProductId


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductCategorized(Event):
    """A product, or a variant that it took over, stands in another category than before."""

    product_id: ProductId
    category_id: CategoryId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryMoved(Event):
    """A category, with all below it, stands below another one than before."""

    category_id: CategoryId
    parent_id: CategoryId | None
