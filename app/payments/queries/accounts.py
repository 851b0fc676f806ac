"""Statements about gift cards and store credit: accounts, their ledger, and wrong codes that were tried."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.kernel.db import UnitOfWork
from app.kernel.ids import CreditAccountId, CustomerId, OrderId, OrderLineId
from app.kernel.paging import PageRequest, bound
from app.kernel.sql import Session, rows, statement
from app.payments.models import accounts as models  # noqa: F401  # The statements below are about these tables.
from app.payments.rules.accounts import CreditAccount, CreditEntry, CreditMove, SoldCard
from app.payments.states import CreditEntryKind, CreditStatus

#: Stands for every origin together among those that codes were tried from.
EVERYWHERE = "*"

_ACCOUNT = (
    "id, kind, currency, balance_minor, held_minor, status, expires_at, customer_id, code_hash, code_key_id,"
    " code_generation, last_characters, order_line_id, unit, entries, created_by, created_at, updated_at"
)
_ENTRY = "account_id, number, kind, amount_minor, balance_minor, cause_id, reason, actor, at"

_LIST = rows(f"SELECT {_ACCOUNT} FROM credit_accounts WHERE id = ANY(:ids::uuid[])", CreditAccount)
_LOCK = rows(
    f"SELECT {_ACCOUNT} FROM credit_accounts WHERE id = ANY(:ids::uuid[]) ORDER BY id FOR NO KEY UPDATE", CreditAccount
)
#: Gift cards and customers' store credit together, in the order of their ids, so that nobody waits for us who has what we want.
_LOCK_OF = rows(
    f"""
    SELECT {_ACCOUNT} FROM credit_accounts
    WHERE id = ANY(:ids::uuid[])
       OR (customer_id = ANY(:customer_ids::uuid[]) AND currency = :currency AND kind = 'STORE_CREDIT')
    ORDER BY id FOR NO KEY UPDATE
    """,
    CreditAccount,
)
_LOCK_STORE_CREDIT = rows(
    f"""
    SELECT {_ACCOUNT} FROM credit_accounts
    WHERE customer_id = :customer_id AND currency = :currency AND kind = 'STORE_CREDIT' FOR NO KEY UPDATE
    """,
    CreditAccount,
)
_LOCK_SOLD = rows(
    f"""
    SELECT {_ACCOUNT} FROM credit_accounts WHERE order_line_id = ANY(:line_ids::uuid[]) ORDER BY id FOR NO KEY UPDATE
    """,
    CreditAccount,
)
_LIST_SOLD = rows(
    f"""
    SELECT {_ACCOUNT} FROM credit_accounts WHERE order_line_id = ANY(:line_ids::uuid[]) ORDER BY order_line_id, unit
    """,
    CreditAccount,
)
_LIST_STORE_CREDIT = rows(
    f"""
    SELECT {_ACCOUNT} FROM credit_accounts WHERE customer_id = ANY(:customer_ids::uuid[]) AND kind = 'STORE_CREDIT'
    ORDER BY customer_id, currency
    """,
    CreditAccount,
)


_FIND_CODES = rows(f"SELECT {_ACCOUNT} FROM credit_accounts WHERE code_hash = ANY(:hashes::text[])", CreditAccount)
#: Past its time, and not noticed yet, or let go by whatever held it since.
_LOCK_DUE = rows(
    f"""
    SELECT {_ACCOUNT} FROM credit_accounts
    WHERE expires_at <= :now AND (status = 'ACTIVE' OR (status = 'EXPIRED' AND balance_minor > held_minor))
    ORDER BY expires_at LIMIT :most FOR NO KEY UPDATE SKIP LOCKED
    """,
    CreditAccount,
)
_LIST_DUE_CARDS = rows(
    """
    SELECT line.id AS order_line_id, unit.number AS unit, line.unit_price_minor AS value_minor, orders.currency,
        channel.gift_card_ttl_days AS ttl_days
    FROM order_lines AS line
    JOIN orders ON orders.id = line.order_id
    JOIN channels AS channel ON channel.id = orders.channel_id
    CROSS JOIN LATERAL generate_series(1, line.fulfilled) AS unit (number)
    WHERE line.order_id = :order_id AND line.gift_card AND line.unit_price_minor > 0 AND NOT EXISTS (
        SELECT FROM credit_accounts AS account WHERE account.order_line_id = line.id AND account.unit = unit.number
    )
    ORDER BY line.position, unit.number
    """,
    SoldCard,
)

#: New accounts, each with the first entry of its ledger. Those that are there already stay as they are.
_NEW = f"""
    WITH opened AS (
        INSERT INTO credit_accounts ({_ACCOUNT})
        SELECT id, kind, currency, balance_minor, 0, 'ACTIVE', expires_at, customer_id, code_hash, code_key_id, 0,
            last_characters, order_line_id, unit, 1, :actor::text, :now::timestamptz, :now::timestamptz
        FROM unnest(:ids::uuid[], :kinds::text[], :currencies::text[], :balances::bigint[], :expires_ats::timestamptz[],
            :customers::uuid[], :key_ids::text[], :last::text[], :line_ids::uuid[], :units::int[], :hashes::text[])
            AS account (id, kind, currency, balance_minor, expires_at, customer_id, code_key_id, last_characters,
                order_line_id, unit, code_hash)
        ON CONFLICT %s DO NOTHING
        RETURNING id, balance_minor, order_line_id
    )
    INSERT INTO credit_entries ({_ENTRY})
    SELECT id, 1, :kind::text, balance_minor, balance_minor, coalesce(:cause_id::uuid, order_line_id), :reason::text,
        :actor::text, :now::timestamptz
    FROM opened
    RETURNING account_id
