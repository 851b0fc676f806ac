"""What must never be true of payments."""

from app.kernel.audit import Invariant

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        10,
        "no tender gives back more than it took, takes more than it holds, or holds more than it is to pay",
        """
        SELECT id FROM payments
        WHERE refunded_minor + refunding_minor > captured_minor OR charged_back_minor > captured_minor
           OR captured_minor + capturing_minor + released_minor + expired_minor > authorized_minor
           OR authorized_minor - expired_minor > amount_minor
        """,
    ),
    Invariant(
        10,
        "the balances of a tender are the sums of its ledger",
        """
        SELECT payment.id FROM payments AS payment
        LEFT JOIN LATERAL (
            SELECT
                coalesce(sum(amount_minor) FILTER (WHERE kind = 'AUTHORIZATION' AND settled_at IS NULL), 0) AS authorizing,
                coalesce(sum(amount_minor) FILTER (WHERE kind = 'AUTHORIZATION' AND state = 'SUCCEEDED'), 0) AS authorized,
                coalesce(sum(amount_minor) FILTER (WHERE kind = 'CAPTURE' AND state = 'SUCCEEDED'), 0) AS captured,
                coalesce(sum(amount_minor) FILTER (WHERE kind = 'CAPTURE' AND settled_at IS NULL), 0) AS capturing,
                coalesce(sum(amount_minor) FILTER (WHERE kind = 'VOID'), 0) AS released,
                coalesce(sum(amount_minor) FILTER (WHERE kind = 'EXPIRATION'), 0) AS expired,
                coalesce(sum(amount_minor) FILTER (WHERE kind = 'REFUND' AND state = 'SUCCEEDED'), 0)
                    - coalesce(sum(amount_minor) FILTER (WHERE kind = 'REFUND_REVERSAL'), 0) AS refunded,
                coalesce(sum(amount_minor) FILTER (WHERE kind = 'REFUND' AND settled_at IS NULL), 0) AS refunding,
                coalesce(sum(amount_minor) FILTER (WHERE kind = 'CHARGEBACK'), 0)
                    - coalesce(sum(amount_minor) FILTER (WHERE kind = 'CHARGEBACK_REVERSAL'), 0) AS charged_back
            FROM payment_transactions WHERE payment_id = payment.id
        ) AS step ON true
        WHERE (authorizing_minor, authorized_minor, captured_minor, capturing_minor, released_minor, expired_minor,
                refunded_minor, refunding_minor, charged_back_minor)
            IS DISTINCT FROM
            (step.authorizing, step.authorized, step.captured, step.capturing, step.released, step.expired,
                step.refunded, step.refunding, step.charged_back)
        """,
    ),
    Invariant(
        10,
        "a tender is in the state that its balances say",
        """
        SELECT id, status FROM payments WHERE authorized_minor > 0 AND status <> CASE
            WHEN refunded_minor > 0 AND refunded_minor = captured_minor THEN 'REFUNDED'
            WHEN refunded_minor > 0 THEN 'PARTIALLY_REFUNDED'
            WHEN captured_minor > 0 AND captured_minor >= amount_minor - released_minor THEN 'CAPTURED'
            WHEN captured_minor > 0 THEN 'PARTIALLY_CAPTURED'
            WHEN authorized_minor > released_minor + expired_minor THEN 'AUTHORIZED'
            WHEN released_minor >= amount_minor THEN 'VOIDED'
            ELSE 'EXPIRED' END
        """,
    ),
    Invariant(
        10,
        "what has been paid of an order follows from its tenders",
        """
        SELECT orders.id, orders.payment_status FROM orders
        LEFT JOIN LATERAL (
            SELECT count(*) AS tenders, coalesce(sum(captured_minor), 0) AS captured, coalesce(sum(refunded_minor), 0) AS refunded,
                coalesce(sum(authorized_minor - released_minor - expired_minor), 0) AS held,
                coalesce(bool_and(status = 'VOIDED'), false) AS voided
            FROM payments WHERE order_id = orders.id
        ) AS money ON true
        JOIN LATERAL (
            SELECT coalesce(sum(waived_minor), 0) AS waived FROM charges WHERE order_id = orders.id
        ) AS charge ON true
        JOIN LATERAL (
            SELECT sum(CASE WHEN units = ordered THEN total_minor
                ELSE (total_minor / ordered) * units + least(units, total_minor % ordered) END) AS worth
            FROM order_lines JOIN LATERAL (
                SELECT greatest(ordered - cancelled, coalesce(sum((part ->> 'units')::int), 0)) AS units
                FROM charges, jsonb_array_elements(charges.lines) AS part
                WHERE charges.order_id = orders.id AND part ->> 'id' = order_lines.id::text
            ) AS by_then ON true
            WHERE order_id = orders.id
        ) AS line ON true
        JOIN LATERAL (
            SELECT coalesce(sum(total_minor), 0) AS worth FROM order_deliveries AS delivery
            WHERE order_id = orders.id AND (
                EXISTS (
                    SELECT FROM order_lines AS line WHERE line.order_id = orders.id AND line.delivery = delivery.method
                        AND line.store_id IS NOT DISTINCT FROM delivery.store_id AND line.cancelled < line.ordered)
                OR EXISTS (
                    SELECT FROM charges, jsonb_array_elements(charges.lines) AS part
                    WHERE charges.order_id = orders.id AND part ->> 'id' = delivery.id::text))
        ) AS delivery ON true
        JOIN LATERAL (SELECT line.worth + delivery.worth - charge.waived AS minor) AS due ON true
        WHERE orders.payment_status <> CASE
            WHEN tenders = 0 THEN 'NOT_REQUIRED'
            WHEN refunded > 0 AND refunded = captured AND captured >= due.minor THEN 'REFUNDED'
            WHEN refunded > 0 THEN 'PARTIALLY_REFUNDED'
            WHEN captured > 0 AND captured >= due.minor THEN 'CAPTURED'
            WHEN captured > 0 THEN 'PARTIALLY_CAPTURED'
            WHEN held = 0 AND (voided OR due.minor = 0) THEN 'VOIDED'
            WHEN held = 0 THEN 'PENDING'
            WHEN held >= due.minor THEN 'AUTHORIZED'
            ELSE 'PARTIALLY_AUTHORIZED' END
        """,
    ),
    Invariant(
        11,
        "goods are charged once, for what they are worth, and as the order was placed to be",
        """
        SELECT orders.id FROM orders
        JOIN LATERAL (
            SELECT sum(amount_minor) AS charged FROM charges WHERE order_id = orders.id
        ) AS charge ON charge.charged > 0
        JOIN LATERAL (
            SELECT sum(CASE WHEN units = ordered THEN total_minor
                ELSE (total_minor / ordered) * units + least(units, total_minor % ordered) END) AS worth,
                bool_or(units > CASE orders.capture_at WHEN 'PLACEMENT' THEN ordered ELSE fulfilled END
                    AND NOT EXISTS (SELECT FROM charges WHERE order_id = orders.id AND cause = 'RECEIPT')) AS early,
                bool_or(units > ordered) AS twice
            FROM order_lines JOIN LATERAL (
                SELECT coalesce(sum((part ->> 'units')::int), 0) AS units
                FROM charges, jsonb_array_elements(charges.lines) AS part
                WHERE charges.order_id = orders.id AND part ->> 'id' = order_lines.id::text
            ) AS charged ON true
            WHERE order_lines.order_id = orders.id
        ) AS line ON true
        JOIN LATERAL (
            SELECT coalesce(sum(total_minor), 0) AS worth, coalesce(bool_or(times > 1), false) AS twice
            FROM order_deliveries JOIN LATERAL (
                SELECT count(*) AS times FROM charges, jsonb_array_elements(charges.lines) AS part
                WHERE charges.order_id = orders.id AND part ->> 'id' = order_deliveries.id::text
            ) AS charged ON charged.times > 0
            WHERE order_deliveries.order_id = orders.id
        ) AS delivery ON true
        WHERE charge.charged <> line.worth + delivery.worth OR line.early OR line.twice OR delivery.twice
        """,
    ),
    Invariant(
        11,
        "what is taken for a charge is no more than it, and nothing is taken without one",
        """
        SELECT charge.id FROM charges AS charge
        WHERE amount_minor < waived_minor + (
            SELECT coalesce(sum(amount_minor), 0) FROM payment_transactions WHERE charge_id = charge.id AND state <> 'FAILED')
        UNION ALL
        SELECT id FROM payment_transactions WHERE kind = 'CAPTURE' AND charge_id IS NULL
        """,
    ),
    Invariant(
        13,
        "what is given back for a refund is no more than it, and nothing is given back without one",
        """
        SELECT refund.id FROM refunds AS refund
        WHERE amount_minor < waived_minor + (
            SELECT coalesce(sum(CASE kind WHEN 'REFUND' THEN amount_minor ELSE -amount_minor END), 0)
            FROM payment_transactions WHERE refund_id = refund.id AND state <> 'FAILED')
        UNION ALL
        SELECT id FROM payment_transactions WHERE kind = 'REFUND' AND refund_id IS NULL
        """,
    ),
    Invariant(
        13,
        "no order is given back more than it was charged",
        """
        SELECT order_id FROM refunds GROUP BY order_id
        HAVING sum(amount_minor) > (SELECT coalesce(sum(amount_minor), 0) FROM charges WHERE charges.order_id = refunds.order_id)
        """,
    ),
    Invariant(
        22,
        "the lines of a charge add up to it",
        """
        SELECT id FROM charges
        WHERE amount_minor <> (SELECT sum((part ->> 'amount_minor')::bigint) FROM jsonb_array_elements(lines) AS part)
        UNION ALL
        SELECT id FROM refunds
        WHERE amount_minor <> (SELECT sum((part ->> 'amount_minor')::bigint) FROM jsonb_array_elements(lines) AS part)
        """,
    ),
    Invariant(
        21,
        "a tender is of its order's currency",
        """
        SELECT payments.id FROM payments JOIN orders ON orders.id = payments.order_id
        WHERE payments.currency <> orders.currency
        """,
    ),
)
