"""What only Stripe's adapter does: what it sends, what it makes of every answer, and how it reads events and reports."""

import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from app.payments.gateway import (
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
from app.payments.rules.stripe import StripeTerms
from app.payments.states import TransactionKind
from tests.builders.clock import OPENING
from tests.builders.loopback import Asked, Loopback, Reply, nobody

stripe = pytest.importorskip("stripe", reason="the extra [stripe] is not installed")

from app.payments.gateways.stripe import API_VERSION, StripeGateway  # noqa: E402  # It needs the extra.

pytestmark = pytest.mark.anyio

KEY = "sk_test_nobodys"
SECRET, OLD_SECRET = "whsec_new", "whsec_old"
SHOP = "kitchen"
STEP = "0193f4c0-0000-7000-8000-000000000001"
TOKEN = "pm_theirCard"
HELD = 1000
CLIENT_SECRET = "pi_1_secret_forTheBrowser"
NOW = OPENING
LONG_AGO = NOW - timedelta(days=1)

Answers = Callable[[Asked], Reply | None]


def terms(base: str = "http://127.0.0.1:9", **more: Any) -> StripeTerms:
    """Set Stripe up, without patience."""
    return replace(
        StripeTerms(key=KEY, secrets=(SECRET, OLD_SECRET), shop=SHOP, base=base, seconds=5, pauses=(0, 0)), **more
    )


@asynccontextmanager
async def asked_of(answer: Answers, **more: Any) -> AsyncIterator[tuple[StripeGateway, Loopback]]:
    """Lend the adapter, and a Stripe that answers as told."""
    async with Loopback(answer) as there:
        gateway = StripeGateway(terms(there.url, **more), clock=lambda: NOW)
        yield gateway, there
        await gateway.close()


def intent(status: str = "requires_capture", **more: Any) -> dict[str, Any]:
    """Write a PaymentIntent as the API does."""
    return {
        "id": "pi_1",
        "object": "payment_intent",
        "status": status,
        "amount": HELD,
        "amount_capturable": HELD if status == "requires_capture" else 0,
        "amount_received": HELD if status == "succeeded" else 0,
        "currency": "gbp",
        "customer": None,
        "payment_method": TOKEN,
        "client_secret": CLIENT_SECRET,
        "metadata": {"stoa_key": STEP, "stoa_shop": SHOP},
        "latest_charge": {"id": "ch_1", "object": "charge"},
        "last_payment_error": None,
        "next_action": None,
        **more,
    }


def listed(*objects: Mapping[str, Any], has_more: bool = False) -> dict[str, Any]:
    """Write a page of a list."""
    return {"object": "list", "data": list(objects), "has_more": has_more, "url": "/v1/x"}


def refusal(status: int, kind: str, **more: Any) -> Reply:
    """Write an error."""
    headers = more.pop("headers", {})
    return Reply({"error": {"type": kind, "message": "No.", **more}}, status, headers)


async def authorize(gateway: StripeGateway, **more: Any) -> Answer:
    """Hold funds."""
    asked = {
        "key": STEP,
        "token": TOKEN,
        "amount_minor": HELD,
        "currency": "GBP",
        "reusable": False,
        "return_url": None,
    }
    return await gateway.authorize(**{**asked, **more})


class TestAuthorize:
    async def test_is_one_call_that_holds_and_names_the_step_and_the_shop(self) -> None:
        async with asked_of(lambda _: Reply(intent())) as (gateway, there):
            answer = await authorize(gateway)

        (asked,) = there.asked
        assert answer == Answer(Outcome.SUCCEEDED, "pi_1")
        assert (asked.method, asked.path) == ("POST", "/v1/payment_intents")
        assert asked.headers["idempotency-key"] == STEP
        assert asked.headers["stripe-version"] == API_VERSION
        assert asked.headers["authorization"] == f"Bearer {KEY}"
        assert asked.form == {
            "amount": "1000",
            "currency": "gbp",
            "payment_method": TOKEN,
            "allowed_payment_method_types[0]": "card",
            "capture_method": "manual",
            "confirm": "true",
            "metadata[stoa_key]": STEP,
            "metadata[stoa_shop]": SHOP,
            "expand[0]": "latest_charge",
        }

    async def test_says_until_when_the_money_is_held(self) -> None:
        card = {"capture_before": int(NOW.timestamp())}
        charge = {"id": "ch_1", "payment_method_details": {"type": "card", "card": card}}

        async with asked_of(lambda _: Reply(intent(latest_charge=charge))) as (gateway, _):
            assert (await authorize(gateway)).holds_until == NOW

    async def test_sends_the_shopper_where_the_bank_asks_them(self) -> None:
        step = {"type": "redirect_to_url", "redirect_to_url": {"url": "https://bank.example/3ds"}}

        async with asked_of(lambda _: Reply(intent("requires_action", next_action=step))) as (gateway, there):
            answer = await authorize(gateway, return_url="https://shop.example/back")

        assert there.asked[0].form["return_url"] == "https://shop.example/back"
        assert (answer.outcome, answer.action) == (
            Outcome.ACTION_REQUIRED,
            Action("REDIRECT", url="https://bank.example/3ds"),
        )

    async def test_lets_stripes_script_ask_the_shopper(self) -> None:
        step = {"type": "use_stripe_sdk", "use_stripe_sdk": {}}

        async with asked_of(lambda _: Reply(intent("requires_action", next_action=step))) as (gateway, _):
            answer = await authorize(gateway)

        assert answer.action == Action("STRIPE_SDK", client_secret=CLIENT_SECRET)

    async def test_keeps_a_card_with_a_customer_of_whom_nothing_is_told(self) -> None:
        def answers(asked: Asked) -> Reply:
            return Reply({"id": "cus_1", "object": "customer"} if "customers" in asked.path else intent())

        async with asked_of(answers) as (gateway, there):
            await authorize(gateway, reusable=True)

        customer, held = there.asked
        assert customer.form == {"metadata[stoa_key]": STEP, "metadata[stoa_shop]": SHOP}
        assert customer.headers["idempotency-key"] == f"{STEP}:customer"
        assert held.form["customer"] == "cus_1"
        assert held.form["payment_method_options[card][setup_future_usage]"] == "off_session"

    @pytest.mark.parametrize("token", ["4242424242424242", "tok_visa", "pm_a/../b", "", "pm_é\n"])
    async def test_sends_nothing_but_names_that_stripe_gave(self, token: str) -> None:
        async with asked_of(lambda _: Reply(intent())) as (gateway, there):
            assert (await authorize(gateway, token=token)).outcome is Outcome.DECLINED

        assert there.asked == []

    async def test_holds_anew_while_the_shopper_is_away(self) -> None:
        def answers(asked: Asked) -> Reply:
            return Reply(intent(customer="cus_1") if asked.method == "GET" else intent(id="pi_2"))

        async with asked_of(answers) as (gateway, there):
            answer = await gateway.reauthorize(key="again", reference="pi_1", amount_minor=400, currency="GBP")

        form = there.asked[-1].form
        assert answer.reference == "pi_2"
        assert (form["customer"], form["payment_method"]) == ("cus_1", TOKEN)
        assert (form["off_session"], form["amount"]) == ("true", "400")
        assert there.asked[-1].headers["idempotency-key"] == "again"

    async def test_does_not_hold_anew_what_was_not_kept(self) -> None:
        async with asked_of(lambda _: Reply(intent())) as (gateway, there):
            answer = await gateway.reauthorize(key="again", reference="pi_1", amount_minor=400, currency="GBP")

        assert answer.outcome is Outcome.DECLINED
        assert len(there.asked) == 1


class TestAmounts:
    async def test_are_sent_as_stripe_counts_them(self) -> None:
        async with asked_of(lambda _: Reply(intent())) as (gateway, there):
            await authorize(gateway, amount_minor=5, currency="UGX")

        assert (there.asked[0].form["amount"], there.asked[0].form["currency"]) == ("500", "ugx")

    async def test_in_steps_that_stripe_does_not_take_are_declined(self) -> None:
        async with asked_of(lambda _: Reply(intent())) as (gateway, there):
            answer = await authorize(gateway, amount_minor=5124, currency="KWD")

        assert answer.outcome is Outcome.DECLINED
        assert "KWD" in answer.message
        assert there.asked == []

    async def test_are_read_back_as_we_count_them(self) -> None:
        notice = read(event("payment_intent.succeeded", intent("succeeded", currency="isk", amount_received=500)))

        assert notice is not None
        assert (notice.amount_minor, notice.currency) == (5, "ISK")


class TestAnswers:
    async def test_about_a_card_are_passed_on_with_what_was_declined(self) -> None:
        message = "Your card has insufficient funds."
        told = refusal(402, "card_error", code="card_declined", message=message, payment_intent=intent())

        async with asked_of(lambda _: told) as (gateway, there):
            answer = await authorize(gateway)

        assert answer == Answer(Outcome.DECLINED, "pi_1", message=message)
        assert len(there.asked) == 1

    async def test_that_quote_names_of_cards_are_passed_on_without_them(self) -> None:
        told = refusal(
            400, "invalid_request_error", code="resource_missing", message=f"No such PaymentMethod: '{TOKEN}'"
        )

        async with asked_of(lambda _: told) as (gateway, _):
            answer = await authorize(gateway)

        assert (answer.outcome, answer.message) == (Outcome.DECLINED, "No such PaymentMethod: '…'")

    @pytest.mark.parametrize("status", [401, 403])
    async def test_that_our_key_is_wrong_fail_and_are_told_to_operators(self, status: int) -> None:
        told = refusal(status, "invalid_request_error", message=f"Invalid API Key provided: {KEY}")

        with capture_logs() as lines:
            async with asked_of(lambda _: told) as (gateway, there):
                with pytest.raises(GatewayFailed):
                    await authorize(gateway)

        (line,) = lines
        assert line["log_level"] == "error"
        assert KEY not in str(lines)
        assert len(there.asked) == 1

    @pytest.mark.parametrize("status", [409, 429, 500, 503])
    async def test_that_will_pass_are_asked_for_again_under_the_same_key(self, status: int) -> None:
        replies = [refusal(status, "api_error"), refusal(status, "api_error"), Reply(intent())]

        async with asked_of(lambda _: replies.pop(0)) as (gateway, there):
            answer = await authorize(gateway)

        assert answer.outcome is Outcome.SUCCEEDED
        assert [asked.headers["idempotency-key"] for asked in there.asked] == [STEP] * 3
        assert len({asked.body for asked in there.asked}) == 1

    async def test_that_do_not_pass_leave_it_open_what_happened(self) -> None:
        async with asked_of(lambda _: refusal(500, "api_error")) as (gateway, there):
            with pytest.raises(GatewayTimeout):
                await authorize(gateway)

        assert len(there.asked) == 3

    async def test_are_not_asked_for_again_where_stripe_says_so(self) -> None:
        told = refusal(500, "api_error", headers={"stripe-should-retry": "false"})

        async with asked_of(lambda _: told) as (gateway, there):
            with pytest.raises(GatewayTimeout):
                await authorize(gateway)

        assert len(there.asked) == 1

    @pytest.mark.parametrize("reply", [Reply(b"<html>bad gateway</html>", 502), Reply(b"", 200), Reply(b"{", 200)])
    async def test_that_cannot_be_read_leave_it_open_what_happened(self, reply: Reply) -> None:
        async with asked_of(lambda _: reply) as (gateway, _):
            with pytest.raises(GatewayTimeout):
                await authorize(gateway)

    async def test_that_the_key_was_used_for_something_else_leave_it_open_and_are_told_to_operators(self) -> None:
        with capture_logs() as lines:
            async with asked_of(lambda _: refusal(400, "idempotency_error")) as (gateway, there):
                with pytest.raises(GatewayTimeout):
                    await authorize(gateway)

        assert [line["log_level"] for line in lines] == ["error"]
        assert len(there.asked) == 1

    async def test_are_not_waited_for_longer_than_a_step_may_take(self) -> None:
        def answers(asked: Asked) -> Reply | None:
            return Reply({"id": "cus_1", "object": "customer"}) if "customers" in asked.path else None

        async with asked_of(answers, seconds=0.2, pauses=(0,) * 50) as (gateway, there):
            with pytest.raises(GatewayTimeout):
                await authorize(gateway, reusable=True)
            with pytest.raises(GatewayTimeout):
                await gateway.find(key=STEP, asked_at=LONG_AGO)

        assert len(there.asked) < 10

    async def test_that_were_lost_are_not_forgotten_when_nothing_leaves_afterwards(self) -> None:
        async with Loopback(lambda _: refusal(500, "api_error")) as there:
            gateway = StripeGateway(terms(there.url, pauses=(0.2,)), clock=lambda: NOW)
            there.stop_listening_after(1)

            with pytest.raises(GatewayTimeout):
                await authorize(gateway)
            await gateway.close()

        assert len(there.asked) == 1


class TestFind:
    async def test_reads_page_after_page_of_that_time_and_knows_its_own_shop(self) -> None:
        others = [
            intent(id=f"pi_{n}", metadata={"stoa_key": STEP, "stoa_shop": "another"} if n else {}) for n in range(2)
        ]
        pages = [listed(*others, has_more=True), listed(intent(id="pi_ours"))]

        async with asked_of(lambda _: Reply(pages.pop(0))) as (gateway, there):
            found = await gateway.find(key=STEP, asked_at=LONG_AGO)

        assert found == Answer(Outcome.SUCCEEDED, "pi_ours")
        first, second = (asked.form for asked in there.asked)
        assert int(first["created[gte]"]) < LONG_AGO.timestamp() < int(first["created[lte]"])
        assert (first["limit"], second["starting_after"]) == ("100", "pi_1")

    async def test_does_not_say_that_nothing_arrived_while_it_still_may(self) -> None:
        async with asked_of(lambda _: Reply(listed())) as (gateway, _):
            with pytest.raises(GatewayTimeout):
                await gateway.find(key=STEP, asked_at=NOW - timedelta(seconds=30))

            assert await gateway.find(key=STEP, asked_at=NOW - timedelta(minutes=3)) is None

    async def test_does_not_say_that_nothing_arrived_when_there_is_more_than_it_reads(self) -> None:
        async with asked_of(lambda _: Reply(listed(intent(metadata={}), has_more=True))) as (gateway, _):
            with pytest.raises(GatewayTimeout):
                await gateway.find(key=STEP, asked_at=LONG_AGO)

    async def test_has_no_answer_when_stripe_cannot_be_asked(self) -> None:
        async with nobody() as url:
            gateway = StripeGateway(terms(url), clock=lambda: NOW)
            with pytest.raises(GatewayTimeout):
                await gateway.find(key=STEP, asked_at=LONG_AGO)
            await gateway.close()

    @pytest.mark.parametrize(
        ("status", "outcome"),
        [
            ("requires_capture", Outcome.SUCCEEDED),
            ("succeeded", Outcome.SUCCEEDED),
            ("processing", Outcome.PENDING),
            ("requires_confirmation", Outcome.PENDING),
            ("requires_action", Outcome.ACTION_REQUIRED),
            ("requires_payment_method", Outcome.DECLINED),
            ("canceled", Outcome.DECLINED),
        ],
    )
    async def test_understands_every_state(self, status: str, outcome: Outcome) -> None:
        async with asked_of(lambda _: Reply(listed(intent(status)))) as (gateway, _):
            found = await gateway.find(key=STEP, asked_at=LONG_AGO)

        assert found is not None
        assert found.outcome is outcome


class TestSteps:
    async def test_of_a_refund_name_the_key_at_stripe(self) -> None:
        def answers(asked: Asked) -> Reply:
            if "refunds" not in asked.path:
                return Reply(intent("succeeded"))
            return Reply(listed() if asked.method == "GET" else refund())

        async with asked_of(answers) as (gateway, there):
            await gateway.refund(key="refund", reference="pi_1", amount_minor=400, currency="GBP")

        made = there.asked[-1]
        assert made.headers["idempotency-key"] == "refund"
        assert made.form == {
            "payment_intent": "pi_1",
            "amount": "400",
            "metadata[stoa_key]": "refund",
            "metadata[stoa_shop]": SHOP,
        }

    async def test_of_a_capture_name_the_key_at_stripe(self) -> None:
        def answers(asked: Asked) -> Reply:
            return Reply(intent("succeeded" if asked.path.endswith("/capture") else "requires_capture"))

        async with asked_of(answers) as (gateway, there):
            answer = await gateway.capture(key="take", reference="pi_1", amount_minor=400, currency="GBP", final=False)

        assert answer == Answer(Outcome.SUCCEEDED, "ch_1")
        assert there.asked[-1].headers["idempotency-key"] == "take"
        assert there.asked[-1].form == {
            "amount_to_capture": "400",
            "metadata[stoa_capture]": "take",
            "expand[0]": "latest_charge",
        }

    async def test_of_a_capture_that_ran_out_meanwhile_say_that_nothing_is_held(self) -> None:
        def answers(asked: Asked) -> Reply:
            late = refusal(400, "invalid_request_error", code="charge_expired_for_capture")
            return late if asked.method == "POST" else Reply(intent())

        async with asked_of(answers) as (gateway, _):
            answer = await gateway.capture(key="take", reference="pi_1", amount_minor=400, currency="GBP", final=True)

        assert (answer.outcome, answer.lapsed) == (Outcome.DECLINED, True)

    @pytest.mark.parametrize(
        ("status", "outcome"),
        [
            ("succeeded", Outcome.SUCCEEDED),
            ("pending", Outcome.PENDING),
            ("requires_action", Outcome.PENDING),
            ("failed", Outcome.DECLINED),
            ("canceled", Outcome.DECLINED),
        ],
    )
    async def test_of_a_refund_are_found_by_their_key_whatever_became_of_them(
        self, status: str, outcome: Outcome
    ) -> None:
        known = {"id": "re_1", "object": "refund", "status": status, "metadata": {"stoa_key": "back"}}

        def answers(asked: Asked) -> Reply:
            return Reply(listed(known) if "refunds" in asked.path else intent("succeeded"))

        async with asked_of(answers) as (gateway, there):
            answer = await gateway.refund(key="back", reference="pi_1", amount_minor=400, currency="GBP")

        assert (answer.outcome, answer.reference) == (outcome, "re_1")
        assert {asked.method for asked in there.asked} == {"GET"}


class TestSecrets:
    async def test_are_in_no_line_of_the_log(self, caplog: pytest.LogCaptureFixture) -> None:
        told = refusal(400, "invalid_request_error", message=f"No such {TOKEN}, {KEY}, {CLIENT_SECRET}", param="token")
        replies = [Reply(intent("requires_action")), told, refusal(401, "invalid_request_error", message=KEY)]
        caplog.set_level(logging.DEBUG)

        with capture_logs() as lines:
            async with asked_of(lambda _: replies.pop(0)) as (gateway, _):
                await authorize(gateway)
                declined = await authorize(gateway)
                with pytest.raises(GatewayFailed) as failed:
                    await authorize(gateway)
            with pytest.raises(NoticeRefused) as refused:
                read(event("payment_intent.succeeded", intent()), header=f"t=1,v1={SECRET}")

        assert lines
        said = f"{caplog.text} {lines} {declined} {failed.value} {refused.value} {terms()!r}"
        for secret in (TOKEN, KEY, CLIENT_SECRET, SECRET, OLD_SECRET):
            assert secret not in said


def event(kind: str, subject: Mapping[str, Any], **more: Any) -> bytes:
    """Write an event as the API does."""
    told = {"id": "evt_1", "object": "event", "type": kind, "created": int(LONG_AGO.timestamp()), **more}
    return orjson.dumps({**told, "data": {"object": subject}})


def read(body: bytes, *, header: str | None = None, secret: str = SECRET, **more: Any) -> Notice | None:
    """Sign an event, and have it read."""
    signed = stripe.WebhookSignature.generate_signature_header(body.decode(), secret, int(NOW.timestamp()))
    gateway = StripeGateway(terms(**more), clock=lambda: NOW)
    return gateway.read_notice(headers={"stripe-signature": header or signed}, body=body, now=NOW)


def refund(status: str = "succeeded", **more: Any) -> dict[str, Any]:
    """Write a refund as the API does."""
    ours = {"stoa_key": "back", "stoa_shop": SHOP}
    return {
        "id": "re_1",
        "object": "refund",
        "status": status,
        "amount": 400,
        "currency": "gbp",
        "payment_intent": "pi_1",
        "metadata": ours,
        **more,
    }


def dispute(**more: Any) -> dict[str, Any]:
    """Write a dispute as the API does."""
    told = {"id": "du_1", "object": "dispute", "amount": 700, "currency": "gbp", "payment_intent": "pi_1"}
    return {**told, "metadata": {}, "status": "needs_response", **more}


Kind = TransactionKind


class TestEvents:
    @pytest.mark.parametrize(
        ("kind", "subject", "read_as"),
        [
            (
                "payment_intent.amount_capturable_updated",
                intent(latest_charge="ch_1"),
                (Kind.AUTHORIZATION, Outcome.SUCCEEDED, HELD, STEP, "pi_1"),
            ),
            (
                "payment_intent.succeeded",
                intent(
                    "succeeded",
                    amount_received=600,
                    latest_charge="ch_1",
                    metadata={"stoa_capture": "take", "stoa_shop": SHOP},
                ),
                (Kind.CAPTURE, Outcome.SUCCEEDED, 600, "take", "ch_1"),
            ),
            (
                "payment_intent.payment_failed",
                intent("requires_payment_method", last_payment_error={"message": "No."}),
                (Kind.AUTHORIZATION, Outcome.DECLINED, HELD, STEP, "pi_1"),
            ),
            (
                "payment_intent.canceled",
                intent("canceled", cancellation_reason=None, latest_charge="ch_1"),
                (Kind.VOID, Outcome.SUCCEEDED, HELD, "let go", "pi_1"),
            ),
            (
                "payment_intent.canceled",
                intent("canceled", cancellation_reason="automatic", latest_charge="ch_1"),
                (Kind.EXPIRATION, Outcome.SUCCEEDED, HELD, None, "pi_1"),
            ),
            (
                "payment_intent.canceled",
                intent("canceled", cancellation_reason="abandoned", latest_charge=None),
                (Kind.AUTHORIZATION, Outcome.DECLINED, HELD, STEP, "pi_1"),
            ),
            (
                "payment_intent.canceled",
                intent("canceled", cancellation_reason=None, last_payment_error={"message": "No."}),
                (Kind.AUTHORIZATION, Outcome.DECLINED, HELD, STEP, "pi_1"),
            ),
            ("refund.created", refund(), (Kind.REFUND, Outcome.SUCCEEDED, 400, "back", "re_1")),
            ("refund.updated", refund(), (Kind.REFUND, Outcome.SUCCEEDED, 400, "back", "re_1")),
            ("refund.created", refund(metadata=None), (Kind.REFUND, Outcome.SUCCEEDED, 400, None, "re_1")),
            ("refund.failed", refund("failed"), (Kind.REFUND_REVERSAL, Outcome.SUCCEEDED, 400, "back", "re_1_failed")),
            ("refund.updated", refund("failed"), (Kind.REFUND_REVERSAL, Outcome.SUCCEEDED, 400, "back", "re_1_failed")),
            ("refund.failed", refund("failed", metadata=None), (Kind.REFUND, Outcome.DECLINED, 400, None, "re_1")),
            ("charge.dispute.funds_withdrawn", dispute(), (Kind.CHARGEBACK, Outcome.SUCCEEDED, 700, None, "du_1")),
            (
                "charge.dispute.funds_reinstated",
                dispute(status="won"),
                (Kind.CHARGEBACK_REVERSAL, Outcome.SUCCEEDED, 700, None, "du_1_reinstated"),
            ),
        ],
    )
    def test_say_which_money_moved(self, kind: str, subject: Mapping[str, Any], read_as: Sequence[object]) -> None:
        notice = read(event(kind, subject, request={"id": "req_1", "idempotency_key": "let go"}))

        assert notice is not None
        assert (notice.kind, notice.outcome, notice.amount_minor, notice.key, notice.reference) == read_as
        assert (notice.id, notice.currency, notice.authorization, notice.at) == ("evt_1", "GBP", "pi_1", LONG_AGO)

    @pytest.mark.parametrize(
        ("kind", "subject"),
        [
            ("refund.created", refund("pending")),
            ("refund.updated", refund("requires_action")),
            ("charge.refunded", {"id": "ch_1", "amount_refunded": 400, "metadata": {"stoa_shop": SHOP}}),
            ("charge.dispute.created", dispute(status="warning_needs_response")),
            ("charge.dispute.closed", dispute(status="lost")),
            ("payment_intent.created", intent("requires_confirmation")),
            ("payment_intent.requires_action", intent("requires_action")),
            ("customer.created", {"id": "cus_1"}),
            ("balance.available", {}),
            ("something.new", {"metadata": None}),
        ],
    )
    def test_that_move_none_are_passed_over(self, kind: str, subject: Mapping[str, Any]) -> None:
        assert read(event(kind, subject)) is None

    @pytest.mark.parametrize(
        ("kind", "subject"),
        [
            ("payment_intent.succeeded", intent("succeeded", metadata={"stoa_key": STEP, "stoa_shop": "another"})),
            ("payment_intent.succeeded", intent("succeeded", metadata={})),
            ("refund.created", refund(metadata={"stoa_key": "back", "stoa_shop": "another"})),
        ],
    )
    def test_of_another_shop_of_the_account_are_passed_over(self, kind: str, subject: Mapping[str, Any]) -> None:
        assert read(event(kind, subject)) is None

    def test_may_be_signed_with_the_secret_that_is_being_replaced(self) -> None:
        body = event("refund.created", refund())

        assert read(body, secret=OLD_SECRET) == read(body)

    def test_signed_with_a_secret_that_was_replaced_are_refused(self) -> None:
        with pytest.raises(NoticeRefused):
            read(event("refund.created", refund()), secret="whsec_older")

    def test_are_all_refused_where_there_is_no_secret(self) -> None:
        with pytest.raises(NoticeRefused):
            read(event("refund.created", refund()), secrets=())

    @pytest.mark.parametrize(
        "body",
        [
            b"[]",
            b"{}",
            b"not json",
            b'{"type": "refund.created"}',
            event("refund.created", refund(amount=None)),
            event("refund.created", refund(amount=[])),
            event("refund.created", refund(currency="pounds")),
            event("payment_intent.succeeded", {"metadata": {"stoa_shop": SHOP}}),
            event("payment_intent.succeeded", intent("succeeded", currency="isk", amount_received=501)),
            event("refund.created", refund(), created="yesterday"),
        ],
    )
    def test_that_are_none_are_refused(self, body: bytes) -> None:
        with pytest.raises(NoticeRefused):
            read(body)


def line(category: str = "charge", gross: str = "10.00", **more: str) -> dict[str, str]:
    """Write a line of the itemized report of what changed the balance."""
    return {
        "balance_transaction_id": "txn_1",
        "created_utc": "2026-11-23 10:00:00",
        "currency": "gbp",
        "gross": gross,
        "fee": "0.35",
        "net": "9.65",
        "reporting_category": category,
        "source_id": {"charge": "ch_1", "dispute": "du_1", "dispute_reversal": "du_1"}.get(category, "re_1"),
        "description": "",
        "customer_facing_amount": gross,
        "customer_facing_currency": "gbp",
        "charge_id": "ch_1",
        "payment_intent_id": "pi_1",
        "payment_metadata[stoa_shop]": SHOP,
        "payment_metadata[stoa_capture]": "take",
        "refund_metadata[stoa_key]": "back" if category.startswith("refund") else "",
        **more,
    }


def report(*rows: Mapping[str, str]) -> list[Settlement | SettlementUnreadable | None]:
    """Have a report read."""
    return list(StripeGateway(terms(), clock=lambda: NOW).read_settlement(rows))


class TestReports:
    def test_say_which_money_moved(self) -> None:
        read = report(
            line(),
            line("refund", "-4.00", fee="0.00"),
            line("refund_failure", "4.00", fee="0.00"),
            line("dispute", "-10.00", fee="15.00"),
            line("dispute_reversal", "10.00", fee="-15.00"),
        )

        at = datetime(2026, 11, 23, 10, tzinfo=UTC)
        assert read == [
            Settlement(Kind.CAPTURE, at, 1000, "GBP", 35, "take", "ch_1", "pi_1"),
            Settlement(Kind.REFUND, at, 400, "GBP", 0, "back", "re_1", "pi_1"),
            Settlement(Kind.REFUND_REVERSAL, at, 400, "GBP", 0, None, "re_1_failed", "pi_1"),
            Settlement(Kind.CHARGEBACK, at, 1000, "GBP", 1500, None, "du_1", "pi_1"),
            Settlement(Kind.CHARGEBACK_REVERSAL, at, 1000, "GBP", -1500, None, "du_1_reinstated", "pi_1"),
        ]

    def test_tell_a_part_that_was_captured_in_one_line_of_two(self) -> None:
        read = report(line("partial_capture_reversal", "-4.00", fee="-0.10"), line(), line(charge_id="ch_2"))

        assert read[0] is None
        assert isinstance(read[1], Settlement)
        assert isinstance(read[2], Settlement)
        assert [(one.amount_minor, one.fee_minor) for one in (read[1], read[2])] == [(600, 25), (1000, 35)]

    def test_say_so_where_a_line_stands_without_the_one_it_belongs_to(self) -> None:
        (alone,) = report(line("partial_capture_reversal", "-4.00"))

        assert isinstance(alone, SettlementUnreadable)

    def test_tell_what_was_converted_as_the_shopper_paid_it(self) -> None:
        (read,) = report(line(gross="6.10", customer_facing_amount="1000", customer_facing_currency="jpy"))

        assert isinstance(read, Settlement)
        assert (read.amount_minor, read.currency, read.fee_minor) == (1000, "JPY", 0)

    @pytest.mark.parametrize(
        ("currency", "gross", "minor"),
        [("jpy", "500", 500), ("kwd", "5.120", 5120), ("isk", "5.00", 5), ("usd", "7", 700)],
    )
    def test_write_major_units(self, currency: str, gross: str, minor: int) -> None:
        (read,) = report(line(gross=gross, currency=currency, customer_facing_currency="", fee=""))

        assert isinstance(read, Settlement)
        assert (read.amount_minor, read.currency) == (minor, currency.upper())

    def test_may_give_the_time_in_the_other_column(self) -> None:
        row = line()
        row["created"] = row.pop("created_utc")

        assert report(row) == report(line())

    @pytest.mark.parametrize("category", ["payout", "fee", "network_cost", "topup", "other_adjustment"])
    def test_pass_over_what_is_no_payment(self, category: str) -> None:
        assert report(line(category)) == [None]

    def test_pass_over_another_shop_of_the_account(self) -> None:
        assert report(line(**{"payment_metadata[stoa_shop]": "another"})) == [None]

    @pytest.mark.parametrize(
        "row",
        [
            line(gross="10.005"),
            line(gross="NaN"),
            line(gross=""),
            line(currency="pounds"),
            line(created_utc="soon"),
            line("charge_failure"),
            {"reporting_category": "charge"},
            {"amount": "1"},
        ],
    )
    def test_say_what_cannot_be_read(self, row: Mapping[str, str]) -> None:
        (read,) = report(row)

        assert isinstance(read, SettlementUnreadable)
        assert str(read)
