"""A small shop, the same in every run: one channel, a warehouse, three stores, five products, and people.

| variant | price | warehouse | camden | soho | leeds |
|---|---|---|---|---|---|
| mug | 12.00 | 10 | 5 | 3 | |
| tee-s, tee-m, tee-l | 20.00 (list 25.00) | 20 | 4 | | 4 |
| lamp | 45.00 | 5 | | 2 | 2 |
| tent | 120.00 | 1 | | | |
| kettle | 30.00 | | | | |

Prices include 20 % VAT (IE: 23 %). Standard delivery costs 4.99 and nothing from 50.00; express costs 9.99. Codes:
WELCOME10 takes 10 % off, FREESHIP frees delivery. Camden and Soho hand out pickups, Leeds sells over the counter alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy import Table

from app.catalog import models as catalog
from app.channels import models as channels
from app.customers import models as customers
from app.delivery import models as delivery
from app.delivery.states import DeliveryMethod
from app.identity import models as identity
from app.identity.gateways.argon2id import Argon2id
from app.identity.rules.roles import Role, actor_of
from app.identity.rules.terms import PasswordCost, TokenTerms
from app.identity.rules.tokens import AccessTokens
from app.inventory.models import stock as inventory
from app.inventory.states import Bucket, MovementReason
from app.kernel.actor import SYSTEM, Actor
from app.kernel.address import Address
from app.kernel.db import Begin, Database, prepare_connection
from app.kernel.ids import ChannelId, CustomerId, IdKind, LocationId, ProductId, UserId, VariantId, encode
from app.locations import models as locations
from app.locations.states import LocationKind
from app.pricing import models as pricing
from app.promotions import models as promotions
from app.promotions.states import PromotionKind
from app.settings import Settings
from app.tax import models as tax
from tests.builders.clock import OPENING
from tests.builders.patience import PATIENCE_SECONDS

SECRET: Final = "the tests of this shop have no secrets from anybody"
KEYS: Final = Settings.from_environment({"STOA_ENV": "test", "STOA_SECRET": SECRET}).keys
PASSWORD: Final = "correct horse battery staple"
_FOUNDED: Final = OPENING - timedelta(days=30)
_BUILDINGS: Final = ("warehouse", "camden", "soho", "leeds")

Row = dict[str, Any]


def settings(dsn: str, **variables: str) -> Settings:
    """Choose what a test server runs with; `variables` are names of the environment."""
    usual = {"STOA_ENV": "test", "STOA_SECRET": SECRET, "STOA_OPERATION_SECONDS": str(PATIENCE_SECONDS)}
    return Settings.from_environment({**usual, "DATABASE_URL": dsn, **variables})


def fixed_id(kind: int, number: int) -> UUID:
    """Make the id that the same thing has in every run: a UUIDv7 of the day the shop was founded."""
    milliseconds = int(_FOUNDED.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | 7 << 76 | kind << 64 | 2 << 62 | number)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a log-in, a place of work, or a customer record."""

    name: str
    user_id: UserId
    roles: tuple[Role, ...]
    works_at: tuple[str, ...] = ()
    every_location: bool = False
    customer_id: CustomerId | None = None

    @property
    def email(self) -> str:
        """Their e-mail address; everybody's password is PASSWORD."""
        return f"{self.name}@shop.test"


def _people() -> dict[str, Person]:
    def person(number: int, name: str, role: Role, **more: Any) -> Person:
        return Person(name=name, user_id=UserId(fixed_id(1, number)), roles=(role,), **more)

    people = (
        person(1, "ada", Role.SHOPPER, customer_id=CustomerId(fixed_id(2, 1))),
        person(2, "bob", Role.SHOPPER, customer_id=CustomerId(fixed_id(2, 2))),
        person(3, "associate", Role.ASSOCIATE, works_at=("camden",)),
        person(4, "other_associate", Role.ASSOCIATE, works_at=("soho",)),
        person(5, "picker", Role.ASSOCIATE, works_at=("warehouse",)),
        person(6, "manager", Role.STORE_MANAGER, works_at=("camden",)),
        person(7, "service", Role.CUSTOMER_SERVICE, every_location=True),
        person(8, "operator", Role.OPERATIONS, every_location=True),
        person(9, "merchandiser", Role.MERCHANDISER, every_location=True),
        person(10, "integration", Role.INTEGRATION, every_location=True),
        person(11, "admin", Role.ADMIN, every_location=True),
    )
    return {person.name: person for person in people}


