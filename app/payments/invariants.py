"""What must never be true of payments."""

from app.kernel.audit import Invariant

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        10,
        "no tender gives back more than it took, or takes more than it holds",
        """
        SELECT id FROM payments
        WHERE refunded_minor + refunding_minor > captured_minor
           OR captured_minor + capturing_minor + released_minor > authorized_minor
        """,
    ),
    Invariant(
        10,
        "the balances of a tender are the sums of its ledger",
        """
        SELECT payment.id FROM payments AS payment
        LEFT JOIN LATERAL (
            SELECT
                coalesce(sum(amount_minor) FILTER (WHERE kind = 'AUTHORIZATION' AND state = 'SUCCEEDED'), 0) AS authorized,
                coalesce(sum(amount_minor) FILTER (WHERE kind = 'CAPTURE' AND state = 'SUCCEEDED'), 0) AS captured,
                coalesce(sum(amount_minor) FILTER (WHERE kind = 'CAPTURE' AND settled_at IS NULL), 0) AS capturing,
                coalesce(sum(amount_minor) FILTER (WHERE kind = 'VOID'), 0) AS released,
                coalesce(sum(amount_minor) FILTER (WHERE kind = 'REFUND' AND state = 'SUCCEEDED'), 0) AS refunded,
                coalesce(sum(amount_minor) FILTER (WHERE kind = 'REFUND' AND settled_at IS NULL), 0) AS refunding
            FROM payment_transactions WHERE payment_id = payment.id
        ) AS step ON true
        WHERE (authorized_minor, captured_minor, capturing_minor, released_minor, refunded_minor, refunding_minor)
            IS DISTINCT FROM
            (step.authorized, step.captured, step.capturing, step.released, step.refunded, step.refunding)
        """,
    ),
    Invariant(
        11,
        "no more is captured or asked for than what has left is worth",
        """
        SELECT orders.id FROM orders
        JOIN LATERAL (
            SELECT sum(captured_minor + capturing_minor) AS taken FROM payments WHERE order_id = orders.id
        ) AS payment ON true
        JOIN LATERAL (
            SELECT sum(CASE WHEN fulfilled = ordered THEN total_minor
                ELSE (total_minor / ordered) * fulfilled + least(fulfilled, total_minor % ordered) END) AS worth,
                array_agg(DISTINCT (delivery, store_id)::text) FILTER (WHERE fulfilled > 0) AS left_by
            FROM order_lines WHERE order_id = orders.id
        ) AS line ON true
        JOIN LATERAL (
            SELECT coalesce(sum(total_minor) FILTER (WHERE (method, store_id)::text = ANY(line.left_by)), 0) AS worth
            FROM order_deliveries WHERE order_id = orders.id
        ) AS delivery ON true
        WHERE payment.taken > line.worth + delivery.worth
        """,
    ),
    Invariant(
        13,
        "the steps of a refund are what it gives back",
        """
        SELECT refund.id FROM refunds AS refund
        WHERE amount_minor <> (SELECT coalesce(sum(amount_minor), 0) FROM payment_transactions WHERE refund_id = refund.id)
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
        "a gift card that was sold is a unit of its line that has left",
        """
        SELECT account.id FROM credit_accounts AS account JOIN order_lines AS line ON line.id = account.order_line_id
        WHERE NOT line.gift_card OR account.unit > line.fulfilled
        """,
    ),
)
