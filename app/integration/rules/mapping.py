"""Which column of a file feeds which of our fields: said by the person who imports, guessed where a name speaks for itself.

sku=StockCode        latitude=location.lat        country='US'  or  country:=US        weight=   (do not take it)
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.integration.rules.rows import MappedRow, SourceRow, Unreadable


class MappingRefused(Unreadable):
    """The mapping names something that does not exist, or leaves out what is needed."""


@dataclass(frozen=True, slots=True)
class Target:
    """A field of ours, and names under which others are known to send it, the surest first.

    With `only_beside`, it is guessed only in files that have a column for that other target: a "quantity" means units sold
    in a file of invoices, and something else anywhere else.
    """

    name: str
    aliases: tuple[str, ...] = ()
    needed: bool = False
    only_beside: str | None = None


# Names are compared without case and without anything but letters and digits: "Stock Code" is "stockcode".
PRODUCTS = (
    Target(
        "sku",
        (
            "stockcode",
            "itemcode",
            "productcode",
            "variantsku",
            "articlenumber",
            "itemnumber",
            "partnumber",
            "code",
            "id",
        ),
        needed=True,
    ),
    Target("name", ("productname", "itemname", "title", "producttitle", "description", "product"), needed=True),
    Target(
        "price",
        ("unitprice", "sellingprice", "retailprice", "currentprice", "variantprice", "priceamount"),
        needed=True,
    ),
    Target("product", ("parentsku", "handle", "itemgroupid", "productgroup", "parent", "style", "productid")),
    Target("description", ("longdescription", "productdescription", "bodyhtml", "details", "body")),
    Target("category", ("categorypath", "categories", "producttype", "googleproductcategory", "department")),
    Target("list_price", ("regularprice", "compareatprice", "variantcompareatprice", "rrp", "msrp", "wasprice")),
    Target("gtin", ("ean", "upc", "barcode", "ean13", "isbn", "gtin13", "gtin14", "variantbarcode")),
    Target("options", ("variantoptions", "attributes")),
    Target("image", ("imageurl", "imagelink", "imagesrc", "images", "picture", "photo")),
    Target("weight", ("weightgrams", "variantgrams", "grams", "shippingweight")),
    Target("gift_card", ("giftcard", "isgiftcard")),
    Target("invoice", ("invoiceno", "invoicenumber", "invoiceid", "receiptno", "orderno")),
    Target("sold", ("quantity", "qty", "quantitysold", "unitssold"), only_beside="invoice"),
)
STORES = (
    Target("code", ("storecode", "storeid", "storenumber", "locationcode", "locationid", "id", "number"), needed=True),
    Target("name", ("storename", "locationname", "title"), needed=True),
    Target("line1", ("address1", "addressline1", "address", "street", "streetaddress", "addressstreet"), needed=True),
    Target("line2", ("address2", "addressline2")),
    Target("city", ("town", "locality", "addresscity"), needed=True),
    Target("region", ("state", "province", "county", "addressstate", "addressregion")),
    Target("postal_code", ("zip", "zipcode", "postcode", "addresszip", "addresspostalcode")),
    Target("country", ("countrycode", "addresscountry"), needed=True),
    Target("latitude", ("lat", "locationlat", "geolat", "geolatitude", "locationlatitude", "coordinateslat")),
    Target(
        "longitude",
        ("lon", "lng", "long", "locationlon", "locationlng", "geolon", "geolng", "geolongitude", "locationlongitude"),
    ),
    Target("timezone", ("tz", "timezoneid", "tzid")),
    Target("hours", ("openinghours", "storehours", "businesshours")),
    Target("phone", ("telephone", "phonenumber", "tel")),
    Target("pickup", ("pickupenabled", "clickandcollect", "bopis")),
    Target("pickup_supply", ("pickupfrom", "shiptostore")),
)
STOCK = (
    Target(
        "sku",
        ("stockcode", "itemcode", "productcode", "variantsku", "articlenumber", "itemnumber", "partnumber", "code"),
        needed=True,
    ),
    Target(
        "location",
        ("locationcode", "storecode", "store", "storeid", "storenumber", "warehouse", "branch", "site"),
        needed=True,
    ),
    Target("quantity", ("qty", "onhand", "quantityonhand", "stock", "stocklevel", "units", "count"), needed=True),
    Target("bucket"),
)
POSTAL_CODES = (
    Target("country", ("countrycode", "countryiso", "iso"), needed=True),
    Target("code", ("postalcode", "postcode", "zip", "zipcode", "zcta", "plz"), needed=True),
    Target("latitude", ("lat", "geolat", "geolatitude", "intptlat"), needed=True),
    Target("longitude", ("lon", "lng", "long", "geolon", "geolng", "geolongitude", "intptlong"), needed=True),
)


@dataclass(frozen=True, slots=True)
class Constant:
    """The same value for every row."""

    value: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column, or with dots a path into nested JSON."""

    name: str


