"""What must never be true of pickups."""

from app.kernel.audit import Invariant

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        8,
        "a pickup and its work are in states that go together",
        """
        SELECT pickups.id, pickups.status, work.status AS work_status FROM pickups
        JOIN fulfillment_orders AS work ON work.id = pickups.fulfillment_order_id
        WHERE NOT CASE pickups.status
            WHEN 'WAITING_TRANSFER' THEN work.status IN ('OPEN', 'ACCEPTED', 'PICKING', 'PACKED')
            WHEN 'PREPARING' THEN work.status IN ('OPEN', 'ACCEPTED', 'PICKING', 'PACKED')
            WHEN 'READY' THEN work.status = 'READY'
            WHEN 'EN_ROUTE' THEN work.status = 'READY'
            WHEN 'ARRIVED' THEN work.status = 'READY'
            WHEN 'COLLECTED' THEN work.status = 'FULFILLED'
            WHEN 'EXPIRED' THEN work.status = 'CANCELLED'
            WHEN 'CANCELLED' THEN work.status IN ('CANCELLED', 'REJECTED')
            ELSE false
        END
        """,
    ),
    Invariant(
        8,
        "pickup work has a pickup at its store, and other work has none",
        """
        SELECT work.id FROM fulfillment_orders AS work
        LEFT JOIN pickups ON pickups.fulfillment_order_id = work.id
        WHERE (work.method = 'PICKUP') <> (pickups.id IS NOT NULL)
           OR pickups.store_id <> work.location_id OR pickups.order_id <> work.order_id
        """,
    ),
    Invariant(
        14,
        "every pickup with a slot has its place there; checkouts under way may have taken more",
        """
        SELECT store_id, slot_starts_at, coalesce(slot.used, 0) AS used, taken.places FROM (
            SELECT store_id, slot_starts_at, count(*) AS places FROM pickups
            WHERE slot_starts_at IS NOT NULL AND status <> 'CANCELLED' GROUP BY 1, 2
        ) AS taken
        LEFT JOIN (SELECT store_id, starts_at AS slot_starts_at, used FROM pickup_slots) AS slot
            USING (store_id, slot_starts_at)
        WHERE coalesce(slot.used, 0) < taken.places
        """,
    ),
    Invariant(
        15,
        "what waits at a counter has a code, and no two of a store have the same",
        """
        SELECT store_id, code_hash FROM pickups WHERE status IN ('READY', 'EN_ROUTE', 'ARRIVED')
        GROUP BY 1, 2 HAVING code_hash IS NULL OR count(*) > 1
        """,
    ),
    Invariant(
        15,
        "no code outlives five wrong attempts",
        "SELECT id, code_attempts FROM pickups WHERE code_attempts >= 5",
    ),
    Invariant(
        17,
        "the last state change of a pickup is the state it is in",
        """
        SELECT pickups.id FROM pickups LEFT JOIN LATERAL (
            SELECT after FROM state_changes WHERE kind = 'pickup' AND subject_id = pickups.id ORDER BY id DESC LIMIT 1
        ) AS change ON true
        WHERE change.after IS DISTINCT FROM pickups.status
        """,
    ),
)
