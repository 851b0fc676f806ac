"""Statements about safety stock: the rules, and the number in force on each level, which follows from them."""

from collections.abc import Collection, Sequence
from uuid import UUID

from app.inventory import models  # noqa: F401  # The statements below are about these tables.
from app.inventory.rules.safety import SafetyScope, SafetyStock, SafetyStockLine, SafetyStockRule
from app.kernel.db import UnitOfWork
from app.kernel.ids import SafetyStockRuleId
from app.kernel.sql import Session, rows, statement

#: Whoever changes what the numbers follow from locks one of these tables against writers, for which whoever settles levels
#: passes here. So a level is settled either before such a change begins, and again afterwards, or with the change in sight.
_LOCK_SOURCES = statement("LOCK TABLE locations, products, safety_stock_rules IN ROW EXCLUSIVE MODE")
#: In the same order as above, so that nobody waits in a circle.
_LOCK_OTHERS = statement("LOCK TABLE locations, products IN ROW EXCLUSIVE MODE")
_LOCK_RULES = statement("LOCK TABLE safety_stock_rules IN SHARE ROW EXCLUSIVE MODE")

_RULE = "id, category_id, group_id, units, updated_at"
_LIST_RULES = rows(f"SELECT {_RULE} FROM safety_stock_rules ORDER BY id", SafetyStockRule)
_LIST_RULES_BY_ID = rows(f"SELECT {_RULE} FROM safety_stock_rules WHERE id = ANY(:ids::uuid[])", SafetyStockRule)
_UPSERT_RULES = statement(
    """
    INSERT INTO safety_stock_rules (id, category_id, group_id, units, updated_at)
    SELECT id, category_id, group_id, units, :at::timestamptz
    FROM unnest(:ids::uuid[], :categories::uuid[], :groups::uuid[], :units::int[]) AS rule (id, category_id, group_id, units)
    ON CONFLICT (id) DO UPDATE SET units = excluded.units, updated_at = excluded.updated_at
    """
)
_DELETE_RULES = statement("DELETE FROM safety_stock_rules WHERE id = ANY(:ids::uuid[])")

_SET_OWN = statement(
    """
    WITH held AS (
        SELECT level.variant_id, level.location_id, line.units FROM levels AS level
        JOIN unnest(:variants::uuid[], :locations::uuid[], :units::int[]) AS line (variant_id, location_id, units)
            ON line.variant_id = level.variant_id AND line.location_id = level.location_id
        WHERE level.own_safety_stock IS DISTINCT FROM line.units
        ORDER BY level.variant_id, level.location_id
        FOR NO KEY UPDATE OF level
    )
    UPDATE levels AS level SET own_safety_stock = held.units FROM held
    WHERE level.variant_id = held.variant_id AND level.location_id = held.location_id
    """
)
_LIST_SAFETY_STOCK = rows(
    """
    SELECT variant_id, location_id, own_safety_stock, safety_stock FROM levels
    WHERE (variant_id, location_id) IN (SELECT * FROM unnest(:variants::uuid[], :locations::uuid[]))
    ORDER BY variant_id, location_id
    """,
    SafetyStock,
)


def _settling(which: str) -> str:
    """Write the statement that puts the number in force on levels where it is another.

    "No category" is an id that none has, and stands at the top of every category's path, further up than the root.
    """
    return f"""
        WITH RECURSIVE wanted AS (
            SELECT level.variant_id, level.location_id,
                coalesce(product.category_id, '00000000-0000-0000-0000-000000000000'::uuid) AS category_id
            FROM levels AS level
            JOIN variants AS variant ON variant.id = level.variant_id
            JOIN products AS product ON product.id = variant.product_id
            {which}
        ), here AS (
            SELECT DISTINCT category_id FROM wanted
        ), above AS (
            SELECT category_id, category_id AS above_id, 0 AS steps FROM here
            UNION ALL
            SELECT above.category_id, category.parent_id, above.steps + 1
            FROM above JOIN categories AS category ON category.id = above.above_id WHERE category.parent_id IS NOT NULL
        ), path AS (
            SELECT category_id, above_id, steps FROM above
            UNION ALL
            SELECT category_id, '00000000-0000-0000-0000-000000000000'::uuid, 1000 FROM here
        ), ruled AS (
            SELECT DISTINCT ON (place.category_id, place.location_id) place.category_id, place.location_id, rule.units
            FROM (SELECT DISTINCT category_id, location_id FROM wanted) AS place
            JOIN path ON path.category_id = place.category_id
            JOIN safety_stock_rules AS rule
                ON coalesce(rule.category_id, '00000000-0000-0000-0000-000000000000'::uuid) = path.above_id
            WHERE rule.group_id IS NULL
               OR EXISTS (
                   SELECT FROM location_group_members AS member
                   WHERE member.group_id = rule.group_id AND member.location_id = place.location_id
               )
            ORDER BY place.category_id, place.location_id, path.steps, rule.units DESC
        ), held AS (
            SELECT level.variant_id, level.location_id, coalesce(level.own_safety_stock, ruled.units, 0) AS units
            FROM wanted
            JOIN levels AS level ON level.variant_id = wanted.variant_id AND level.location_id = wanted.location_id
            LEFT JOIN ruled ON ruled.category_id = wanted.category_id AND ruled.location_id = wanted.location_id
            WHERE level.safety_stock <> coalesce(level.own_safety_stock, ruled.units, 0)
            ORDER BY level.variant_id, level.location_id
            FOR NO KEY UPDATE OF level
        )
        UPDATE levels AS level SET safety_stock = held.units FROM held
        WHERE level.variant_id = held.variant_id AND level.location_id = held.location_id
    """


