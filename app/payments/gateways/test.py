"""The gateway named `test`: a strict provider whose token chooses what happens.

It stands for a foreign system. What it did it remembers in a table of its own, written apart from our transactions, so a
process that dies between asking and recording finds the truth there, as with a real provider. It refuses what a real one
should: captures above what is held, refunds above the captures, another currency, anything after all was let go or has
run out. It sends signed notices and writes settlement reports about what it remembers; whoever tests decides when.
"""

import csv
import hashlib
import hmac
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import orjson

from app.kernel.actor import SYSTEM
from app.kernel.db import Database, UnitOfWork, assert_no_transaction
from app.kernel.ids import new_id
from app.kernel.sql import rows, statement
from app.payments.gateway import (
    Abilities,
    Action,
    Answer,
    GatewayFailed,
    GatewayTimeout,
    Notice,
    NoticeRefused,
    Outcome,
    Settlement,
    SettlementUnreadable,
)
from app.payments.states import TransactionKind

NAME: Final = "test"

#: Every token the gateway knows, and what it makes happen.
TOKENS: Final = {
    "tok_ok": "authorized at once",
    "tok_declined": "declined",
    "tok_expired": "declined, as the card has expired",
    "tok_foreign": "declined, as the token is another shop's",
    "tok_euros": "authorized in EUR, declined in every other currency",
    "tok_action": "the shopper has to act first, then authorized",
    "tok_timeout": "authorized, but the answer is lost",
    "tok_late": "authorized long after",
    "tok_error": "the provider fails and does nothing",
    "tok_short": "authorized for two days instead of a week, and anew when asked",
    "tok_short_once": "authorized for two days, and not anew",
    "tok_no_capture": "authorized, but captures are declined",
}

_HOLDS: Final = timedelta(days=7)
_HOLDS_SHORTLY: Final = timedelta(days=2)
_REFUSED: Final = {
    "tok_declined": "the card was declined",
    "tok_expired": "the card has expired",
    "tok_foreign": "this token belongs to another shop",
}
_SIGNATURE: Final = "x-test-signature"
#: A signature older than this is somebody's who listened; what the news are about may be of any age.
_SIGNED_WITHIN: Final = timedelta(minutes=5)
#: Which kinds of what it remembers are kinds of our ledger; an increment holds more under the same authorization.
_KINDS: Final = {"INCREMENT": TransactionKind.AUTHORIZATION}


@dataclass(frozen=True, slots=True)
class Operation:
    """What the gateway remembers of one call. `authorization_reference` is what a later step is about.

    `plays` is the token, where it is one of those that choose what happens; whatever else clients send is not kept.
    """

    idempotency_key: str
    kind: str
    reference: str
    authorization_reference: str | None
    outcome: str
    plays: str | None
    currency: str
    amount_minor: int
    settles_at: datetime
    expires_at: datetime | None
    created_at: datetime

    @property
    def ledger_kind(self) -> TransactionKind:
        """Say which kind of step this is to our ledger."""
        return _KINDS.get(self.kind) or TransactionKind(self.kind)


@dataclass(frozen=True, slots=True)
class Sent:
    """News on their way to the shop, as an HTTP request carries them."""

    headers: Mapping[str, str]
    body: bytes


_COLUMNS = """idempotency_key, kind, reference, authorization_reference, outcome, plays, currency, amount_minor, settles_at,
    expires_at, created_at"""
