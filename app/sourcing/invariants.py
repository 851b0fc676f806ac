"""What must never be true of routing decisions."""

from app.kernel.audit import Invariant

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        19,
        "every decision names its rule, and assigns no more units than were asked for",
        """
        SELECT id FROM routing_decisions
        WHERE rule = '' OR rule_version < 1
           OR (SELECT coalesce(sum((part ->> 'quantity')::int), 0) FROM jsonb_array_elements(plan -> 'parts') AS part)
            > (SELECT coalesce(sum((line ->> 'quantity')::int), 0) FROM jsonb_array_elements(demand -> 'lines') AS line)
        """,
    ),
)
