"""Puts the demo shop into a database, through the commands that everybody uses, in one transaction.

Putting it there again changes nothing: what is there is compared, and stock and passwords that are there are left alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from app.catalog import queries as catalog_queries
from app.catalog import service as catalog
from app.catalog.rules import (
    AttributeInput,
    CategoryInput,
    CategoryStep,
    CollectionInput,
    MediaInput,
    ProductInput,
    VariantInput,
)
from app.channels import queries as channels_queries
from app.channels import service as channels
from app.channels.rules import ChannelInput
from app.customers import service as customers
from app.customers.rules import NewAddress, NewCustomer
from app.delivery import service as delivery
from app.delivery.rules import DeliveryOptionInput
from app.demo import queries
from app.demo.content import ShopContent
from app.demo.content.catalogue import AttributeValue, Category, Product
from app.identity import service as identity
from app.identity.queries import LogIn
from app.identity.rules.roles import Role
from app.inventory import queries as inventory_queries
from app.inventory import service as inventory
from app.inventory.rules import StockLine
from app.inventory.states import MovementReason
from app.kernel.db import Begin, UnitOfWork
from app.kernel.errors import Conflict
from app.kernel.ids import ChannelId, UserId
from app.kernel.permissions import Permission
from app.kernel.puts import Put, PutRow
from app.locations import queries as locations_queries
from app.locations import service as locations
from app.locations.rules import (
    ChannelLocationInput,
    LocationGroupInput,
    LocationInput,
    Opening,
    StaffLocationsInput,
    TransferLaneInput,
)
from app.pricing import service as pricing
from app.pricing.rules import PriceInput, PriceListInput
from app.promotions import service as promotions
from app.promotions.rules import PromotionInput
from app.tax import service as tax
from app.tax.rules import TaxRateInput

ItemT = TypeVar("ItemT")
Progress = Callable[[str, int, int], None]
"""Told what is being put, and how many of how many steps are done."""

_PRODUCTS_AT_ONCE = 50


class OtherData(Conflict):
    """The database holds a shop that is not the demo's."""


@dataclass(frozen=True, slots=True)
class Seeded:
    """What seeding did: rows that are new, and rows that were changed back to what they were."""

    inserted: int
    updated: int

    @property
    def is_change(self) -> bool:
        """Say whether anything is different from before."""
        return bool(self.inserted or self.updated)


class _Tally:
    """Counts what becomes of rows, and tells how far seeding has come."""

    def __init__(self, progress: Progress, steps: int) -> None:
        self._progress = progress
        self._steps = steps
        self._done = 0
        self.effects: list[Put] = []

    def begin(self, what: str) -> None:
        """Tell what comes now."""
        self._progress(what, self._done, self._steps)
        self._done += 1

    def count(self, put: Sequence[PutRow]) -> dict[str, UUID]:
        """Count rows that were put; answers their ids by key."""
        self.effects.extend(row.effect for row in put)
        return {row.key: row.id for row in put}


async def seed(
    begin: Begin,
    content: ShopContent,
    *,
    password_hash: str,
    force: bool = False,
    progress: Progress = lambda _what, _done, _of: None,
) -> Seeded:
    """Open the demo shop: places, goods, prices, stock, people and terms, all of it or nothing.

    All demo log-ins share one password, hashed by the caller. With `force` the demo shop goes beside another one, which
    keeps its default channel. Raises: Forbidden; OtherData when there is another shop.
    """

    async def work(uow: UnitOfWork) -> Seeded:
        uow.actor.require(Permission.SHOP_ADMINISTER)
        await queries.lock_seeding(uow)
        found = await queries.survey(uow)
        if not (force or found.is_empty or found.is_demo):
            message = f"this database has a shop that is not the demo's: {found.told()}; `stoa seed --force` puts the demo shop beside it"
            raise OtherData(message)
        products = content.products
        chunks = [products[first : first + _PRODUCTS_AT_ONCE] for first in range(0, len(products), _PRODUCTS_AT_ONCE)]
        tally = _Tally(progress, steps=len(chunks) + 5)
        tally.begin("places")
        opened_at = await _opened_at(uow, content)
        channel_ids = await _put_places(uow, content, tally)
        tally.begin("categories")
        await _put_categories(uow, content.categories, tally)
        for number, chunk in enumerate(chunks):
            tally.begin(f"products {number * _PRODUCTS_AT_ONCE + 1}-{number * _PRODUCTS_AT_ONCE + len(chunk)}")
            await _put_products(uow, content, chunk, opened_at, tally)
        tally.begin("stock")
        await _put_stock(uow, content, tally)
        tally.begin("people")
        await _put_people(uow, content, password_hash, tally)
        tally.begin("terms")
        await _put_terms(uow, content, channel_ids, opened_at)
        progress("done", len(chunks) + 5, len(chunks) + 5)
        return Seeded(tally.effects.count(Put.INSERTED), tally.effects.count(Put.UPDATED))

    return await begin.run(work)


