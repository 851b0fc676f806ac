"""What must never be true of the work of locations."""

from app.kernel.audit import Invariant

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        7,
        "the work on an order line is its allocated and fulfilled units",
        """
        SELECT line.id, line.allocated, line.fulfilled, coalesce(work.units, 0) AS in_work
        FROM order_lines AS line
        LEFT JOIN (
            SELECT order_line_id, sum(quantity - rejected - cancelled) AS units
            FROM fulfillment_order_lines AS part
            JOIN fulfillment_orders AS work ON work.id = part.fulfillment_order_id
            WHERE work.status NOT IN ('REJECTED', 'CANCELLED')
            GROUP BY order_line_id
        ) AS work ON work.order_line_id = line.id
        WHERE line.allocated + line.fulfilled <> coalesce(work.units, 0)
        """,
    ),
    Invariant(
        7,
        "what has left in work is what has left of the order line",
        """
        SELECT line.id, line.fulfilled, coalesce(work.units, 0) AS in_work
        FROM order_lines AS line
        LEFT JOIN (
            SELECT order_line_id, sum(fulfilled) AS units FROM fulfillment_order_lines GROUP BY order_line_id
        ) AS work ON work.order_line_id = line.id
        WHERE line.fulfilled <> coalesce(work.units, 0)
        """,
    ),
    Invariant(
        7,
        "work delivers its order's lines the way they were sold, and pickups at the store that they were sold for",
        """
        SELECT part.id FROM fulfillment_order_lines AS part
        JOIN fulfillment_orders AS work ON work.id = part.fulfillment_order_id
        JOIN order_lines AS line ON line.id = part.order_line_id
        WHERE line.order_id <> work.order_id OR line.delivery <> work.method OR line.variant_id <> part.variant_id
           OR (work.method <> 'SHIPPING' AND line.store_id IS DISTINCT FROM work.location_id)
        """,
    ),
    Invariant(
        7,
        "open work is promised its units at its own location",
        """
        SELECT part.order_line_id, work.location_id,
            sum(part.quantity - part.rejected - part.cancelled - part.fulfilled) AS open
        FROM fulfillment_order_lines AS part
        JOIN fulfillment_orders AS work ON work.id = part.fulfillment_order_id
        GROUP BY 1, 2
        HAVING sum(part.quantity - part.rejected - part.cancelled - part.fulfilled) <> coalesce((
            SELECT sum(held.quantity) FROM reservations AS held
            WHERE held.line_id = part.order_line_id AND held.location_id = work.location_id AND held.state = 'FIRM'
              AND held.supply_id IS NULL
        ), 0)
        """,
    ),
    Invariant(
        8,
        "no unit leaves before it is packed, is packed before it is picked, or is picked before it is given",
        """
        SELECT id FROM fulfillment_order_lines
        WHERE fulfilled > packed OR packed > picked OR picked > quantity - rejected - cancelled
        """,
    ),
    Invariant(
        8,
        "the state of work is how far its lines have got",
        """
        SELECT work.id, work.status FROM fulfillment_orders AS work
        JOIN (
            SELECT fulfillment_order_id, sum(quantity - rejected - cancelled) AS units, sum(picked) AS picked,
                sum(packed) AS packed, sum(fulfilled) AS fulfilled
            FROM fulfillment_order_lines GROUP BY fulfillment_order_id
        ) AS line ON line.fulfillment_order_id = work.id
        WHERE NOT CASE work.status
            WHEN 'OPEN' THEN units > 0 AND picked = 0
            WHEN 'ACCEPTED' THEN units > 0 AND picked = 0
            WHEN 'PICKING' THEN units > 0 AND fulfilled = 0
            WHEN 'PACKED' THEN packed = units AND fulfilled < units
            WHEN 'READY' THEN packed = units AND fulfilled = 0
            WHEN 'FULFILLED' THEN fulfilled = units AND units > 0
            ELSE units = 0
        END
        """,
    ),
    Invariant(
        8,
        "work has lines",
        """
        SELECT id FROM fulfillment_orders
        WHERE NOT EXISTS (SELECT FROM fulfillment_order_lines WHERE fulfillment_order_id = fulfillment_orders.id)
        """,
    ),
    Invariant(
        8,
        "what was shipped is in a shipment",
        """
        SELECT line.id FROM fulfillment_order_lines AS line
        JOIN fulfillment_orders AS work ON work.id = line.fulfillment_order_id AND work.method = 'SHIPPING'
        WHERE line.fulfilled <> (
            SELECT coalesce(sum(quantity), 0) FROM shipment_lines WHERE fulfillment_order_line_id = line.id
        )
        """,
    ),
    Invariant(
        17,
        "the last state change of work is the state it is in",
        """
        SELECT work.id FROM fulfillment_orders AS work LEFT JOIN LATERAL (
            SELECT after FROM state_changes WHERE kind = 'fulfillment order' AND subject_id = work.id
            ORDER BY id DESC LIMIT 1
        ) AS change ON true
        WHERE change.after IS DISTINCT FROM work.status
        """,
    ),
)
