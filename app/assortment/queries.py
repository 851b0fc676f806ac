"""The statements that find products.

There are as many shapes of them as there are ways of asking, so each is written when it is first asked for, and kept. A
statement names only the conditions that are asked: one statement that can do everything is planned for nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from app.assortment.rules import FacetRow, ProductSort, Wanted
from app.catalog.rules import Product
from app.kernel.ids import CategoryId, ChannelId, ProductId
from app.kernel.money import LARGEST_MINOR
from app.kernel.paging import Page, PageRequest, bound, page
from app.kernel.sql import Session, Statement, rows

#: More values than anybody reads say nothing; the most frequent are kept.
MOST_FACET_VALUES = 100


@dataclass(frozen=True, slots=True)
class _Shape:
    """Which conditions a statement has; it needs no others."""

    words: bool
    category: bool
    collection: bool
    ids: bool
    in_stock: bool | None
    price: bool
    attributes: int

    @property
    def narrow(self) -> bool:
        """Whether products can be looked up by an index, before anything is asked of their variants."""
        return self.words or self.category or self.collection or self.ids or self.attributes > 0

    @classmethod
    def of(cls, wanted: Wanted) -> "_Shape":
        return cls(
            words=wanted.words is not None,
            category=wanted.category_id is not None,
            collection=wanted.collection_id is not None,
            ids=wanted.ids is not None,
            in_stock=wanted.in_stock,
            price=wanted.price_min_minor is not None or wanted.price_max_minor is not None,
            attributes=len(wanted.attributes),
        )


@dataclass(frozen=True, slots=True)
class _TextProduct:
    """A product that was found, and the name or rank or price that it is ordered by."""

    id: ProductId
    slug: str
    name: str
    description: str | None
    category_id: CategoryId | None
    created_at: datetime
    archived_at: datetime | None
    sort_key: str | int | float | datetime

    def product(self) -> Product:
        return Product(
            self.id, self.slug, self.name, self.description, self.category_id, self.created_at, self.archived_at
        )


#: Words that are whole are looked up by their stems. The last one may be the beginning of a word, of its stem or of the
#: word as it is written in a name. A code finds variants whose SKU begins with it, or whose GTIN it is; a beginning is
#: a range, up to the last character of Unicode, because LIKE uses no index for a pattern that comes as a parameter.
_MATCHED = """
    query AS (
        SELECT to_tsquery('english', :whole || CASE WHEN :whole <> '' AND :begun <> '' THEN ' & ' ELSE '' END || :begun)
            || (to_tsquery('english', :whole) && to_tsquery('simple', :begun)) AS text
    ),
    matched AS MATERIALIZED (
        SELECT id, max(rank) AS rank FROM (
            SELECT product.id, ts_rank(product.search, query.text)::float8 AS rank
            FROM query, products AS product WHERE product.search @@ query.text
            UNION ALL
            SELECT product_id, CASE WHEN upper(sku) = upper(:code::text) THEN 20 ELSE 10 END FROM variants
            WHERE :code <> '' AND archived_at IS NULL
              AND upper(sku) ~>=~ upper(:code::text) AND upper(sku) ~<~ (upper(:code::text) || chr(1114111))
            UNION ALL
            SELECT product_id, 20 FROM variants WHERE gtin = :code AND archived_at IS NULL
        ) AS found (id, rank)
        GROUP BY id
    )
"""
_CATEGORIES = """
    wanted_categories AS (
        SELECT id FROM categories WHERE id = :category_id
        UNION
        SELECT child.id FROM categories AS child JOIN wanted_categories AS parent ON child.parent_id = parent.id
    )
"""
_PRICE = """
    (
        SELECT price.amount_minor FROM prices AS price
        JOIN channel_price_lists AS used ON used.price_list_id = price.price_list_id AND used.channel_id = :channel_id
        WHERE price.variant_id = variant.id ORDER BY used.priority LIMIT 1
    )
"""
_SOLD = """
    EXISTS (
        SELECT FROM prices AS price
        JOIN channel_price_lists AS used ON used.price_list_id = price.price_list_id AND used.channel_id = :channel_id
        WHERE price.variant_id = variant.id
    )