#: One statement, so that it is a transaction by itself; a repeated key changes nothing and answers the first call's row.
_REMEMBER = rows(
    f"""
    INSERT INTO test_gateway_operations ({_COLUMNS})
    VALUES (:key, :kind, :reference, :authorization, :outcome, :plays, :currency, :amount_minor, :settles_at, :expires_at, :now)
    ON CONFLICT (idempotency_key) DO UPDATE SET idempotency_key = excluded.idempotency_key
    RETURNING {_COLUMNS}
    """,
    Operation,
)
_FIND = rows(f"SELECT {_COLUMNS} FROM test_gateway_operations WHERE idempotency_key = :key", Operation)
_GET_BY_REFERENCE = rows(f"SELECT {_COLUMNS} FROM test_gateway_operations WHERE reference = :reference", Operation)
_LOCK_BY_REFERENCE = rows(
    f"SELECT {_COLUMNS} FROM test_gateway_operations WHERE reference = :reference FOR UPDATE", Operation
)
_LIST_ABOUT = rows(
    f"SELECT {_COLUMNS} FROM test_gateway_operations WHERE authorization_reference = :reference AND outcome = 'SUCCEEDED'",
    Operation,
)
_LIST_SETTLED = rows(
    f"""
    SELECT {_COLUMNS} FROM test_gateway_operations
    WHERE kind IN ('CAPTURE', 'REFUND', 'REFUND_REVERSAL', 'CHARGEBACK', 'CHARGEBACK_REVERSAL') AND outcome = 'SUCCEEDED'
    ORDER BY created_at, reference
    """,
    Operation,
)
_CONFIRM = statement(
    "UPDATE test_gateway_operations SET outcome = 'SUCCEEDED' WHERE reference = :reference AND outcome = 'ACTION'"
)