async def _opened_at(uow: UnitOfWork, content: ShopContent) -> datetime:
    """Say when the shop was first seeded, which is what ages and promotions count from; now, if it has not been."""
    known = await locations_queries.list_locations_by_code(uow, codes=[content.places[0].code])
    return known[0].created_at if known else uow.now


async def _put_places(uow: UnitOfWork, content: ShopContent, tally: _Tally) -> Mapping[str, ChannelId]:
    others = {channel.code for channel in await channels_queries.list_channels(uow) if channel.is_default}
    others -= {channel.code for channel in content.channels}
    put = await channels.put_channels(
        uow,
        channels=[
            ChannelInput(
                code=channel.code,
                name=channel.name,
                currency=channel.currency,
                tax_included=channel.tax_included,
                countries=channel.countries,
                # A shop that was here before goes on being what callers get who name no channel.
                is_default=channel.is_default and not others,
                display_cap=channel.display_cap,
                threshold=channel.threshold,
                reservation_ttl_seconds=channel.reservation_ttl_seconds,
                return_window_days=channel.return_window_days,
            )
            for channel in content.channels
        ],
    )
    tally.count(put)
    opened = await locations.put_locations(
        uow,
        locations=[
            LocationInput(
                code=place.code,
                name=place.name,
                kind=place.kind,
                timezone=place.timezone,
                address=place.address,
                latitude=place.latitude,
                longitude=place.longitude,
                pickup_enabled=place.pickup_enabled,
                pickup_lead_minutes=place.pickup_lead_minutes,
                pickup_slot_capacity=place.pickup_slot_capacity,
                pickup_hold_days=place.pickup_hold_days,
                pickup_supply=place.pickup_supply,
                hours=tuple(Opening(entry.day, entry.opens_minute, entry.closes_minute) for entry in place.hours),
            )
            for place in content.places
        ],
    )
    tally.count(opened)
    groups = [
        LocationGroupInput(code=group.code, name=group.name, locations=group.location_codes) for group in content.groups
    ]
    tally.count(await locations.put_location_groups(uow, groups=groups))
    lanes = [
        TransferLaneInput(from_location=lane.from_code, to_location=lane.to_code, lead_minutes=lane.lead_minutes)
        for lane in content.lanes
    ]
    tally.count(await locations.put_transfer_lanes(uow, lanes=lanes))
    links = await locations.put_channel_locations(
        uow,
        links=[
            ChannelLocationInput(
                channel=channel.code,
                location=place.code,
                ships=place.code in channel.ships,
                hands_out=place.code in channel.hands_out,
            )
            for channel in content.channels
            for place in content.places
        ],
    )
    tally.count(links)
    price_list = content.price_list
    lists = await pricing.put_price_lists(
        uow,
        price_lists=[
            PriceListInput(
                code=price_list.code, name=price_list.name, currency=price_list.currency, channels=price_list.channels
            )
        ],
    )
    tally.count(lists)
    return {row.key: ChannelId(row.id) for row in put}


async def _put_categories(uow: UnitOfWork, categories: Sequence[Category], tally: _Tally) -> None:
    tally.count(
        await catalog.put_categories(
            uow,
            categories=[
                CategoryInput(slug=row.slug, name=row.name, parent_slug=row.parent_slug, position=row.position)
                for row in categories
            ],
        )
    )


async def _put_products(
    uow: UnitOfWork, content: ShopContent, products: Sequence[Product], opened_at: datetime, tally: _Tally
) -> None:
    categories = {category.slug: category for category in content.categories}
    collections_of: dict[str, list[CollectionInput]] = {}
    for collection in content.collections:
        for slug in collection.product_slugs:
            collections_of.setdefault(slug, []).append(CollectionInput(collection.slug, collection.name))
    put = await catalog.put_products(
        uow,
        products=[
            ProductInput(
                slug=product.slug,
                name=product.name,
                description=product.description,
                category=_path(categories, product.category_slug),
                collections=tuple(collections_of.get(product.slug, ())),
                attributes=_attributes(product.attributes),
                media=tuple(MediaInput(picture.url, picture.alt) for picture in product.media),
                variants=tuple(
                    VariantInput(sku=row.sku, name=row.name, gtin=row.gtin, options=_attributes(row.options))
                    for row in product.variants
                ),
                created_at=opened_at - timedelta(days=product.days_old),
            )
            for product in products
        ],
    )
    tally.count(put)
    prices = [
        PriceInput(row.sku, row.price_minor, row.list_price_minor) for product in products for row in product.variants
    ]
    tally.count(await pricing.put_prices(uow, price_list=content.price_list.code, prices=prices))


