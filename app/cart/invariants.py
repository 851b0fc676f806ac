"""What must never be true of carts."""

from app.cart.rules import LONGEST_NOTE
from app.kernel.audit import Invariant

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        16,
        "no two lines of a cart are the same",
        """
        SELECT cart_id, variant_id, delivery, store_id FROM cart_lines
        GROUP BY cart_id, variant_id, delivery, store_id, note, gift_message HAVING count(*) > 1
        """,
    ),
    Invariant(
        16,
        "what is written on a line is neither blank nor too long",
        f"""
        SELECT id FROM cart_lines WHERE NOT char_length(note) BETWEEN 1 AND {LONGEST_NOTE}
        UNION ALL SELECT id FROM cart_lines WHERE NOT char_length(gift_message) BETWEEN 1 AND {LONGEST_NOTE}
        """,
    ),
    Invariant(
        16,
        "a guest's cart ends some day, and one that became something else does not expire",
        """
        SELECT id, status FROM carts
        WHERE CASE status WHEN 'ACTIVE' THEN customer_id IS NULL AND expires_at IS NULL
            WHEN 'EXPIRED' THEN expires_at IS NULL ELSE expires_at IS NOT NULL END
        """,
    ),
    Invariant(
        16,
        "an expired cart holds nothing, is not being paid for and has forgotten whom it was for",
        """
        SELECT id FROM carts
        WHERE status = 'EXPIRED' AND (
            email IS NOT NULL OR shipping_address IS NOT NULL OR billing_address IS NOT NULL
            OR reserved_until IS NOT NULL OR attempt_id IS NOT NULL
            OR EXISTS (
                SELECT FROM cart_lines
                WHERE cart_lines.cart_id = carts.id AND (note IS NOT NULL OR gift_message IS NOT NULL)
            )
            OR EXISTS (SELECT FROM reservations WHERE demand_kind = 'CART' AND demand_id = carts.id AND state = 'SOFT')
        )
        """,
    ),
    Invariant(
        17,
        "the last state change of a cart is the state it is in",
        """
        SELECT carts.id FROM carts JOIN LATERAL (
            SELECT after FROM state_changes WHERE kind = 'cart' AND subject_id = carts.id ORDER BY id DESC LIMIT 1
        ) AS change ON true
        WHERE change.after <> carts.status
        """,
    ),
)
