"""Whatever the ledger holds and however its true report is spoiled: exactly what was spoiled is found."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.kernel.db import Database, UnitOfWork
from app.kernel.ids import new_id
from app.kernel.paging import PageRequest
from app.payments.gateways.test import TestGateway
from app.payments.invariants import INVARIANTS
from app.payments.queries import reconciled
from app.payments.rules.reconciling import LATE_WITHIN, Report
from app.payments.service import reconciling
from tests.builders import postgres
from tests.builders.clock import OPENING, StoppedClock
from tests.builders.paid import buy
from tests.builders.patience import PATIENT
from tests.builders.reported import report_of
from tests.builders.shop import KEYS, Shop

DAYS = 30
FROM, TO = OPENING, OPENING + timedelta(days=DAYS)
KINDS = ("CAPTURE", "REFUND", "REFUND_REVERSAL", "CHARGEBACK", "CHARGEBACK_REVERSAL")
ASKED = ("CAPTURE", "REFUND")
#: Strangers' amounts are nobody else's, so that none can be taken for a step of ours.
STRANGE = 1_000_000
OURS = [rule for rule in INVARIANTS if rule.number == 23]
_ALL = PageRequest(size=10_000)


@dataclass(frozen=True, slots=True)
class Entry:
    """A step of the ledger, and what becomes of the row that tells of it."""

    kind: str
    state: str
    amount: int
    days: int
    tender: int
    named: str
    spoiled: str
    gateway: str = "test"
    to_store_credit: bool = False
    id: UUID = field(default_factory=new_id)


_ENTRIES = st.builds(
    Entry,
    kind=st.sampled_from(KINDS),
    state=st.sampled_from(["SUCCEEDED"] * 5 + ["FAILED", "UNKNOWN", "REQUESTED"]),
    amount=st.integers(1, 4),
    days=st.integers(-3, DAYS + 3),
    tender=st.integers(0, 2),
    named=st.sampled_from(["both", "key", "reference"]),
    spoiled=st.sampled_from(["", "", "", "dropped", "amount", "currency", "kind", "twice"]),
    gateway=st.sampled_from(["test"] * 6 + ["other"]),
    to_store_credit=st.sampled_from([False] * 6 + [True]),
    id=st.builds(new_id),
)


@dataclass(frozen=True, slots=True)
class Example:
    """A ledger, and what else its report has in it, in which order."""

    entries: list[Entry]
    strangers: int
    garbage: int
    at_once: int
    chance: Random

    def report(self) -> tuple[list[dict[str, str]], Counter[tuple[str, str]]]:
        """Write the report; answers its lines, and what has to be found."""
        lines, expected = spoil(self.entries)
        for number in range(self.strangers):
            lines.append(
                {
                    "kind": KINDS[number], "at": FROM.isoformat(), "amount_minor": str(STRANGE + number), "currency": "GBP",
                    "key": str(new_id()), "reference": f"strange {number}", "authorization": "auth 0",
                }
            )  # fmt: skip
            expected["MISSING_HERE", f"strange {number}"] += 1
        # A report in which nothing can be read is refused.
        for _ in range(self.garbage if lines else 0):
            lines.append({"kind": "CAPTURE", "at": "never", "amount_minor": "1", "currency": "GBP"})
            expected["UNREADABLE", ""] += 1
        self.chance.shuffle(lines)
        return lines, expected


_EXAMPLES = st.builds(
    Example,
    entries=st.lists(_ENTRIES, max_size=14),
    strangers=st.integers(0, 3),
    garbage=st.integers(0, 2),
    at_once=st.integers(1, 6),
    chance=st.randoms(use_true_random=False),
)


async def write_ledger(uow: UnitOfWork, entries: list[Entry], order_id: UUID | None) -> None:
    """Write tenders and their steps, as nobody ever paid them."""
    tenders = [new_id() for _ in range(3)]
    for place, tender in enumerate(tenders):
        await uow.execute(
            """
            INSERT INTO payments (id, attempt_id, position, gateway, status, currency, amount_minor, authorized_minor, released_minor,
                capturing_minor, captured_minor, refunding_minor, refunded_minor, created_at, updated_at)
            VALUES ($1, $1, 0, 'test', 'AUTHORIZED', 'GBP', 100, 100, 0, 0, 0, 0, 0, $2, $2)
            """,
            [tender, FROM],
        )
        await uow.execute(
            """
            INSERT INTO payment_transactions (id, payment_id, kind, cause, state, amount_minor, gateway, gateway_reference,
                requested_at, settled_at)
            VALUES ($1, $2, 'AUTHORIZATION', 'INITIAL', 'SUCCEEDED', 100, 'test', $3, $4, $4)
            """,
            [new_id(), tender, f"auth {place}", FROM],
        )
    for entry in entries:
        refund_id = None
        if entry.to_store_credit and entry.kind == "REFUND":
            refund_id = new_id()
            await uow.execute(
                """
                INSERT INTO refunds (id, order_id, cause_id, reason, amount_minor, to_store_credit, lines, actor, requested_at)
                VALUES ($1, $2, $1, 'x', $3, true, '[]', 'SYSTEM', $4)
                """,
                [refund_id, order_id, entry.amount, FROM],
            )
        settled = entry.state in {"SUCCEEDED", "FAILED"}
        # An answer that was lost has told no name.
        reference = None if entry.named == "key" and entry.kind in ASKED else f"ref {entry.id}"
        await uow.execute(
            """
            INSERT INTO payment_transactions (id, payment_id, refund_id, kind, state, amount_minor, gateway, authorization_reference,
                gateway_reference, requested_at, settled_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            """,
            [
                entry.id, tenders[entry.tender], refund_id, entry.kind, entry.state, entry.amount, entry.gateway,
                f"auth {entry.tender}", reference, FROM, FROM + timedelta(days=entry.days, hours=1) if settled else None,
            ],
        )  # fmt: skip


def moves_money(entry: Entry) -> bool:
    """Say whether the gateway has to tell of a step, or may."""
    return entry.gateway == "test" and not (entry.to_store_credit and entry.kind == "REFUND")


def spoil(entries: list[Entry]) -> tuple[list[dict[str, str]], Counter[tuple[str, str]]]:
    """Write the true report and spoil it; answers its lines, and what has to be found."""
    lines: list[dict[str, str]] = []
    found: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        at = FROM + timedelta(days=entry.days, hours=1)
        within = FROM <= at < TO
        if not moves_money(entry):
            continue
        name = str(entry.id)
        if entry.spoiled == "dropped":
            if entry.state == "SUCCEEDED" and within:
                found["LATE" if at >= TO - LATE_WITHIN else "MISSING_THERE", name] += 1
            continue
        named = entry.named if entry.kind in ASKED else "reference"
        line = {
            "kind": entry.kind, "at": at.isoformat(), "amount_minor": str(entry.amount), "currency": "GBP",
            "key": name if named != "reference" else "", "reference": f"ref {name}" if named != "key" else "",
            "authorization": f"auth {entry.tender}",
        }  # fmt: skip
        kind = ""
        match entry.spoiled:
            case "amount":
                kind, line["amount_minor"] = "AMOUNT_DIFFERS", str(entry.amount + 10)
            case "currency":
                kind, line["currency"] = "CURRENCY_DIFFERS", "EUR"
            case "kind" if entry.kind in ASKED:
                kind, line["kind"] = "KIND_DIFFERS", ASKED[entry.kind == "CAPTURE"]
        lines += [line] * (2 if entry.spoiled == "twice" else 1)
        if not within:
            continue
        if entry.spoiled == "twice":
            found["DUPLICATED", name] += 1
        if kind:
            found[kind, name] += 1
        if entry.state != "SUCCEEDED":
            found["STATE_DIFFERS", name] += 1
    return lines, found


async def live(server: postgres.Server, template: str, example: Example) -> None:
    """Write a ledger into a shop of its own, and compare it with its spoiled report."""
    lines, expected = example.report()
    async with postgres.cloned(server, template) as dsn:
        database = Database(dsn, keys=KEYS, clock=StoppedClock(), patience=PATIENT)
        await database.connect()
        try:
            shop = Shop(database)
            order_id = (await buy(shop)).id if any(entry.to_store_credit for entry in example.entries) else None
            await shop.begin().run(lambda uow: write_ledger(uow, example.entries, order_id))
            run = await shop.begin().run(
                lambda uow: reconciling.reconcile(
                    uow,
                    {"test": TestGateway(database)},
                    Report.of_text(report_of(lines)),
                    gateway="test",
                    asked_from=FROM,
                    asked_to=TO,
                    rows_at_once=example.at_once,
                )
            )
            async with database.read() as session:
                differences = await reconciled.list_differences(
                    session, reconciliation_id=run.id, kind=None, request=_ALL
                )
                found = Counter((one.kind.value, str(one.transaction_id or one.reference or "")) for one in differences)
                assert found == expected
                assert (run.rows_read, run.differences + run.late) == (len(lines), found.total())
                for rule in OURS:
                    assert await session.fetch(rule.sql, []) == []
        finally:
            await database.close()


class TestAnyLedger:
    @settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(example=_EXAMPLES)
    def test_and_any_spoiled_report_differ_by_exactly_what_was_spoiled(
        self, furnished_template: tuple[postgres.Server, str], example: Example
    ) -> None:
        asyncio.run(live(*furnished_template, example))
