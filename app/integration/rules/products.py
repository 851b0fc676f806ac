"""Rows of products: from what a file says to a variant that can be sold, or to the reasons why not.

The same SKU may come in many rows, as in a file of invoice lines; `consolidate` makes one of them.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from functools import partial
from statistics import median_low

from app.integration.rules import goods
from app.integration.rules.rows import MappedRow, RowProblem, RowReader, Unreadable, prose_of, text_of, yes_or_no
from app.integration.rules.units import price_minor, weight_grams

LONGEST_SKU = 64
LONGEST_NAME = 255
LONGEST_DESCRIPTION = 20_000
LONGEST_URL = 2_000
DEEPEST_CATEGORY = 10
MOST_OPTIONS = 10
#: One million in a currency of two digits. Above it stand telephone numbers and bar codes that slipped a column.
HIGHEST_PRICE_MINOR = 100_000_000


@dataclass(frozen=True, slots=True)
class ProductOptions:
    """How to read products. Prices are in `currency` (ISO 4217)."""

    currency: str
    highest_price_minor: int = HIGHEST_PRICE_MINOR
    skip_service_codes: bool = False
    refuse_notes: bool = True


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A variant that can be sold. Rows of one `product` are its variants; `lines` counts the rows that speak of it.

    `list_price_minor` is above the price or None; `gift_card` is None where the file does not say; `notes` tell of fields that
    were left out.
    """

    row: int
    sku: str
    product: str
    name: str
    price_minor: int
    description: str | None = None
    category: tuple[str, ...] = ()
    list_price_minor: int | None = None
    gtin: str | None = None
    options: tuple[tuple[str, str], ...] = ()
    image: str | None = None
    weight_grams: int | None = None
    gift_card: bool | None = None
    lines: int = 1
    notes: tuple[RowProblem, ...] = ()


def read(row: MappedRow, options: ProductOptions) -> ProductRow | list[RowProblem]:
    """Read a row as a variant, or say everything that keeps it from being one.

    A row that sells nothing, such as a return, a cancellation or a write-off, tells neither a name nor a price.
    """
    fields = RowReader(row)
    money = partial(price_minor, currency=options.currency, highest_minor=options.highest_price_minor)
    if (sold := fields.wanted("sold", _units_sold)) is not None and sold <= 0:
        fields.refuse("sold", "a return, a cancellation or a write-off, not a sale")
    sku = fields.needed("sku", text_of(LONGEST_SKU))
    if sku is not None and options.skip_service_codes and goods.is_service(sku):
        fields.refuse("sku", f"not a product code: {goods.NOT_GOODS[sku.upper()]}")
    name = fields.needed("name", text_of(LONGEST_NAME))
    if name is not None and options.refuse_notes and goods.is_note(name):
        fields.refuse("name", "a note, not a name")
    price = fields.needed("price", money)
    if sku is None or name is None or price is None or fields.refusals:
        return fields.refusals
    list_price = fields.wanted("list_price", money)
    if list_price is not None and list_price < price:
        fields.note("list_price", "below the price, so nothing is reduced")
    return ProductRow(
        row=row.number,
        sku=sku,
        product=fields.wanted("product", text_of(LONGEST_SKU)) or sku,
        name=name,
        price_minor=price,
        description=fields.wanted("description", prose_of(LONGEST_DESCRIPTION)),
        category=fields.wanted("category", _category) or (),
        list_price_minor=list_price if list_price is not None and list_price > price else None,
        gtin=fields.wanted("gtin", _gtin),
        options=fields.wanted("options", _options) or (),
        image=fields.wanted("image", _image),
        weight_grams=fields.wanted("weight", weight_grams),
        gift_card=fields.wanted("gift_card", yes_or_no),
        notes=tuple(fields.notes),
    )


def consolidate(rows: Iterable[ProductRow], *, ignore_case: bool = False) -> list[ProductRow]:
    """Make one row of all that speak of the same SKU, in the order of their first rows; the order they come in is no matter.

    Its name is the one most often used, of several the longest, which is the least abbreviated. Its price is the middle
    one, the lower of two: one that was really asked, and not moved by a bulk discount or a line total typed as a price. The
    most recent one would be: the last line of 22502 in Online Retail sells 60 units "at 649.50". Other fields come from the
    first row that has them. With `ignore_case`, "85123a" and "85123A" are the same SKU, spelled as most often.
    """
    by_sku: defaultdict[str, list[ProductRow]] = defaultdict(list)
    for row in rows:
        by_sku[row.sku.casefold() if ignore_case else row.sku].append(row)
    consolidated = [same[0] if len(same) == 1 else _one_of(same) for same in by_sku.values()]
    return sorted(consolidated, key=lambda row: (row.row, row.sku))


