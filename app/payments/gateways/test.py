"""The gateway named `test`: a strict provider whose token chooses what happens.

It stands for a foreign system. What it did it remembers in a table of its own, written apart from our transactions, so a
process that dies between asking and recording finds the truth there, as with a real provider. It refuses what a real
one should: captures above the authorization, refunds above the captures, anything after a void.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from app.kernel.actor import SYSTEM
from app.kernel.db import Database, UnitOfWork, assert_no_transaction
from app.kernel.ids import new_id
from app.kernel.sql import rows, statement
from app.payments.gateway import Answer, GatewayFailed, GatewayTimeout, Outcome

NAME: Final = "test"

#: Every token the gateway knows, and what it makes happen.
TOKENS: Final = {
    "tok_ok": "authorized at once",
    "tok_declined": "declined",
    "tok_action": "the shopper has to act first, then authorized",
    "tok_timeout": "authorized, but the answer is lost",
    "tok_late": "authorized long after",
    "tok_error": "the provider fails and does nothing",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """What the gateway remembers of one call."""

    idempotency_key: str
    kind: str
    reference: str
    authorization_reference: str | None
    outcome: str
    currency: str
    amount_minor: int
    settles_at: datetime


_COLUMNS = "idempotency_key, kind, reference, authorization_reference, outcome, currency, amount_minor, settles_at"
#: One statement, so that it is a transaction by itself; a repeated key changes nothing and answers the first call's row.
_REMEMBER = rows(
    f"""
    INSERT INTO test_gateway_operations ({_COLUMNS}, created_at)
    VALUES (:key, :kind, :reference, :authorization, :outcome, :currency, :amount_minor, :settles_at, :now)
    ON CONFLICT (idempotency_key) DO UPDATE SET idempotency_key = excluded.idempotency_key
    RETURNING {_COLUMNS}
    """,
    Operation,
)
_FIND = rows(f"SELECT {_COLUMNS} FROM test_gateway_operations WHERE idempotency_key = :key", Operation)
_LOCK_BY_REFERENCE = rows(
    f"SELECT {_COLUMNS} FROM test_gateway_operations WHERE reference = :reference FOR UPDATE", Operation
)
_LIST_ABOUT = rows(
    f"SELECT {_COLUMNS} FROM test_gateway_operations WHERE authorization_reference = :reference AND outcome = 'SUCCEEDED'",
    Operation,
)
_CONFIRM = statement(
    "UPDATE test_gateway_operations SET outcome = 'SUCCEEDED' WHERE reference = :reference AND outcome = 'ACTION'"
)


class TestGateway:
    """The provider itself."""

    __test__ = False  # Its name is a gateway's, not a test class's.
    name = NAME

    def __init__(self, database: Database, *, late: timedelta = timedelta(seconds=60), base_url: str = "") -> None:
        self._database = database
        self._late = late
        self._base_url = base_url

    async def authorize(self, *, key: str, token: str, amount_minor: int, currency: str) -> Answer:
        """Hold funds, as the token says."""
        assert_no_transaction()
        if token == "tok_error":  # noqa: S105  # The names of outcomes, not secrets.
            raise GatewayFailed("tok_error")
        outcome = {"tok_action": "ACTION", "tok_declined": "DECLINED"}.get(
            token, "SUCCEEDED" if token in TOKENS else "DECLINED"
        )
        settles_at = self._database.now() + (self._late if token == "tok_late" else timedelta())  # noqa: S105
        async with self._database.alone() as uow:
            operation = await self._remember(
                uow,
                key=key,
                kind="AUTHORIZATION",
                outcome=outcome,
                currency=currency,
                amount_minor=amount_minor,
                settles_at=settles_at,
            )
        if token == "tok_timeout":  # noqa: S105
            raise GatewayTimeout("tok_timeout")
        return self._answer(operation)

    async def find(self, *, key: str) -> Answer | None:
        """Say what became of a call."""
        assert_no_transaction()
        async with self._database.alone() as uow:
            operation = await _FIND.first(uow, key=key)
        return None if operation is None else self._answer(operation)

    async def capture(self, *, key: str, reference: str, amount_minor: int) -> Answer:
        """Take held funds; refuses more than is held."""
        return await self._step(key, "CAPTURE", reference, amount_minor)

    async def void(self, *, key: str, reference: str, amount_minor: int) -> Answer:
        """Let held funds go; refuses more than is held."""
        return await self._step(key, "VOID", reference, amount_minor)

    async def refund(self, *, key: str, reference: str, amount_minor: int) -> Answer:
        """Give taken funds back; refuses more than was taken."""
        return await self._step(key, "REFUND", reference, amount_minor)

    async def confirm(self, *, reference: str) -> bool:
        """Do what the shopper was asked to do; answers whether anything was asked."""
        async with self._database.alone() as uow:
            return bool(await _CONFIRM.run(uow, reference=reference))

    async def _step(self, key: str, kind: str, reference: str, amount_minor: int) -> Answer:
        assert_no_transaction()
        async with self._database.unit(SYSTEM) as uow:
            authorization = await _LOCK_BY_REFERENCE.first(uow, reference=reference)
            known = await _FIND.first(uow, key=key)
            if known is not None:
                return self._answer(known)
            if authorization is None or not self._holds(authorization):
                return Answer(Outcome.DECLINED, message="there is no such authorization")
            about = await _LIST_ABOUT.all(uow, reference=reference)
            sums = {
                name: sum(o.amount_minor for o in about if o.kind == name) for name in ("CAPTURE", "VOID", "REFUND")
            }
            room = (
                sums["CAPTURE"] - sums["REFUND"]
                if kind == "REFUND"
                else authorization.amount_minor - sums["CAPTURE"] - sums["VOID"]
            )
            operation = await self._remember(
                uow,
                key=key,
                kind=kind,
                outcome="SUCCEEDED" if amount_minor <= room else "DECLINED",
                currency=authorization.currency,
                amount_minor=amount_minor,
                settles_at=self._database.now(),
                authorization=reference,
            )
        if amount_minor > room:
            message = f"{kind.lower()} of {amount_minor} is above the {room} there is"
            return Answer(Outcome.DECLINED, reference=operation.reference, message=message)
        return self._answer(operation)

    def _holds(self, operation: Operation) -> bool:
        settled = operation.outcome == "SUCCEEDED" and operation.settles_at <= self._database.now()
        return operation.kind == "AUTHORIZATION" and settled

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
    ) -> Operation:
        return await _REMEMBER.one(
            uow,
            key=key,
            kind=kind,
            reference=f"test_{UUID(bytes=new_id().bytes).hex}",
            authorization=authorization,
            outcome=outcome,
            currency=currency,
            amount_minor=amount_minor,
            settles_at=settles_at,
            now=self._database.now(),
        )

    def _answer(self, operation: Operation) -> Answer:
        if operation.outcome == "DECLINED":
            what = "card" if operation.kind == "AUTHORIZATION" else operation.kind.lower()
            return Answer(Outcome.DECLINED, reference=operation.reference, message=f"the {what} was declined")
        if operation.outcome == "ACTION":
            url = f"{self._base_url}/gateways/test/actions/{operation.reference}"
            return Answer(Outcome.ACTION_REQUIRED, reference=operation.reference, action_url=url)
        if operation.settles_at > self._database.now():
            return Answer(Outcome.PENDING, reference=operation.reference)
        return Answer(Outcome.SUCCEEDED, reference=operation.reference)
