"""Settlement reports beside the ledger: what agrees is counted, what differs is listed, and nothing else is touched."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from app.kernel.errors import Forbidden, Invalid
from app.kernel.ids import new_id
from app.orders.states import OrderPaymentStatus
from app.payments import service as payments
from app.payments.rules.reconciling import Difference
from app.payments.states import DifferenceKind, NoticeEffect, TransactionKind, TransactionState
from tests.builders.buyers import broken
from tests.builders.clock import OPENING, StoppedClock
from tests.builders.fingerprint import changed, fingerprint
from tests.builders.paid import Paid, buy
from tests.builders.patience import PATIENCE_SECONDS
from tests.builders.reported import Reports, report_of
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

MUG, DELIVERY = 1200, 499
THREE_MUGS = 3 * MUG + DELIVERY
#: A period that has everything that a test does, and ends so late that nothing is late.
FROM, TO = OPENING - timedelta(days=1), OPENING + timedelta(days=10)


@pytest.fixture
def reports(shop: Shop) -> Reports:
    """Compare reports of the test gateway."""
    return Reports(shop)


async def captured(shop: Shop) -> Paid:
    """Buy three mugs that have left and are paid for."""
    order = await buy(shop)
    await order.ship(3)
    await order.settle()
    return order


async def refunded(shop: Shop) -> Paid:
    """Buy three mugs of which one was given back."""
    order = await captured(shop)
    await order.refund(MUG, cause=new_id())
    await order.settle()
    return order


async def step_of(order: Paid, kind: str) -> UUID:
    """Name the one step of a kind."""
    [step] = await order.steps(lambda step: step.kind == kind)
    return step.id


class TestReport:
    async def test_that_is_true_has_no_differences(self, shop: Shop, reports: Reports) -> None:
        for _ in range(2):
            await refunded(shop)

        run = await reports.reconcile(asked_from=FROM, asked_to=TO)

        assert (run.rows_read, run.rows_matched, run.differences, run.late) == (4, 4, 0, 0)
        assert (run.period_from, run.period_to, run.file_name) == (FROM, TO, "report.csv")
        assert [(one.kind, one.ours_count, one.ours_minor, one.theirs_count, one.theirs_minor) for one in run.sums] == [
            (TransactionKind.CAPTURE, 2, 2 * THREE_MUGS, 2, 2 * THREE_MUGS),
            (TransactionKind.REFUND, 2, 2 * MUG, 2, 2 * MUG),
        ]
        assert await reports.differences(run) == []
        assert await broken(shop) == []

    async def test_is_of_the_time_from_its_first_row_to_its_last(
        self, shop: Shop, reports: Reports, clock: StoppedClock
    ) -> None:
        await captured(shop)
        clock.advance(days=5)
        await captured(shop)

        run = await reports.reconcile()

        assert (run.period_from, run.period_to) == (OPENING, clock.at + timedelta(microseconds=1))
        assert (run.rows_matched, run.differences, run.late) == (2, 0, 0)

    async def test_changes_nothing_but_its_own_tables(self, shop: Shop, reports: Reports) -> None:
        order = await buy(shop)
        await order.ship(3)
        order.gateway.answers_to_lose = 1
        await order.settle()
        before = await fingerprint(shop)

        await reports.reconcile()

        assert changed(before, await fingerprint(shop)) == [
            "reconciliation_differences", "reconciliation_matches", "reconciliations",
        ]  # fmt: skip

    async def test_that_comes_again_is_the_same_run(self, shop: Shop, reports: Reports) -> None:
        await captured(shop)
        text = report_of(await reports.lines())

        first = await reports.reconcile(text)
        again = await reports.reconcile(text, name="copy of report.csv")
        of_another_time = await reports.reconcile(text, asked_from=FROM, asked_to=TO)

        assert again == first
        assert of_another_time.id != first.id
        assert await broken(shop) == []

    async def test_that_comes_from_ten_at_once_is_one_run(self, shop: Shop, reports: Reports) -> None:
        await captured(shop)
        text = report_of(await reports.lines())

        async with asyncio.timeout(PATIENCE_SECONDS):
            runs = await asyncio.gather(*(reports.reconcile(text) for _ in range(10)))

        assert len({run.id for run in runs}) == 1
        assert await broken(shop) == []

    async def test_says_how_far_it_is(self, shop: Shop, reports: Reports) -> None:
        for _ in range(2):
            await refunded(shop)
        seen: list[int] = []

        await reports.reconcile(listener=seen.append)

        assert seen == [3, 4]

    async def test_has_fees(self, shop: Shop, reports: Reports) -> None:
        await refunded(shop)
        lines = [line | {"fee_minor": str(20 + place)} for place, line in enumerate(await reports.lines())]

        run = await reports.reconcile(lines)

        assert [one.fees_minor for one in run.sums] == [20, 21]

    @pytest.mark.parametrize("by", ["associate", "manager", "merchandiser", "integration", "ada"])
    async def test_is_for_those_who_manage_payments(self, shop: Shop, reports: Reports, by: str) -> None:
        await captured(shop)

        with pytest.raises(Forbidden):
            await reports.reconcile(by=by)

        run = await reports.reconcile()
        with pytest.raises(Forbidden):
            await reports.apply(run, by=by)


class TestRefusal:
    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("", "names its columns"),
            ("\n", "names its columns"),
            ("kind,kind,at\nCAPTURE,CAPTURE,x\n", "each once"),
            ("what,when\nnothing,never\nnothing,never\n", "row 2: there is no column 'kind'"),
            ("kind,at,amount_minor,currency\n", "say it"),
            ("PK\x03\x04\0\0\n\0\n", "no row of the report can be read"),
        ],
    )
    async def test_of_what_is_no_report_keeps_nothing(self, shop: Shop, reports: Reports, text: str, why: str) -> None:
        with pytest.raises(Invalid, match=why):
            await reports.reconcile(text)

        assert await shop.fetch("SELECT 1 FROM reconciliations") == []

    async def test_of_a_period_that_ends_before_it_begins(self, reports: Reports) -> None:
        with pytest.raises(Invalid, match="ends after it begins"):
            await reports.reconcile([], asked_from=TO, asked_to=FROM)

    async def test_of_a_payment_service_that_is_not_here(self, shop: Shop, reports: Reports) -> None:
        await captured(shop)

        with pytest.raises(Invalid, match="no payment service 'elsewhere' here; there are: test"):
            await reports.reconcile(gateway="elsewhere")

    async def test_is_none_of_an_empty_report_of_a_period(self, shop: Shop, reports: Reports) -> None:
        await captured(shop)

        run = await reports.reconcile([], asked_from=FROM, asked_to=TO)

        assert (run.rows_read, await reports.kinds(run)) == (0, {"MISSING_THERE": 1})


class TestDifference:
    async def only(self, reports: Reports, lines: list[dict[str, str]]) -> Difference:
        """Compare, and find one difference."""
        run = await reports.reconcile(lines, asked_from=FROM, asked_to=TO)
        [found] = await reports.differences(run)
        assert run.differences == 1
        assert await broken(reports.shop) == []
        return found

    async def test_of_money_that_the_ledger_does_not_know(self, shop: Shop, reports: Reports) -> None:
        await captured(shop)
        [line] = await reports.lines()
        stranger = line | {"key": "", "reference": "by hand", "amount_minor": "700"}

        found = await self.only(reports, [line, stranger])

        assert (found.kind, found.row_number, found.theirs_minor, found.reference) == (
            DifferenceKind.MISSING_HERE, 3, 700, "by hand",
        )  # fmt: skip
        assert (found.ours_minor, found.transaction_id, found.order_id) == (None, None, None)

    async def test_of_money_that_they_do_not_tell_of(self, shop: Shop, reports: Reports) -> None:
        order = await refunded(shop)
        kept = [line for line in await reports.lines() if line["kind"] == "REFUND"]

        found = await self.only(reports, kept)

        assert (found.kind, found.ours_minor, found.theirs_minor) == (DifferenceKind.MISSING_THERE, THREE_MUGS, None)
        assert (found.order_id, found.transaction_id) == (order.id, await step_of(order, "CAPTURE"))

    @pytest.mark.parametrize(
        ("wrong", "kind"),
        [
            ({"amount_minor": str(THREE_MUGS - 1)}, DifferenceKind.AMOUNT_DIFFERS),
            ({"currency": "EUR"}, DifferenceKind.CURRENCY_DIFFERS),
            ({"kind": "REFUND"}, DifferenceKind.KIND_DIFFERS),
        ],
    )
    @pytest.mark.parametrize("untold", ["key", "reference"])
    async def test_of_what_both_know(
        self, shop: Shop, reports: Reports, wrong: dict[str, str], kind: DifferenceKind, untold: str
    ) -> None:
        order = await captured(shop)
        [line] = await reports.lines()

        found = await self.only(reports, [line | {untold: ""} | wrong])

        assert (found.kind, found.transaction_id) == (kind, await step_of(order, "CAPTURE"))

    async def test_of_a_step_that_they_tell_of_twice(self, shop: Shop, reports: Reports) -> None:
        await captured(shop)
        [line] = await reports.lines()

        found = await self.only(reports, [line, line | {"key": ""}])

        assert (found.kind, found.row_number) == (DifferenceKind.DUPLICATED, 3)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"kind": "GIFT"}, {"at": "yesterday"}, {"at": "2026-11-24T10:00:00"}, {"amount_minor": "12.00"},
            {"amount_minor": "-5"}, {"amount_minor": "9" * 30}, {"currency": "pounds"}, {"fee_minor": "some"},
            {"reference": "x" * 300}, {"at": "0001-01-01T00:00:00+14:00"}, {"at": "0900-01-01T00:00:00Z"},
        ],
        ids=str,
    )  # fmt: skip
    async def test_of_a_row_that_says_nothing(self, shop: Shop, reports: Reports, wrong: dict[str, str]) -> None:
        await captured(shop)
        [line] = await reports.lines()

        found = await self.only(reports, [line, line | wrong])

        assert (found.kind, found.row_number, found.movement) == (DifferenceKind.UNREADABLE, 3, None)
        assert found.message

    async def test_of_rows_that_are_no_csv(self, shop: Shop, reports: Reports) -> None:
        await captured(shop)
        [line] = await reports.lines()
        text = "\ufeff" + report_of([line]).replace(",", ";") + "too;short\n\n;;;;;;;;;;;;too long\n"

        run = await reports.reconcile(text, asked_from=FROM, asked_to=TO)

        assert (run.rows_matched, run.rows_unreadable) == (1, 2)
        assert [difference.row_number for difference in await reports.differences(run)] == [3, 5]

    async def test_of_a_refusal_that_was_none(self, shop: Shop, reports: Reports) -> None:
        order = await buy(shop, tokens=("tok_no_capture",))
        await order.ship(3)
        await order.settle()
        line = {
            "kind": "CAPTURE", "at": OPENING.isoformat(), "amount_minor": str(THREE_MUGS), "currency": "GBP",
            "key": str(await step_of(order, "CAPTURE")),
        }  # fmt: skip

        run = await reports.reconcile([line])

        [found] = await reports.differences(run)
        assert (found.kind, found.state) == (DifferenceKind.STATE_DIFFERS, TransactionState.FAILED)
        # What was refused stays refused: people look at it.
        assert await reports.apply(run) == 0
        assert await broken(shop) == []

    async def test_of_another_gateways_step_is_that_it_is_missing(self, shop: Shop, reports: Reports) -> None:
        order = await captured(shop)
        async with shop.database.unit(shop.actor("system")) as uow:
            await uow.execute("ALTER TABLE payment_transactions DISABLE TRIGGER ALL", [])
            await uow.execute("UPDATE payment_transactions SET gateway = 'other'", [])

        run = await reports.reconcile(asked_from=FROM, asked_to=TO)

        [found] = await reports.differences(run)
        assert (found.kind, found.key) == (DifferenceKind.MISSING_HERE, str(await step_of(order, "CAPTURE")))

    async def test_is_none_for_what_is_no_money_of_the_gateway(self, shop: Shop, reports: Reports) -> None:
        order = await refunded(shop)
        held = {"kind": "AUTHORIZATION", "at": OPENING.isoformat(), "amount_minor": "1", "currency": "GBP"}
        async with shop.database.unit(shop.actor("system")) as uow:
            await uow.execute("UPDATE refunds SET to_store_credit = true", [])
        lines = [line for line in await reports.lines() if line["kind"] == "CAPTURE"]

        run = await reports.reconcile([*lines, held], asked_from=FROM, asked_to=TO)

        assert (run.rows_matched, run.rows_passed_over, run.differences) == (1, 1, 0)
        assert [one.kind for one in run.sums] == [TransactionKind.CAPTURE]
        assert await order.status() is OrderPaymentStatus.PARTIALLY_REFUNDED


class TestMatching:
    async def test_goes_by_the_authorization_where_one_step_alone_can_be_meant(
        self, shop: Shop, reports: Reports
    ) -> None:
        for _ in range(2):
            await refunded(shop)
        lines = [line | {"key": "", "reference": ""} for line in await reports.lines()]

        run = await reports.reconcile(lines, asked_from=FROM, asked_to=TO)

        assert (run.rows_matched, run.rows_missing, run.differences) == (4, 0, 0)
        assert await broken(shop) == []

    async def test_does_not_choose_between_equals(self, shop: Shop, reports: Reports) -> None:
        order = await buy(shop)
        await order.ship(1)
        await order.settle()
        for _ in range(2):
            await order.ship(1)
            await order.settle()
        lines = [line | {"key": "", "reference": ""} for line in await reports.lines()]

        run = await reports.reconcile(lines, asked_from=FROM, asked_to=TO)

        assert await reports.kinds(run) == {"MISSING_HERE": 2, "MISSING_THERE": 2}
        assert run.rows_matched == 1

    async def test_does_not_go_by_the_authorization_where_names_differ(self, shop: Shop, reports: Reports) -> None:
        await captured(shop)
        [line] = await reports.lines()

        run = await reports.reconcile([line | {"key": "", "reference": "else"}], asked_from=FROM, asked_to=TO)

        assert await reports.kinds(run) == {"MISSING_HERE": 1, "MISSING_THERE": 1}

    async def test_gives_a_step_to_the_row_that_names_it(self, shop: Shop, reports: Reports) -> None:
        await captured(shop)
        [line] = await reports.lines()
        nameless = line | {"key": "", "reference": ""}

        run = await reports.reconcile([nameless, line], asked_from=FROM, asked_to=TO)

        [found] = await reports.differences(run)
        assert (found.kind, found.row_number) == (DifferenceKind.MISSING_HERE, 2)

    async def test_does_not_go_by_what_a_report_of_other_days_told_of(
        self, shop: Shop, reports: Reports, clock: StoppedClock
    ) -> None:
        await captured(shop)
        [line] = await reports.lines()
        await reports.reconcile([line])
        nameless = line | {"key": "", "reference": "", "at": (OPENING + timedelta(days=5)).isoformat()}

        run = await reports.reconcile([nameless])

        assert await reports.kinds(run) == {"MISSING_HERE": 1}

    async def test_finds_refunds_that_came_back_by_the_refund(self, shop: Shop, reports: Reports) -> None:
        order = await refunded(shop)
        [refund] = await order.steps(lambda step: step.kind == "REFUND")
        assert refund.gateway_reference is not None
        await reports.gateway.fail_refund(reference=refund.gateway_reference)
        unheard = await reports.reconcile(asked_from=FROM, asked_to=TO)
        sent = await reports.gateway.news_of(str(refund.id))
        await payments.hear(shop.begin(), reports.gateway, headers=sent.headers, body=sent.body)

        heard = await reports.reconcile(asked_from=FROM, asked_to=TO + timedelta(days=1))

        [missing] = await reports.differences(unheard)
        assert (missing.kind, missing.movement) == (DifferenceKind.MISSING_HERE, TransactionKind.REFUND_REVERSAL)
        assert (heard.rows_matched, heard.differences) == (3, 0)
        assert [line["kind"] for line in await reports.lines()] == ["CAPTURE", "REFUND", "REFUND_REVERSAL"]
        assert await broken(shop) == []

    async def test_finds_what_banks_fetched_back(self, shop: Shop, reports: Reports) -> None:
        order = await captured(shop)
        [tender] = await order.tenders()
        assert tender.gateway_reference is not None
        for key, back in (("dispute 1", False), ("dispute 1 won", True)):
            await reports.gateway.charge_back(
                reference=tender.gateway_reference, amount_minor=MUG, key=key, reverse=back
            )
            sent = await reports.gateway.news_of(key)
            await payments.hear(shop.begin(), reports.gateway, headers=sent.headers, body=sent.body)

        run = await reports.reconcile(asked_from=FROM, asked_to=TO)

        assert (run.rows_matched, run.differences) == (3, 0)


class TestPeriod:
    async def test_leaves_rows_outside_it_alone_and_their_steps_too(
        self, shop: Shop, reports: Reports, clock: StoppedClock
    ) -> None:
        await captured(shop)
        clock.advance(days=5)
        await captured(shop)
        lines = await reports.lines()
        wrong = [lines[0] | {"amount_minor": "1"}, lines[1]]

        run = await reports.reconcile(wrong, asked_from=OPENING + timedelta(days=1), asked_to=TO)

        assert (run.rows_outside, run.rows_matched, run.differences) == (1, 1, 0)
        assert [one.theirs_count for one in run.sums] == [1]
        assert await broken(shop) == []

    async def test_calls_late_what_was_settled_shortly_before_its_end(self, shop: Shop, reports: Reports) -> None:
        await captured(shop)

        run = await reports.reconcile([], asked_from=FROM, asked_to=OPENING + timedelta(days=2))

        assert (run.differences, run.late) == (0, 1)
        assert await reports.kinds(run) == {"LATE": 1}
        assert await broken(shop) == []

    async def test_misses_what_was_late_once_the_next_report_does_not_tell_of_it_either(
        self, shop: Shop, reports: Reports
    ) -> None:
        order = await captured(shop)
        ends = [OPENING + timedelta(days=days) for days in (1, 2, 4, 6)]
        begins = [FROM, *ends]

        runs = [
            await reports.reconcile([], asked_from=start, asked_to=end)
            for start, end in zip(begins, ends, strict=False)
        ]

        assert [await reports.kinds(run) for run in runs] == [{"LATE": 1}, {"LATE": 1}, {"MISSING_THERE": 1}, {}]
        [found] = await reports.differences(runs[2])
        assert found.transaction_id == await step_of(order, "CAPTURE")
        assert await broken(shop) == []

    async def test_forgets_what_was_late_once_the_next_report_tells_of_it(self, shop: Shop, reports: Reports) -> None:
        await captured(shop)
        [line] = await reports.lines()
        end = OPENING + timedelta(days=1)
        late = await reports.reconcile([], asked_from=FROM, asked_to=end)

        told = line | {"at": (end + timedelta(hours=1)).isoformat()}
        next_one = await reports.reconcile([told], asked_from=end, asked_to=TO)

        assert await reports.kinds(late) == {"LATE": 1}
        assert (next_one.rows_matched, await reports.kinds(next_one)) == (1, {})

    async def test_does_not_call_late_what_the_next_report_has_told_of_already(
        self, shop: Shop, reports: Reports
    ) -> None:
        await captured(shop)
        [line] = await reports.lines()
        end = OPENING + timedelta(days=1)
        await reports.reconcile([line | {"at": end.isoformat()}], asked_from=end, asked_to=TO)

        run = await reports.reconcile([], asked_from=FROM, asked_to=end)

        assert await reports.kinds(run) == {}


class TestNews:
    async def test_that_are_for_people_are_listed(self, shop: Shop, reports: Reports, clock: StoppedClock) -> None:
        order = await captured(shop)
        [tender] = await order.tenders()
        news = {
            "outcome": "SUCCEEDED", "at": "1999-01-01T00:00:00Z", "currency": "GBP", "authorization": tender.gateway_reference,
        }  # fmt: skip
        capture = await step_of(order, "CAPTURE")
        for more in (
            {"id": "1", "kind": "CAPTURE", "amount": 1, "key": str(capture)},
            {"id": "2", "kind": "REFUND", "amount": 5, "reference": "by hand"},
            {"id": "3", "kind": "CAPTURE", "amount": THREE_MUGS, "key": str(capture)},
        ):
            sent = reports.gateway.signed(news | more)
            await payments.hear(shop.begin(), reports.gateway, headers=sent.headers, body=sent.body)

        run = await reports.reconcile(asked_from=FROM, asked_to=TO)
        other = await reports.reconcile(asked_from=TO, asked_to=TO + timedelta(days=1))

        found = [(one.kind, one.notice_id, one.theirs_minor, one.order_id) for one in await reports.differences(run)]
        assert found == [
            (DifferenceKind.CONTRADICTED, "1", 1, order.id),
            (DifferenceKind.UNMATCHED, "2", 5, None),
        ]
        assert run.differences == 2
        assert await reports.kinds(other) == {}


class TestApply:
    async def lost(self, shop: Shop) -> Paid:
        """Buy mugs whose capture was done and whose answer was lost."""
        order = await buy(shop)
        await order.ship(3)
        order.gateway.answers_to_lose = 1
        await order.settle()
        return order

    async def test_settles_what_the_report_proves(self, shop: Shop, reports: Reports) -> None:
        order = await self.lost(shop)
        run = await reports.reconcile()
        [found] = await reports.differences(run)
        assert (found.kind, found.state) == (DifferenceKind.STATE_DIFFERS, TransactionState.UNKNOWN)

        settled = [await reports.apply(run) for _ in range(2)]

        assert settled == [1, 0]
        [now] = await reports.differences(run)
        assert (now.applied_at, now.effect) == (OPENING, NoticeEffect.APPLIED)
        [tender] = await order.tenders()
        assert (tender.captured_minor, await order.status()) == (THREE_MUGS, OrderPaymentStatus.CAPTURED)
        [step] = await order.steps()
        assert step.gateway_reference == found.reference
        assert await order.settle() == []
        assert await broken(shop) == []

    async def test_settles_a_step_that_the_row_told_by_its_authorization(self, shop: Shop, reports: Reports) -> None:
        order = await self.lost(shop)
        [line] = await reports.lines()
        run = await reports.reconcile([line | {"key": ""}])

        assert await reports.apply(run) == 1

        [step] = await order.steps()
        assert (step.state, step.gateway_reference) == (TransactionState.SUCCEEDED, line["reference"])
        assert await broken(shop) == []

    async def test_settles_nothing_of_another_amount(self, shop: Shop, reports: Reports) -> None:
        await self.lost(shop)
        [line] = await reports.lines()
        run = await reports.reconcile([line | {"amount_minor": "1"}])

        assert await reports.kinds(run) == {"AMOUNT_DIFFERS": 1, "STATE_DIFFERS": 1}
        assert await reports.apply(run) == 0

    async def test_by_ten_at_once_while_the_answer_comes_settles_once(self, shop: Shop, reports: Reports) -> None:
        order = await self.lost(shop)
        run = await reports.reconcile()

        async with asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as group:
            group.create_task(order.settle())
            applying = [group.create_task(reports.apply(run)) for _ in range(10)]

        assert sum(task.result() for task in applying) <= 1
        [tender] = await order.tenders()
        assert tender.captured_minor == THREE_MUGS
        assert len(await shop.fetch("SELECT 1 FROM outbox WHERE name = 'PaymentStepSettled'")) == 1
        assert await broken(shop) == []

    async def test_says_so_when_the_answer_came_first(self, shop: Shop, reports: Reports) -> None:
        order = await self.lost(shop)
        run = await reports.reconcile()
        await order.settle()

        assert await reports.apply(run) == 0

        [found] = await reports.differences(run)
        assert found.effect is NoticeEffect.KNOWN
