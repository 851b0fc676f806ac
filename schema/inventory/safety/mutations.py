"""Mutations about what is kept from selling, and about what bundles are made of."""

from uuid import UUID

import strawberry

from app.catalog import queries as catalog
from app.catalog.rules import BundleInput, ComponentInput
from app.inventory.queries import safety as queries
from app.inventory.rules.safety import SafetyStockLine, SafetyStockRuleInput
from app.inventory.service import bundling, safety
from app.kernel.db import UnitOfWork
from app.kernel.errors import BrokenInvariant, NotFound
from app.kernel.ids import CategoryId, IdKind, LocationGroupId, SafetyStockRuleId, decode
from app.kernel.permissions import Permission
from schema.catalog.bundle_types import BundlePayload, BundlePutInput
from schema.catalog.loaders import VariantById
from schema.catalog.types import ProductVariant
from schema.core.context import Info
from schema.core.mutations import Done, perform
from schema.core.singles import single
from schema.inventory.safety.inputs import SafetyStockRuleDeleteInput, SafetyStockRulePutInput, SafetyStockSetInput
from schema.inventory.safety.types import (
    SafetyStock,
    SafetyStockPayload,
    SafetyStockRule,
    SafetyStockRuleDeletePayload,
    SafetyStockRulePayload,
)


@strawberry.type
class SafetyStockMutation:
    """Root fields that decide what of the stock is offered."""

    @strawberry.mutation
    async def safety_stock_rule_put(self, info: Info, input: SafetyStockRulePutInput) -> SafetyStockRulePayload:
        """Keep units from selling by category and group of locations. Large shops see it come into force within moments."""

        async def command(uow: UnitOfWork) -> Done:
            wanted = SafetyStockRuleInput(_category(input.category_id), _group(input.group_id), input.units)
            [row] = await single(safety.put_safety_stock_rules(uow, rules=[wanted]))
            return Done(row.id)

        outcome = await perform(info.context, "safetyStockRulePut", input, command, key=input.idempotency_key)
        ids = [] if outcome.object_id is None else [outcome.object_id]
        found = await queries.list_rules_by_id(info.context.session, rule_ids=ids) if ids else []
        return SafetyStockRulePayload(
            safety_stock_rule=SafetyStockRule.of(found[0]) if found else None, errors=outcome.errors
        )

    @strawberry.mutation
    async def safety_stock_rule_delete(
        self, info: Info, input: SafetyStockRuleDeleteInput
    ) -> SafetyStockRuleDeletePayload:
        """Take a rule of safety stock away; what it was about follows the others."""

        async def command(uow: UnitOfWork) -> Done:
            field = ("safetyStockRuleId",)
            key = SafetyStockRuleId(decode(IdKind.SAFETY_STOCK_RULE, input.safety_stock_rule_id, field=field))
            try:
                await safety.delete_safety_stock_rules(uow, rule_ids=[key])
            except NotFound as refusal:
                refusal.field = field
                raise
            return Done(key)

        outcome = await perform(info.context, "safetyStockRuleDelete", input, command, key=input.idempotency_key)
        return SafetyStockRuleDeletePayload(
            deleted_id=None if outcome.object_id is None else input.safety_stock_rule_id, errors=outcome.errors
        )

    @strawberry.mutation
    async def safety_stock_set(self, info: Info, input: SafetyStockSetInput) -> SafetyStockPayload:
        """Keep so many units of variants at locations from selling, whatever the rules say, or go back to the rules."""

        async def command(uow: UnitOfWork) -> Done:
            uow.actor.require(Permission.INVENTORY_ADJUST)
            lines = _lines(input)
            await safety.set_safety_stock(uow, lines=lines)
            # The answer is about levels, which have no id of their own.
            return Done(lines[0].variant_id if lines else UUID(int=0))

        outcome = await perform(info.context, "safetyStockSet", input, command, key=input.idempotency_key)
        if outcome.object_id is None:
            return SafetyStockPayload(safety_stocks=[], errors=outcome.errors)
        keys = [(line.variant_id, line.location_id) for line in _lines(input)]
        found = {
            (row.variant_id, row.location_id): row
            for row in await queries.list_safety_stock(info.context.session, levels=keys)
        }
        return SafetyStockPayload(safety_stocks=[SafetyStock.of(found[key]) for key in keys], errors=[])

    @strawberry.mutation
    async def bundle_put(self, info: Info, input: BundlePutInput) -> BundlePayload:
        """Say what a variant is made of. A bundle has no stock of its own: there are as many as its components make."""

        async def command(uow: UnitOfWork) -> Done:
            uow.actor.require(Permission.CATALOG_WRITE)
            [row] = await single(
                bundling.put_bundles(uow, bundles=[await _bundle(uow, input)]), renamed={"sku": "variantId"}
            )
            return Done(row.id)

        outcome = await perform(info.context, "bundlePut", input, command, key=input.idempotency_key)
        if outcome.object_id is None:
            return BundlePayload(variant=None, errors=outcome.errors)
        variant = await info.context.load(VariantById, outcome.object_id)
        if variant is None:
            raise BrokenInvariant(f"variant {outcome.object_id} is gone")
        return BundlePayload(variant=ProductVariant.of(variant, None), errors=[])


def _category(text: strawberry.ID | None) -> CategoryId | None:
    return None if text is None else CategoryId(decode(IdKind.CATEGORY, text, field=("categoryId",)))


def _group(text: strawberry.ID | None) -> LocationGroupId | None:
    return None if text is None else LocationGroupId(decode(IdKind.LOCATION_GROUP, text, field=("groupId",)))


def _lines(input: SafetyStockSetInput) -> list[SafetyStockLine]:
    return [
        SafetyStockLine(
            decode(IdKind.VARIANT, line.variant_id, field=("lines", str(i), "variantId")),
            decode(IdKind.LOCATION, line.location_id, field=("lines", str(i), "locationId")),
            line.units,
        )
        for i, line in enumerate(input.lines)
    ]


async def _bundle(uow: UnitOfWork, input: BundlePutInput) -> BundleInput:
    """Name variants by SKU, as the catalogue does. Raises: NotFound naming the first that there is not."""
    named = {("variantId",): input.variant_id} | {
        ("components", str(i), "variantId"): part.variant_id for i, part in enumerate(input.components)
    }
    keys = {field: decode(IdKind.VARIANT, text, field=field) for field, text in named.items()}
    known: dict[UUID, str] = {
        row.id: row.sku for row in await catalog.list_variants(uow, variant_ids=set(keys.values()))
    }
    for field, key in keys.items():
        if key not in known:
            raise NotFound("the shop does not know this variant", field=field)
    skus = {field: known[key] for field, key in keys.items()}
    return BundleInput(
        sku=skus["variantId",],
        components=tuple(
            ComponentInput(skus["components", str(i), "variantId"], part.quantity)
            for i, part in enumerate(input.components)
        ),
    )
