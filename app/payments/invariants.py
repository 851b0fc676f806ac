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
        11,
        "what was taken and not given back is what was invoiced and not credited",
        """
        SELECT paid.order_id, paid.kept, written.claimed
        FROM (
            SELECT order_id, sum(captured_minor - refunded_minor) AS kept FROM payments
            WHERE order_id IS NOT NULL GROUP BY order_id
        ) AS paid
        JOIN LATERAL (
            SELECT coalesce(sum(CASE kind WHEN 'INVOICE' THEN total_minor ELSE -total_minor END), 0) AS claimed
            FROM invoices WHERE order_id = paid.order_id
        ) AS written ON written.claimed <> paid.kept
        WHERE NOT EXISTS (
            SELECT FROM charges AS charge WHERE order_id = paid.order_id AND amount_minor <> waived_minor + (
                SELECT coalesce(sum(amount_minor), 0) FROM payment_transactions
                WHERE charge_id = charge.id AND state = 'SUCCEEDED')
        ) AND NOT EXISTS (
            SELECT FROM refunds AS refund WHERE order_id = paid.order_id AND amount_minor <> waived_minor + (
                SELECT coalesce(sum(CASE kind WHEN 'REFUND' THEN amount_minor ELSE -amount_minor END), 0)
                FROM payment_transactions WHERE refund_id = refund.id AND state = 'SUCCEEDED')
        ) AND NOT EXISTS (
            -- Told events may be forgotten; what has not been told has not been written of yet.
            SELECT FROM outbox WHERE delivered_at IS NULL AND name IN ('PaymentStepSettled', 'AccountsSettled')
                AND aggregate_id IN (SELECT paid.order_id UNION ALL SELECT id FROM payments WHERE order_id = paid.order_id)
        )
        """,
    ),
    Invariant(
        11,
        "documents are counted without a gap",
        """
        SELECT series.channel_id, series.year, series.kind, series.next, found.documents, found.last
        FROM invoice_series AS series
        LEFT JOIN LATERAL (
            SELECT count(*) AS documents, coalesce(max(sequence), 0) AS last FROM invoices
            WHERE channel_id = series.channel_id AND year = series.year AND kind = series.kind
        ) AS found ON true
        WHERE series.next - 1 <> found.documents OR series.next - 1 <> found.last
        """,
    ),
    Invariant(
        11,
        "what says that a document was written of it has one, and nothing else has",
        """
        SELECT charges.id FROM charges LEFT JOIN invoices ON invoices.charge_id = charges.id
        WHERE invoiced <> (invoices.id IS NOT NULL)
        UNION ALL
        SELECT refunds.id FROM refunds LEFT JOIN invoices ON invoices.refund_id = refunds.id
        WHERE credited <> (invoices.id IS NOT NULL)
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
        22,
        "a document adds up to what it is of",
        """
        SELECT invoice.id FROM invoices AS invoice
        JOIN orders ON orders.id = invoice.order_id
        LEFT JOIN charges ON charges.id = invoice.charge_id
        LEFT JOIN refunds ON refunds.id = invoice.refund_id
        JOIN LATERAL (
            SELECT sum((part ->> 'amount_minor')::bigint) AS amount, sum((part ->> 'tax_minor')::bigint) AS tax
            FROM jsonb_array_elements(invoice.content -> 'lines') AS part
        ) AS line ON true
        JOIN LATERAL (
            SELECT sum((part ->> 'net_minor')::bigint) AS net, sum((part ->> 'tax_minor')::bigint) AS tax
            FROM jsonb_array_elements(invoice.content -> 'taxes') AS part
        ) AS taxed ON true
        JOIN LATERAL (
            SELECT coalesce(sum((part ->> 'amount_minor')::bigint), 0) AS amount
            FROM jsonb_array_elements(invoice.content -> 'paid_with') AS part
        ) AS paid ON true
        WHERE (coalesce(charges.order_id, refunds.order_id), coalesce(charges.amount_minor, refunds.amount_minor),
                orders.channel_id, orders.currency, line.amount, line.tax, taxed.net, taxed.tax,
                paid.amount + (invoice.content ->> 'waived_minor')::bigint)
            IS DISTINCT FROM (invoice.order_id, invoice.total_minor,
                invoice.channel_id, invoice.currency, invoice.total_minor, invoice.tax_minor,
                invoice.total_minor - invoice.tax_minor, invoice.tax_minor,
                invoice.total_minor)
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
    Invariant(
        12,
        "no gift card or store credit is below zero, or below what is held of it",
        "SELECT id FROM credit_accounts WHERE balance_minor < 0 OR held_minor < 0 OR held_minor > balance_minor",
    ),
    Invariant(
        12,
        "the balance of a gift card or store credit is the sum of its ledger",
        """
        SELECT account.id FROM credit_accounts AS account
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(amount_minor), 0) AS balance, count(*) AS entries
            FROM credit_entries WHERE account_id = account.id
        ) AS ledger ON true
        WHERE (account.balance_minor, account.entries) IS DISTINCT FROM (ledger.balance, ledger.entries)
        """,
    ),
    Invariant(
        12,
        "the ledger of a gift card or store credit has no gap, and every balance follows from the one before",
        """
        SELECT account_id, number FROM (
            SELECT account_id, number, amount_minor, balance_minor,
                row_number() OVER ledger AS expected, lag(balance_minor, 1, 0::bigint) OVER ledger AS before
            FROM credit_entries WINDOW ledger AS (PARTITION BY account_id ORDER BY number)
        ) AS entry
        WHERE number <> expected OR balance_minor <> before + amount_minor
        """,
    ),
    Invariant(
        12,
        "what is held of a gift card or store credit is what its tenders hold",
        """
        SELECT account.id FROM credit_accounts AS account
        WHERE held_minor <> (
            SELECT coalesce(sum(authorized_minor - released_minor - expired_minor - captured_minor), 0)
            FROM payments WHERE payments.account_id = account.id)
        """,
    ),
    Invariant(
        12,
        "what was taken of a gift card or store credit is what its tenders took",
        """
        SELECT account.id FROM credit_accounts AS account
        WHERE coalesce((SELECT -sum(amount_minor) FROM credit_entries WHERE account_id = account.id AND kind = 'REDEEM'), 0)
            <> (SELECT coalesce(sum(captured_minor), 0) FROM payments WHERE payments.account_id = account.id)
        """,
    ),
    Invariant(
        12,
        "a gift card that was sold is a unit of its line that has left",
        """
        SELECT account.id FROM credit_accounts AS account JOIN order_lines AS line ON line.id = account.order_line_id
        WHERE NOT line.gift_card OR account.unit > line.fulfilled
        """,
    ),
    Invariant(
        23,
        "a reconciliation counts what it lists",
        """
        SELECT run.id FROM reconciliations AS run
        JOIN LATERAL (
            SELECT count(*) FILTER (WHERE kind <> 'LATE') AS differences, count(*) FILTER (WHERE kind = 'LATE') AS late,
                count(*) FILTER (WHERE kind = 'MISSING_HERE') AS missing,
                count(*) FILTER (WHERE kind = 'DUPLICATED') AS duplicated,
                count(*) FILTER (WHERE kind = 'UNREADABLE') AS unreadable
            FROM reconciliation_differences WHERE reconciliation_id = run.id
        ) AS listed ON true
        WHERE (run.differences, run.late, run.rows_missing, run.rows_duplicated, run.rows_unreadable)
            IS DISTINCT FROM (listed.differences, listed.late, listed.missing, listed.duplicated, listed.unreadable)
        UNION ALL
        SELECT run.id FROM reconciliations AS run
        LEFT JOIN (
            SELECT reconciliation_id, count(*) FILTER (WHERE within) AS matched FROM reconciliation_matches GROUP BY reconciliation_id
        ) AS match ON match.reconciliation_id = run.id
        WHERE run.rows_matched <> coalesce(match.matched, 0)
        """,
    ),
    Invariant(
        23,
        "a report tells of steps of its own gateway that moved money",
        """
        SELECT match.transaction_id, match.reconciliation_id FROM reconciliation_matches AS match
        JOIN reconciliations AS run ON run.id = match.reconciliation_id
        LEFT JOIN payment_transactions AS step ON step.id = match.transaction_id AND step.gateway = run.gateway
            AND step.kind IN ('CAPTURE', 'REFUND', 'REFUND_REVERSAL', 'CHARGEBACK', 'CHARGEBACK_REVERSAL')
        WHERE step.id IS NULL
        """,
    ),
    Invariant(
        23,
        "the sums of a report are of its rows",
        """
        SELECT run.id FROM reconciliations AS run
        WHERE rows_matched + rows_duplicated + rows_missing <> (
            SELECT coalesce(sum((part ->> 'theirs_count')::bigint), 0) FROM jsonb_array_elements(sums) AS part)
        """,
    ),
)