async def _put_stock(uow: UnitOfWork, content: ShopContent, tally: _Tally) -> None:
    """Fill the shelves that do not exist yet. What has been sold since is not put back."""
    variants = await catalog_queries.list_variants_by_sku(uow, skus=list({level.sku for level in content.levels}))
    places = {
        row.code: row
        for row in await locations_queries.list_locations_by_code(uow, codes=[row.code for row in content.places])
    }
    known = await inventory_queries.list_levels(uow, variant_ids=[variant.id for variant in variants.values()])
    there = {(level.variant_id, level.location_id) for level in known}
    lines = [
        StockLine(variants[level.sku].id, places[level.location_code].id, level.quantity)
        for level in content.levels
        if (variants[level.sku].id, places[level.location_code].id) not in there
    ]
    if lines:
        await inventory.set_levels(uow, lines=lines, reason=MovementReason.OPENING)
    tally.effects.extend([Put.INSERTED] * len(lines))


async def _put_people(uow: UnitOfWork, content: ShopContent, password_hash: str, tally: _Tally) -> None:
    known = await queries.list_known_emails(uow, emails=[login.email for login in content.log_ins])
    new = [login for login in content.log_ins if login.email not in known]
    ids: Mapping[str, UserId] = {}
    if new:
        ids = await identity.put_users(
            uow,
            log_ins=[
                LogIn(
                    email=login.email,
                    password_hash=password_hash,
                    roles=tuple(Role(role) for role in login.roles),
                    every_location=login.every_location,
                    demo=True,
                )
                for login in new
            ],
        )
        staff = [
            StaffLocationsInput(user_id=ids[login.email], locations=login.location_codes)
            for login in new
            if login.location_codes
        ]
        await locations.put_staff_locations(uow, staff=staff)
        tally.effects.extend([Put.INSERTED] * len(new))
    # Whoever has a log-in is linked to it once, when it is made; the others are known by their e-mail address or phone.
    await customers.put_customers(
        uow,
        customers=[
            NewCustomer(
                email=customer.email,
                phone=customer.phone,
                first_name=customer.first_name,
                last_name=customer.last_name,
                user_id=ids.get(customer.email or ""),
                addresses=tuple(
                    NewAddress(entry.address, entry.default_shipping, entry.default_billing)
                    for entry in customer.addresses
                ),
            )
            for customer in content.customers
        ],
    )


async def _put_terms(
    uow: UnitOfWork, content: ShopContent, channel_ids: Mapping[str, ChannelId], opened_at: datetime
) -> None:
    for code, channel_id in channel_ids.items():
        await delivery.put_delivery_options(
            uow,
            channel_id=channel_id,
            options=[
                DeliveryOptionInput(
                    code=option.code,
                    name=option.name,
                    method=option.method,
                    price_minor=option.price_minor,
                    free_from_minor=option.free_from_minor,
                    countries=option.countries,
                    min_days=option.min_days,
                    max_days=option.max_days,
                    position=option.position,
                )
                for option in content.delivery_options
                if option.channel == code
            ],
        )
        await tax.put_tax_rates(
            uow,
            channel_id=channel_id,
            rates=[
                TaxRateInput(country=rate.country, name=rate.name, rate_basis_points=rate.rate_basis_points)
                for rate in content.tax_rates
                if rate.channel == code
            ],
        )
        await promotions.put_promotions(
            uow,
            channel_id=channel_id,
            promotions=[
                PromotionInput(
                    name=row.name,
                    code=row.code,
                    kind=row.kind,
                    percent=row.percent,
                    amount_minor=row.amount_minor,
                    from_subtotal_minor=row.from_subtotal_minor,
                    starts_at=opened_at,
                )
                for row in content.promotions
                if row.channel == code
            ],
        )


def _path(categories: Mapping[str, Category], slug: str) -> tuple[CategoryStep, ...]:
    """Walk from a category up to the root, and answer the way down."""
    steps: list[CategoryStep] = []
    category: Category | None = categories[slug]
    while category is not None:
        steps.append(CategoryStep(category.slug, category.name))
        category = categories[category.parent_slug] if category.parent_slug is not None else None
    return tuple(reversed(steps))


def _attributes(values: Sequence[AttributeValue]) -> tuple[AttributeInput, ...]:
    return tuple(AttributeInput(value.code, value.name, value.value_code, value.label) for value in values)
