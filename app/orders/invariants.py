"""What must never be true of orders."""

from app.kernel.audit import Invariant

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        5,
        "the firm reservations of an order line are its allocated units",
        """
        SELECT line.id, line.allocated, coalesce(held.units, 0) AS held
        FROM order_lines AS line
        LEFT JOIN (
            SELECT line_id, sum(quantity) AS units FROM reservations
            WHERE state = 'FIRM' AND supply_id IS NULL AND demand_kind = 'ORDER' GROUP BY line_id
        ) AS held ON held.line_id = line.id
        WHERE line.allocated <> coalesce(held.units, 0)
        """,
    ),
    Invariant(
        5,
        "every firm reservation belongs to an order line",
        """
        SELECT id FROM reservations WHERE state = 'FIRM' AND demand_kind = 'ORDER'
          AND NOT EXISTS (SELECT FROM order_lines WHERE order_lines.id = line_id AND order_lines.order_id = demand_id)
        """,
    ),
    Invariant(
        5,
        "what a line waits for is promised to it from supply",
        """
        SELECT line.id, line.backordered, coalesce(held.units, 0) AS held
        FROM order_lines AS line
        LEFT JOIN (
            SELECT line_id, sum(quantity) AS units FROM reservations
            WHERE state = 'FIRM' AND supply_id IS NOT NULL AND demand_kind = 'ORDER' GROUP BY line_id
        ) AS held ON held.line_id = line.id
        WHERE line.backordered <> coalesce(held.units, 0)
        """,
    ),
    Invariant(
        6,
        "the quantities of a line add up",
        """
        SELECT id FROM order_lines
        WHERE ordered <> cancelled + unallocated + backordered + allocated + fulfilled OR returned > fulfilled
        """,
    ),
    Invariant(
        6,
        "the statuses of an order follow from its lines",
        """
        SELECT orders.id, orders.status, orders.fulfillment_status FROM orders JOIN (
            SELECT order_id, sum(ordered) AS ordered, sum(cancelled) AS cancelled, sum(fulfilled) AS fulfilled
            FROM order_lines GROUP BY order_id
        ) AS line ON line.order_id = orders.id
        WHERE status <> CASE
                WHEN cancelled = ordered THEN 'CANCELLED'
                WHEN fulfilled = ordered - cancelled THEN CASE status WHEN 'CLOSED' THEN 'CLOSED' ELSE 'FULFILLED' END
                WHEN fulfilled > 0 THEN 'PARTIALLY_FULFILLED'
                WHEN started THEN 'PROCESSING'
                ELSE 'PLACED' END
           OR fulfillment_status <> CASE
                WHEN fulfilled = 0 THEN 'UNFULFILLED'
                WHEN fulfilled = ordered - cancelled THEN 'FULFILLED'
                ELSE 'PARTIALLY_FULFILLED' END
        """,
    ),
    Invariant(
        16,
        "a cart that was ordered has its order, and no other has one",
        """
        SELECT carts.id FROM carts LEFT JOIN orders ON orders.cart_id = carts.id
        WHERE (carts.status = 'ORDERED') <> (orders.id IS NOT NULL)
        """,
    ),
    Invariant(
        16,
        "what is written on an ordered line is neither blank nor too long",
        """
        SELECT id FROM order_lines
        WHERE NOT char_length(note) BETWEEN 1 AND 500 OR NOT char_length(gift_message) BETWEEN 1 AND 500
        """,
    ),
    Invariant(
        17,
        "the last state change of an order is the state it is in",
        """
        SELECT orders.id FROM orders LEFT JOIN LATERAL (
            SELECT after FROM state_changes WHERE kind = 'order' AND subject_id = orders.id ORDER BY id DESC LIMIT 1
        ) AS change ON true
        WHERE change.after IS DISTINCT FROM orders.status
        """,
    ),
    Invariant(
        22,
        "lines, deliveries, discounts and taxes add up to the order",
        """
        SELECT orders.id FROM orders
        JOIN LATERAL (
            SELECT sum(subtotal_minor) AS subtotal, sum(discount_minor) AS discount, sum(tax_minor) AS tax,
                sum(total_minor) AS total
            FROM order_lines WHERE order_id = orders.id
        ) AS line ON true
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(price_minor), 0) AS price, coalesce(sum(discount_minor), 0) AS discount,
                coalesce(sum(tax_minor), 0) AS tax, coalesce(sum(total_minor), 0) AS total
            FROM order_deliveries WHERE order_id = orders.id
        ) AS delivery ON true
        WHERE orders.subtotal_minor <> line.subtotal OR orders.delivery_minor <> delivery.price
           OR orders.discount_minor <> line.discount + delivery.discount
           OR orders.tax_minor <> line.tax + delivery.tax OR orders.total_minor <> line.total + delivery.total
        """,
    ),
    Invariant(
        22,
        "the discounts of a line are what was taken off it",
        """
        SELECT id FROM order_lines
        WHERE discount_minor <> (SELECT coalesce(sum((part ->> 'amount_minor')::bigint), 0) FROM jsonb_array_elements(discounts) AS part)
        """,
    ),
)