"""
#: The same promise as inventory's: units to ship from anywhere, less the channel's threshold, or one to collect somewhere.
#: A bundle has no levels; of it a location has as many as the components there make.
_IN_STOCK = """
    (EXISTS (
        SELECT FROM levels AS level
        JOIN channel_locations AS supply ON supply.channel_id = :channel_id AND supply.location_id = level.location_id
        JOIN locations AS location ON location.id = level.location_id AND location.archived_at IS NULL
        WHERE level.variant_id = variant.id AND sellable - soft - firm - safety_stock > 0
        HAVING coalesce(sum(sellable - soft - firm - safety_stock) FILTER (WHERE supply.ships), 0)
                > (SELECT threshold FROM channels WHERE id = :channel_id)
            OR bool_or(supply.hands_out AND location.pickup_enabled)
    ) OR EXISTS (
        SELECT FROM (
            SELECT supply.ships, supply.hands_out AND location.pickup_enabled AS collectable,
                min(coalesce(greatest(0, sellable - soft - firm - safety_stock), 0) / component.quantity) AS units
            FROM bundle_components AS component
            JOIN channel_locations AS supply ON supply.channel_id = :channel_id
            JOIN locations AS location ON location.id = supply.location_id AND location.archived_at IS NULL
            LEFT JOIN levels AS level
                ON level.variant_id = component.component_id AND level.location_id = supply.location_id
            WHERE component.bundle_id = variant.id
            GROUP BY supply.location_id, supply.ships, supply.hands_out, location.pickup_enabled
        ) AS made
        WHERE units > 0
        HAVING coalesce(sum(units) FILTER (WHERE ships), 0) > (SELECT threshold FROM channels WHERE id = :channel_id)
            OR bool_or(collectable)
    ))
"""


async def find_products(
    session: Session, *, channel_id: ChannelId, wanted: Wanted, sort: ProductSort, request: PageRequest
) -> Page[Product]:
    """Page through the products of a channel's assortment that meet every condition.

    Raises: Invalid when a cursor is of a list in another order.
    """
    order = sort if wanted.words is not None or sort is not ProductSort.RELEVANCE else ProductSort.NEWEST
    kind = _SORTS[order].kind
    after = bound(request.after, kind, name="after")
    before = bound(request.before, kind, name="before")
    statement = _finding(
        _Shape.of(wanted), order, after=after is not None, before=before is not None, backward=request.backward
    )
    found = await statement.all(
        session,
        **_params(channel_id, wanted),
        after=after and after[0],
        after_id=after and after[1],
        before=before and before[0],
        before_id=before and before[1],
        most=request.size + 1,
    )
    cut = page(found, request, lambda row: (row.sort_key, row.id))
    return Page([row.product() for row in cut.items], cut.cursors, cut.has_next, cut.has_previous)


async def count_products(session: Session, *, channel_id: ChannelId, wanted: Wanted) -> int:
    """Count the products of a channel's assortment that meet every condition."""
    return await _counting(_Shape.of(wanted)).one(session, **_params(channel_id, wanted))


async def list_facets(session: Session, *, channel_id: ChannelId, wanted: Wanted) -> list[FacetRow]:
    """Count products by the values of their attributes and their variants' options, most frequent values first.

    The values of an attribute are counted as if nothing were asked of that attribute itself, so that a shopper who
    chose red still sees how many are blue.
    """
    return await _faceting(_Shape.of(wanted)).all(session, **_params(channel_id, wanted), most=MOST_FACET_VALUES)


@dataclass(frozen=True, slots=True)
class _Sort:
    expression: str
    cast: str
    kind: type[str | int | float | datetime]
    descending: bool


_OFFER = "offer.price"
_SORTS = {
    ProductSort.RELEVANCE: _Sort("matched.rank", "float8", float, descending=True),
    ProductSort.NAME_ASC: _Sort("product.name", "text", str, descending=False),
    ProductSort.NAME_DESC: _Sort("product.name", "text", str, descending=True),
    ProductSort.PRICE_ASC: _Sort(_OFFER, "bigint", int, descending=False),
    ProductSort.PRICE_DESC: _Sort(_OFFER, "bigint", int, descending=True),
    ProductSort.NEWEST: _Sort("product.created_at", "timestamptz", datetime, descending=True),
}


