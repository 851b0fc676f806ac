"""The words a product is made of: brands, materials, colours and sizes, and the reader of the word tables.

A colour also carries how it is drawn; a material, how it is cared for and what there is to say about it.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from app.demo.content import words_clothing, words_home, words_outdoor


@dataclass(frozen=True, slots=True)
class Brand:
    """Who makes it, and where."""

    label: str
    origin: str


@dataclass(frozen=True, slots=True)
class Material:
    """What it is made of. `note` is the second sentence of the description."""

    label: str
    care: str
    note: str


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour as shoppers read it, and as it is drawn."""

    label: str
    hex: str


@dataclass(frozen=True, slots=True)
class Size:
    """One size, and what it costs in percent of the product's price."""

    code: str
    label: str
    percent: int = 100


@dataclass(frozen=True, slots=True)
class Sketch:
    """One product as the word tables have it, before variants, prices and pictures are made of it."""

    slug: str
    name: str
    category: str
    stem: str
    brand: str
    material: str
    price_minor: int
    colours: tuple[str, ...]
    sizes: tuple[Size, ...]
    line: str


ORIGINS: Mapping[str, str] = {
    "england": "England",
    "scotland": "Scotland",
    "wales": "Wales",
    "northern-ireland": "Northern Ireland",
    "portugal": "Portugal",
}

BRANDS: Mapping[str, Brand] = {
    "fenwold": Brand("Fenwold Pottery", "england"),
    "isle-and-ember": Brand("Isle & Ember", "scotland"),
    "kestrel-yard": Brand("Kestrel Yard", "england"),
    "lowmoor": Brand("Lowmoor", "northern-ireland"),
    "marram": Brand("Marram", "wales"),
    "northmere": Brand("Northmere", "portugal"),
    "oldshaw": Brand("Oldshaw & Daughters", "england"),
    "saltmarsh": Brand("Saltmarsh", "wales"),
    "tarn-and-fell": Brand("Tarn & Fell", "scotland"),
    "wren-hollow": Brand("Wren Hollow", "england"),
}

CARES: Mapping[str, str] = {
    "dishwasher": "Dishwasher safe",
    "hand-wash": "Hand wash",
    "machine-30": "Machine wash at 30°C",
    "machine-40": "Machine wash at 40°C",
    "machine-60": "Machine wash at 60°C",
    "oil": "Wipe and oil now and then",
    "re-wax": "Sponge clean and re-wax",
    "wipe": "Wipe clean",
    "burn": "Trim the wick before lighting",
}

