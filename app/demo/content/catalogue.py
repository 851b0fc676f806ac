"""What the demo shop sells: categories, collections, and products with their variants, made from the word tables.

Prices are pence of GBP, tax included. GTINs carry the prefix 200, which GS1 keeps for use inside one company.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from app.demo.content.words import BRANDS, CARES, COLOURS, MATERIALS, ORIGINS, SKETCHES, Size, Sketch, slug_of

#: A product new for longer than this is no longer "new in".
NEW_FOR_DAYS = 30
REDUCED_PERCENT = 15
WHOLE_PERCENT = 100
MOST_VARIANTS = 12


@dataclass(frozen=True, slots=True)
class Category:
    """A place in the tree. Parents come before their children; `position` orders siblings."""

    slug: str
    name: str
    parent_slug: str | None
    position: int


@dataclass(frozen=True, slots=True)
class Collection:
    """A set of products made by hand."""

    slug: str
    name: str
    product_slugs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AttributeValue:
    """One attribute (`code`, `name`) with one value of it (`value_code`, `label`)."""

    code: str
    name: str
    value_code: str
    label: str


@dataclass(frozen=True, slots=True)
class Media:
    """A picture; `media.svg` draws what the path names."""

    url: str
    alt: str


@dataclass(frozen=True, slots=True)
class Variant:
    """What is bought. The list price, where there is one, is above the price."""

    sku: str
    gtin: str
    name: str
    options: tuple[AttributeValue, ...]
    price_minor: int
    list_price_minor: int | None


@dataclass(frozen=True, slots=True)
class Product:
    """What is found. `days_old` is its age on the day of seeding, so that "newest" means something."""

    slug: str
    name: str
    description: str
    category_slug: str
    days_old: int
    attributes: tuple[AttributeValue, ...]
    media: tuple[Media, ...]
    variants: tuple[Variant, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that can be found and bought."""

    categories: tuple[Category, ...]
    collections: tuple[Collection, ...]
    products: tuple[Product, ...]


#: The tree, one line a category, two spaces a level.
_TREE = """
home: Home
  kitchen-dining: Kitchen & dining
    mugs-cups: Mugs & cups
    tableware: Tableware
    cookware: Cookware
  living-room: Living room
    cushions-throws: Cushions & throws
    lighting: Lighting
    candles-scent: Candles & scent
  bed-bath: Bed & bath
    bed-linen: Bed linen
    towels-bath: Towels & bath
clothing: Clothing
  women: Women
    womens-knitwear: Women's knitwear
    dresses: Dresses
  men: Men
    mens-shirts: Shirts
    mens-knitwear: Men's knitwear
  accessories: Accessories
    hats-scarves: Hats, scarves & gloves
    socks: Socks
outdoor: Outdoor
  camping: Camping
    tents-sleeping: Tents & sleeping bags
    camp-kitchen: Camp kitchen
  walking: Walking
    waterproofs: Coats & waterproofs
    boots: Boots & shoes
    rucksacks-bags: Rucksacks & bags
"""

_VIEWS = (
    "{name} in {colour}, on a shelf",
    "{name} in {colour}, before a range of hills",
    "{name} in {colour}, close up",
)

_WOOLS = {"lambswool", "merino", "cashmere", "alpaca", "sheepskin", "brushed-cotton", "tweed"}
_GIFT_CATEGORIES = {
    "mugs-cups",
    "candles-scent",
    "hats-scarves",
    "socks",
    "tableware",
    "camp-kitchen",
    "cushions-throws",
}
_GIFTS_UP_TO_MINOR = 6000
_GIFTS = 40
_SMALL_PRICE_MINOR = 2500