class TestGateway:
    """The provider itself."""

    __test__ = False  # Its name is a gateway's, not a test class's.
    name = NAME
    abilities = Abilities(reauthorizes=True, increments=True)

    def __init__(self, database: Database, *, late: timedelta = timedelta(seconds=60), base_url: str = "") -> None:
        self._database = database
        self._late = late
        self._base_url = base_url

    async def authorize(
        self, *, key: str, token: str, amount_minor: int, currency: str, reusable: bool, return_url: str | None
    ) -> Answer:
        """Hold funds, as the token says."""
        assert_no_transaction()
        if token == "tok_error":  # noqa: S105  # The names of outcomes, not secrets.
            raise GatewayFailed("tok_error")
        async with self._database.alone() as uow:
            operation = await self._remember(
                uow,
                key=key,
                kind="AUTHORIZATION",
                outcome=_authorized(token, currency),
                plays=token if token in TOKENS else None,
                currency=currency,
                amount_minor=amount_minor,
                settles_at=self._database.now() + (self._late if token == "tok_late" else timedelta()),  # noqa: S105
                expires_at=self._database.now() + _holds(token),
            )
        if token == "tok_timeout":  # noqa: S105
            raise GatewayTimeout("tok_timeout")
        return self._answer(operation)

    async def find(self, *, key: str, asked_at: datetime) -> Answer | None:
        """Say what became of a call."""
        assert_no_transaction()
        async with self._database.alone() as uow:
            operation = await _FIND.first(uow, key=key)
        return None if operation is None else self._answer(operation)

    async def reauthorize(self, *, key: str, reference: str, amount_minor: int, currency: str) -> Answer:
        """Hold funds of the same card anew."""
        assert_no_transaction()
        async with self._database.alone() as uow:
            first = await _GET_BY_REFERENCE.first(uow, reference=reference)
            if first is None or first.kind != "AUTHORIZATION" or first.currency != currency:
                return Answer(Outcome.DECLINED, message="there is no such authorization")
            once = first.plays == "tok_short_once"
            operation = await self._remember(
                uow,
                key=key,
                kind="AUTHORIZATION",
                outcome="DECLINED" if once else "SUCCEEDED",
                plays=first.plays,
                currency=currency,
                amount_minor=amount_minor,
                settles_at=self._database.now(),
                expires_at=self._database.now() + _holds(first.plays),
            )
        return self._answer(operation)

    async def increment(self, *, key: str, reference: str, amount_minor: int, currency: str) -> Answer:
        """Hold more under the same authorization."""
        return await self._step(key, "INCREMENT", reference, amount_minor, currency)

    async def capture(self, *, key: str, reference: str, amount_minor: int, currency: str, final: bool) -> Answer:
        """Take held funds; refuses more than is held."""
        return await self._step(key, "CAPTURE", reference, amount_minor, currency)

    async def void(self, *, key: str, reference: str, amount_minor: int, currency: str) -> Answer:
        """Let held funds go; refuses more than is held."""
        return await self._step(key, "VOID", reference, amount_minor, currency)

    async def refund(self, *, key: str, reference: str, amount_minor: int, currency: str) -> Answer:
        """Give taken funds back; refuses more than was taken."""
        return await self._step(key, "REFUND", reference, amount_minor, currency)

    async def confirm(self, *, reference: str) -> bool:
        """Do what the shopper was asked to do; answers whether anything was asked."""
        async with self._database.alone() as uow:
            return bool(await _CONFIRM.run(uow, reference=reference))

    async def charge_back(self, *, reference: str, amount_minor: int, key: str, reverse: bool = False) -> Operation:
        """Let the shopper's bank fetch money back that was taken of an authorization, or give it to the shop again."""
        return await self._of_its_own(key, "CHARGEBACK_REVERSAL" if reverse else "CHARGEBACK", reference, amount_minor)

    async def fail_refund(self, *, reference: str) -> Operation:
        """Let a refund that succeeded turn out not to have arrived; `reference` is the refund's.

        From then on news of the refund say that it was declined, and there is room for another one.
        """
        async with self._database.alone() as uow:
            refund = await _GET_BY_REFERENCE.one(uow, reference=reference)
        return await self._of_its_own(
            _undone(refund), "REFUND_REVERSAL", refund.authorization_reference or "", refund.amount_minor
        )

    async def news_of(self, key: str) -> Sent:
        """Write the signed notice about what was asked, or happened, under a key."""
        async with self._database.alone() as uow:
            operation = await _FIND.one(uow, key=key)
            undone = await _FIND.first(uow, key=_undone(operation))
        answer, at = self._answer(operation), operation.created_at
        if undone is not None:
            answer, at = Answer(Outcome.DECLINED, message="the account it went to is closed"), undone.created_at
        return self.signed(
            {
                "id": f"news_{operation.reference}_{'UNDONE' if undone else operation.outcome}",
                "kind": operation.ledger_kind.value,
                "outcome": answer.outcome.value,
                "at": at.isoformat(),
                "amount": operation.amount_minor,
                "currency": operation.currency,
                "key": operation.idempotency_key,
                "reference": operation.reference,
                "authorization": operation.authorization_reference or operation.reference,
                "message": answer.message,
                "holds_until": None if answer.holds_until is None else answer.holds_until.isoformat(),
            }
        )

    def signed(self, news: Mapping[str, object]) -> Sent:
        """Sign news."""
        body = orjson.dumps(news)
        at = str(int(self._database.now().timestamp()))
        return Sent({_SIGNATURE: f"t={at},v1={self._signature(at, body)}", "content-type": "application/json"}, body)

    def read_notice(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice | None:
        """Check the signature of news and read them."""
        parts = dict(part.partition("=")[::2] for part in headers.get(_SIGNATURE, "").split(","))
        at, signature = parts.get("t", ""), parts.get("v1", "")
        if not at.isdecimal() or not self._is_signed(at, body, signature):
            raise NoticeRefused("the signature is wrong")
        if abs(now.timestamp() - int(at)) > _SIGNED_WITHIN.total_seconds():
            raise NoticeRefused("the signature is too old")
        try:
            news = orjson.loads(body)
            return Notice(
                id=_text(news["id"]),
                kind=TransactionKind(news["kind"]),
                outcome=Outcome(news["outcome"]),
                at=_moment(news["at"]),
                amount_minor=_whole(news["amount"]),
                currency=_text(news["currency"]),
                key=_text_or_none(news.get("key")),
                reference=_text_or_none(news.get("reference")),
                authorization=_text_or_none(news.get("authorization")),
                message=_text_or_none(news.get("message")) or "",
                holds_until=None if news.get("holds_until") is None else _moment(news["holds_until"]),
            )
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            raise NoticeRefused("not news of this provider") from None

    async def settlement_report(self) -> str:
        """Write down, as CSV, all the money that moved."""
        async with self._database.alone() as uow:
            operations = await _LIST_SETTLED.all(uow)
        refunds = {_undone(operation): operation for operation in operations if operation.kind == "REFUND"}
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["kind", "at", "amount_minor", "currency", "fee_minor", "key", "reference", "authorization"])
        for operation in operations:
            writer.writerow(
                [
                    operation.kind,
                    operation.created_at.isoformat(),
                    operation.amount_minor,
                    operation.currency,
                    0,
                    operation.idempotency_key,
                    # A refund that came back is told of by the refund's own name.
                    refunds.get(operation.idempotency_key, operation).reference,
                    operation.authorization_reference,
                ]
            )
        return text.getvalue()

    def read_settlement(self, rows: Iterable[Mapping[str, str]]) -> Iterator[Settlement | SettlementUnreadable | None]:
        """Read a settlement report."""
        for row in rows:
            try:
                yield Settlement(
                    kind=TransactionKind(row["kind"]),
                    at=_moment(row["at"]),
                    amount_minor=int(row["amount_minor"]),
                    currency=row["currency"],
                    fee_minor=int(row.get("fee_minor") or 0),
                    key=row.get("key") or None,
                    reference=row.get("reference") or None,
                    authorization=row.get("authorization") or None,
                )
            except KeyError as missing:
                yield SettlementUnreadable(f"there is no column {missing}")
            except (ArithmeticError, TypeError, ValueError) as error:
                yield SettlementUnreadable(f"not a line of this provider's reports: {error}")

    async def _step(self, key: str, kind: str, reference: str, amount_minor: int, currency: str) -> Answer:
        assert_no_transaction()
        async with self._database.unit(SYSTEM) as uow:
            authorization = await _LOCK_BY_REFERENCE.first(uow, reference=reference)
            known = await _FIND.first(uow, key=key)
            if known is not None:
                return self._answer(known)
            if authorization is None or not self._holds(authorization):
                return Answer(Outcome.DECLINED, message="there is no such authorization")
            about = await _LIST_ABOUT.all(uow, reference=reference)
            why = self._refusal(authorization, about, kind, amount_minor, currency)
            lapsed = kind != "REFUND" and self._lapsed(authorization, about)
            operation = await self._remember(
                uow,
                key=key,
                kind=kind,
                outcome="LAPSED" if lapsed else "DECLINED" if why else "SUCCEEDED",
                currency=authorization.currency,
                amount_minor=amount_minor,
                settles_at=self._database.now(),
                authorization=reference,
            )
        return replace(self._answer(operation), message=why or "")

    async def _of_its_own(self, key: str, kind: str, reference: str, amount_minor: int) -> Operation:
        async with self._database.unit(SYSTEM) as uow:
            authorization = await _LOCK_BY_REFERENCE.one(uow, reference=reference)
            return await self._remember(
                uow,
                key=key,
                kind=kind,
                outcome="SUCCEEDED",
                currency=authorization.currency,
                amount_minor=amount_minor,
                settles_at=self._database.now(),
                authorization=reference,
            )

    def _refusal(
        self, authorization: Operation, about: Sequence[Operation], kind: str, amount_minor: int, currency: str
    ) -> str | None:
        if currency != authorization.currency:
            return f"the authorization is in {authorization.currency}"
        if kind == "REFUND":
            room = _sum(about, "CAPTURE") + _sum(about, "REFUND_REVERSAL") - _sum(about, "REFUND")
        else:
            room = _held(authorization, about)
            if self._lapsed(authorization, about):
                return "the authorization does not hold any more"
        if kind == "CAPTURE" and authorization.plays == "tok_no_capture":
            return "the bank declined the capture"
        if kind != "INCREMENT" and amount_minor > room:
            return f"{kind.lower()} of {amount_minor} is above the {room} there is"
        return None

    def _lapsed(self, authorization: Operation, about: Sequence[Operation]) -> bool:
        if authorization.expires_at is not None and authorization.expires_at <= self._database.now():
            return True
        return _held(authorization, about) <= 0

    def _holds(self, operation: Operation) -> bool:
        settled = operation.outcome == "SUCCEEDED" and operation.settles_at <= self._database.now()
        return operation.kind == "AUTHORIZATION" and settled

    def _signature(self, at: str, body: bytes, *, key_id: str | None = None) -> str:
        keys = self._database.keys
        secret = keys.derived_key("test gateway", key_id or keys.current)
        return hmac.new(secret, at.encode() + b"." + body, hashlib.sha256).hexdigest()

    def _is_signed(self, at: str, body: bytes, signature: str) -> bool:
        """Say whether any key of the ring signed it, as keys are changed while news are on their way."""
        expected = [self._signature(at, body, key_id=key_id) for key_id in self._database.keys.keys]
        return any([hmac.compare_digest(signature.encode(), candidate.encode()) for candidate in expected])  # noqa: C419  # A list, so that each is compared and time tells nothing.

    async def _remember(
        self,
        uow: UnitOfWork,
        *,
        key: str,
        kind: str,
        outcome: str,
        currency: str,
        amount_minor: int,
        settles_at: datetime,
        authorization: str | None = None,
        plays: str | None = None,
        expires_at: datetime | None = None,
    ) -> Operation:
        return await _REMEMBER.one(
            uow,
            key=key,
            kind=kind,
            reference=f"test_{UUID(bytes=new_id().bytes).hex}",
            authorization=authorization,
            outcome=outcome,
            plays=plays,
            currency=currency,
            amount_minor=amount_minor,
            settles_at=settles_at,
            expires_at=expires_at,
            now=self._database.now(),
        )

    def _answer(self, operation: Operation) -> Answer:
        if operation.outcome == "LAPSED":
            message = "the authorization does not hold any more"
            return Answer(Outcome.DECLINED, reference=operation.reference, message=message, lapsed=True)
        if operation.outcome == "DECLINED":
            what = "card" if operation.kind == "AUTHORIZATION" else operation.kind.lower()
            message = _REFUSED.get(operation.plays or "", f"the {what} was declined")
            return Answer(Outcome.DECLINED, reference=operation.reference, message=message)
        if operation.outcome == "ACTION":
            url = f"{self._base_url}/gateways/test/actions/{operation.reference}"
            return Answer(Outcome.ACTION_REQUIRED, reference=operation.reference, action=Action("REDIRECT", url=url))
        if operation.settles_at > self._database.now():
            return Answer(Outcome.PENDING, reference=operation.reference)
        return Answer(Outcome.SUCCEEDED, reference=operation.reference, holds_until=operation.expires_at)


def _authorized(token: str, currency: str) -> str:
    if token == "tok_euros":  # noqa: S105
        return "SUCCEEDED" if currency == "EUR" else "DECLINED"
    if token == "tok_action":  # noqa: S105
        return "ACTION"
    return "SUCCEEDED" if token in TOKENS.keys() - _REFUSED.keys() else "DECLINED"


def _holds(token: str | None) -> timedelta:
    return _HOLDS_SHORTLY if token in {"tok_short", "tok_short_once"} else _HOLDS


def _sum(operations: Sequence[Operation], kind: str) -> int:
    return sum(operation.amount_minor for operation in operations if operation.kind == kind)


def _held(authorization: Operation, about: Sequence[Operation]) -> int:
    return authorization.amount_minor + _sum(about, "INCREMENT") - _sum(about, "CAPTURE") - _sum(about, "VOID")


def _undone(refund: Operation) -> str:
    """Name what undoes a refund."""
    return f"undone {refund.idempotency_key}"


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _text_or_none(value: object) -> str | None:
    return None if value is None else _text(value)


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("not a whole number")
    return value


def _moment(value: object) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError("a moment without its offset")
    return moment.astimezone(UTC)
