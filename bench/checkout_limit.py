"""The least SQL that leaves behind what a checkout leaves behind, on a bare connection.

A card is two transactions with the stand-in's own statement between them, since money is asked for while none is open:
one statement reads and locks the cart, with what it holds, costs and may be supplied from, one writes the attempt and
holds the units, and one writes the order and everything that goes with it. A gift card asks nobody and is one
transaction of two statements. Nothing is refused politely here, and nobody could go on with what was left halfway: it
is what PostgreSQL and the driver cost, with the same rows and the same guards against selling a unit twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.kernel.clock import utc_now
from app.kernel.ids import new_id
from app.kernel.money import Money
from app.kernel.numbers import new_number
from app.kernel.sql import Statement, statement
from app.locations.rules import distance_km
from app.payments.rules.accounts import code_hash
from app.settings import Settings
from tests.builders.shop import SECRET

_KEYS = Settings.from_environment({"STOA_ENV": "test", "STOA_SECRET": SECRET}).keys
#: Where the shopper lives, to a tenth of a degree.
_HOME = (51.5, -0.1)
_TTL = timedelta(minutes=10)
_HOLDS = timedelta(days=7)
_RENEWS = timedelta(days=6)

#: A cart that can be bought, with its lines, what they cost, how they are delivered and taxed, and what supplies them.
_READ = statement(
    """
    WITH cart AS MATERIALIZED (
        SELECT id, channel_id, shipping_address ->> 'country' AS country FROM carts
        WHERE id = :cart_id AND status = 'ACTIVE' AND attempt_id IS NULL AND expires_at > :now
        FOR NO KEY UPDATE
    )
    SELECT line.id, line.variant_id, line.quantity, price.amount_minor, variant.sku, product.name, option.code, option.name,
        option.price_minor, option.free_from_minor, rate.rate_basis_points, level.location_id, location.code,
        location.latitude, location.longitude, level.sellable - level.soft - level.firm - level.safety_stock AS available
    FROM cart
    JOIN cart_lines AS line ON line.cart_id = cart.id
    JOIN variants AS variant ON variant.id = line.variant_id
    JOIN products AS product ON product.id = variant.product_id
    JOIN prices AS price ON price.variant_id = line.variant_id
    JOIN channel_price_lists AS used ON used.price_list_id = price.price_list_id AND used.channel_id = cart.channel_id
    JOIN cart_selections AS chosen ON chosen.cart_id = cart.id
    JOIN delivery_options AS option ON option.id = chosen.option_id
    JOIN tax_rates AS rate ON rate.channel_id = cart.channel_id AND rate.country = cart.country
    JOIN channel_locations AS supply ON supply.channel_id = cart.channel_id AND supply.ships
    JOIN locations AS location ON location.id = supply.location_id AND location.archived_at IS NULL
    JOIN levels AS level ON level.variant_id = line.variant_id AND level.location_id = supply.location_id
    """
)
_KEY = (
    "INSERT INTO idempotency_keys (scope, key, input_hash, created_at) VALUES (:scope, :key, :hash, :now::timestamptz)"
)
_TENDER = """
    INSERT INTO payments (id, attempt_id, order_id, position, tender, gateway, token, status, currency, amount_minor,
        authorizing_minor, authorized_minor, released_minor, expired_minor, capturing_minor, captured_minor, refunding_minor,
        refunded_minor, charged_back_minor, account_id, created_at, updated_at)
    SELECT :payment_id::uuid, :attempt_id::uuid, {order}, 0, '{tender}', '{gateway}', {given}, '{status}', 'GBP',
        :total::bigint, {asked}, {held}, 0, 0, 0, 0, 0, 0, 0, {account}, :now, :now
"""
_STEP = """
    INSERT INTO payment_transactions (id, payment_id, kind, cause, state, amount_minor, gateway, requested_at, settled_at)
    SELECT :step_id::uuid, :payment_id::uuid, 'AUTHORIZATION', 'INITIAL', '{state}', :total::bigint, '{gateway}', :now, {settled}
"""
#: What is wanted of which level.
_WANTED = """
    wanted AS MATERIALIZED (
        SELECT part.* FROM (SELECT * FROM unnest(:line_ids::uuid[], :variant_ids::uuid[], :place_ids::uuid[],
            :quantities::int[], :reservation_ids::uuid[]) LIMIT cardinality(:line_ids::uuid[]))
            AS part (line_id, variant_id, location_id, quantity, reservation_id)
        {locked}
    )
