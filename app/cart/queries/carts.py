"""Every statement about carts: locks, the guarded step to the next version, lines, and the choice of delivery."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.cart.models import GIFT_MESSAGE_DIGEST, NOTE_DIGEST
from app.cart.rules import MOST_UNITS, AddLine, Cart, CartLine, LeftOut, Rewritten, Select
from app.cart.states import CartStatus
from app.delivery.states import DeliveryMethod
from app.kernel.address import Address
from app.kernel.db import UnitOfWork
from app.kernel.ids import AttemptId, CartId, ChannelId, CustomerId, LocationId, VariantId, new_id
from app.kernel.sql import Session, rows, statement


@dataclass(frozen=True, slots=True)
class CartSelection:
    """A delivery choice, with the cart it belongs to."""

    cart_id: CartId
    group_id: UUID
    option_id: UUID
    slot_starts_at: datetime | None


@dataclass(frozen=True, slots=True)
class AddedLine:
    """A line as adding left it. `lines_before` is how many lines the cart had."""

    variant_id: VariantId
    delivery: DeliveryMethod
    store_id: LocationId | None
    note: str | None
    gift_message: str | None
    inserted: bool
    lines_before: int


#: The columns of a cart, in the order of its fields, for statements of rooms above that lock one with what it is about.
CART = """id, channel_id, customer_id, status, version, currency, email, shipping_address, billing_address,
    promotion_codes, token_generation, attempt_id, created_by, created_at, updated_at, reserved_until,
    expires_at, recovery_generation"""
_LINE = "id, cart_id, variant_id, quantity, delivery, store_id, created_at, note, gift_message"

_GET = rows(f"SELECT {CART} FROM carts WHERE id = :id", Cart)
_LIST = rows(f"SELECT {CART} FROM carts WHERE id = ANY(:ids::uuid[])", Cart)
#: One cart has a statement without a list, which PostgreSQL plans once; bench/checkout.py measures it.
_LOCK_ONE = rows(f"SELECT {CART} FROM carts WHERE id = :id FOR NO KEY UPDATE", Cart)
_LOCK = rows(f"SELECT {CART} FROM carts WHERE id = ANY(:ids::uuid[]) ORDER BY id FOR NO KEY UPDATE", Cart)
_GET_ACTIVE = rows(
    f"SELECT {CART} FROM carts WHERE customer_id = :customer_id AND channel_id = :channel_id AND status = 'ACTIVE'",
    Cart,
)
#: When a cart ends if nobody touches it again: its channel says so, for guests and for customers.
_LIFE = """(
        SELECT :now::timestamptz
            + make_interval(days => CASE WHEN {owner} IS NULL THEN cart_ttl_days ELSE customer_cart_ttl_days END)
        FROM channels WHERE channels.id = {channel}
    )"""
_LIVES_ON = _LIFE.format(owner="carts.customer_id", channel="carts.channel_id")
_GOES_ON = _LIFE.format(owner=":customer_id::uuid", channel="carts.channel_id")
_BEGINS = _LIFE.format(owner=":customer_id::uuid", channel=":channel_id")
#: Lock and step to the next version at once, when nothing speaks against it: the usual edit asks no second question.
_STEP = rows(
    f"""
    UPDATE carts SET version = version + 1, updated_at = :now, expires_at = {_LIVES_ON}
    WHERE id = :id AND status = 'ACTIVE' AND attempt_id IS NULL AND (:version::int IS NULL OR version = :version)
      AND (expires_at IS NULL OR expires_at > :now)
    RETURNING {CART}
    """,
    Cart,
)
_INSERT = rows(
    f"""
    INSERT INTO carts (id, channel_id, customer_id, status, version, currency, email, shipping_address, billing_address,
        promotion_codes, token_generation, attempt_id, created_by, created_at, updated_at, reserved_until,
        expires_at)
    VALUES (:id, :channel_id, :customer_id, :status, :version, :currency, :email, :shipping_address, :billing_address,
        :promotion_codes, :token_generation, :attempt_id, :created_by, :created_at, :updated_at, :reserved_until,
        {_BEGINS})
    ON CONFLICT (customer_id, channel_id) WHERE status = 'ACTIVE' AND customer_id IS NOT NULL DO NOTHING
    RETURNING {CART}
    """,
    Cart,
)
_RAISE_RECOVERY = rows(
    f"UPDATE carts SET recovery_generation = recovery_generation + 1 WHERE id = :id RETURNING {CART}", Cart
)
_DELETE = statement("DELETE FROM carts WHERE id = :id")
#: Whoever writes an active cart touches it; an expired one keeps the moment.
_SAVE = rows(
    f"""
    UPDATE carts SET customer_id = :customer_id, status = :status, version = :version, email = :email,
        shipping_address = :shipping_address, billing_address = :billing_address, promotion_codes = :promotion_codes,
        token_generation = :token_generation, attempt_id = :attempt_id, updated_at = :updated_at,
        reserved_until = :reserved_until,
        expires_at = CASE :status WHEN 'ACTIVE' THEN {_GOES_ON} WHEN 'EXPIRED' THEN expires_at END
    WHERE id = :id
    RETURNING {CART}
    """,
    Cart,
)

#: While a payment is under way a cart never expires, so its end can stay: no index has to be told of this change.
_HOLD_FOR_ATTEMPT = statement(
    "UPDATE carts SET attempt_id = :attempt_id, reserved_until = :reserved_until WHERE id = :id"
)
_END_AS_ORDERED = statement(
    """
    UPDATE carts SET status = :status, attempt_id = NULL, reserved_until = NULL, expires_at = NULL, updated_at = :now
    WHERE id = :id
    """
)

_LIST_LINES = rows(
    f"SELECT {_LINE} FROM cart_lines WHERE cart_id = ANY(:cart_ids::uuid[]) ORDER BY cart_id, id", CartLine
)
_LINES_BY_ID = rows(f"SELECT {_LINE} FROM cart_lines WHERE id = ANY(:ids::uuid[])", CartLine)
_LIST_SELECTIONS = rows(
    """
    SELECT cart_id, group_id, option_id, slot_starts_at FROM cart_selections
    WHERE cart_id = ANY(:cart_ids::uuid[]) ORDER BY cart_id, group_id
    """,
    CartSelection,
)


#: A line that would get more units than it may have is left as it is and not answered.
_ADD_LINES = rows(
    f"""
    INSERT INTO cart_lines ({_LINE})
    SELECT id, :cart_id::uuid, variant_id, quantity, delivery, store_id, :now::timestamptz, note, gift_message
    FROM unnest(:ids::uuid[], :variants::uuid[], :quantities::int[], :deliveries::text[], :stores::uuid[],
        :notes::text[], :gift_messages::text[])
        AS line (id, variant_id, quantity, delivery, store_id, note, gift_message)
    ON CONFLICT (cart_id, variant_id, delivery, store_id, {NOTE_DIGEST}, {GIFT_MESSAGE_DIGEST}) DO UPDATE
        SET quantity = cart_lines.quantity + excluded.quantity
        WHERE cart_lines.quantity + excluded.quantity <= {MOST_UNITS}
    RETURNING variant_id, delivery, store_id, note, gift_message, xmax = 0 AS inserted,
        (SELECT count(*) FROM cart_lines AS earlier WHERE earlier.cart_id = :cart_id) AS lines_before
    """,
    AddedLine,
)
_DELETE_LINES = statement("DELETE FROM cart_lines WHERE cart_id = :cart_id AND id = ANY(:ids::uuid[])")
_RECOUNT_LINES = statement(
    """
    UPDATE cart_lines SET quantity = change.quantity
    FROM unnest(:ids::uuid[], :quantities::int[]) AS change (id, quantity)
    WHERE cart_lines.cart_id = :cart_id AND cart_lines.id = change.id
    """
)
_INSERT_LINES = statement(
    f"""
    INSERT INTO cart_lines ({_LINE})
    SELECT id, :cart_id::uuid, variant_id, quantity, delivery, store_id, created_at, note, gift_message
    FROM unnest(:ids::uuid[], :variants::uuid[], :quantities::int[], :deliveries::text[], :stores::uuid[],
        :created::timestamptz[], :notes::text[], :gift_messages::text[])
        AS line (id, variant_id, quantity, delivery, store_id, created_at, note, gift_message)
    """
)

#: Two lines, of one cart each, that are the same; nulls are the same too.
_SAME = """other.variant_id = line.variant_id AND other.delivery = line.delivery
      AND other.store_id IS NOT DISTINCT FROM line.store_id AND other.note IS NOT DISTINCT FROM line.note
      AND other.gift_message IS NOT DISTINCT FROM line.gift_message"""
_RAISE_SAME = statement(
    f"""
    UPDATE cart_lines AS line SET quantity = least({MOST_UNITS}, line.quantity + other.quantity)
    FROM cart_lines AS other
    WHERE line.cart_id = :into_id AND other.cart_id = :from_id AND {_SAME}
    """
)
_MOVE_OTHERS = statement(
    f"""
    UPDATE cart_lines AS line SET cart_id = :into_id
    WHERE line.cart_id = :from_id AND NOT EXISTS (
        SELECT FROM cart_lines AS other WHERE other.cart_id = :into_id AND {_SAME}
    )
    """
)
_EMPTY = statement("DELETE FROM cart_lines WHERE cart_id = :cart_id")
_COUNT_LINES = rows("SELECT count(*) FROM cart_lines WHERE cart_id = :cart_id", int)

_PUT_SELECTIONS = statement(
    """
    INSERT INTO cart_selections (cart_id, group_id, option_id, slot_starts_at)
    SELECT :cart_id::uuid, group_id, option_id, slot_starts_at
    FROM unnest(:groups::uuid[], :options::uuid[], :slots::timestamptz[])
        AS choice (group_id, option_id, slot_starts_at)
    ON CONFLICT (cart_id, group_id) DO UPDATE SET option_id = excluded.option_id,
        slot_starts_at = CASE WHEN excluded.group_id = ANY(:kept::uuid[]) THEN cart_selections.slot_starts_at
            ELSE excluded.slot_starts_at END
    """
)

#: Carts whose time is over; whoever works on one of them is not waited for.
_LOCK_DUE = rows(
    f"""
    SELECT {CART} FROM carts WHERE status = 'ACTIVE' AND attempt_id IS NULL AND expires_at <= :now
    ORDER BY expires_at LIMIT :most FOR NO KEY UPDATE SKIP LOCKED
    """,
    Cart,
)
_EXPIRE = statement(
    """
    UPDATE carts SET status = 'EXPIRED', email = NULL, shipping_address = NULL, billing_address = NULL,
        reserved_until = NULL, updated_at = :now
    WHERE id = ANY(:ids::uuid[])
    """
)
#: Lines that differ in their texts alone become the oldest of them, as they are the same once the texts are forgotten.
_JOIN_WITHOUT_TEXTS = statement(
    f"""
    WITH same AS (
        SELECT id, first_value(id) OVER (PARTITION BY cart_id, variant_id, delivery, store_id ORDER BY id) AS oldest,
            least({MOST_UNITS}, sum(quantity) OVER (PARTITION BY cart_id, variant_id, delivery, store_id)) AS units
        FROM cart_lines WHERE cart_id IN (
            SELECT cart_id FROM cart_lines
            WHERE cart_id = ANY(:cart_ids::uuid[]) AND (note IS NOT NULL OR gift_message IS NOT NULL)
        )
    ), raised AS (
        UPDATE cart_lines AS line SET quantity = same.units FROM same
        WHERE line.id = same.id AND same.id = same.oldest AND line.quantity < same.units
    )
    DELETE FROM cart_lines AS line USING same WHERE line.id = same.id AND same.id <> same.oldest
    """
)
_FORGET_TEXTS = statement(
    """
    UPDATE cart_lines SET note = NULL, gift_message = NULL
    WHERE cart_id = ANY(:cart_ids::uuid[]) AND (note IS NOT NULL OR gift_message IS NOT NULL)
    """
)


async def get_cart(session: Session, *, cart_id: UUID) -> Cart | None:
    """Find a cart."""
    return await _GET.first(session, id=cart_id)


async def list_carts(session: Session, *, cart_ids: Collection[UUID]) -> list[Cart]:
    """List these carts, in no order."""
    return await _LIST.all(session, ids=list(cart_ids))


async def get_active_cart(session: Session, *, customer_id: CustomerId, channel_id: ChannelId) -> Cart | None:
    """Find the one cart that a customer fills in a channel."""
    return await _GET_ACTIVE.first(session, customer_id=customer_id, channel_id=channel_id)


async def lock_cart(uow: UnitOfWork, *, cart_id: UUID) -> Cart | None:
    """Lock a cart against other changes, and answer it as it now is."""
    return await _LOCK_ONE.first(uow, id=cart_id)


async def lock_carts(uow: UnitOfWork, *, cart_ids: Collection[UUID]) -> dict[UUID, Cart]:
    """Lock carts, in the order of their ids."""
    return {cart.id: cart for cart in await _LOCK.all(uow, ids=list(cart_ids))}


async def step_cart(uow: UnitOfWork, *, cart_id: UUID, version: int | None) -> Cart | None:
    """Lock a cart and raise its version, when it is active, free of checkout attempts and of the version given."""
    return await _STEP.first(uow, id=cart_id, version=version, now=uow.now)


async def insert_cart(uow: UnitOfWork, *, cart: Cart) -> Cart | None:
    """Write a new cart, and answer it with the end of its life; None when its customer has an active one in the channel."""
    return await _INSERT.first(uow, **_columns(cart), now=uow.now)


async def delete_cart(uow: UnitOfWork, *, cart_id: CartId) -> None:
    """Take out a cart that nobody has seen yet."""
    await _DELETE.run(uow, id=cart_id)


async def save_cart(uow: UnitOfWork, *, cart: Cart) -> Cart:
    """Write whatever may change about a cart that is locked, and answer it: while it is active, it lives on from now."""
    return await _SAVE.one(uow, **_columns(cart), now=uow.now)


async def hold_for_attempt(
    uow: UnitOfWork, *, cart_id: CartId, attempt_id: AttemptId, reserved_until: datetime | None
) -> None:
    """Write which checkout attempt a locked cart is held for, and until when its units are."""
    await _HOLD_FOR_ATTEMPT.later(uow, id=cart_id, attempt_id=attempt_id, reserved_until=reserved_until)


async def end_as_ordered(uow: UnitOfWork, *, cart_id: CartId, status: CartStatus) -> None:
    """Write that a locked cart became an order: it holds nothing, and does not expire any more."""
    await _END_AS_ORDERED.later(uow, id=cart_id, status=status.value, now=uow.now)


async def raise_recovery(uow: UnitOfWork, *, cart_id: CartId) -> Cart:
    """Count another recovery link of a cart that is locked, which ends the ones before."""
    return await _RAISE_RECOVERY.one(uow, id=cart_id)


async def list_lines(session: Session, *, cart_ids: Collection[UUID]) -> list[CartLine]:
    """List the lines of these carts, oldest first within each."""
    return await _LIST_LINES.all(session, cart_ids=list(cart_ids))


async def list_lines_by_id(session: Session, *, line_ids: Collection[UUID]) -> list[CartLine]:
    """List these lines, in no order."""
    return await _LINES_BY_ID.all(session, ids=list(line_ids))


async def list_selections(session: Session, *, cart_ids: Collection[UUID]) -> list[CartSelection]:
    """List what was chosen for the delivery groups of these carts."""
    return await _LIST_SELECTIONS.all(session, cart_ids=list(cart_ids))


async def add_lines(uow: UnitOfWork, *, cart_id: CartId, lines: Sequence[AddLine]) -> list[AddedLine]:
    """Write lines, or add their units to the same lines that are there; one that cannot take them is not answered."""
    return await _ADD_LINES.all(
        uow,
        cart_id=cart_id,
        now=uow.now,
        ids=[new_id() for _ in lines],
        variants=[line.variant_id for line in lines],
        quantities=[line.quantity for line in lines],
        deliveries=[line.delivery.value for line in lines],
        stores=[line.store_id for line in lines],
        notes=[line.note for line in lines],
        gift_messages=[line.gift_message for line in lines],
    )


async def rewrite_lines(uow: UnitOfWork, *, cart_id: CartId, change: Rewritten) -> None:
    """Write changed lines. Those that become others are taken out first, as two of them may change places."""
    gone = [*change.removed, *(line.id for line in change.moved)]
    if gone:
        await _DELETE_LINES.run(uow, cart_id=cart_id, ids=gone)
    if change.recounted:
        await _RECOUNT_LINES.run(
            uow,
            cart_id=cart_id,
            ids=[line.id for line in change.recounted],
            quantities=[line.quantity for line in change.recounted],
        )
    if change.moved:
        await _INSERT_LINES.run(
            uow,
            cart_id=cart_id,
            ids=[line.id for line in change.moved],
            variants=[line.variant_id for line in change.moved],
            quantities=[line.quantity for line in change.moved],
            deliveries=[line.delivery.value for line in change.moved],
            stores=[line.store_id for line in change.moved],
            created=[line.created_at for line in change.moved],
            notes=[line.note for line in change.moved],
            gift_messages=[line.gift_message for line in change.moved],
        )


async def move_lines(uow: UnitOfWork, *, from_id: CartId, into_id: CartId) -> int:
    """Put one cart's lines into another, the same ones added up; answers how many lines it then has."""
    await _RAISE_SAME.run(uow, from_id=from_id, into_id=into_id)
    await _MOVE_OTHERS.run(uow, from_id=from_id, into_id=into_id)
    await _EMPTY.run(uow, cart_id=from_id)
    return await _COUNT_LINES.one(uow, cart_id=into_id)


