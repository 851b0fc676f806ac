"""What must never be true of stock."""

from app.kernel.audit import Invariant

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        1,
        "a level never promises more than it has",
        "SELECT variant_id, location_id, sellable, soft, firm FROM levels WHERE sellable - soft - firm < 0",
    ),
    Invariant(
        2,
        "no bucket is below zero",
        "SELECT variant_id, location_id FROM levels WHERE least(sellable, damaged, quality, soft, firm) < 0",
    ),
    Invariant(
        3,
        "every bucket is the sum of its movements",
        """
        SELECT variant_id, location_id, bucket.name, bucket.units AS stored, coalesce(ledger.units, 0) AS ledgered
        FROM levels
        CROSS JOIN LATERAL (
            VALUES ('SELLABLE', sellable), ('DAMAGED', damaged), ('QUALITY', quality)
        ) AS bucket (name, units)
        LEFT JOIN (
            SELECT variant_id, location_id, bucket AS name, sum(delta) AS units FROM movements GROUP BY 1, 2, 3
        ) AS ledger USING (variant_id, location_id, name)
        WHERE bucket.units <> coalesce(ledger.units, 0)
        """,
    ),
    Invariant(
        3,
        "every movement belongs to a level",
        """
        SELECT variant_id, location_id FROM movements
        EXCEPT SELECT variant_id, location_id FROM levels
        """,
    ),
    Invariant(
        4,
        "every counter is the sum of its open reservations",
        """
        SELECT variant_id, location_id, level.soft, level.firm, held.soft AS soft_held, held.firm AS firm_held
        FROM levels AS level
        FULL JOIN (
            SELECT variant_id, location_id,
                coalesce(sum(quantity) FILTER (WHERE state = 'SOFT'), 0) AS soft,
                coalesce(sum(quantity) FILTER (WHERE state = 'FIRM'), 0) AS firm
            FROM reservations WHERE closed_at IS NULL GROUP BY 1, 2
        ) AS held USING (variant_id, location_id)
        WHERE coalesce(level.soft, 0) <> coalesce(held.soft, 0) OR coalesce(level.firm, 0) <> coalesce(held.firm, 0)
        """,
    ),
    Invariant(
        20,
        "no soft reservation outlives its time by more than a minute",
        "SELECT id, expires_at FROM reservations WHERE state = 'SOFT' AND expires_at < $1::timestamptz - interval '1 minute'",
        timed=True,
    ),
)