PEOPLE: Final[Mapping[str, Person]] = MappingProxyType(_people())
CHANNEL_ID: Final = ChannelId(fixed_id(3, 1))
LOCATIONS: Final[Mapping[str, LocationId]] = MappingProxyType(
    {code: LocationId(fixed_id(4, number)) for number, code in enumerate(_BUILDINGS, start=1)}
)
_PRODUCTS: Final = ("mug", "tee", "lamp", "tent", "kettle")
PRODUCTS: Final[Mapping[str, ProductId]] = MappingProxyType(
    {slug: ProductId(fixed_id(5, number)) for number, slug in enumerate(_PRODUCTS, start=1)}
)
#: Variant: its product, its price, its list price, and the units at each building.
_VARIANTS: Final[Mapping[str, tuple[str, int, int | None, tuple[int, int, int, int]]]] = MappingProxyType(
    {
        "mug": ("mug", 1200, None, (10, 5, 3, 0)),
        "tee-s": ("tee", 2000, 2500, (20, 4, 0, 4)),
        "tee-m": ("tee", 2000, 2500, (20, 4, 0, 4)),
        "tee-l": ("tee", 2000, 2500, (20, 4, 0, 4)),
        "lamp": ("lamp", 4500, None, (5, 0, 2, 2)),
        "tent": ("tent", 12000, None, (1, 0, 0, 0)),
        "kettle": ("kettle", 3000, None, (0, 0, 0, 0)),
    }
)
VARIANTS: Final[Mapping[str, VariantId]] = MappingProxyType(
    {sku: VariantId(fixed_id(6, number)) for number, sku in enumerate(_VARIANTS, start=1)}
)
CATEGORIES: Final[Mapping[str, UUID]] = MappingProxyType(
    {slug: fixed_id(7, number) for number, slug in enumerate(("home", "kitchen", "clothing", "outdoors"), start=1)}
)
COLLECTION_ID: Final = fixed_id(8, 1)
PRICE_LIST_ID: Final = fixed_id(9, 1)
DELIVERY_OPTIONS: Final[Mapping[str, UUID]] = MappingProxyType(
    {code: fixed_id(10, number) for number, code in enumerate(("standard", "express", "pickup", "counter"), start=1)}
)
ADA_AT_HOME: Final = Address(
    line1="1 Analytical Row", city="London", country="GB", first_name="Ada", last_name="Byron", postal_code="N1 9ZZ"
)


class Shop:
    """The furnished shop, by the names that its tests use."""

    channel = "web"
    channel_id = CHANNEL_ID
    locations = LOCATIONS
    products = PRODUCTS
    variants = VARIANTS
    people = PEOPLE
    password = PASSWORD
    home = ADA_AT_HOME

    def __init__(self, database: Database) -> None:
        self.database = database
        self._tokens = AccessTokens(KEYS, TokenTerms())

    def actor(self, name: str) -> Actor:
        """Act as somebody: a person's name, or "system"."""
        if name == "system":
            return SYSTEM
        person = PEOPLE[name]
        return actor_of(
            user_id=person.user_id,
            roles=person.roles,
            customer_id=person.customer_id,
            every_location=person.every_location,
            staff_locations=frozenset(LOCATIONS[code] for code in person.works_at),
        )

    def begin(self, name: str = "system") -> Begin:
        """Begin units of work as somebody."""
        return self.database.begin(self.actor(name))

    def token(self, name: str) -> str:
        """Issue somebody an access token that holds from now on, by the test's clock."""
        person = PEOPLE[name]
        token, _ = self._tokens.issue(
            user_id=person.user_id,
            roles=person.roles,
            customer_id=person.customer_id,
            every_location=person.every_location,
            now=self.database.now(),
        )
        return token

    def variant_ref(self, sku: str) -> str:
        """Write a variant's id as clients see it."""
        return encode(IdKind.VARIANT, VARIANTS[sku])

    def product_ref(self, slug: str) -> str:
        """Write a product's id as clients see it."""
        return encode(IdKind.PRODUCT, PRODUCTS[slug])

    def location_ref(self, code: str) -> str:
        """Write a location's id as clients see it."""
        return encode(IdKind.LOCATION, LOCATIONS[code])

    def opening_stock(self, sku: str, location: str | None = None) -> int:
        """Say how many units there were on the first morning, at one location or in all."""
        units = dict(zip(_BUILDINGS, _VARIANTS[sku][3], strict=True))
        return sum(units.values()) if location is None else units[location]

    async def available(self, sku: str, location: str | None = None) -> int:
        """Count the units that are neither promised nor held now, at one location or in all."""
        return await self._count("sellable - soft - firm", sku, location)

    async def on_hand(self, sku: str, location: str | None = None) -> int:
        """Count the units that are physically there now, at one location or in all."""
        return await self._count("sellable + damaged + quality", sku, location)

    async def fetch(self, sql: str, *args: object) -> list[Any]:
        """Look into the database directly, where a test has to see what no door shows."""
        async with self.database.read() as session:
            return await session.fetch(sql, args)

    async def _count(self, units: str, sku: str, location: str | None) -> int:
        chosen = list(LOCATIONS.values()) if location is None else [LOCATIONS[location]]
        sql = f"SELECT coalesce(sum({units}), 0)::int FROM levels WHERE variant_id = $1 AND location_id = ANY($2)"
        [[count]] = await self.fetch(sql, VARIANTS[sku], chosen)
        return int(count)


