"""Reading the rules of safety stock."""

from uuid import UUID

import strawberry

from app.inventory.queries import safety as queries
from app.kernel.ids import IdKind
from app.kernel.permissions import Permission
from schema.core.context import Context, Info
from schema.core.ids import finds
from schema.inventory.safety.types import SafetyStockRule


@strawberry.type
class SafetyStockQuery:
    """Root fields about what is kept from selling."""

    @strawberry.field
    async def safety_stock_rules(self, info: Info) -> list[SafetyStockRule] | None:
        """List the rules of safety stock, the oldest first; 1,000 at most. For those who may see stock."""
        info.context.actor.require(Permission.INVENTORY_READ)
        return [SafetyStockRule.of(row) for row in await queries.list_rules(info.context.session)]


@finds(IdKind.SAFETY_STOCK_RULE)
async def find_safety_stock_rule(context: Context, key: UUID, _token: str | None) -> SafetyStockRule | None:
    """Find a rule, for those who may see stock."""
    if not context.actor.may(Permission.INVENTORY_READ):
        return None
    found = await queries.list_rules_by_id(context.session, rule_ids=[key])
    return SafetyStockRule.of(found[0]) if found else None
