"""What is asked of safety stock."""

import strawberry


@strawberry.input
class SafetyStockRulePutInput:
    """Units to keep from selling; the category and the group say which rule it is."""

    units: int
    """Units to keep back of each variant at each location; from 0."""
    idempotency_key: str
    """The client's own name for this attempt."""
    category_id: strawberry.ID | None = None
    """With the categories below; left out, all variants."""
    group_id: strawberry.ID | None = None
    """A group of locations; left out, every location."""


@strawberry.input
class SafetyStockRuleDeleteInput:
    """A rule that shall be no more."""

    safety_stock_rule_id: strawberry.ID
    """The rule."""
    idempotency_key: str
    """The client's own name for this attempt."""


@strawberry.input
class SafetyStockLineInput:
    """What to keep from selling of one variant at one location."""

    variant_id: strawberry.ID
    """The variant."""
    location_id: strawberry.ID
    """The location; the caller has to work there."""
    units: int | None = None
    """Units to keep back whatever the rules say; null goes back to the rules."""


@strawberry.input
class SafetyStockSetInput:
    """Safety stock set by hand, all of it or none."""

    lines: list[SafetyStockLineInput]
    """At most 1,200, each about another level."""
    idempotency_key: str
    """The client's own name for this attempt."""
