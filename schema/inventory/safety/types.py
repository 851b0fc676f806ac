"""Safety stock as those who work here see it."""

from uuid import UUID

import strawberry

from app.inventory.rules import safety as rules
from app.kernel.ids import IdKind
from schema.catalog.loaders import CategoryById, VariantById
from schema.catalog.types import Category, ProductVariant
from schema.core.context import Info
from schema.core.errors import UserError
from schema.core.ids import Node, public_id
from schema.locations.loaders import LocationById
from schema.locations.supply_loaders import LocationGroupById
from schema.locations.supply_types import LocationGroup
from schema.locations.types import Location, location_of


@strawberry.type
class SafetyStockRule(Node):
    """Units that are kept from selling of every variant of a category, at every location of a group.

    Of several that fit, the one with the deepest category holds, and among those the one with the most units.
    """

    category_key: strawberry.Private[UUID | None]
    group_key: strawberry.Private[UUID | None]
    units: int
    """Units kept back of each variant at each location."""

    @classmethod
    def kind(cls) -> IdKind:
        """Its ids begin with ssr."""
        return IdKind.SAFETY_STOCK_RULE

    @classmethod
    def of(cls, row: rules.SafetyStockRule) -> "SafetyStockRule":
        """Show a rule."""
        return cls(
            id=public_id(IdKind.SAFETY_STOCK_RULE, row.id),
            category_key=row.category_id,
            group_key=row.group_id,
            units=row.units,
        )

    @strawberry.field
    async def category(self, info: Info) -> Category | None:
        """What it is about, with the categories below; null when about all variants."""
        row = None if self.category_key is None else await info.context.load(CategoryById, self.category_key)
        return None if row is None else Category.of(row)

    @strawberry.field
    async def group(self, info: Info) -> LocationGroup | None:
        """Where it holds; null when at every location."""
        row = None if self.group_key is None else await info.context.load(LocationGroupById, self.group_key)
        return None if row is None else LocationGroup.of(row)


@strawberry.type
class SafetyStock:
    """What is kept from selling of one variant at one location."""

    variant_key: strawberry.Private[UUID]
    location_key: strawberry.Private[UUID]
    own_units: int | None
    """Set by hand, which holds over every rule; null when it follows the rules."""
    units: int
    """In force now."""

    @classmethod
    def of(cls, row: rules.SafetyStock) -> "SafetyStock":
        """Show what is kept back of a level."""
        return cls(variant_key=row.variant_id, location_key=row.location_id, own_units=row.own, units=row.in_force)

    @strawberry.field
    async def variant(self, info: Info) -> ProductVariant:
        """The variant."""
        row = await info.context.load(VariantById, self.variant_key)
        assert row is not None  # A foreign key says so.
        return ProductVariant.of(row, None)

    @strawberry.field
    async def location(self, info: Info) -> Location:
        """The location."""
        row = await info.context.load(LocationById, self.location_key)
        assert row is not None  # A foreign key says so.
        return location_of(row)


@strawberry.type
class SafetyStockRulePayload:
    """The answer to a mutation about a rule of safety stock."""

    safety_stock_rule: SafetyStockRule | None
    """As it is now; null when refused."""
    errors: list[UserError]
    """Why it was refused."""


@strawberry.type
class SafetyStockRuleDeletePayload:
    """The answer to taking a rule of safety stock away."""

    deleted_id: strawberry.ID | None
    """The rule that is no more; null when refused."""
    errors: list[UserError]
    """Why it was refused."""


@strawberry.type
class SafetyStockPayload:
    """The answer to setting safety stock by hand."""

    safety_stocks: list[SafetyStock]
    """What is kept back now, one for each line, in their order; empty when refused."""
    errors: list[UserError]
    """Why it was refused."""