async def furnish(dsn: str) -> None:
    """Write the whole shop into a migrated database."""
    connection = await asyncpg.connect(dsn)
    await prepare_connection(connection)
    try:
        async with connection.transaction():
            for table, rows in (*_places(), *await _logins(), *_goods(), *_terms(), *_stock()):
                columns = list(rows[0])
                values = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
                sql = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({values})"
                await connection.executemany(sql, [[row[column] for column in columns] for row in rows])
    finally:
        await connection.close()


def _places() -> list[tuple[Table, list[Row]]]:
    channel: Row = {
        "id": CHANNEL_ID, "code": "web", "name": "Web", "currency": "GBP", "tax_included": True,
        "countries": ["GB", "IE"], "is_default": True, "display_cap": None, "threshold": 0,
        "reservation_ttl_seconds": 600, "return_window_days": 30,
    }  # fmt: skip
    buildings: list[tuple[str, LocationKind, str, str, float, float, bool]] = [
        ("warehouse", LocationKind.WAREHOUSE, "Daventry", "NN11 9ZZ", 52.2567, -1.1650, False),
        ("camden", LocationKind.STORE, "London", "NW1 9ZZ", 51.5390, -0.1426, True),
        ("soho", LocationKind.STORE, "London", "W1F 9ZZ", 51.5136, -0.1365, True),
        ("leeds", LocationKind.STORE, "Leeds", "LS1 9ZZ", 53.7997, -1.5492, False),
    ]
    places: list[Row] = [
        {
            "id": LOCATIONS[code], "code": code, "name": code.capitalize(), "kind": kind.value,
            "address": Address(line1=f"1 {code.capitalize()} Road", city=city, country="GB", postal_code=code_).to_json(),
            "latitude": latitude, "longitude": longitude, "timezone": "Europe/London", "pickup_enabled": pickup,
            "pickup_lead_minutes": 120, "pickup_slot_capacity": 2, "pickup_hold_days": 7, "created_at": _FOUNDED,
        }
        for code, kind, city, code_, latitude, longitude, pickup in buildings
    ]  # fmt: skip
    hours: list[Row] = [
        # Nine to six, and on Sundays from eleven to five.
        {"location_id": location_id, "day": day, "opens_minute": opens, "closes_minute": closes}
        for location_id in LOCATIONS.values()
        for day, opens, closes in [*((day, 540, 1080) for day in range(6)), (6, 660, 1020)]
    ]
    links: list[Row] = [
        {"channel_id": CHANNEL_ID, "location_id": location_id, "ships": True, "hands_out": code != "warehouse"}
        for code, location_id in LOCATIONS.items()
    ]
    return [
        (channels.channels, [channel]),
        (locations.locations, places),
        (locations.opening_hours, hours),
        (locations.channel_locations, links),
    ]


