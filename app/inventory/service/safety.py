"""Safety stock: rules, numbers set by hand, and the number in force on each level.

A level carries its number in force, so that nobody who sells reads rules. It is put right at once where a level is opened
or set by hand; a change of rules, categories or groups puts right what fits one small transaction, and the worker the rest.
"""

from collections.abc import Sequence
from uuid import UUID

from app.catalog import queries as catalog
from app.inventory.events import SafetyStockRuleChanged, SafetyStockUnsettled
from app.inventory.queries import levels as stock
from app.inventory.queries import safety as queries
from app.inventory.rules.safety import (
    MOST_RULES,
    SafetyScope,
    SafetyStockLine,
    SafetyStockRule,
    SafetyStockRuleInput,
    check_lines,
    check_rules,
)
from app.inventory.service.bundling import refuse_bundles
from app.kernel.db import Begin, UnitOfWork
from app.kernel.errors import Invalid, NotFound
from app.kernel.ids import SafetyStockRuleId, VariantId, new_id
from app.kernel.permissions import Permission
from app.kernel.puts import Put, PutRow, effect_of
from app.locations import queries as locations

#: Levels looked at in the transaction of a command, and in one of the worker's.
_AT_ONCE = 2_000
_IN_TURN = 10_000
#: Turns for one telling of an event, so that it ends well before its handler's time.
_TURNS = 50
_FIRST = UUID(int=0)


async def settle_safety_stock(uow: UnitOfWork, *, levels: Sequence[tuple[UUID, UUID]] | None) -> int:
    """Put the number in force on these levels, or on every level; answers on how many it was another.

    Locks: what the numbers follow from, against its writers; then the levels that change.
    """
    if levels is not None and not levels:
        return 0
    await queries.lock_sources(uow)
    return await queries.settle(uow, levels=levels)


async def set_safety_stock(uow: UnitOfWork, *, lines: Sequence[SafetyStockLine]) -> int:
    """Keep so many units of these levels from selling, whatever the rules say, or go back to the rules.

    A location that has never had the variant gets an empty level. Answers on how many levels anything changed.
    Locks: levels. Raises: Forbidden; NotFound and Invalid naming the line.
    """
    for location_id in {line.location_id for line in lines}:
        uow.actor.require(Permission.INVENTORY_ADJUST, at=location_id)
    check_lines(lines)
    if not lines:
        return 0
    await _refuse_unknown(uow, lines)
    await queries.lock_sources(uow)
    keys = sorted((line.variant_id, line.location_id) for line in lines)
    if await stock.open_levels(uow, levels=keys):
        await refuse_bundles(uow, variant_ids={line.variant_id for line in lines})
    changed = await queries.set_own(uow, lines=lines)
    await queries.settle(uow, levels=keys)
    return changed


async def put_safety_stock_rules(uow: UnitOfWork, *, rules: Sequence[SafetyStockRuleInput]) -> list[PutRow]:
    """Make rules or change their units, each by its category and group; answers one row each, in their order.

    Locks: the rules, then levels. Emits: SafetyStockRuleChanged.
    Raises: Forbidden; NotFound and Invalid naming the element.
    """
    uow.actor.require(Permission.CATALOG_WRITE)
    check_rules(rules)
    await queries.lock_rules(uow)
    await _refuse_unknown_scopes(uow, rules)
    there = await queries.list_rules(uow)
    known = {(rule.category_id, rule.group_id): rule for rule in there}
    wanted = [_wanted(uow, rule, known.get((rule.category_id, rule.group_id))) for rule in rules]
    if len(known | {(rule.category_id, rule.group_id): rule for rule in wanted}) > MOST_RULES:
        raise Invalid(f"a shop has at most {MOST_RULES} rules of safety stock", field=("rules",))
    units = {rule.id: rule.units for rule in there}
    effects = [effect_of(known=rule.id in units, changed=units.get(rule.id) != rule.units) for rule in wanted]
    changed = [rule for rule, effect in zip(wanted, effects, strict=True) if effect is not Put.UNCHANGED]
    if changed:
        await queries.upsert_rules(uow, rules=changed)
        await _changed(uow, changed)
    return [PutRow(str(rule.id), rule.id, effect) for rule, effect in zip(wanted, effects, strict=True)]


async def delete_safety_stock_rules(uow: UnitOfWork, *, rule_ids: Sequence[SafetyStockRuleId]) -> None:
    """Take rules away; what they were about follows the others.

    Locks: the rules, then levels. Emits: SafetyStockRuleChanged. Raises: Forbidden; NotFound naming the rule.
    """
    uow.actor.require(Permission.CATALOG_WRITE)
    await queries.lock_rules(uow)
    found = {rule.id: rule for rule in await queries.list_rules_by_id(uow, rule_ids=rule_ids)}
    for i, rule_id in enumerate(rule_ids):
        if rule_id not in found:
            raise NotFound("no rule has this id", field=("rules", str(i)))
    await queries.delete_rules(uow, rule_ids=list(found))
    await _changed(uow, list(found.values()))


