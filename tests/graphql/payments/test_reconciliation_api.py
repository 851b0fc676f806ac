"""Settlement reports over the API: compared, listed, looked through page by page, settled by."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import pytest

from app.kernel.ids import IdKind, encode, new_id
from tests.builders.buyers import broken
from tests.builders.client import Client
from tests.builders.clock import OPENING
from tests.builders.paid import Paid, buy
from tests.builders.reported import Reports, report_of
from tests.builders.shop import Shop
from tests.builders.statements import Sent

pytestmark = pytest.mark.anyio

RECONCILE = """
mutation Reconcile($input: PaymentReconcileInput!) {
  paymentReconcile(input: $input) {
    settled
    reconciliation {
      id gateway fileName from to rowsRead rowsMatched rowsMissing rowsUnreadable differenceCount lateCount
      sums { kind ours { amount currency } oursCount theirs { amount } theirsCount difference { amount } fees { amount } }
      differenceCounts { kind count settled }
    }
    errors { code message field }
  }
}"""
DIFFERENCES = """
query Differences($id: ID!, $kind: ReconciliationDifferenceKind, $after: String) {
  reconciliation(id: $id) {
    differences(kind: $kind, first: 2, after: $after) {
      nodes { kind message movement rowNumber at ours { amount } theirs { amount } reference paymentId order { number } effect }
      pageInfo { hasNextPage endCursor }
    }
  }
}"""
RUNS = """
query Runs($filter: ReconciliationFilter, $first: Int, $after: String) {
  reconciliations(filter: $filter, first: $first, after: $after) {
    nodes { id differenceCount differenceCounts { kind } } totalCount pageInfo { hasNextPage endCursor }
  }
}"""
FROM, TO = "2026-11-23T00:00:00Z", "2026-12-24T00:00:00Z"


async def captured(shop: Shop, *, lose: int = 0) -> Paid:
    """Buy three mugs that have left and are paid for."""
    order = await buy(shop)
    await order.ship(3)
    order.gateway.answers_to_lose = lose
    await order.settle()
    return order


def asked(report: str, **more: object) -> dict[str, Any]:
    """Write the input of the mutation."""
    given = {"gateway": "test", "report": report, "from": FROM, "to": TO, "idempotencyKey": str(new_id())}
    return {"input": given | more}


class TestReconcile:
    async def test_compares_and_lists(self, client: Client, shop: Shop) -> None:
        order = await captured(shop)
        [line] = await Reports(shop).lines()
        strange = [line | {"key": "", "reference": f"strange {number}"} for number in range(2)]
        text = report_of([line | {"amount_minor": "4000", "fee_minor": "80"}, *strange])

        payload = await client.mutate(RECONCILE, asked(text, fileName=" november.csv "), token=shop.token("operator"))
        run = payload["reconciliation"]

        assert (run["gateway"], run["fileName"], run["from"], run["to"]) == ("test", "november.csv", FROM, TO)
        assert (run["rowsRead"], run["rowsMatched"], run["rowsMissing"], run["differenceCount"]) == (3, 1, 2, 3)
        assert run["sums"] == [
            {
                "kind": "CAPTURE", "ours": {"amount": "40.99", "currency": "GBP"}, "oursCount": 1,
                "theirs": {"amount": "121.98"}, "theirsCount": 3, "difference": {"amount": "80.99"}, "fees": {"amount": "0.80"},
            }
        ]  # fmt: skip
        assert run["differenceCounts"] == [
            {"kind": "AMOUNT_DIFFERS", "count": 1, "settled": 0},
            {"kind": "MISSING_HERE", "count": 2, "settled": 0},
        ]
        first = await client.query(DIFFERENCES, {"id": run["id"]}, token=shop.token("operator"))
        page = first["reconciliation"]["differences"]
        [amount, missing] = page["nodes"]
        assert (amount["kind"], amount["rowNumber"]) == ("AMOUNT_DIFFERS", 2)
        assert (amount["ours"], amount["theirs"]) == ({"amount": "40.99"}, {"amount": "40.00"})
        assert amount["order"]["number"]
        assert amount["paymentId"] == encode(IdKind.PAYMENT, (await order.tenders())[0].id)
        assert (missing["ours"], missing["order"], missing["reference"]) == (None, None, "strange 0")
        rest = await client.query(
            DIFFERENCES, {"id": run["id"], "after": page["pageInfo"]["endCursor"]}, token=shop.token("operator")
        )
        assert [one["reference"] for one in rest["reconciliation"]["differences"]["nodes"]] == ["strange 1"]
        of_kind = await client.query(
            DIFFERENCES, {"id": run["id"], "kind": "MISSING_HERE"}, token=shop.token("operator")
        )
        assert len(of_kind["reconciliation"]["differences"]["nodes"]) == 2
        assert await broken(shop) == []

    async def test_answers_the_same_run_under_the_same_key_and_under_another(self, client: Client, shop: Shop) -> None:
        await captured(shop)
        call = asked(await Reports(shop).gateway.settlement_report())
        other = {"input": call["input"] | {"idempotencyKey": "another"}}

        ids = [
            (await client.mutate(RECONCILE, each, token=shop.token("operator")))["reconciliation"]["id"]
            for each in (call, call, other)
        ]
        mismatch = await client.refused(
            RECONCILE, {"input": call["input"] | {"report": report_of([])}}, token=shop.token("operator")
        )

        assert len(set(ids)) == 1
        assert [error["code"] for error in mismatch] == ["IDEMPOTENCY_MISMATCH"]

    async def test_settles_what_the_report_proves_when_asked(self, client: Client, shop: Shop) -> None:
        order = await captured(shop, lose=1)
        text = await Reports(shop).gateway.settlement_report()

        found = await client.mutate(RECONCILE, asked(text), token=shop.token("operator"))
        settled = await client.mutate(RECONCILE, asked(text, apply=True), token=shop.token("operator"))

        assert (found["settled"], settled["settled"]) == (0, 1)
        assert found["reconciliation"]["id"] == settled["reconciliation"]["id"]
        assert settled["reconciliation"]["differenceCounts"] == [{"kind": "STATE_DIFFERS", "count": 1, "settled": 1}]
        assert (await order.tenders())[0].captured_minor == 4099
        assert await broken(shop) == []

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"gateway": "elsewhere"}, ["gateway"]),
            ({"report": ""}, ["report"]),
            ({"report": "a,b\n1,2\n"}, ["report"]),
            ({"from": TO, "to": FROM}, ["to"]),
            ({"from": None, "to": None, "report": "kind,at\n"}, ["from"]),
            ({"fileName": "x" * 256}, ["fileName"]),
            ({"idempotencyKey": ""}, ["idempotencyKey"]),
        ],
        ids=str,
    )
    async def test_refuses_what_is_of_no_use(
        self, client: Client, shop: Shop, wrong: dict[str, object], field: list[str]
    ) -> None:
        await captured(shop)
        call = asked(await Reports(shop).gateway.settlement_report())["input"]

        [error] = await client.refused(RECONCILE, {"input": call | wrong}, token=shop.token("operator"))

        assert (error["code"], error["field"]) == ("INVALID", field)
        assert await shop.fetch("SELECT 1 FROM reconciliations") == []

    async def test_names_a_payment_service_to_those_alone_who_may(self, client: Client, shop: Shop) -> None:
        [error] = await client.refused(RECONCILE, asked("", gateway="elsewhere"), token=shop.token("associate"))

        assert error["code"] == "FORBIDDEN"


class TestList:
    async def test_is_newest_first_and_by_what_is_asked(self, client: Client, shop: Shop) -> None:
        await captured(shop)
        reports = Reports(shop)
        days = [OPENING + timedelta(days=10 * number) for number in range(4)]
        good = await reports.reconcile(asked_from=OPENING - timedelta(days=1), asked_to=days[1])
        bad = await reports.reconcile("kind,at,amount_minor,currency\nVOID,2026-12-05T00:00Z,1,GBP\nnonsense\n",
                                      asked_from=days[1], asked_to=days[2])  # fmt: skip
        idle = await reports.reconcile([], asked_from=days[2], asked_to=days[3])
        names = {encode(IdKind.RECONCILIATION, run.id): name for name, run in
                 {"good": good, "bad": bad, "idle": idle}.items()}  # fmt: skip

        async def listed(**given: object) -> list[str]:
            found = await client.query(RUNS, {"filter": given}, token=shop.token("operator"))
            nodes = found["reconciliations"]["nodes"]
            assert found["reconciliations"]["totalCount"] == len(nodes)
            return [names[node["id"]] for node in nodes]

        assert await listed() == ["idle", "bad", "good"]
        assert await listed(gateway="elsewhere") == []
        assert await listed(withDifferences=True) == ["bad"]
        assert await listed(withDifferences=False) == ["idle", "good"]
        assert await listed(**{"from": days[1].isoformat()}) == ["idle", "bad"]
        assert await listed(to=days[1].isoformat()) == ["good"]

    async def test_goes_on_behind_a_cursor_and_asks_no_more_for_more_runs(
        self, client: Client, shop: Shop, statements: Callable[[], AbstractAsyncContextManager[Sent]]
    ) -> None:
        await captured(shop)
        reports = Reports(shop)
        for number in range(5):
            await reports.reconcile([], asked_from=OPENING, asked_to=OPENING + timedelta(days=number + 1))
        seen: list[str] = []
        counts = []
        for first in (1, 3):
            async with statements() as sent:
                found = await client.query(
                    RUNS, {"first": first, "after": seen[-1] if seen else None}, token=shop.token("operator")
                )
            counts.append(sent.count)
            seen.append(found["reconciliations"]["pageInfo"]["endCursor"])

        assert counts[0] == counts[1]
        assert found["reconciliations"]["pageInfo"]["hasNextPage"]

    async def test_takes_no_cursor_of_another_list(self, client: Client, shop: Shop) -> None:
        [error] = await client.errors(RUNS, {"after": "WzFd"}, token=shop.token("operator"))

        assert error["extensions"]["code"] == "INVALID"