def _one_of(same: list[ProductRow]) -> ProductRow:
    same = sorted(same, key=lambda row: (row.row, row.sku))
    first = same[0]
    price = median_low([row.price_minor for row in same])
    sku = _most_used(row.sku for row in same)
    return replace(
        first,
        sku=sku,
        product=next((row.product for row in same if row.product != row.sku), sku),
        name=_most_used(row.name for row in same),
        price_minor=price,
        description=next((row.description for row in same if row.description), None),
        category=next((row.category for row in same if row.category), ()),
        list_price_minor=next(
            (row.list_price_minor for row in same if row.list_price_minor and row.list_price_minor > price), None
        ),
        gtin=next((row.gtin for row in same if row.gtin), None),
        options=next((row.options for row in same if row.options), ()),
        image=next((row.image for row in same if row.image), None),
        weight_grams=next((row.weight_grams for row in same if row.weight_grams), None),
        gift_card=next((row.gift_card for row in same if row.gift_card is not None), None),
        lines=sum(row.lines for row in same),
        notes=tuple(note for row in same for note in row.notes),
    )


def _most_used(texts: Iterable[str]) -> str:
    """Choose by frequency, then length, then the alphabet, so that no order of lines decides."""
    return min(Counter(texts).items(), key=lambda used: (-used[1], -len(used[0]), used[0]))[0]


def _units_sold(value: object) -> Decimal:
    """Read how many units an invoice line sells; below zero it takes them back."""
    try:
        units = Decimal(str(value).strip()) if isinstance(value, int | Decimal | str) else Decimal("NaN")
    except InvalidOperation:
        units = Decimal("NaN")
    if not units.is_finite():
        raise Unreadable("not a number of units sold")
    return units


def _gtin(value: object) -> str:
    """Read a GTIN-8, -12, -13 or -14. Its last digit proves the others (GS1 General Specifications 7.9)."""
    digits = re.sub(r"[\s-]", "", text_of(LONGEST_SKU)(value))
    if not re.fullmatch(r"[0-9]{8}|[0-9]{12,14}", digits):
        raise Unreadable("a GTIN has 8, 12, 13 or 14 digits; a spreadsheet may have taken leading zeros")
    weighed = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
    if weighed % 10:
        raise Unreadable("the check digit of the GTIN is wrong")
    return digits


def _category(value: object) -> tuple[str, ...]:
    """Read a path from the root: "a/b/c", "a > b > c", or a list of names or of objects with one."""
    match value:
        case list():
            names = [step.get("name") if isinstance(step, dict) else step for step in value]
        case str():
            names = list(value.split(">" if ">" in value else "/"))
        case _:
            raise Unreadable("not a path of categories such as Garden/Tools/Spades")
    path = tuple(text_of(LONGEST_NAME)(name) for name in names if name is not None)
    path = tuple(filter(None, path))
    if len(path) > DEEPEST_CATEGORY:
        raise Unreadable(f"more than {DEEPEST_CATEGORY} categories deep")
    return path


def _options(value: object) -> tuple[tuple[str, str], ...]:
    """Read "size=M;colour=Red", or an object, in the order given."""
    match value:
        case str():
            pairs: list[tuple[object, object]] = []
            for part in filter(None, map(str.strip, re.split(r"[;|\n]", value))):
                found = re.fullmatch(r"([^=:]+)[=:](.+)", part, re.DOTALL)
                if found is None:
                    raise Unreadable(f"{part[:40]!r} is not a pair such as size=M")
                pairs.append((found[1], found[2]))
        case dict():
            pairs = list(value.items())
        case _:
            raise Unreadable("not options such as size=M;colour=Red")
    text = text_of(LONGEST_NAME)
    options = tuple((text(name), text(choice)) for name, choice in pairs)
    names = {name.casefold() for name, _ in options}
    if len(names) < len(options) or not all(name and choice for name, choice in options) or len(options) > MOST_OPTIONS:
        raise Unreadable(f"at most {MOST_OPTIONS} options, each with a name of its own and a value")
    return options


def _image(value: object) -> str:
    """Read the address of an image, the first of a list."""
    first = value[0] if isinstance(value, list) and value else value
    url = text_of(LONGEST_URL)(first)
    if not re.fullmatch(r"https?://[^\s/]+\S*", url):
        raise Unreadable("not a web address that begins with https://")
    return url