async def settle_in_turn(begin: Begin, *, scope: SafetyScope, after: UUID = _FIRST) -> int:
    """Put right what a change may be about, in transactions of bounded size; answers how many levels that changed.

    What is right already is passed over. A scope too large for one telling of an event is gone on with in another.
    Emits: SafetyStockUnsettled with how far it came.
    """
    places = await begin.run(lambda uow: _places(uow, scope))
    total = 0
    for _ in range(_TURNS):
        start = after
        changed, last = await begin.run(lambda uow, start=start: _next_turn(uow, scope, places, start))  # type: ignore[misc]
        total += changed
        if last is None:
            return total
        after = last
    await begin.run(lambda uow: _go_on_later(uow, scope, after))
    return total


async def _next_turn(
    uow: UnitOfWork, scope: SafetyScope, places: Sequence[UUID] | None, after: UUID
) -> tuple[int, UUID | None]:
    await queries.lock_sources(uow)
    return await _settle_some(uow, scope, places, after, _IN_TURN)


async def _go_on_later(uow: UnitOfWork, scope: SafetyScope, after: UUID) -> None:
    uow.emit(
        SafetyStockUnsettled(
            run_id=new_id(),
            category_id=scope.category_id,
            product_id=scope.product_id,
            group_id=scope.group_id,
            location_id=scope.location_id,
            after_variant_id=VariantId(after),
        )
    )


async def _settle_some(
    uow: UnitOfWork, scope: SafetyScope, places: Sequence[UUID] | None, after: UUID, most: int
) -> tuple[int, UUID | None]:
    """Settle the variants behind one whose levels are about so many; answers the last of them, None behind the last of all."""
    many = await queries.count_locations(uow) if places is None else len(places)
    if not many:
        return 0, None
    size = max(1, most // many)
    variant_ids = await queries.list_variants(uow, scope=scope, after=after, most=size)
    if not variant_ids:
        return 0, None
    changed = await queries.settle_variants(uow, variant_ids=variant_ids, location_ids=places)
    return changed, variant_ids[-1] if len(variant_ids) == size else None


async def _changed(uow: UnitOfWork, rules: Sequence[SafetyStockRule]) -> None:
    """Put right at once what is little, and have the worker look at all of it."""
    for rule in rules:
        uow.emit(SafetyStockRuleChanged(rule_id=rule.id, category_id=rule.category_id, group_id=rule.group_id))
    if len(rules) == 1:
        scope = SafetyScope(category_id=rules[0].category_id, group_id=rules[0].group_id)
        await _settle_some(uow, scope, await _places(uow, scope), _FIRST, _AT_ONCE)


async def _places(uow: UnitOfWork, scope: SafetyScope) -> list[UUID] | None:
    """List the locations of a scope; None when it is every location."""
    if scope.location_id is not None:
        return [scope.location_id]
    if scope.group_id is None:
        return None
    return [member.location_id for member in await locations.list_members(uow, group_ids=[scope.group_id])]


def _wanted(uow: UnitOfWork, rule: SafetyStockRuleInput, known: SafetyStockRule | None) -> SafetyStockRule:
    return SafetyStockRule(
        id=known.id if known else SafetyStockRuleId(new_id()),
        category_id=rule.category_id,
        group_id=rule.group_id,
        units=rule.units,
        updated_at=uow.now,
    )


async def _refuse_unknown(uow: UnitOfWork, lines: Sequence[SafetyStockLine]) -> None:
    variants = {row.id for row in await catalog.list_variants(uow, variant_ids={line.variant_id for line in lines})}
    places = {row.id for row in await locations.list_locations(uow, location_ids={line.location_id for line in lines})}
    for i, line in enumerate(lines):
        if line.variant_id not in variants:
            raise NotFound("the shop does not know this variant", field=("lines", str(i), "variantId"))
        if line.location_id not in places:
            raise NotFound("the shop does not know this location", field=("lines", str(i), "locationId"))


async def _refuse_unknown_scopes(uow: UnitOfWork, rules: Sequence[SafetyStockRuleInput]) -> None:
    categories = {
        row.id
        for row in await catalog.list_categories(
            uow, category_ids={rule.category_id for rule in rules if rule.category_id is not None}
        )
    }
    groups = {
        row.id
        for row in await locations.list_groups_by_id(
            uow, group_ids={rule.group_id for rule in rules if rule.group_id is not None}
        )
    }
    for i, rule in enumerate(rules):
        if rule.category_id is not None and rule.category_id not in categories:
            raise NotFound("the shop does not know this category", field=("rules", str(i), "categoryId"))
        if rule.group_id is not None and rule.group_id not in groups:
            raise NotFound("the shop does not know this group of locations", field=("rules", str(i), "groupId"))
