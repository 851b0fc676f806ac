"""Safety stock: units of a level that are kept from selling, set by hand or by rules on categories and groups of locations.

Of the rules that fit a level the one with the deepest category holds, and among those the one with the most units. What is
set for the level by hand holds over all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.kernel.errors import Invalid
from app.kernel.ids import CategoryId, LocationGroupId, LocationId, ProductId, SafetyStockRuleId

MOST_RULES = 1_000
MOST_LINES = 1_200
MOST_UNITS = 1_000_000


@dataclass(frozen=True, slots=True)
class SafetyStockRule:
    """Units kept from selling of each variant of a category, and of those below, at each location of a group.

    Without a category it is about all of them, without a group about every location.
    """

    id: SafetyStockRuleId
    category_id: CategoryId | None
    group_id: LocationGroupId | None
    units: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class SafetyStockRuleInput:
    """A rule as somebody wants it to be; its category and its group say which."""

    category_id: CategoryId | None
    group_id: LocationGroupId | None
    units: int


@dataclass(frozen=True, slots=True)
class SafetyStockLine:
    """Units of one level that shall be kept from selling, whatever the rules say; None goes back to the rules."""

    variant_id: UUID
    location_id: UUID
    units: int | None


@dataclass(frozen=True, slots=True)
class SafetyStock:
    """What is kept from selling of one level: the number in force, and the one set by hand, where there is one."""

    variant_id: UUID
    location_id: UUID
    own: int | None
    in_force: int


@dataclass(frozen=True, slots=True)
class SafetyScope:
    """The levels that a change may be about: of a product or a category, at a location or in a group; None lets all through."""

    category_id: CategoryId | None = None
    product_id: ProductId | None = None
    group_id: LocationGroupId | None = None
    location_id: LocationId | None = None


def check_rules(rules: Sequence[SafetyStockRuleInput]) -> None:
    """Refuse rules that cannot be.

    Raises: Invalid naming the element and its field.
    """
    scopes: set[tuple[UUID | None, UUID | None]] = set()
    for i, rule in enumerate(rules):
        if not 0 <= rule.units <= MOST_UNITS:
            raise Invalid(f"from 0 to {MOST_UNITS}", field=("rules", str(i), "units"))
        if (rule.category_id, rule.group_id) in scopes:
            raise Invalid("a rule for the same stands here twice", field=("rules", str(i)))
        scopes.add((rule.category_id, rule.group_id))


def check_lines(lines: Sequence[SafetyStockLine]) -> None:
    """Refuse numbers that no level can keep back.

    Raises: Invalid naming the element and its field.
    """
    if len(lines) > MOST_LINES:
        raise Invalid(f"at most {MOST_LINES} lines", field=("lines",))
    levels: set[tuple[UUID, UUID]] = set()
    for i, line in enumerate(lines):
        if line.units is not None and not 0 <= line.units <= MOST_UNITS:
            raise Invalid(f"from 0 to {MOST_UNITS}, or null to follow the rules", field=("lines", str(i), "units"))
        if (line.variant_id, line.location_id) in levels:
            raise Invalid("this level is named twice", field=("lines", str(i)))
        levels.add((line.variant_id, line.location_id))
