"""What must never be true of returns."""

from app.kernel.audit import Invariant

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        3,
        "what returns brought into stock is what was accepted into it",
        """
        SELECT return_id, variant_id, location_id, bucket, counted.units, ledgered.units AS moved
        FROM (
            SELECT line.return_id, line.variant_id, receipt.location_id,
                CASE receipt.disposition WHEN 'RESTOCK' THEN 'SELLABLE' ELSE receipt.disposition END AS bucket,
                sum(receipt.quantity) AS units
            FROM return_receipts AS receipt JOIN return_lines AS line ON line.id = receipt.return_line_id
            WHERE receipt.disposition IN ('RESTOCK', 'DAMAGED', 'QUALITY') GROUP BY 1, 2, 3, 4
        ) AS counted
        FULL JOIN (
            SELECT cause_id AS return_id, variant_id, location_id, bucket, sum(delta) AS units
            FROM movements WHERE cause_kind = 'return' GROUP BY 1, 2, 3, 4
        ) AS ledgered USING (return_id, variant_id, location_id, bucket)
        WHERE counted.units IS DISTINCT FROM ledgered.units
        """,
    ),
    Invariant(
        6,
        "what was counted in is what the lines of a return have received and accepted",
        """
        SELECT line.id FROM return_lines AS line
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(quantity), 0) AS received, coalesce(sum(quantity) FILTER (WHERE accepted), 0) AS accepted
            FROM return_receipts WHERE return_line_id = line.id
        ) AS receipt ON true
        WHERE (line.received, line.accepted) IS DISTINCT FROM (receipt.received, receipt.accepted)
        """,
    ),
    Invariant(
        6,
        "what came back of an order line is what its returns accepted",
        """
        SELECT line.id, line.returned, coalesce(back.accepted, 0) AS accepted FROM order_lines AS line
        LEFT JOIN (
            SELECT order_line_id, sum(accepted) AS accepted FROM return_lines GROUP BY order_line_id
        ) AS back ON back.order_line_id = line.id
        WHERE line.returned <> coalesce(back.accepted, 0) OR line.returned > line.fulfilled
        """,
    ),
    Invariant(
        6,
        "returns expect no more than the customer has",
        """
        SELECT line.id FROM order_lines AS line JOIN (
            SELECT order_line_id, sum(quantity - received) AS units
            FROM return_lines JOIN returns ON returns.id = return_lines.return_id
            WHERE returns.status IN ('REQUESTED', 'APPROVED', 'IN_TRANSIT', 'RECEIVED') GROUP BY order_line_id
        ) AS expected ON expected.order_line_id = line.id
        WHERE line.returned + expected.units > line.fulfilled
        """,
    ),
    Invariant(
        6,
        "the lines of a return are of its order",
        """
        SELECT return_lines.id FROM return_lines
        JOIN returns ON returns.id = return_lines.return_id
        JOIN order_lines ON order_lines.id = return_lines.order_line_id
        WHERE order_lines.order_id <> returns.order_id OR order_lines.variant_id <> return_lines.variant_id
        """,
    ),
    Invariant(
        13,
        "the units of a line give back what was paid for them, no more and no less",
        """
        SELECT line.id FROM order_lines AS line JOIN (
            SELECT order_line_id, sum(refund_minor) AS refund, sum(refund_tax_minor) AS tax
            FROM return_lines GROUP BY order_line_id
        ) AS back ON back.order_line_id = line.id
        WHERE back.refund > line.total_minor OR back.tax > line.tax_minor
           OR back.refund <> CASE WHEN returned = ordered THEN total_minor
                ELSE (total_minor / ordered) * returned + least(returned, total_minor % ordered) END
           OR back.tax <> CASE WHEN returned = ordered THEN tax_minor
                ELSE (tax_minor / ordered) * returned + least(returned, tax_minor % ordered) END
        """,
    ),
    Invariant(
        13,
        "a delivery gives back what was paid for it, and only when nothing of it is left with the customer",
        """
        SELECT back.order_delivery_id FROM return_deliveries AS back
        JOIN order_deliveries AS delivery ON delivery.id = back.order_delivery_id
        JOIN returns ON returns.id = back.return_id
        WHERE back.amount_minor <> delivery.total_minor OR returns.order_id <> delivery.order_id
           OR EXISTS (
               SELECT FROM order_lines AS line
               WHERE line.order_id = delivery.order_id AND line.delivery = delivery.method
                 AND line.store_id IS NOT DISTINCT FROM delivery.store_id
                 AND (line.returned < line.fulfilled OR line.fulfilled + line.cancelled < line.ordered)
           )
        """,
    ),
    Invariant(
        13,
        "a closed return gives back what its lines and deliveries do",
        """
        SELECT returns.id FROM returns
        JOIN LATERAL (
            SELECT sum(refund_minor) AS refund, sum(refund_tax_minor) AS tax, sum(quantity - received) AS open
            FROM return_lines WHERE return_id = returns.id
        ) AS line ON true
        JOIN LATERAL (
            SELECT coalesce(sum(amount_minor), 0) AS amount, coalesce(sum(tax_minor), 0) AS tax
            FROM return_deliveries WHERE return_id = returns.id
        ) AS delivery ON true
        WHERE status = 'CLOSED' AND (line.open > 0 OR refund_lines_minor <> line.refund
            OR refund_delivery_minor <> delivery.amount OR refund_tax_minor <> line.tax + delivery.tax)
        """,
    ),
    Invariant(
        13,
        "no more is asked to be given back for a return than it gives back, and nothing before it is closed",
        """
        SELECT returns.id FROM returns
        JOIN refunds ON refunds.cause_id = returns.id
        GROUP BY returns.id
        HAVING sum(refunds.amount_minor) > CASE returns.status WHEN 'CLOSED' THEN returns.refund_total_minor ELSE 0 END
            OR bool_or(refunds.order_id <> returns.order_id)
        """,
    ),
    Invariant(
        17,
        "the last state change of a return is the state it is in",
        """
        SELECT returns.id FROM returns LEFT JOIN LATERAL (
            SELECT after FROM state_changes WHERE kind = 'return' AND subject_id = returns.id ORDER BY id DESC LIMIT 1
        ) AS change ON true
        WHERE change.after IS DISTINCT FROM returns.status
        """,
    ),
    Invariant(
        21,
        "a return is of its order's currency",
        "SELECT returns.id FROM returns JOIN orders ON orders.id = returns.order_id WHERE returns.currency <> orders.currency",
    ),
)
