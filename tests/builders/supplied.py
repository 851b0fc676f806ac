"""Who supplies whom: groups of locations, what they do for channels, lanes, safety stock and bundles of the test shop."""

from collections.abc import Mapping
from uuid import UUID

from app.catalog.rules import BundleInput, CategoryStep, ComponentInput, ProductInput, VariantInput
from app.catalog.service import put_products
from app.inventory.queries import safety as safety_queries
from app.inventory.rules.safety import SafetyStock, SafetyStockLine, SafetyStockRuleInput
from app.inventory.service import bundling, safety
from app.kernel.ids import CategoryId, LocationGroupId
from app.kernel.puts import Put
from app.locations.rules import ChannelLocationGroupInput, ChannelLocationInput, LocationGroupInput, TransferLaneInput
from app.locations.service import (
    put_channel_location_groups,
    put_channel_locations,
    put_location_groups,
    put_transfer_lanes,
)
from tests.builders.shop import CATEGORIES, LOCATIONS, VARIANTS, Shop

#: A variant at a location.
Shelf = tuple[str, str]


async def group(shop: Shop, code: str, *members: str, name: str | None = None) -> LocationGroupId:
    """Put a group with these members."""
    wanted = LocationGroupInput(code=code, name=name or code.capitalize(), locations=members)
    [row] = await shop.begin().run(lambda uow: put_location_groups(uow, groups=[wanted]))
    return LocationGroupId(row.id)


async def link_group(shop: Shop, code: str, *, ships: bool, hands_out: bool, channel: str = "web") -> Put:
    """Say what the members of a group do for a channel."""
    wanted = ChannelLocationGroupInput(channel=channel, group=code, ships=ships, hands_out=hands_out)
    [row] = await shop.begin().run(lambda uow: put_channel_location_groups(uow, links=[wanted]))
    return row.effect


async def link(shop: Shop, location: str, *, ships: bool | None, hands_out: bool | None, channel: str = "web") -> Put:
    """Say what a location itself does for a channel, or nothing with None of both."""
    wanted = ChannelLocationInput(channel=channel, location=location, ships=ships, hands_out=hands_out)
    [row] = await shop.begin().run(lambda uow: put_channel_locations(uow, links=[wanted]))
    return row.effect


async def collected_by_transfer(shop: Shop, start: str, store: str, minutes: int) -> None:
    """Let a lane lead to a store, and its pickups be promised from what comes on it."""
    wanted = TransferLaneInput(from_location=start, to_location=store, lead_minutes=minutes)
    await shop.begin().run(lambda uow: put_transfer_lanes(uow, lanes=[wanted]))
    sql = "UPDATE locations SET pickup_supply = 'TRANSFER' WHERE id = $1"
    await shop.begin().run(lambda uow: uow.execute(sql, [LOCATIONS[store]]))


async def in_force(shop: Shop) -> Mapping[str, tuple[bool, bool, bool]]:
    """Say what each location does for the web channel: ships, hands out, and whether that was said of it itself."""
    found = await shop.fetch("SELECT location_id, ships, hands_out, own FROM channel_locations")
    codes = {location_id: code for code, location_id in LOCATIONS.items()}
    return {codes[record[0]]: (record[1], record[2], record[3]) for record in found}


async def rule(shop: Shop, units: int, *, category: str | None = None, at: LocationGroupId | None = None) -> UUID:
    """Put a rule of safety stock."""
    wanted = SafetyStockRuleInput(None if category is None else CategoryId(CATEGORIES[category]), at, units)
    [row] = await shop.begin().run(lambda uow: safety.put_safety_stock_rules(uow, rules=[wanted]))
    return row.id


async def set_own(shop: Shop, wanted: Mapping[Shelf, int | None], *, by: str = "system") -> int:
    """Set safety stock of levels by hand."""
    lines = [SafetyStockLine(VARIANTS[sku], LOCATIONS[code], units) for (sku, code), units in wanted.items()]
    return await shop.begin(by).run(lambda uow: safety.set_safety_stock(uow, lines=lines))


async def kept_back(shop: Shop, sku: str, location: str) -> int:
    """Say what is in force at one level."""
    return (await safety_stock(shop, sku, location)).in_force


async def safety_stock(shop: Shop, sku: str, location: str) -> SafetyStock:
    """Read what is kept from selling of one level."""
    async with shop.database.read() as session:
        [found] = await safety_queries.list_safety_stock(session, levels=[(VARIANTS[sku], LOCATIONS[location])])
    return found


async def bundle(shop: Shop, sku: str, parts: Mapping[str, int], *, by: str = "system") -> Put:
    """Say what a variant is made of."""
    wanted = BundleInput(sku=sku, components=tuple(ComponentInput(part, units) for part, units in parts.items()))
    [row] = await shop.begin(by).run(lambda uow: bundling.put_bundles(uow, bundles=[wanted]))
    return row.effect


async def new_variant(shop: Shop, sku: str, *category: str) -> UUID:
    """Bring a variant into the shop that was never stocked; answers its id."""
    wanted = ProductInput(
        slug=sku,
        name=sku.capitalize(),
        category=tuple(CategoryStep(step, step.capitalize()) for step in category) or None,
        variants=(VariantInput(sku=sku, name=sku.capitalize()),),
    )
    await shop.begin().run(lambda uow: put_products(uow, products=[wanted]))
    [[variant_id]] = await shop.fetch("SELECT id FROM variants WHERE sku = $1", sku)
    return UUID(str(variant_id))