def catalogue(seed: int) -> Catalogue:
    """Stock the shelves: the same seed fills them the same way."""
    chance = random.Random(f"{seed}:catalogue")
    reduced = set(chance.sample(range(len(SKETCHES)), len(SKETCHES) * REDUCED_PERCENT // 100))
    gtins = _gtins()
    numbers: dict[str, int] = {}
    products = []
    for index, sketch in enumerate(SKETCHES):
        numbers[sketch.stem] = numbers.get(sketch.stem, 0) + 1
        markup = chance.choice((115, 120, 125, 135, 150)) if index in reduced else None
        products.append(
            Product(
                slug=sketch.slug,
                name=sketch.name,
                description=f"{sketch.line} {MATERIALS[sketch.material].note}",
                category_slug=sketch.category,
                days_old=chance.randint(1, NEW_FOR_DAYS) if chance.randrange(10) == 0 else chance.randint(31, 900),
                attributes=_attributes(sketch),
                media=_media(sketch, count=chance.choice((1, 2, 2, 3, 3))),
                variants=_variants(sketch, number=numbers[sketch.stem], gtins=gtins, markup=markup),
            )
        )
    return Catalogue(categories=categories(), collections=_collections(products, chance), products=tuple(products))


def categories() -> tuple[Category, ...]:
    """List the tree, parents first."""
    path: list[str] = []
    siblings: dict[str | None, int] = {}
    found = []
    for line in _TREE.strip().splitlines():
        slug, name = line.strip().split(": ")
        depth = (len(line) - len(line.lstrip())) // 2
        path = [*path[:depth], slug]
        parent = path[-2] if depth else None
        found.append(Category(slug=slug, name=name, parent_slug=parent, position=siblings.get(parent, 0)))
        siblings[parent] = siblings.get(parent, 0) + 1
    return tuple(found)


def check_digit(digits: str) -> int:
    """Work out the last digit of a GTIN from those before it.

    Source: GS1 General Specifications, 7.9: weights 3 and 1 alternate, 3 at the right.
    """
    weighted = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return -weighted % 10


def _gtins() -> Iterator[str]:
    number = 100_000
    while True:
        digits = f"200{number:09}"
        yield f"{digits}{check_digit(digits)}"
        number += 1


def _attributes(sketch: Sketch) -> tuple[AttributeValue, ...]:
    brand, material = BRANDS[sketch.brand], MATERIALS[sketch.material]
    return (
        AttributeValue("brand", "Brand", sketch.brand, brand.label),
        AttributeValue("material", "Material", sketch.material, material.label),
        AttributeValue("care", "Care", material.care, CARES[material.care]),
        AttributeValue("origin", "Made in", brand.origin, ORIGINS[brand.origin]),
    )


def _media(sketch: Sketch, *, count: int) -> tuple[Media, ...]:
    return tuple(
        Media(
            url=f"/demo/media/{sketch.slug}-{n}.svg",
            alt=_VIEWS[n - 1].format(name=sketch.name, colour=COLOURS[colour_of(sketch, n)].label.lower()),
        )
        for n in range(1, count + 1)
    )


def colour_of(sketch: Sketch, n: int) -> str:
    """Say in which of its colours the product's nth picture shows it."""
    return sketch.colours[(n - 1) % len(sketch.colours)]


def _variants(sketch: Sketch, *, number: int, gtins: Iterator[str], markup: int | None) -> tuple[Variant, ...]:
    # More colours leave room for fewer sizes; the smallest go first.
    sizes: Sequence[Size | None] = sketch.sizes[-(MOST_VARIANTS // len(sketch.colours)) :] or (None,)
    return tuple(
        _variant(f"{sketch.stem}-{number:03}", sketch, colour=colour, size=size, gtin=next(gtins), markup=markup)
        for colour in sketch.colours
        for size in sizes
    )


def _variant(style: str, sketch: Sketch, *, colour: str, size: Size | None, gtin: str, markup: int | None) -> Variant:
    options = [AttributeValue("colour", "Colour", colour, COLOURS[colour].label)]
    sku = f"{style}-{colour.upper()}"
    price = sketch.price_minor
    if size is not None:
        options.append(AttributeValue("size", "Size", size.code, size.label))
        sku = f"{sku}-{slug_of(size.label).replace('-', '').upper()}"
        price = _percent_up(price, size.percent)
    return Variant(
        sku=sku,
        gtin=gtin,
        name=" / ".join(option.label for option in options),
        options=tuple(options),
        price_minor=price,
        list_price_minor=None if markup is None else _percent_up(price, markup),
    )


def _percent_up(minor: int, percent: int) -> int:
    """Take `percent` of a price, up to the next 50 pence; the price itself stays as it was written."""
    return minor if percent == WHOLE_PERCENT else -(-minor * percent // (WHOLE_PERCENT * 50)) * 50


def _collections(products: Sequence[Product], chance: random.Random) -> tuple[Collection, ...]:
    def pick(rule: Callable[[Product], bool]) -> tuple[str, ...]:
        return tuple(product.slug for product in products if rule(product))

    gifts = pick(lambda p: p.category_slug in _GIFT_CATEGORIES and p.variants[0].price_minor <= _GIFTS_UP_TO_MINOR)
    wools = {sketch.slug for sketch in SKETCHES if sketch.material in _WOOLS}
    return (
        Collection("new-in", "New in", pick(lambda p: p.days_old <= NEW_FOR_DAYS)),
        Collection("gifts", "Gifts", tuple(sorted(chance.sample(gifts, min(_GIFTS, len(gifts)))))),
        Collection("reduced", "Reduced", pick(lambda p: p.variants[0].list_price_minor is not None)),
        Collection("winter-warmers", "Winter warmers", pick(lambda p: p.slug in wools)),
        Collection("little-things", "Little things", pick(lambda p: p.variants[0].price_minor < _SMALL_PRICE_MINOR)),
        Collection("made-in-scotland", "Made in Scotland", pick(lambda p: _origin(p) == "scotland")),
    )


def _origin(product: Product) -> str:
    return next(attribute.value_code for attribute in product.attributes if attribute.code == "origin")
