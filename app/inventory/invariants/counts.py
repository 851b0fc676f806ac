"""What must never be true of counts."""

from app.kernel.audit import Invariant

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        3,
        "a posted count moved exactly what it found against what was expected",
        """
        SELECT count_id, variant_id, line.posted, moved.units FROM (
            SELECT line.count_id, line.variant_id, count.location_id, count.bucket, line.posted
            FROM count_lines AS line JOIN counts AS count ON count.id = line.count_id
            WHERE line.posted <> 0
        ) AS line
        FULL JOIN (
            SELECT cause_id AS count_id, variant_id, location_id, bucket, sum(delta) AS units
            FROM movements WHERE cause_kind = 'count' GROUP BY 1, 2, 3, 4
        ) AS moved USING (count_id, variant_id, location_id, bucket)
        WHERE line.posted IS DISTINCT FROM moved.units
        """,
    ),
    Invariant(
        3,
        "the lines of a count are posted with it, and no other way",
        """
        SELECT line.id, count.status FROM count_lines AS line JOIN counts AS count ON count.id = line.count_id
        WHERE (line.posted IS NOT NULL) <> (count.status = 'POSTED')
           OR (count.status IN ('REVIEW', 'POSTED') AND (line.counted IS NULL OR line.recount_asked))
           OR (count.status = 'CREATED' AND line.counted IS NOT NULL)
           OR (count.closed_at IS NOT NULL) <> (count.status IN ('POSTED', 'REJECTED'))
        """,
    ),
    Invariant(
        3,
        "counts have lines",
        "SELECT id FROM counts WHERE NOT EXISTS (SELECT FROM count_lines WHERE count_id = counts.id)",
    ),
    Invariant(
        17,
        "the last state change of a count is the state it is in",
        """
        SELECT count.id FROM counts AS count LEFT JOIN LATERAL (
            SELECT after FROM state_changes WHERE kind = 'count' AND subject_id = count.id
            ORDER BY id DESC LIMIT 1
        ) AS change ON true
        WHERE change.after IS DISTINCT FROM count.status
        """,
    ),
)
