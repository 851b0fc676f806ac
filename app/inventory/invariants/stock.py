"""What must never be true of levels, the ledger and reservations."""

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
        2,
        "a bundle has no stock of its own",
        "SELECT DISTINCT variant_id FROM levels JOIN bundle_components ON bundle_id = variant_id",
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
        3,
        "the ledger of a level has no gap, and every balance follows from the one before",
        """
        SELECT variant_id, location_id, bucket, level_version, balance FROM (
            SELECT variant_id, location_id, bucket, level_version, balance,
                sum(delta) OVER (PARTITION BY variant_id, location_id, bucket ORDER BY level_version) AS follows,
                at < max(at) OVER (PARTITION BY variant_id, location_id ORDER BY level_version) AS backwards
            FROM movements
        ) AS entry
        WHERE balance <> follows OR backwards
        """,
    ),
    Invariant(
        3,
        "a level knows how often and when it moved",
        """
        SELECT variant_id, location_id, levels.version, levels.moved_at FROM levels
        LEFT JOIN (
            SELECT variant_id, location_id, max(level_version) AS version, count(DISTINCT level_version) AS moves,
                max(at) AS moved_at
            FROM movements GROUP BY 1, 2
        ) AS ledger USING (variant_id, location_id)
        WHERE levels.version <> coalesce(ledger.version, 0) OR levels.version <> coalesce(ledger.moves, 0)
           OR levels.moved_at IS DISTINCT FROM ledger.moved_at
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
            FROM reservations WHERE supply_id IS NULL GROUP BY 1, 2
        ) AS held USING (variant_id, location_id)
        WHERE coalesce(level.soft, 0) <> coalesce(held.soft, 0) OR coalesce(level.firm, 0) <> coalesce(held.firm, 0)
        """,
    ),
    Invariant(
        4,
        "what is promised from supply is the sum of its reservations, and no more than is to come",
        """
        SELECT supply.id, supply.reserved, coalesce(held.units, 0) AS held
        FROM supplies AS supply
        FULL JOIN (
            SELECT supply_id, sum(quantity) AS units FROM reservations WHERE supply_id IS NOT NULL GROUP BY supply_id
        ) AS held ON held.supply_id = supply.id
        WHERE coalesce(supply.reserved, 0) <> coalesce(held.units, 0)
           OR supply.reserved > greatest(0, supply.expected - supply.received - supply.lost)
           OR (supply.closed_at IS NOT NULL AND held.units > 0)
        """,
    ),
    Invariant(
        4,
        "a reservation on supply is of the variant and at the location that the supply is for",
        """
        SELECT held.id FROM reservations AS held JOIN supplies AS supply ON supply.id = held.supply_id
        WHERE held.variant_id <> supply.variant_id OR held.location_id <> supply.location_id
        """,
    ),
    Invariant(
        20,
        "no soft reservation outlives its time by more than a minute",
        "SELECT id, expires_at FROM reservations WHERE state = 'SOFT' AND expires_at < $1::timestamptz - interval '1 minute'",
        timed=True,
    ),
)