async def _logins() -> list[tuple[Table, list[Row]]]:
    password_hash = await Argon2id(PasswordCost.CHEAPEST).hash(PASSWORD)
    users: list[Row] = [
        {
            "id": person.user_id, "email": person.email, "password_hash": password_hash,
            "roles": [role.value for role in person.roles], "every_location": person.every_location,
            "customer_id": person.customer_id, "demo": False, "created_at": _FOUNDED,
        }
        for person in PEOPLE.values()
    ]  # fmt: skip
    buyers: list[Row] = [
        {
            "id": person.customer_id, "user_id": person.user_id, "email": person.email,
            "first_name": person.name.capitalize(), "last_name": "Byron" if person.name == "ada" else "Cratchit",
            "created_at": _FOUNDED,
        }
        for person in PEOPLE.values()
        if person.customer_id is not None
    ]  # fmt: skip
    home: Row = {
        "id": fixed_id(11, 1), "customer_id": PEOPLE["ada"].customer_id, "address": ADA_AT_HOME.to_json(),
        "default_shipping": True, "default_billing": True, "created_at": _FOUNDED,
    }  # fmt: skip
    work: list[Row] = [
        {"user_id": person.user_id, "location_id": LOCATIONS[code]}
        for person in PEOPLE.values()
        for code in person.works_at
    ]
    return [
        (identity.users, users),
        (customers.customers, buyers),
        (customers.customer_addresses, [home]),
        (locations.staff_locations, work),
    ]


def _goods() -> list[tuple[Table, list[Row]]]:
    parents = {"home": None, "kitchen": "home", "clothing": None, "outdoors": None}
    categories: list[Row] = [
        {
            "id": CATEGORIES[slug], "slug": slug, "name": slug.capitalize(),
            "parent_id": CATEGORIES[parent] if parent else None, "position": position,
        }
        for position, (slug, parent) in enumerate(parents.items())
    ]  # fmt: skip
    described = {
        "mug": ("Stoneware Mug", "A sturdy mug for running late.", "blue kitchen", "kitchen"),
        "tee": ("Organic Tee", "A plain shirt of organic cotton.", "white clothing S M L", "clothing"),
        "lamp": ("Desk Lamp", "Light where it is needed.", "blue home", "home"),
        "tent": ("Two-Person Tent", None, "green outdoors", "outdoors"),
        "kettle": ("Whistling Kettle", None, "red kitchen", "kitchen"),
    }
    products: list[Row] = [
        {
            "id": PRODUCTS[slug], "slug": slug, "name": name, "description": description, "keywords": keywords,
            "category_id": CATEGORIES[category], "created_at": _FOUNDED + timedelta(days=number),
            "updated_at": _FOUNDED + timedelta(days=number),
        }
        for number, (slug, (name, description, keywords, category)) in enumerate(described.items())
    ]  # fmt: skip
    colors = {"mug": "blue", "tee": "white", "lamp": "blue", "tent": "green", "kettle": "red"}
    labels = [("color", color) for color in ("blue", "white", "green", "red")] + [("size", s) for s in ("s", "m", "l")]
    variants: list[Row] = []
    prices: list[Row] = []
    options: list[Row] = []
    for sku, (slug, price, list_price, _) in _VARIANTS.items():
        size = sku.partition("-")[2]
        variants.append(
            {
                "id": VARIANTS[sku], "product_id": PRODUCTS[slug], "sku": sku, "gtin": None,
                "name": size.upper() or described[slug][0], "position": "sml".index(size) if size else 0,
            }
        )  # fmt: skip
        prices.append(
            {
                "price_list_id": PRICE_LIST_ID, "variant_id": VARIANTS[sku], "amount_minor": price,
                "list_amount_minor": list_price,
            }
        )  # fmt: skip
        if size:
            options.append({"variant_id": VARIANTS[sku], "attribute_code": "size", "value_code": size, "position": 0})
    return [
        (catalog.categories, categories),
        (catalog.collections, [{"id": COLLECTION_ID, "slug": "gifts", "name": "Gifts"}]),
        (catalog.products, products),
        (
            catalog.collection_products,
            [{"collection_id": COLLECTION_ID, "product_id": PRODUCTS[s]} for s in ("mug", "lamp")],
        ),
        (
            catalog.media,
            [{"product_id": PRODUCTS["mug"], "position": 0, "url": "https://cdn.test/mug.svg", "alt": "A mug"}],
        ),
        (catalog.attributes, [{"code": "color", "name": "Color"}, {"code": "size", "name": "Size"}]),
        (
            catalog.attribute_values,
            [
                {
                    "attribute_code": code,
                    "code": value,
                    "label": value.upper() if code == "size" else value.capitalize(),
                }
                for code, value in labels
            ],
        ),
        (
            catalog.product_attributes,
            [
                {"product_id": PRODUCTS[slug], "attribute_code": "color", "value_code": color, "position": 0}
                for slug, color in colors.items()
            ],
        ),
        (catalog.variants, variants),
        (catalog.variant_options, options),
        (pricing.price_lists, [{"id": PRICE_LIST_ID, "code": "retail", "name": "Retail", "currency": "GBP"}]),
        (pricing.channel_price_lists, [{"channel_id": CHANNEL_ID, "price_list_id": PRICE_LIST_ID, "priority": 0}]),
        (pricing.prices, prices),
    ]