"""
#: Many levels are locked in the order that everybody locks them in, so that nobody waits for whom they keep waiting.
_IN_ORDER = """
        JOIN levels AS level ON level.variant_id = part.variant_id AND level.location_id = part.location_id
        ORDER BY level.variant_id, level.location_id FOR NO KEY UPDATE OF level
"""
_RESERVED = """
    level AS (
        UPDATE levels SET {counter} = {counter} + wanted.quantity FROM wanted
        WHERE levels.variant_id = wanted.variant_id AND levels.location_id = wanted.location_id
          AND sellable - soft - firm >= wanted.quantity
        RETURNING levels.variant_id, levels.location_id, wanted.line_id, wanted.quantity, wanted.reservation_id
    ), reservation AS (
        INSERT INTO reservations (id, variant_id, location_id, state, quantity, demand_kind, demand_id, line_id, priority,
            created_at, expires_at)
        SELECT reservation_id, variant_id, location_id, '{state}', quantity, 'ORDER', :order_id::uuid, line_id, 0, :now, {expires}
        FROM level
    )
"""


def _prepare(wanted: str) -> Statement[Any]:
    """Write the attempt, and hold what it wants."""
    return statement(
        f"""
    WITH key AS ({_KEY}), attempt AS (
        INSERT INTO checkout_attempts (id, cart_id, cart_version, status, currency, total_minor, snapshot, key_scope, key,
            created_at, updated_at, worked_until)
        VALUES (:attempt_id, :cart_id, 3, 'AUTHORIZING', 'GBP', :total, :snapshot, :scope, :key, :now, :now, :until)
    ), payment AS ({
            _TENDER.format(
                order="NULL::uuid",
                tender="CARD",
                gateway="test",
                given="'tok_ok'",
                status="PENDING",
                asked=":total::bigint",
                held="0",
                account="NULL::uuid",
            )
        }), step AS ({_STEP.format(state="REQUESTED", gateway="test", settled="NULL::timestamptz")}), cart AS (
        UPDATE carts SET attempt_id = :attempt_id, reserved_until = :until, updated_at = :now WHERE id = :cart_id
    ), {wanted}, {_RESERVED.format(counter="soft", state="SOFT", expires=":until::timestamptz")}
    SELECT count(*)::int FROM level
    """
    )


_ASK = statement(
    """
    INSERT INTO test_gateway_operations (idempotency_key, kind, reference, outcome, plays, currency, amount_minor, settles_at,
        expires_at, created_at)
    VALUES (:step_key, 'AUTHORIZATION', :reference, 'SUCCEEDED', 'tok_ok', 'GBP', :total, :now, :holds_until, :now)
    """
)
_ORDER = """
    header AS (
        INSERT INTO orders (id, number, channel_id, cart_id, customer_id, email, currency, tax_included, status,
            payment_status, fulfillment_status, return_status, started, shipping_address, billing_address, subtotal_minor,
            discount_minor, delivery_minor, tax_minor, total_minor, token_generation, placed_at, updated_at, capture_at,
            capture_delivery)
        SELECT :order_id::uuid, :number::text, channel_id, id, customer_id, email, currency, true, 'PLACED', 'AUTHORIZED',
            'UNFULFILLED', 'NONE', false, shipping_address, billing_address, :subtotal::bigint, 0, :delivery::bigint,
            :tax::bigint, :total::bigint, 0, :now, :now, 'SHIPMENT', 'FIRST'
        FROM cart
    ), part AS (
        SELECT * FROM unnest(:line_ids::uuid[], :variant_ids::uuid[], :quantities::int[], :skus::text[], :names::text[],
            :prices::bigint[], :taxes::bigint[], :work_line_ids::uuid[]) WITH ORDINALITY
            AS part (line_id, variant_id, quantity, sku, name, price_minor, tax_minor, work_line_id, position)
        LIMIT cardinality(:line_ids::uuid[])
    ), line AS (
        INSERT INTO order_lines (id, order_id, position, variant_id, product_name, sku, options, delivery, ordered,
            unallocated, backordered, allocated, fulfilled, cancelled, returned, unit_price_minor, subtotal_minor,
            discount_minor, tax_minor, total_minor, discounts, tax_included, gift_card)
        SELECT line_id, :order_id::uuid, position - 1, variant_id, name, sku, '[]', 'SHIPPING', quantity, 0, 0, quantity, 0, 0,
            0, price_minor, price_minor * quantity, 0, tax_minor, price_minor * quantity, '[]', true, false
        FROM part
    ), delivery AS (
        INSERT INTO order_deliveries (id, order_id, method, option_code, option_name, price_minor, discount_minor, tax_minor,
            total_minor, discounts)
        VALUES (:delivery_id::uuid, :order_id::uuid, 'SHIPPING', :option_code, :option_name, :delivery, 0, :delivery_tax,
            :delivery, '[]')
    ), event AS (
        INSERT INTO order_events (id, order_id, kind, message, actor, at)
        VALUES (:event_id::uuid, :order_id::uuid, 'PLACED', :message, 'ANONYMOUS', :now)
    ), work AS (
        INSERT INTO fulfillment_orders (id, number, order_id, location_id, method, status, due_at, created_at, updated_at)
        VALUES (:work_id::uuid, :number::text || '-1', :order_id::uuid, :place_id, 'SHIPPING', 'OPEN', :due_at, :now, :now)
    ), work_line AS (
        INSERT INTO fulfillment_order_lines (id, fulfillment_order_id, order_line_id, variant_id, sku, product_name, quantity)
        SELECT work_line_id, :work_id::uuid, line_id, variant_id, sku, name, quantity FROM part
    ), decision AS (
        INSERT INTO routing_decisions (id, subject_id, cause, rule, rule_version, demand, candidates, plan, actor, decided_at)
        VALUES (:decision_id::uuid, :order_id::uuid, 'PLACEMENT', 'fewest-splits-then-nearest', 1, :demand, :candidates, :plan,
            'ANONYMOUS', :now)
    ), change AS (
        INSERT INTO state_changes (id, kind, subject_id, before, after, action, actor, at)
        SELECT id, kind, subject_id, before, after, action, 'ANONYMOUS', :now
        FROM unnest(:change_ids::uuid[], :kinds::text[], :subjects::uuid[], :befores::text[], :afters::text[], :actions::text[])
            AS change (id, kind, subject_id, before, after, action)
        LIMIT cardinality(:change_ids::uuid[])
    ), told AS (
        INSERT INTO outbox (id, aggregate_id, name, payload, actor, at, due_at)
        VALUES (:placed_id::uuid, :order_id::uuid, 'OrderPlaced', :placed, 'ANONYMOUS', :now, :now),
            (:opened_id::uuid, :work_id::uuid, 'FulfillmentOrderOpened', :opened, 'ANONYMOUS', :now, :now)
    )