@lru_cache(maxsize=4096)
def _finding(
    shape: _Shape, order: ProductSort, *, after: bool, before: bool, backward: bool
) -> Statement[_TextProduct]:
    sort = _SORTS[order]
    beyond, short = ("<", ">") if sort.descending else (">", "<")
    by_price = sort.expression == _OFFER
    if by_price and not shape.narrow:
        return _walking_prices(shape, sort, after=after, before=before, backward=backward)
    conditions = [*_product_conditions(shape), "offer.price IS NOT NULL"] if by_price else _conditions(shape, few=True)
    if after:
        conditions.append(f"({sort.expression}, product.id) {beyond} (:after::{sort.cast}, :after_id::uuid)")
    if before:
        conditions.append(f"({sort.expression}, product.id) {short} (:before::{sort.cast}, :before_id::uuid)")
    direction = "DESC" if sort.descending != backward else "ASC"
    # The lowest of the prices that meet the conditions: who asks for size M is shown in the order of the prices of M.
    offer = f"""
        CROSS JOIN LATERAL (
            SELECT min({_PRICE}) AS price FROM variants AS variant WHERE {_variant_conditions(shape)}
        ) AS offer
    """
    return rows(
        f"""
        {_with(shape)}
        SELECT product.id, product.slug, product.name, product.description, product.category_id, product.created_at,
            product.archived_at, {sort.expression} AS sort_key
        FROM {_source(shape)} {offer if by_price else ""}
        WHERE {" AND ".join(conditions)}
        ORDER BY {sort.expression} {direction}, product.id {direction}
        LIMIT :most
        """,
        _TextProduct,
    )


def _walking_prices(
    shape: _Shape, sort: _Sort, *, after: bool, before: bool, backward: bool
) -> Statement[_TextProduct]:
    """Write a statement for a whole shop by price: computing every product's lowest price would take seconds.

    It walks each price list of the channel from its end and stops after a page. A price counts when no list that is asked
    earlier has one for the variant, and no other variant of the product is cheaper.
    """
    beyond, short = ("<", ">") if sort.descending else (">", "<")
    conditions = [
        *_product_conditions(shape),
        "price.price_list_id = mine.price_list_id",
        "variant.archived_at IS NULL",
        """
        NOT EXISTS (
            SELECT FROM channel_price_lists AS earlier
            JOIN prices AS winner ON winner.price_list_id = earlier.price_list_id AND winner.variant_id = price.variant_id
            WHERE earlier.channel_id = mine.channel_id AND earlier.priority < mine.priority
            OFFSET 0
        )
        """,
        f"""
        NOT EXISTS (
            SELECT FROM (
                SELECT variant.id, {_PRICE} AS price FROM variants AS variant WHERE {_variant_conditions(shape)} OFFSET 0
            ) AS other
            WHERE (other.price, other.id) < (price.amount_minor, variant.id)
            OFFSET 0
        )
        """,
    ]
    if shape.price:
        conditions.append("price.amount_minor BETWEEN :price_min AND :price_max")
    if shape.in_stock:
        conditions.append(_IN_STOCK)
    # The amount alone, once more, because an index knows it without the product.
    for edge, side, given in (("after", beyond, after), ("before", short, before)):
        if given:
            conditions.append(f"price.amount_minor {side}= :{edge}::bigint")
            conditions.append(f"(price.amount_minor, product.id) {side} (:{edge}::bigint, :{edge}_id::uuid)")
    direction = "DESC" if sort.descending != backward else "ASC"
    return rows(
        f"""
        SELECT id, slug, name, description, category_id, created_at, archived_at, sort_key
        FROM channel_price_lists AS mine CROSS JOIN LATERAL (
            SELECT product.id, product.slug, product.name, product.description, product.category_id, product.created_at,
                product.archived_at, price.amount_minor AS sort_key
            FROM prices AS price
            JOIN variants AS variant ON variant.id = price.variant_id
            JOIN products AS product ON product.id = variant.product_id
            WHERE {" AND ".join(conditions)}
            ORDER BY price.amount_minor {direction}, product.id {direction}
            LIMIT :most
        ) AS cheapest
        WHERE mine.channel_id = :channel_id
        ORDER BY sort_key {direction}, id {direction}
        LIMIT :most
        """,
        _TextProduct,
    )