"""
_INSERT_CARDS = rows(_NEW % "(order_line_id, unit)", UUID)
_INSERT_STORE_CREDIT = rows(_NEW % "(customer_id, currency) WHERE kind = 'STORE_CREDIT'", UUID)

#: The LIMIT takes nothing away: without it the statement would be planned anew for each order.
_HOLD = statement(
    """
    UPDATE credit_accounts AS account SET held_minor = account.held_minor + asked.amount_minor, updated_at = :now::timestamptz
    FROM (SELECT * FROM unnest(:ids::uuid[], :amounts::bigint[]) LIMIT cardinality(:ids::uuid[])) AS asked (id, amount_minor)
    WHERE account.id = asked.id
    """
)
#: Balances and their ledger in one statement: neither can be written without the other.
_MOVE = rows(
    f"""
    WITH moved AS (
        UPDATE credit_accounts AS account SET balance_minor = account.balance_minor + move.amount_minor,
            held_minor = account.held_minor + move.held_minor, status = move.status, expires_at = move.expires_at,
            entries = account.entries + (move.amount_minor <> 0)::int, updated_at = :now::timestamptz
        FROM unnest(:ids::uuid[], :amounts::bigint[], :helds::bigint[], :statuses::text[], :expires_ats::timestamptz[])
            AS move (id, amount_minor, held_minor, status, expires_at)
        WHERE account.id = move.id
        RETURNING account.*, move.amount_minor
    ), entry AS (
        INSERT INTO credit_entries ({_ENTRY})
        SELECT id, entries, :kind::text, amount_minor, balance_minor, :cause_id::uuid, :reason::text, :actor::text,
            :now::timestamptz
        FROM moved WHERE amount_minor <> 0
    )
    SELECT {_ACCOUNT} FROM moved ORDER BY id
    """,
    CreditAccount,
)


@dataclass(frozen=True, slots=True)
class Guesses:
    """How many wrong codes came from one origin, and from all of them together, and when each count began."""

    failures: int
    window_started_at: datetime
    failures_of_all: int
    all_started_at: datetime


#: The origin's row is locked until the code has been judged, so that guesses made at the same time are counted one by one.
_LOCK_GUESSES = rows(
    """
    WITH everywhere AS (
        SELECT failures, window_started_at FROM gift_card_attempts
        WHERE origin_hash = :everywhere::text AND window_started_at > :window_start::timestamptz
    )
    INSERT INTO gift_card_attempts AS counted (origin_hash, failures, window_started_at)
    VALUES (:origin_hash::text, 0, :now::timestamptz)
    ON CONFLICT (origin_hash) DO UPDATE SET
        failures = CASE WHEN counted.window_started_at > :window_start::timestamptz THEN counted.failures ELSE 0 END,
        window_started_at =
            CASE WHEN counted.window_started_at > :window_start::timestamptz THEN counted.window_started_at ELSE excluded.window_started_at END
    RETURNING failures, window_started_at, coalesce((SELECT failures FROM everywhere), 0) AS failures_of_all,
        coalesce((SELECT window_started_at FROM everywhere), :now::timestamptz) AS all_started_at
    """,
    Guesses,
)
#: Sent for right codes too, with nothing to count, so that right and wrong are told apart by nothing that is sent.
_COUNT_WRONG = statement(
    """
    INSERT INTO gift_card_attempts AS counted (origin_hash, failures, window_started_at)
    SELECT origin_hash, :wrong::int, :now::timestamptz FROM unnest(ARRAY[:origin_hash::text, :everywhere::text]) AS origin_hash
    WHERE :wrong::int > 0
    ON CONFLICT (origin_hash) DO UPDATE SET
        failures = excluded.failures
            + CASE WHEN counted.window_started_at > :window_start::timestamptz THEN counted.failures ELSE 0 END,
        window_started_at =
            CASE WHEN counted.window_started_at > :window_start::timestamptz THEN counted.window_started_at ELSE excluded.window_started_at END
    """
)
_DELETE_OLD_GUESSES = statement(
    """
    DELETE FROM gift_card_attempts WHERE origin_hash IN (
        SELECT origin_hash FROM gift_card_attempts WHERE window_started_at <= :window_start
        ORDER BY window_started_at LIMIT :most FOR UPDATE SKIP LOCKED
    )
    """
)


@dataclass(frozen=True, slots=True)
class GiftCardFilter:
    """Which gift cards are asked for."""

    statuses: Sequence[CreditStatus] | None = None
    customer_id: CustomerId | None = None
    last_characters: str | None = None
    code_hash: str | None = None


_WANTED = """
    kind = 'GIFT_CARD'
    AND (:after_id::uuid IS NULL OR id < :after_id)
    AND (:statuses::text[] IS NULL OR status = ANY(:statuses))
    AND (:customer_id::uuid IS NULL OR customer_id = :customer_id)
    AND (:last_characters::text IS NULL OR last_characters = :last_characters)
    AND (:code_hash::text IS NULL OR code_hash = :code_hash)