"""
_CART = """
    cart AS (
        UPDATE carts SET status = 'ORDERED', attempt_id = NULL, reserved_until = NULL, expires_at = NULL, updated_at = :now
        {whose}
        RETURNING id, channel_id, customer_id, email, currency, shipping_address, billing_address
    )
"""


def _place(wanted: str) -> Statement[Any]:
    """Write the order, and hold for good what its attempt held."""
    return statement(
        f"""
    WITH attempt AS (
        UPDATE checkout_attempts SET status = 'PLACED', order_id = :order_id, snapshot = NULL, worked_until = NULL,
            updated_at = :now::timestamptz
        WHERE id = :attempt_id AND status = 'AUTHORIZING' RETURNING cart_id
    ), {_CART.format(whose="FROM attempt WHERE carts.id = attempt.cart_id")}, {_ORDER}, payment AS (
        UPDATE payments SET status = 'AUTHORIZED', order_id = :order_id, authorizing_minor = 0, authorized_minor = :total,
            gateway_reference = :reference, token = NULL, holds_until = :holds_until, renews_at = :renews_at, updated_at = :now
        WHERE id = :payment_id
    ), step AS (
        UPDATE payment_transactions SET state = 'SUCCEEDED', gateway_reference = :reference, attempts = 1, settled_at = :now
        WHERE id = :step_id
    ), key AS (
        UPDATE idempotency_keys SET object_id = :order_id, result = :result WHERE scope = :scope AND key = :key
    ), {wanted}, level AS (
        UPDATE levels SET soft = soft - wanted.quantity, firm = firm + wanted.quantity FROM wanted
        WHERE levels.variant_id = wanted.variant_id AND levels.location_id = wanted.location_id
        RETURNING wanted.reservation_id
    ), firm AS (
        UPDATE reservations SET state = 'FIRM', expires_at = NULL FROM level
        WHERE reservations.id = level.reservation_id AND state = 'SOFT' RETURNING 1
    )
    SELECT count(*)::int FROM firm, cart
    """
    )


_ACCOUNT = """
    account AS (
        UPDATE credit_accounts SET held_minor = held_minor + :total, updated_at = :now
        WHERE code_hash = :code_hash AND status = 'ACTIVE' AND currency = 'GBP' AND balance_minor - held_minor >= :total
        RETURNING id
    )