@lru_cache(maxsize=1024)
def _counting(shape: _Shape) -> Statement[int]:
    conditions = " AND ".join(_conditions(shape, few=shape.narrow))
    return rows(f"{_with(shape)} SELECT count(*)::int FROM {_source(shape)} WHERE {conditions}", int)


@lru_cache(maxsize=1024)
def _faceting(shape: _Shape) -> Statement[FacetRow]:
    # Without conditions on attributes whole products are counted; else the variants that meet the other conditions, with
    # a note of which of the attributes each has.
    notes = [f"{_has_attribute(n)} AS has_{n}" for n in range(shape.attributes)]
    others = (
        " AND ".join(f"(found.has_{n} OR owned.attribute_code = :code_{n})" for n in range(shape.attributes)) or "true"
    )
    bare = _without_attributes(shape)
    if shape.attributes:
        found = f"""
            SELECT product.id AS product_id, variant.id AS variant_id, {", ".join(notes)}
            FROM {_source(bare)} JOIN variants AS variant ON {_variant_conditions(bare)}
            WHERE {" AND ".join(_product_conditions(bare))}
        """
        options = "JOIN found ON found.variant_id = owned.variant_id"
        listed = f"""
            SELECT found.product_id, owned.attribute_code, owned.value_code
            FROM found JOIN product_attributes AS owned ON owned.product_id = found.product_id WHERE {others}
            UNION
            SELECT found.product_id, owned.attribute_code, owned.value_code FROM variant_options AS owned {options} WHERE {others}
        """
    else:
        found = f"SELECT product.id AS product_id FROM {_source(bare)} WHERE {' AND '.join(_conditions(bare, few=bare.narrow))}"
        # Fenced for the same reason as in `_conditions`.
        fence = "OFFSET 0" if bare.narrow else ""
        sold = f"EXISTS (SELECT WHERE {_offered(bare)} {fence})"
        listed = f"""
            SELECT owned.product_id, owned.attribute_code, owned.value_code
            FROM found JOIN product_attributes AS owned ON owned.product_id = found.product_id
            UNION
            SELECT variant.product_id, owned.attribute_code, owned.value_code
            FROM found
            JOIN variants AS variant ON variant.product_id = found.product_id AND variant.archived_at IS NULL AND {sold}
            JOIN variant_options AS owned ON owned.variant_id = variant.id
        """
    return rows(
        f"""
        {_with(bare, f"found AS MATERIALIZED ({found})", f"listed AS ({listed})")},
        counted AS (
            SELECT attribute_code, value_code, count(*)::int AS count,
                row_number() OVER (PARTITION BY attribute_code ORDER BY count(*) DESC, value_code) AS place
            FROM listed GROUP BY attribute_code, value_code
        )
        SELECT counted.attribute_code AS code, attribute.name, counted.value_code, value.label, counted.count
        FROM counted
        JOIN attributes AS attribute ON attribute.code = counted.attribute_code
        JOIN attribute_values AS value
            ON value.attribute_code = counted.attribute_code AND value.code = counted.value_code
        WHERE counted.place <= :most
        ORDER BY attribute.name, counted.attribute_code, counted.place
        """,
        FacetRow,
    )


def _with(shape: _Shape, *more: str) -> str:
    parts = [*([_MATCHED] if shape.words else []), *([_CATEGORIES] if shape.category else []), *more]
    return f"WITH RECURSIVE {', '.join(parts)}" if parts else ""


def _source(shape: _Shape) -> str:
    return "matched JOIN products AS product ON product.id = matched.id" if shape.words else "products AS product"


