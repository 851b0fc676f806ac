"""What must never be true of purchase orders and their lines."""

from app.kernel.audit import Invariant

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        9,
        "the state of a purchase order follows from what came of its lines",
        """
        SELECT bought.id, bought.status, line.received, line.lost, line.open FROM purchase_orders AS bought
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(supply.received), 0) AS received, coalesce(sum(supply.lost), 0) AS lost, count(*) AS lines,
                count(*) FILTER (WHERE supply.expected > supply.received + supply.lost) AS open
            FROM supplies AS supply WHERE supply.purchase_order_id = bought.id
        ) AS line
        WHERE bought.status <> CASE
            WHEN line.lines = 0 THEN 'OPEN'
            WHEN line.open > 0 THEN CASE WHEN line.received > 0 THEN 'PARTIALLY_RECEIVED' ELSE 'OPEN' END
            WHEN line.received = 0 THEN 'CANCELLED'
            WHEN line.lost > 0 THEN 'CLOSED'
            ELSE 'RECEIVED' END
        """,
    ),
    Invariant(
        9,
        "a line of a purchase order is closed when nothing of it is outstanding, and not before",
        """
        SELECT id, expected, received, lost, closed_at FROM supplies
        WHERE kind = 'PURCHASE_ORDER' AND (closed_at IS NOT NULL) <> (expected <= received + lost)
        """,
    ),
    Invariant(
        9,
        "the lines of a purchase order come to its location, one for each variant",
        """
        SELECT bought.id FROM purchase_orders AS bought JOIN supplies AS supply ON supply.purchase_order_id = bought.id
        GROUP BY bought.id
        HAVING bool_or(supply.location_id <> bought.location_id) OR count(*) <> count(DISTINCT supply.variant_id)
        """,
    ),
    Invariant(
        17,
        "the last state change of a purchase order is the state it is in",
        """
        SELECT bought.id FROM purchase_orders AS bought LEFT JOIN LATERAL (
            SELECT after FROM state_changes WHERE kind = 'purchase order' AND subject_id = bought.id
            ORDER BY id DESC LIMIT 1
        ) AS change ON true
        WHERE change.after IS DISTINCT FROM bought.status
        """,
    ),
)