"""
_LIST_NEWEST = rows(
    f"SELECT {_ACCOUNT} FROM credit_accounts WHERE {_WANTED} ORDER BY id DESC LIMIT :most", CreditAccount
)
_COUNT = rows(f"SELECT count(*)::int FROM credit_accounts WHERE {_WANTED}", int)
_LIST_ENTRIES = rows(
    f"""
    SELECT entry.* FROM unnest(:account_ids::uuid[]) AS account (id) CROSS JOIN LATERAL (
        SELECT {_ENTRY} FROM credit_entries
        WHERE account_id = account.id AND (:after::int IS NULL OR number < :after) ORDER BY number DESC LIMIT :most
    ) AS entry
    ORDER BY entry.account_id, entry.number DESC
    """,
    CreditEntry,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """An account to be opened with its first money."""

    id: CreditAccountId
    currency: str
    balance_minor: int
    customer_id: CustomerId | None = None
    expires_at: datetime | None = None
    code_key_id: str | None = None
    code_hash: str | None = None
    last_characters: str | None = None
    order_line_id: OrderLineId | None = None
    unit: int | None = None

    @property
    def kind(self) -> str:
        """Say what it is: what has a code is a gift card."""
        return "STORE_CREDIT" if self.code_hash is None else "GIFT_CARD"


async def list_accounts(session: Session, *, account_ids: Collection[UUID]) -> list[CreditAccount]:
    """List accounts by id, in no order."""
    return await _LIST.all(session, ids=list(account_ids))


async def lock_accounts(uow: UnitOfWork, *, account_ids: Collection[UUID]) -> list[CreditAccount]:
    """Lock accounts, in the order of their ids."""
    return await _LOCK.all(uow, ids=list(account_ids))


async def lock_of(
    uow: UnitOfWork,
    *,
    account_ids: Collection[CreditAccountId],
    customer_ids: Collection[CustomerId],
    currency: str,
) -> list[CreditAccount]:
    """Lock accounts, and the store credit that customers have in a currency, in the order of their ids."""
    return await _LOCK_OF.all(uow, ids=list(account_ids), customer_ids=list(customer_ids), currency=currency)


async def lock_store_credit(uow: UnitOfWork, *, customer_id: CustomerId, currency: str) -> CreditAccount | None:
    """Lock what a customer has of store credit in a currency."""
    return await _LOCK_STORE_CREDIT.first(uow, customer_id=customer_id, currency=currency)


async def lock_sold(uow: UnitOfWork, *, line_ids: Collection[UUID]) -> list[CreditAccount]:
    """Lock the gift cards that were sold with these order lines, in the order of their ids."""
    return await _LOCK_SOLD.all(uow, line_ids=list(line_ids))


async def lock_due(uow: UnitOfWork, *, most: int) -> list[CreditAccount]:
    """Lock cards whose time is over, and on which there is something left to do; those that others hold are left out."""
    return await _LOCK_DUE.all(uow, now=uow.now, most=most)


async def list_sold(session: Session, *, line_ids: Collection[UUID]) -> list[CreditAccount]:
    """List the gift cards that were sold with these order lines, unit by unit."""
    return await _LIST_SOLD.all(session, line_ids=list(line_ids))


async def list_store_credit(session: Session, *, customer_ids: Collection[UUID]) -> list[CreditAccount]:
    """List what customers have of store credit, by currency."""
    return await _LIST_STORE_CREDIT.all(session, customer_ids=list(customer_ids))


async def list_due_cards(session: Session, *, order_id: OrderId) -> list[SoldCard]:
    """List the units of an order that have left, are gift cards, and have none yet."""
    return await _LIST_DUE_CARDS.all(session, order_id=order_id)


async def find_codes(session: Session, *, hashes: Sequence[str]) -> dict[str, CreditAccount]:
    """Find the gift cards, whatever their state, whose codes have these hashes."""
    return {str(card.code_hash): card for card in await _FIND_CODES.all(session, hashes=list(hashes))}


async def insert_cards(uow: UnitOfWork, *, cards: Sequence[NewAccount], reason: str | None) -> list[UUID]:
    """Write new gift cards; answers the ids of those that were not there for their unit already."""
    return await _INSERT_CARDS.all(
        uow, **_new(uow, cards), kind=CreditEntryKind.ISSUE.value, cause_id=None, reason=reason
    )


async def insert_store_credit(
    uow: UnitOfWork, *, account: NewAccount, kind: CreditEntryKind, cause_id: UUID | None, reason: str | None
) -> bool:
    """Open store credit with its first entry; answers False when the customer has some in this currency."""
    opened = await _INSERT_STORE_CREDIT.all(
        uow, **_new(uow, [account]), kind=kind.value, cause_id=cause_id, reason=reason
    )
    return bool(opened)


async def move(
    uow: UnitOfWork,
    *,
    moves: Sequence[CreditMove],
    kind: CreditEntryKind,
    cause_id: UUID | None = None,
    reason: str | None = None,
) -> list[CreditAccount]:
    """Write what becomes of locked accounts, and an entry for each whose balance changes; answers them as they are now."""
    return await _MOVE.all(
        uow,
        ids=[part.account.id for part in moves],
        amounts=[part.amount_minor for part in moves],
        helds=[part.held_minor for part in moves],
        statuses=[(part.status or part.account.status).value for part in moves],
        expires_ats=[part.expires_at or part.account.expires_at for part in moves],
        kind=kind.value,
        cause_id=cause_id,
        reason=reason,
        actor=uow.actor.label,
        now=uow.now,
    )


async def hold(uow: UnitOfWork, *, wanted: Sequence[tuple[CreditAccountId, int]]) -> None:
    """Write that more of locked accounts is held."""
    await _HOLD.later(
        uow, ids=[account_id for account_id, _ in wanted], amounts=[amount for _, amount in wanted], now=uow.now
    )


async def lock_guesses(uow: UnitOfWork, *, origin_hash: str, window_start: datetime) -> Guesses:
    """Lock the count of wrong codes of an origin, and read that of all."""
    return await _LOCK_GUESSES.one(
        uow, origin_hash=origin_hash, everywhere=EVERYWHERE, window_start=window_start, now=uow.now
    )


async def count_wrong(uow: UnitOfWork, *, origin_hash: str, window_start: datetime, wrong: int) -> None:
    """Count wrong codes for their origin and for all."""
    await _COUNT_WRONG.run(
        uow, origin_hash=origin_hash, everywhere=EVERYWHERE, window_start=window_start, wrong=wrong, now=uow.now
    )


async def delete_old_guesses(uow: UnitOfWork, *, window_start: datetime, most: int) -> int:
    """Forget counts whose window is over."""
    return await _DELETE_OLD_GUESSES.run(uow, window_start=window_start, most=most)


async def list_newest_cards(session: Session, *, wanted: GiftCardFilter, request: PageRequest) -> list[CreditAccount]:
    """List gift cards, newest first, one more than the page holds.

    Raises: Invalid when the cursor is not one of this list.
    """
    after = bound(request.after, datetime, name="after")
    after_id = None if after is None else after[1]
    return await _LIST_NEWEST.all(session, **_filters(wanted), after_id=after_id, most=request.size + 1)


async def count_cards(session: Session, *, wanted: GiftCardFilter) -> int:
    """Count the gift cards that a filter asks for."""
    return await _COUNT.one(session, **_filters(wanted), after_id=None)


async def list_entries(session: Session, *, account_ids: Collection[UUID], request: PageRequest) -> list[CreditEntry]:
    """List the ledgers of accounts, newest entries first, of each one more than the page holds.

    Raises: Invalid when the cursor is not one of a ledger.
    """
    after = bound(request.after, int, name="after")
    # What no column can hold is behind every entry.
    number = None if after is None else max(0, min(after[0], 2**31 - 1))
    return await _LIST_ENTRIES.all(session, account_ids=list(account_ids), after=number, most=request.size + 1)


def card_key(account: CreditAccount) -> tuple[object, ...]:
    """Write where a gift card stands in its list."""
    return (account.created_at.isoformat(), str(account.id))


def entry_key(entry: CreditEntry) -> tuple[object, ...]:
    """Write where an entry stands in its ledger."""
    return (entry.number, str(entry.account_id))


def _new(uow: UnitOfWork, opened: Sequence[NewAccount]) -> dict[str, object]:
    return {
        "ids": [account.id for account in opened],
        "kinds": [account.kind for account in opened],
        "currencies": [account.currency for account in opened],
        "balances": [account.balance_minor for account in opened],
        "expires_ats": [account.expires_at for account in opened],
        "customers": [account.customer_id for account in opened],
        "key_ids": [account.code_key_id for account in opened],
        "last": [account.last_characters for account in opened],
        "line_ids": [account.order_line_id for account in opened],
        "units": [account.unit for account in opened],
        "hashes": [account.code_hash for account in opened],
        "actor": uow.actor.label,
        "now": uow.now,
    }


def _filters(wanted: GiftCardFilter) -> dict[str, object]:
    return {
        "statuses": None if wanted.statuses is None else [status.value for status in wanted.statuses],
        "customer_id": wanted.customer_id,
        "last_characters": wanted.last_characters,
        "code_hash": wanted.code_hash,
    }