MATERIALS: Mapping[str, Material] = {
    "acacia": Material("Acacia", "oil", "A little oil twice a year keeps the grain dark and lively."),
    "alpaca": Material("Alpaca", "hand-wash", "Brushed alpaca is warmer than sheep's wool at half the weight."),
    "aluminium": Material("Aluminium", "wipe", "Anodised aluminium keeps it light and keeps it from scratching."),
    "ash": Material("Ash", "wipe", "The ash comes from managed British woods and is finished with hard wax."),
    "beech": Material("Beech", "oil", "Steamed beech is dense and smooth, and ages to a deep honey."),
    "beeswax": Material("Beeswax", "burn", "The wax is rendered from cappings and smells faintly of the hive."),
    "boucle": Material("Bouclé", "hand-wash", "The looped yarn is spun from wool with a little cotton for strength."),
    "brass": Material("Brass", "wipe", "Unlacquered brass will dull and deepen unless it is polished."),
    "brushed-cotton": Material("Brushed cotton", "machine-40", "The cotton is brushed on both sides and washed before it is cut."),
    "canvas": Material("Canvas", "wipe", "The canvas is a dense, dry-proofed cotton that softens with use."),
    "carbon-steel": Material("Carbon steel", "oil", "Carbon steel takes a keen edge and keeps it, given a dry cloth and a drop of oil."),
    "cashmere": Material("Cashmere", "hand-wash", "The yarn is spun in Kinross from long fibres that pill very little."),
    "cast-iron": Material("Cast iron", "hand-wash", "Cast iron works on every hob, in any oven and over an open fire."),
    "ceramic": Material("Glazed ceramic", "wipe", "The glaze pools a little differently on every base."),
    "copper": Material("Copper", "hand-wash", "Two millimetres of copper answer the flame the moment it changes."),
    "corduroy": Material("Corduroy", "machine-30", "The corduroy is a fine wale with a trace of stretch."),
    "cotton": Material("Cotton", "machine-40", "The cotton is pre-washed, so it will not shrink on you."),
    "denim": Material("Denim", "machine-30", "The denim starts firm and fades to suit whoever wears it."),
    "enamel": Material("Enamelled steel", "dishwasher", "Two coats of enamel over steel shrug off knocks and open fires."),
    "feather": Material("Duck feather", "machine-60", "The feather is certified, washed in hot water and held in close-woven cotton."),
    "granite": Material("Granite", "wipe", "Each piece is cut from one block and weighs about as much as a cat."),
    "lambswool": Material("Lambswool", "hand-wash", "The wool is spun and woven within thirty miles of the sheep."),
    "leather": Material("Leather", "re-wax", "Full-grain leather from a British tannery will outlast several fashions."),
    "linen": Material("Linen", "machine-40", "The flax is grown in Normandy, woven in Ulster and washed with stones."),
    "merino": Material("Merino", "machine-30", "Fine merino keeps its shape, resists odour and goes in the machine on wool."),
    "oak": Material("Oak", "oil", "The oak is British, slow-dried and finished with a hard-wearing oil."),
    "organic-cotton": Material("Organic cotton", "machine-40", "The cotton is certified organic from seed to seam."),
    "painted-steel": Material("Powder-coated steel", "wipe", "The finish is baked on, and the wiring can be mended rather than replaced."),
    "paper": Material("Paper", "wipe", "The paper is coated to resist dust and comes with a simple steel ring."),
    "porcelain": Material("Porcelain", "dishwasher", "The porcelain is fired at a high heat, so it is finer and tougher than it looks."),
    "recycled-down": Material("Recycled down", "machine-30", "The down is reclaimed from old bedding, sterilised and sorted again."),
    "recycled-glass": Material("Recycled glass", "hand-wash", "The glass is wholly recycled, so no two pieces share quite the same tint."),
    "recycled-plastic": Material("Recycled polyester", "machine-30", "The fabric is spun from bottles that have already had one useful life."),
    "recycled-shell": Material("Recycled shell", "machine-30", "Every seam is taped, and the finish contains no fluorocarbons."),
    "ripstop": Material("Ripstop nylon", "wipe", "The ripstop is silicone-coated and comes with a patch, just in case."),
    "rubber": Material("Natural rubber", "wipe", "The rubber is tapped, not refined, and is laid up by hand in layers."),
    "sheepskin": Material("Sheepskin", "hand-wash", "The skins are a by-product of farming, tanned without chrome."),
    "silk": Material("Silk", "hand-wash", "The silk is a heavy twill with edges rolled by hand."),
    "soy-wax": Material("Soy wax", "burn", "The wax is poured in small batches and burns for about forty hours."),
    "steel": Material("Stainless steel", "dishwasher", "The steel is food-grade and mostly recycled."),
    "stoneware": Material("Stoneware", "dishwasher", "It is fired twice and is safe in the oven, the microwave and the dishwasher."),
    "straw": Material("Straw", "wipe", "The straw is plaited first, then sewn in one long spiral."),
    "suede": Material("Suede", "wipe", "The suede is proofed before stitching and comes with a brush."),
    "tweed": Material("Tweed", "hand-wash", "The tweed is woven in Yorkshire and lined with cotton."),
    "velvet": Material("Velvet", "hand-wash", "The velvet has a short dense pile that catches the lamplight."),
    "viscose": Material("Viscose", "machine-30", "The viscose is made from certified wood pulp and drapes like silk."),
    "waxed-cotton": Material("Waxed cotton", "re-wax", "The cotton is waxed in Dundee and can be waxed again whenever it dries."),
    "weathering-steel": Material("Weathering steel", "wipe", "It rusts to a handsome skin in its first winter, then stops."),
    "willow": Material("Willow", "wipe", "The willow is grown, cut and woven on the Somerset Levels."),
}  # fmt: skip

