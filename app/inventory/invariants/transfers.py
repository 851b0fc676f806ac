"""What must never be true of transfers."""

from app.kernel.audit import Invariant

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        5,
        "the firm reservations of a transfer are what it requested and has not shipped",
        """
        SELECT line.id, transfer.status, line.requested, line.shipped, coalesce(held.units, 0) AS held
        FROM transfer_lines AS line
        JOIN transfers AS transfer ON transfer.id = line.transfer_id
        LEFT JOIN (
            SELECT line_id, sum(quantity) AS units FROM reservations WHERE demand_kind = 'TRANSFER' GROUP BY line_id
        ) AS held ON held.line_id = line.id
        WHERE coalesce(held.units, 0)
            <> CASE transfer.status WHEN 'REQUESTED' THEN line.requested - line.shipped ELSE 0 END
        """,
    ),
    Invariant(
        5,
        "a reservation for a transfer is of one of its lines, where it is sent from",
        """
        SELECT held.id FROM reservations AS held
        LEFT JOIN transfer_lines AS line ON line.id = held.line_id AND line.transfer_id = held.demand_id
        LEFT JOIN transfers AS transfer ON transfer.id = line.transfer_id
        WHERE held.demand_kind = 'TRANSFER'
          AND (held.state, held.supply_id, held.variant_id, held.location_id)
              IS DISTINCT FROM ('FIRM', NULL, line.variant_id, transfer.from_location_id)
        """,
    ),
    Invariant(
        9,
        "what a transfer shipped is what was received, written back or off, and what is on its way",
        """
        SELECT line.id, line.shipped, line.received, line.written_back, line.written_off
        FROM transfer_lines AS line
        WHERE line.shipped > line.requested OR line.received + line.written_back + line.written_off > line.shipped
        """,
    ),
    Invariant(
        9,
        "the state of a transfer is how far its lines have got",
        """
        SELECT transfer.id, transfer.status FROM transfers AS transfer
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(shipped), 0) AS shipped, coalesce(sum(received), 0) AS received,
                coalesce(sum(shipped - received - written_back - written_off), 0) AS outstanding
            FROM transfer_lines WHERE transfer_id = transfer.id
        ) AS line ON true
        WHERE NOT CASE transfer.status
                WHEN 'IN_TRANSIT' THEN received = 0 AND outstanding > 0
                WHEN 'PARTIALLY_RECEIVED' THEN received > 0 AND outstanding > 0
                WHEN 'RECEIVED' THEN shipped > 0 AND outstanding = 0
                ELSE shipped = 0 END
           OR (transfer.shipped_at IS NOT NULL) <> (shipped > 0)
           OR (transfer.closed_at IS NOT NULL) <> (transfer.status IN ('RECEIVED', 'CANCELLED'))
        """,
    ),
    Invariant(
        9,
        "what left, came and came back with a transfer is what its lines say",
        """
        SELECT transfer_id, variant_id, location_id, reason, counted.units, ledgered.units AS moved
        FROM (
            SELECT line.transfer_id, line.variant_id, said.location_id, said.reason, said.units
            FROM transfer_lines AS line JOIN transfers AS transfer ON transfer.id = line.transfer_id
            CROSS JOIN LATERAL (
                VALUES (transfer.from_location_id, 'TRANSFER_SHIPPED', -line.shipped),
                    (transfer.to_location_id, 'TRANSFER_RECEIVED', line.received),
                    (transfer.from_location_id, 'TRANSFER_WRITTEN_BACK', line.written_back)
            ) AS said (location_id, reason, units)
            WHERE said.units <> 0
        ) AS counted
        FULL JOIN (
            SELECT cause_id AS transfer_id, variant_id, location_id, reason, sum(delta) AS units
            FROM movements WHERE cause_kind = 'transfer' GROUP BY 1, 2, 3, 4
        ) AS ledgered USING (transfer_id, variant_id, location_id, reason)
        WHERE counted.units IS DISTINCT FROM ledgered.units
        """,
    ),
    Invariant(
        9,
        "what is expected from a transfer is what is still to come of its lines",
        """
        SELECT transfer_id, variant_id, location_id, line.units, supply.units AS expected
        FROM (
            SELECT line.transfer_id, line.variant_id, transfer.to_location_id AS location_id, line.received,
                CASE transfer.status WHEN 'REQUESTED' THEN line.requested ELSE
                    line.shipped - line.received - line.written_back - line.written_off END AS units
            FROM transfer_lines AS line JOIN transfers AS transfer ON transfer.id = line.transfer_id
            WHERE line.shipped > 0 OR (transfer.status = 'REQUESTED' AND transfer.expected_at IS NOT NULL)
        ) AS line
        FULL JOIN (
            SELECT transfer_id, variant_id, location_id, received, lost, closed_at, expected - received - lost AS units
            FROM supplies WHERE kind = 'TRANSFER'
        ) AS supply USING (transfer_id, variant_id, location_id)
        WHERE coalesce(line.units, 0) IS DISTINCT FROM supply.units
           OR coalesce(line.received, 0) <> supply.received
           OR (supply.closed_at IS NULL) <> (supply.units > 0)
        """,
    ),
    Invariant(
        17,
        "the last state change of a transfer is the state it is in",
        """
        SELECT transfers.id FROM transfers LEFT JOIN LATERAL (
            SELECT after FROM state_changes WHERE kind = 'transfer' AND subject_id = transfers.id ORDER BY id DESC LIMIT 1
        ) AS change ON true
        WHERE change.after IS DISTINCT FROM transfers.status
        """,
    ),
)