def _conditions(shape: _Shape, *, few: bool) -> list[str]:
    """Say what a product has to meet, and that one variant of it has to meet the rest.

    `few` says that few products will be looked at, because they are cut to a page or narrowed by other conditions.
    """
    conditions = _product_conditions(shape)
    # OFFSET 0 keeps PostgreSQL from joining all variants of the shop with the few products that are looked at.
    fence = "OFFSET 0" if few else ""
    conditions.append(f"EXISTS (SELECT FROM variants AS variant WHERE {_variant_conditions(shape)} {fence})")
    for n in range(0 if _without_attributes(shape).narrow else shape.attributes):
        # Says nothing new, but lets a rare value be looked up instead of being asked of every product of the shop.
        conditions.append(f"""
            product.id IN (
                SELECT product_id FROM product_attributes WHERE attribute_code = :code_{n} AND value_code = ANY(:values_{n}::text[])
                UNION ALL
                SELECT variant.product_id FROM variant_options AS owned JOIN variants AS variant ON variant.id = owned.variant_id
                WHERE owned.attribute_code = :code_{n} AND owned.value_code = ANY(:values_{n}::text[])
            )
        """)
    return conditions


def _product_conditions(shape: _Shape) -> list[str]:
    conditions = ["product.archived_at IS NULL"]
    if shape.category:
        conditions.append("product.category_id = ANY(ARRAY(SELECT id FROM wanted_categories))")
    if shape.collection:
        conditions.append(
            "product.id IN (SELECT product_id FROM collection_products WHERE collection_id = :collection_id)"
        )
    if shape.ids:
        conditions.append("product.id = ANY(:ids::uuid[])")
    if shape.in_stock is False:
        conditions.append(
            "NOT EXISTS (SELECT FROM variants AS variant"
            f" WHERE variant.product_id = product.id AND variant.archived_at IS NULL AND {_IN_STOCK})"
        )
    return conditions


def _variant_conditions(shape: _Shape) -> str:
    attributes = [_has_attribute(n) for n in range(shape.attributes)]
    return " AND ".join(
        ["variant.product_id = product.id", "variant.archived_at IS NULL", _offered(shape), *attributes]
    )


def _offered(shape: _Shape) -> str:
    sold = f"{_PRICE} BETWEEN :price_min AND :price_max" if shape.price else _SOLD
    return f"{sold} AND {_IN_STOCK}" if shape.in_stock else sold


def _has_attribute(n: int) -> str:
    return f"""
        (
            EXISTS (
                SELECT FROM variant_options AS owned WHERE owned.variant_id = variant.id
                  AND owned.attribute_code = :code_{n} AND owned.value_code = ANY(:values_{n}::text[])
            )
            OR EXISTS (
                SELECT FROM product_attributes AS owned WHERE owned.product_id = variant.product_id
                  AND owned.attribute_code = :code_{n} AND owned.value_code = ANY(:values_{n}::text[])
            )
        )
    """


def _without_attributes(shape: _Shape) -> _Shape:
    return _Shape(
        words=shape.words,
        category=shape.category,
        collection=shape.collection,
        ids=shape.ids,
        in_stock=shape.in_stock,
        price=shape.price,
        attributes=0,
    )


def _params(channel_id: ChannelId, wanted: Wanted) -> dict[str, object]:
    words = wanted.words
    params: dict[str, object] = {
        "channel_id": channel_id,
        "whole": words and words.whole,
        "begun": words and words.begun,
        "code": words and words.code,
        "category_id": wanted.category_id,
        "collection_id": wanted.collection_id,
        "ids": None if wanted.ids is None else list(wanted.ids),
        "price_min": 0 if wanted.price_min_minor is None else wanted.price_min_minor,
        "price_max": LARGEST_MINOR if wanted.price_max_minor is None else wanted.price_max_minor,
    }
    for n, attribute in enumerate(wanted.attributes):
        params[f"code_{n}"] = attribute.code
        params[f"values_{n}"] = list(attribute.values)
    return params


def statements_of(wanted: Sequence[Wanted]) -> list[str]:
    """Write the statements that these questions would run, so that a test can prepare each."""
    shapes = [_Shape.of(question) for question in wanted]
    finding = [
        _finding(shape, order, after=edge, before=edge, backward=edge).sql
        for shape in shapes
        for order in ProductSort
        for edge in (False, True)
        if shape.words or order is not ProductSort.RELEVANCE
    ]
    return finding + [_counting(shape).sql for shape in shapes] + [_faceting(shape).sql for shape in shapes]