"""


def _place_at_once(wanted: str) -> Statement[Any]:
    """Write the attempt and the order together."""
    return statement(
        f"""
    WITH key AS (
        INSERT INTO idempotency_keys (scope, key, input_hash, object_id, result, created_at)
        VALUES (:scope, :key, :hash, :order_id, :result, :now::timestamptz)
    ), attempt AS (
        INSERT INTO checkout_attempts (id, cart_id, cart_version, order_id, status, currency, total_minor, key_scope, key,
            created_at, updated_at)
        VALUES (:attempt_id, :cart_id, 3, :order_id, 'PLACED', 'GBP', :total, :scope, :key, :now, :now)
    ), {_CART.format(whose="WHERE id = :cart_id")}, {_ORDER}, {_ACCOUNT}, payment AS ({
            _TENDER.format(
                order=":order_id::uuid",
                tender="GIFT_CARD",
                gateway="gift_card",
                given="NULL",
                status="AUTHORIZED",
                asked="0",
                held=":total::bigint",
                account="id",
            )
        } FROM account), step AS ({
            _STEP.format(state="SUCCEEDED", gateway="gift_card", settled=":now")
        } FROM account), {wanted}, {_RESERVED.format(counter="firm", state="FIRM", expires="NULL::timestamptz")}
    SELECT count(*)::int FROM level, account
    """
    )


@dataclass(frozen=True, slots=True)
class _Writes:
    """What is written for one line, or for many."""

    prepare: Statement[Any]
    place: Statement[Any]
    place_at_once: Statement[Any]

    @classmethod
    def of(cls, wanted: str) -> "_Writes":
        return cls(_prepare(wanted), _place(wanted), _place_at_once(wanted))


_ONE = _Writes.of(_WANTED.format(locked=""))
_MANY = _Writes.of(_WANTED.format(locked=_IN_ORDER))


@dataclass(frozen=True, slots=True)
class Wish:
    """A cart to be bought, under which key, and with which gift card; None is a card."""

    cart_id: UUID
    scope: str
    key: str
    input_hash: bytes
    code: str | None = None


class Bare:
    """A connection that statements run on as they are."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def fetch(self, sql: str, args: Sequence[object]) -> list[Any]:
        """Run one statement and answer its records."""
        return await self._connection.fetch(sql, *args)  # type: ignore[no-any-return]

    async def execute(self, sql: str, args: Sequence[object]) -> str:
        """Run one statement and answer its status tag."""
        return await self._connection.execute(sql, *args)  # type: ignore[no-any-return]


async def buy(connection: Any, wish: Wish) -> str:
    """Turn a cart into an order; answers its number."""
    session, now = Bare(connection), utc_now()
    async with connection.transaction():
        told = _reckoned(wish, await _READ.all(session, cart_id=wish.cart_id, now=now), now)
        writes = _ONE if len(told["line_ids"]) == 1 else _MANY
        if wish.code is not None:
            told["code_hash"] = code_hash(_KEYS, wish.code)
            await _all_of(writes.place_at_once, session, told)
            return str(told["number"])
        await _all_of(writes.prepare, session, told)
    await _ASK.run(session, **told)
    async with connection.transaction():
        await _all_of(writes.place, session, told)
    return str(told["number"])


async def _all_of(writes: Statement[Any], session: Bare, told: dict[str, Any]) -> None:
    (written,) = await writes.one(session, **told)
    assert written == len(told["line_ids"]), "a unit was not there"