_SETTLE = statement(
    _settling(
        "JOIN unnest(:variants::uuid[], :locations::uuid[]) AS named (variant_id, location_id)"
        " ON named.variant_id = level.variant_id AND named.location_id = level.location_id"
    )
)
_SETTLE_EVERYWHERE = statement(_settling("WHERE level.variant_id = ANY(:variants::uuid[])"))
_SETTLE_AT = statement(
    _settling("WHERE level.variant_id = ANY(:variants::uuid[]) AND level.location_id = ANY(:locations::uuid[])")
)
_SETTLE_ALL = statement(_settling(""))

_LIST_VARIANTS = rows("SELECT id FROM variants WHERE id > :after ORDER BY id LIMIT :most", UUID)
_LIST_VARIANTS_OF_PRODUCT = rows(
    "SELECT id FROM variants WHERE product_id = :product_id AND id > :after ORDER BY id LIMIT :most", UUID
)
_LIST_VARIANTS_BELOW = rows(
    """
    WITH RECURSIVE below AS (
        SELECT id FROM categories WHERE id = :category_id
        UNION ALL
        SELECT child.id FROM categories AS child JOIN below ON child.parent_id = below.id
    )
    SELECT variant.id FROM below
    JOIN products AS product ON product.category_id = below.id
    JOIN variants AS variant ON variant.product_id = product.id
    WHERE variant.id > :after ORDER BY variant.id LIMIT :most
    """,
    UUID,
)
_COUNT_LOCATIONS = rows("SELECT count(*)::int FROM locations", int)


async def lock_rules(uow: UnitOfWork) -> None:
    """Keep others from changing any rule, or settling a level by the old ones, until this unit of work ends."""
    await _LOCK_OTHERS.run(uow)
    await _LOCK_RULES.run(uow)


async def lock_sources(uow: UnitOfWork) -> None:
    """Keep others from changing what the numbers in force follow from until this unit of work ends."""
    await _LOCK_SOURCES.run(uow)


async def list_rules(session: Session) -> list[SafetyStockRule]:
    """List every rule, the oldest first."""
    return await _LIST_RULES.all(session)


async def list_rules_by_id(session: Session, *, rule_ids: Collection[UUID]) -> list[SafetyStockRule]:
    """List these rules."""
    return await _LIST_RULES_BY_ID.all(session, ids=list(rule_ids))


async def upsert_rules(uow: UnitOfWork, *, rules: Sequence[SafetyStockRule]) -> None:
    """Write these rules; of one that is there, the units."""
    await _UPSERT_RULES.run(
        uow,
        ids=[rule.id for rule in rules],
        categories=[rule.category_id for rule in rules],
        groups=[rule.group_id for rule in rules],
        units=[rule.units for rule in rules],
        at=uow.now,
    )


async def delete_rules(uow: UnitOfWork, *, rule_ids: Collection[SafetyStockRuleId]) -> None:
    """Take rules away."""
    await _DELETE_RULES.run(uow, ids=list(rule_ids))


async def set_own(uow: UnitOfWork, *, lines: Sequence[SafetyStockLine]) -> int:
    """Write what is set by hand on levels, in the order of their locks; answers on how many it was another number."""
    return await _SET_OWN.run(
        uow,
        variants=[line.variant_id for line in lines],
        locations=[line.location_id for line in lines],
        units=[line.units for line in lines],
    )


async def list_safety_stock(session: Session, *, levels: Sequence[tuple[UUID, UUID]]) -> list[SafetyStock]:
    """Say what is kept from selling of these levels."""
    return await _LIST_SAFETY_STOCK.all(
        session, variants=[level[0] for level in levels], locations=[level[1] for level in levels]
    )


async def settle(uow: UnitOfWork, *, levels: Sequence[tuple[UUID, UUID]] | None) -> int:
    """Put the number in force on these levels, or on all; locks those that change, and answers how many they were."""
    if levels is None:
        return await _SETTLE_ALL.run(uow)
    return await _SETTLE.run(uow, variants=[level[0] for level in levels], locations=[level[1] for level in levels])


async def settle_variants(
    uow: UnitOfWork, *, variant_ids: Collection[UUID], location_ids: Collection[UUID] | None
) -> int:
    """Put the number in force on all levels of these variants, or on those at these locations; answers how many changed."""
    if location_ids is None:
        return await _SETTLE_EVERYWHERE.run(uow, variants=list(variant_ids))
    return await _SETTLE_AT.run(uow, variants=list(variant_ids), locations=list(location_ids))


async def list_variants(session: Session, *, scope: SafetyScope, after: UUID, most: int) -> list[UUID]:
    """List variants of a scope behind one, in the order of their ids."""
    if scope.product_id is not None:
        return await _LIST_VARIANTS_OF_PRODUCT.all(session, product_id=scope.product_id, after=after, most=most)
    if scope.category_id is not None:
        return await _LIST_VARIANTS_BELOW.all(session, category_id=scope.category_id, after=after, most=most)
    return await _LIST_VARIANTS.all(session, after=after, most=most)


async def count_locations(session: Session) -> int:
    """Count the locations that a variant may have levels at."""
    return await _COUNT_LOCATIONS.one(session)