COLOURS: Mapping[str, Colour] = {
    "berry": Colour("Berry", "#8c2f4b"),
    "black": Colour("Black", "#2b2b2d"),
    "brass": Colour("Brass", "#b8923f"),
    "chalk": Colour("Chalk", "#efece4"),
    "charcoal": Colour("Charcoal", "#4a4c50"),
    "clay": Colour("Clay", "#c17f63"),
    "clear": Colour("Clear", "#d9e7ea"),
    "copper": Colour("Copper", "#b66a43"),
    "cream": Colour("Cream", "#f3e6c9"),
    "ecru": Colour("Ecru", "#dfd3bb"),
    "heather": Colour("Heather", "#9a86a8"),
    "ink": Colour("Ink", "#2c3a57"),
    "moss": Colour("Moss", "#6f7a45"),
    "natural": Colour("Natural", "#c9a878"),
    "navy": Colour("Navy", "#22375c"),
    "oat": Colour("Oat", "#d8c7a6"),
    "ochre": Colour("Ochre", "#cf9a34"),
    "pine": Colour("Pine", "#2f5244"),
    "plum": Colour("Plum", "#5f3456"),
    "rose": Colour("Rose", "#d9a1a0"),
    "rust": Colour("Rust", "#a9502c"),
    "sage": Colour("Sage", "#9daf8e"),
    "sand": Colour("Sand", "#d3b78c"),
    "sea": Colour("Sea", "#6fa3a0"),
    "silver": Colour("Silver", "#b9bfc5"),
    "sky": Colour("Sky", "#9cbfd6"),
    "slate": Colour("Slate", "#66727f"),
    "smoke": Colour("Smoke", "#8d8f92"),
    "stone": Colour("Stone", "#b3aca0"),
}

SIZES: Mapping[str, tuple[Size, ...]] = {
    "none": (),
    "letters": (Size("xs", "XS"), Size("s", "S"), Size("m", "M"), Size("l", "L"), Size("xl", "XL")),
    "dress": tuple(Size(f"dress-{n}", str(n)) for n in range(8, 18, 2)),
    "shoe": tuple(Size(f"shoe-{n}", f"UK {n}") for n in range(5, 11)),
    "sock": (Size("sock-4-7", "UK 4–7"), Size("sock-8-11", "UK 8–11")),
    "hat": (Size("s-m", "S/M"), Size("l-xl", "L/XL")),
    "glove": (Size("s", "S"), Size("m", "M"), Size("l", "L")),
    "length": (Size("regular", "Regular"), Size("long", "Long", 108)),
    "bed": (
        Size("single", "Single"),
        Size("double", "Double", 130),
        Size("king", "King", 150),
        Size("super-king", "Super king", 170),
    ),
    "towel": (Size("hand", "Hand towel"), Size("bath", "Bath towel", 190), Size("sheet", "Bath sheet", 290)),
    "pan": (Size("20cm", "20 cm"), Size("24cm", "24 cm", 125), Size("28cm", "28 cm", 150)),
}


def slug_of(name: str) -> str:
    """Write a name as it stands in an address: `Wren Bouclé Cushion` -> `wren-boucle-cushion`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def _read(table: str) -> list[Sketch]:
    sketches: list[Sketch] = []
    category = stem = scheme = ""
    lines = iter(table.strip().splitlines())
    for line in lines:
        if line.startswith("#"):
            category, stem, scheme = (cell.strip() for cell in line.removeprefix("#").split("|"))
            continue
        name, brand, material, pence, colours, *own_scheme = (cell.strip() for cell in line.split("|"))
        sketches.append(
            Sketch(
                slug=slug_of(name),
                name=name,
                category=category,
                stem=stem,
                brand=brand,
                material=material,
                price_minor=int(pence),
                colours=tuple(colours.split()),
                sizes=SIZES[own_scheme[0] if own_scheme else scheme],
                line=next(lines).strip(),
            )
        )
    return sketches


#: Every product of the shop, in the order of the tables.
SKETCHES: tuple[Sketch, ...] = tuple(
    sketch for words in (words_home, words_clothing, words_outdoor) for sketch in _read(words.TABLE)
)