def _reckoned(wish: Wish, records: Sequence[Any], now: datetime) -> dict[str, Any]:
    """Reckon what the cart costs and where it comes from, and name every row that is to be written."""
    assert records, "the cart cannot be bought"
    # Every location has every line here, so the nearest that has enough supplies all of them.
    first = records[0]
    lines: dict[UUID, tuple[UUID, Any]] = {}
    stock: dict[UUID, dict[UUID, int]] = {}
    places: dict[UUID, tuple[str, float]] = {}
    for record in records:
        if record[0] not in lines:
            lines[record[0]] = (new_id(), record)
        stock.setdefault(record[11], {})[record[1]] = record[15]
        if record[11] not in places:
            places[record[11]] = (record[12], round(distance_km(*_HOME, record[13], record[14]), 1))
    units = sum(record[2] for _, record in lines.values())
    place, *others = sorted(places, key=lambda at: places[at][1])
    bought = [(line_id, record, _included_tax(record[3] * record[2], record[10])) for line_id, record in lines.values()]
    bought.sort(key=lambda line: line[1][1])
    subtotal = sum(record[3] * record[2] for _, record, _ in bought)
    delivery = 0 if first[9] is not None and subtotal >= first[9] else first[8]
    delivery_tax = _included_tax(delivery, first[10])
    tax = sum(part for _, _, part in bought) + delivery_tax
    total = subtotal + delivery
    attempt_id, payment_id, step_id, order_id, work_id = new_id(), new_id(), new_id(), new_id(), new_id()
    number = new_number()
    asked = [
        {"line_id": str(line_id), "variant_id": str(record[1]), "quantity": record[2]} for line_id, record, _ in bought
    ]
    demand = {"lines": asked, "destination": list(_HOME)}
    candidates = [
        {
            "code": places[at][0],
            "reason": "supplies everything, and is the nearest that can"
            if at == place
            else "could supply everything, but another is nearer",
            "available": {str(variant): left for variant, left in stock[at].items()},
            "distance_km": places[at][1],
            "location_id": str(at),
            "units_assigned": units if at == place else 0,
            "units_possible": units,
        }
        for at in (place, *others)
    ]
    plan = {"parts": [line | {"location_id": str(place)} for line in asked], "unfilled": {}}
    changes = [
        ("order", order_id, None, "PLACED", "place"),
        ("fulfillment order", work_id, None, "OPEN", "open"),
        *([("payment", payment_id, "PENDING", "AUTHORIZED", "authorize")] if wish.code is None else ()),
        ("checkout attempt", attempt_id, "AUTHORIZING", "PLACED", "place"),
        ("cart", wish.cart_id, "ACTIVE", "ORDERED", "order"),
    ]
    return {
        "cart_id": wish.cart_id, "scope": wish.scope, "key": wish.key, "hash": wish.input_hash, "now": now,
        "until": now + _TTL, "holds_until": now + _HOLDS, "renews_at": now + _RENEWS, "due_at": now + timedelta(days=1),
        "attempt_id": attempt_id, "payment_id": payment_id, "step_id": step_id, "step_key": str(step_id),
        "reference": f"test_{new_id().hex}", "order_id": order_id, "work_id": work_id, "place_id": place, "number": number,
        "subtotal": subtotal, "delivery": delivery, "delivery_tax": delivery_tax, "tax": tax, "total": total,
        "option_code": first[6], "option_name": first[7], "delivery_id": new_id(), "event_id": new_id(),
        "decision_id": new_id(), "placed_id": new_id(), "opened_id": new_id(), "demand": demand, "candidates": candidates,
        "plan": plan, "snapshot": {"demand": demand, "candidates": candidates, "plan": plan, "number": number},
        "message": f"placed in web: {len(bought)} lines, {Money(total, 'GBP')}", "result": {"order": str(order_id)},
        "placed": {"order_id": str(order_id)},
        "opened": {
            "status": "OPEN", "order_id": str(order_id), "location_id": str(place), "fulfillment_order_id": str(work_id),
        },
        "line_ids": [line_id for line_id, _, _ in bought], "variant_ids": [record[1] for _, record, _ in bought],
        "place_ids": [place] * len(bought), "quantities": [record[2] for _, record, _ in bought],
        "reservation_ids": [new_id() for _ in bought], "work_line_ids": [new_id() for _ in bought],
        "skus": [record[4] for _, record, _ in bought], "names": [record[5] for _, record, _ in bought],
        "prices": [record[3] for _, record, _ in bought], "taxes": [part for _, _, part in bought],
        "change_ids": [new_id() for _ in changes], "kinds": [change[0] for change in changes],
        "subjects": [change[1] for change in changes], "befores": [change[2] for change in changes],
        "afters": [change[3] for change in changes], "actions": [change[4] for change in changes],
    }  # fmt: skip


def _included_tax(amount_minor: int, basis_points: int) -> int:
    return (amount_minor * basis_points * 2 + 10_000 + basis_points) // (2 * (10_000 + basis_points))