async def put_selections(uow: UnitOfWork, *, cart_id: CartId, selections: Sequence[Select]) -> None:
    """Keep what was chosen for delivery groups; a slot that was left out stays as it was."""
    await _PUT_SELECTIONS.run(
        uow,
        cart_id=cart_id,
        groups=[selection.group_id for selection in selections],
        options=[selection.option_id for selection in selections],
        slots=[
            None if selection.slot is None or isinstance(selection.slot, LeftOut) else selection.slot.starts_at
            for selection in selections
        ],
        kept=[selection.group_id for selection in selections if isinstance(selection.slot, LeftOut)],
    )


async def lock_due(uow: UnitOfWork, *, most: int) -> list[Cart]:
    """Lock carts whose time is over, but for those that somebody works on."""
    return await _LOCK_DUE.all(uow, now=uow.now, most=most)


async def expire_carts(uow: UnitOfWork, *, cart_ids: Collection[CartId]) -> None:
    """Write that locked carts have expired: they hold nothing, and have forgotten whom they were for."""
    ids = list(cart_ids)
    await _EXPIRE.run(uow, ids=ids, now=uow.now)
    await _JOIN_WITHOUT_TEXTS.run(uow, cart_ids=ids)
    await _FORGET_TEXTS.run(uow, cart_ids=ids)


def _columns(cart: Cart) -> dict[str, Any]:
    return {
        "id": cart.id,
        "channel_id": cart.channel_id,
        "customer_id": cart.customer_id,
        "status": cart.status.value,
        "version": cart.version,
        "currency": cart.currency,
        "email": cart.email,
        "shipping_address": _json(cart.shipping_address),
        "billing_address": _json(cart.billing_address),
        "promotion_codes": list(cart.promotion_codes),
        "token_generation": cart.token_generation,
        "attempt_id": cart.attempt_id,
        "created_by": cart.created_by,
        "created_at": cart.created_at,
        "updated_at": cart.updated_at,
        "reserved_until": cart.reserved_until,
    }


def _json(address: Address | None) -> dict[str, str | None] | None:
    return None if address is None else address.to_json()