def _terms() -> list[tuple[Table, list[Row]]]:
    ways: list[tuple[str, str, DeliveryMethod, int, int | None, int, int]] = [
        ("standard", "Standard delivery", DeliveryMethod.SHIPPING, 499, 5000, 2, 4),
        ("express", "Express delivery", DeliveryMethod.SHIPPING, 999, None, 1, 1),
        ("pickup", "Collect in store", DeliveryMethod.PICKUP, 0, None, 0, 0),
        ("counter", "Over the counter", DeliveryMethod.CARRY_OUT, 0, None, 0, 0),
    ]
    options: list[Row] = [
        {
            "id": DELIVERY_OPTIONS[code], "channel_id": CHANNEL_ID, "code": code, "name": name, "method": method.value,
            "price_minor": price, "free_from_minor": free_from, "countries": None, "min_days": least, "max_days": most,
            "position": position,
        }
        for position, (code, name, method, price, free_from, least, most) in enumerate(ways)
    ]  # fmt: skip
    rates: list[Row] = [
        {
            "id": fixed_id(12, number),
            "channel_id": CHANNEL_ID,
            "country": country,
            "name": "VAT",
            "rate_basis_points": rate,
        }
        for number, (country, rate) in enumerate({"GB": 2000, "IE": 2300}.items(), start=1)
    ]
    codes: list[Row] = [
        {
            "id": fixed_id(13, number), "channel_id": CHANNEL_ID, "name": name, "code": code, "kind": kind.value,
            "percent": percent, "amount_minor": None, "from_subtotal_minor": 0, "starts_at": _FOUNDED, "ends_at": None,
        }
        for number, (name, code, kind, percent) in enumerate(
            [
                ("Welcome", "WELCOME10", PromotionKind.PERCENT_OFF, 10),
                ("Free delivery", "FREESHIP", PromotionKind.FREE_DELIVERY, None),
            ],
            start=1,
        )
    ]  # fmt: skip
    return [(delivery.delivery_options, options), (tax.tax_rates, rates), (promotions.promotions, codes)]


def _stock() -> list[tuple[Table, list[Row]]]:
    units = [
        (VARIANTS[sku], LOCATIONS[code], quantity)
        for sku, (_, _, _, quantities) in _VARIANTS.items()
        for code, quantity in zip(_BUILDINGS, quantities, strict=True)
        if quantity
    ]
    levels: list[Row] = [
        {
            "variant_id": variant_id, "location_id": location_id, "sellable": quantity,
            "version": 1, "moved_at": _FOUNDED,
        }
        for variant_id, location_id, quantity in units
    ]  # fmt: skip
    movements: list[Row] = [
        {
            "variant_id": variant_id, "location_id": location_id, "level_version": 1,
            "bucket": Bucket.SELLABLE.value, "delta": quantity, "balance": quantity,
            "reason": MovementReason.OPENING.value, "cause_kind": "feed", "actor": SYSTEM.label, "at": _FOUNDED,
        }
        for variant_id, location_id, quantity in units
    ]  # fmt: skip
    return [(inventory.levels, levels), (inventory.movements, movements)]