Wish = Column | Constant | None
"""What feeds a target; None says that nothing shall, though a column of its name is there."""


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """What feeds each target. `unseen` are asked-for columns that the file's first rows do not have."""

    sources: Mapping[str, Column | Constant]
    unseen: tuple[str, ...] = ()

    def apply(self, row: SourceRow) -> MappedRow:
        """Give the row under our names."""
        return MappedRow(row.number, {target: _value(row.fields, source) for target, source in self.sources.items()})


def wishes(pairs: Iterable[str]) -> dict[str, Wish]:
    """Read pairs such as `sku=StockCode`. Raises: MappingRefused when one is no pair, or a target comes twice."""
    read: dict[str, Wish] = {}
    for pair in pairs:
        target, equals, source = pair.partition("=")
        constant = target.endswith(":")
        target = target.removesuffix(":").strip()
        if not equals or not target:
            raise MappingRefused(f"{pair!r} is not a pair such as sku=StockCode")
        if target in read:
            raise MappingRefused(f"{target} is mapped twice")
        read[target] = Constant(source) if constant else _wish(source.strip())
    return read


def wishes_in(text: str) -> dict[str, Wish]:
    """Read a mapping file: a JSON object, or a pair on each line, where # begins a comment. Raises: MappingRefused."""
    if not text.lstrip("\ufeff \t\r\n").startswith("{"):
        lines = (line.strip() for line in text.lstrip("\ufeff").splitlines())
        return wishes(line for line in lines if line and not line.startswith("#"))
    try:
        document = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise MappingRefused(f"the mapping file is not JSON: {error}") from None
    for target, source in document.items():
        if not isinstance(source, str):
            raise MappingRefused(f"{target}: the mapping has to give the name of a column, as a text")
    return {target: _wish(source.strip()) for target, source in document.items()}


def plan(
    targets: Sequence[Target], *, columns: Sequence[str], wanted: Mapping[str, Wish], columns_are_all: bool
) -> FieldMapping:
    """Decide what feeds each target: what is wanted, then columns of the target's own name, then well-known names.

    Needed targets choose first, and a column that was asked for is not guessed again: a file whose only text is a
    "Description" has it as its name. With `columns_are_all` (CSV), a wanted column that is not among them is refused.
    Raises: MappingRefused, naming what there is to choose from.
    """
    names = [target.name for target in targets]
    for name in wanted:
        if name not in names:
            raise MappingRefused(f"there is no field {name!r}; the fields are {', '.join(names)}")
    sources = {name: source for name, source in wanted.items() if source is not None}
    unseen = tuple(
        source.name for source in sources.values() if isinstance(source, Column) and not _is_there(source.name, columns)
    )
    if unseen and columns_are_all:
        hint = next(name for name, source in sources.items() if isinstance(source, Column) and source.name == unseen[0])
        raise MappingRefused(
            f"the file has no column {unseen[0]!r}; it has {_listed(columns)}. "
            f"For the same value in every row, write {hint}:={unseen[0]}"
        )
    free = {_folded(column): column for column in reversed(columns) if Column(column) not in sources.values()}
    for target in sorted(targets, key=lambda target: not target.needed):
        if target.name in wanted or (target.only_beside and target.only_beside not in sources):
            continue
        found = next((folded for folded in map(_folded, (target.name, *target.aliases)) if folded in free), None)
        if found is not None:
            sources[target.name] = Column(free.pop(found))
        elif target.needed:
            raise MappingRefused(
                f"no column looks like {target.name}: say {target.name}=COLUMN; the columns are {_listed(columns)}"
            )
    for target in targets:
        if target.needed and target.name not in sources:
            raise MappingRefused(f"{target.name} is needed and cannot be left out")
    return FieldMapping({name: sources[name] for name in names if name in sources}, unseen)


def _wish(source: str) -> Wish:
    if not source:
        return None
    quoted = re.fullmatch(r"'(.*)'|\"(.*)\"", source, re.DOTALL)
    return Constant(quoted[1] if quoted[1] is not None else quoted[2]) if quoted else Column(source)


def _value(fields: Mapping[str, object], source: Column | Constant) -> object:
    if isinstance(source, Constant):
        return source.value
    if source.name in fields:
        return fields[source.name]
    value: object = fields
    for step in source.name.split("."):
        match value:
            case Mapping():
                value = value.get(step)
            case list() if step.isascii() and step.isdigit() and len(step) < 6 and int(step) < len(value):
                value = value[int(step)]
            case _:
                return None
    return value


def _is_there(name: str, columns: Sequence[str]) -> bool:
    """Say whether a path leads to a column, into one (a list) or to several (an object)."""
    return any(name == column or name.startswith(f"{column}.") or column.startswith(f"{name}.") for column in columns)


def _folded(name: str) -> str:
    return re.sub(r"[^0-9a-z]", "", name.casefold())


def _listed(columns: Sequence[str]) -> str:
    shown = ", ".join(columns[:40])
    return f"{shown} and {len(columns) - 40} more" if len(columns) > 40 else shown
