"""The gateway named `stripe`: cards through Stripe's PaymentIntents, held first and captured once.

Only the door imports this module, and only where Stripe is set up: the SDK belongs to the extra `[stripe]`. What Stripe
can and cannot promise, and what was made of it, stands in docs/adr/0017; how to write another adapter, in docs/gateways.md.
"""

import asyncio
import contextlib
import hashlib
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial, wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeAlias

import httpx2
import orjson
import stripe
import structlog
from stripe.params import PaymentIntentCaptureParams, PaymentIntentCreateParams, RefundCreateParams

from app.kernel.clock import Clock
from app.kernel.db import assert_no_transaction
from app.kernel.errors import Invalid
from app.kernel.money import currencies, parse_minor
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
from app.payments.rules.stripe import StripeTerms, minor_amount, stripe_amount
from app.payments.states import TransactionKind

#: The version that answers are read in, whatever the account has set.
API_VERSION: Final = "2026-10-28.endive"

log = structlog.get_logger()
# The SDK writes whole answers down when it is asked to be talkative, with what lets a shopper's browser act among them.
logging.getLogger("stripe").setLevel(logging.WARNING)
# It would otherwise tell Stripe about this machine, and how long calls took.
stripe.enable_telemetry = False

AskedP = ParamSpec("AskedP")
Question: TypeAlias = Callable[Concatenate["StripeGateway", AskedP], Coroutine[Any, Any, Answer]]
#: What Stripe answers, as JSON.
Told: TypeAlias = Mapping[str, Any]

#: Only names that Stripe gave to cards are sent, so that a card's number typed in their place never leaves.
_TOKEN: Final = re.compile(r"pm_\w{1,250}")
_SECRETS: Final = re.compile(r"\b(?:pm|tok|src|seti|sk|rk|whsec)_\w+|\bpi_\w*_secret_\w+")
#: A call that ended so had not sent anything yet.
_NEVER_LEFT: Final = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)
#: Says of a step that failed that nothing is held any more.
_LAPSED: Final = {"charge_expired_for_capture", "payment_intent_unexpected_state"}
#: A signature older than this is somebody's who listened; what the news are about may be of any age.
_SIGNED_WITHIN: Final = timedelta(minutes=5)
#: How far apart the clocks may be, and how long after it was asked an authorization may still begin.
_ASKED_BEFORE, _ASKED_AFTER = timedelta(minutes=10), timedelta(minutes=15)
#: Only after so long is what Stripe does not list known never to have arrived; it works on no call for longer.
_ARRIVED_WITHIN: Final = timedelta(minutes=2)
_MOST_PAGES: Final = 100

_Kind = TransactionKind
#: What a line of a report is about, by its reporting category, and what its reference adds to the id of the object that
#: it is about. Source: https://docs.stripe.com/reports/reporting-categories.
_CATEGORIES: Final[Mapping[str, tuple[TransactionKind, str]]] = {
    "charge": (_Kind.CAPTURE, ""),
    "refund": (_Kind.REFUND, ""),
    "refund_failure": (_Kind.REFUND_REVERSAL, "_failed"),
    "dispute": (_Kind.CHARGEBACK, ""),
    "dispute_reversal": (_Kind.CHARGEBACK_REVERSAL, "_reinstated"),
}
_NOT_TAKEN: Final = "partial_capture_reversal"


class _Carrier(stripe.HTTPClient):
    """Carries the SDK's calls over the HTTP client that Stoa has already, in place of one of the SDK's own two."""

    name = "httpx2"

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.http = httpx2.AsyncClient(timeout=httpx2.Timeout(seconds, connect=min(seconds, 3)))

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: str | bytes | None = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Send one request."""
        try:
            answer = await self.http.request(method, url, headers=headers, content=post_data)
        except httpx2.HTTPError as error:
            raise stripe.APIConnectionError(type(error).__name__) from error  # type: ignore[no-untyped-call]
        return answer.content, answer.status_code, answer.headers


class _Declined(Exception):
    """Ends a question whose answer is no."""

    def __init__(self, message: str, *, lapsed: bool = False) -> None:
        self.answer = Answer(Outcome.DECLINED, message=message, lapsed=lapsed)


def _asked(question: Question[AskedP]) -> Question[AskedP]:
    """Let a question be asked while no transaction is open, and make an answer of what Stripe refuses."""

    @wraps(question)
    async def answered(self: "StripeGateway", /, *args: AskedP.args, **kwargs: AskedP.kwargs) -> Answer:
        assert_no_transaction()
        try:
            async with asyncio.timeout(self.patience):
                return await question(self, *args, **kwargs)
        except TimeoutError:
            raise GatewayTimeout("Stripe did not answer in time") from None
        except _Declined as refusal:
            return refusal.answer
        except (stripe.CardError, stripe.InvalidRequestError) as error:
            if isinstance(error, stripe.InvalidRequestError):
                log.warning("stripe refuses a question", code=error.code, about=error.param, request=error.request_id)
            declined = _within(error.json_body, "error", "payment_intent", "id")
            message, lapsed = _said(error.user_message) or "Stripe declined it", error.code in _LAPSED
            return Answer(Outcome.DECLINED, declined, message=message, lapsed=lapsed)

    return answered


class StripeGateway:
    """The provider itself."""

    name = "stripe"
    abilities = Abilities(reauthorizes=True, captures_once=True)

    def __init__(self, terms: StripeTerms, *, clock: Clock) -> None:
        self._terms = terms
        self._clock = clock
        self._carrier = _Carrier(terms.seconds)
        self.patience = 1.5 * terms.seconds
        # Tries are counted here and not by the SDK, which forgets that an earlier one may have arrived.
        options: Any = {"stripe_version": API_VERSION, "base_addresses": {"api": terms.base}, "max_network_retries": 0}
        client = stripe.StripeClient(terms.key, http_client=self._carrier, **options)
        self._customers, self._intents = client.v1.customers, client.v1.payment_intents
        self._refunds = client.v1.refunds

    async def close(self) -> None:
        """Hang up."""
        await self._carrier.http.aclose()

    @_asked
    async def authorize(
        self, *, key: str, token: str, amount_minor: int, currency: str, reusable: bool, return_url: str | None
    ) -> Answer:
        """Hold funds. A card that is to be charged again is kept with a customer about whom Stripe is told nothing."""
        if not _TOKEN.fullmatch(token):
            raise _Declined("this is not the name of a payment method of Stripe's (pm_…)")
        asked = self._authorization(key, token, amount_minor, currency)
        if return_url is not None:
            asked["return_url"] = return_url
        if reusable:
            nobody = {"metadata": self._metadata(key)}
            kept = await self._tell(self._customers.create_async, nobody, key=f"{key}:customer")
            asked["customer"] = kept["id"]
            asked["payment_method_options"] = {"card": {"setup_future_usage": "off_session"}}
        return _authorized(await self._tell(self._intents.create_async, asked, key=key))

    async def find(self, *, key: str, asked_at: datetime) -> Answer | None:
        """Say what became of an authorization, by listing all of that time.

        Stripe has no question by idempotency key, and its search is a minute behind; lists are not. Where the list is
        too long to be read, or was asked so soon that the call may still be on its way, there is no answer.
        """
        assert_no_transaction()
        began, ended = int((asked_at - _ASKED_BEFORE).timestamp()), int((asked_at + _ASKED_AFTER).timestamp())
        asked = {"created": {"gte": began, "lte": ended}, "expand": ["data.latest_charge"]}
        try:
            async with asyncio.timeout(self.patience):
                async for told in self._list(self._intents.list_async, asked):
                    if self._metadata(key).items() <= told["metadata"].items():
                        return _authorized(told)
        except (GatewayFailed, TimeoutError, stripe.InvalidRequestError) as error:
            raise GatewayTimeout(f"Stripe could not be asked: {type(error).__name__}") from None
        if self._clock() < asked_at + _ARRIVED_WITHIN:
            raise GatewayTimeout("Stripe does not know of it, and may still hear of it")
        return None

    @_asked
    async def reauthorize(self, *, key: str, reference: str, amount_minor: int, currency: str) -> Answer:
        """Hold funds of the same card anew, while the shopper is away."""
        first = await self._about(reference, currency)
        customer, card = first.get("customer"), first.get("payment_method")
        if customer is None or card is None:
            raise _Declined("the card was not kept to be charged again")
        asked = self._authorization(key, card, amount_minor, currency)
        asked["customer"], asked["off_session"] = customer, True
        answer = _authorized(await self._tell(self._intents.create_async, asked, key=key))
        if answer.outcome is Outcome.ACTION_REQUIRED:
            return Answer(Outcome.DECLINED, answer.reference, message="the bank wants to ask the shopper")
        return answer

    @_asked
    async def increment(self, *, key: str, reference: str, amount_minor: int, currency: str) -> Answer:
        """Decline: Stripe offers it to few accounts, for some cards. Hold the money anew instead."""
        raise _Declined("Stripe holds no more under the same authorization")

    @_asked
    async def capture(self, *, key: str, reference: str, amount_minor: int, currency: str, final: bool) -> Answer:
        """Take held funds, once; whatever is not taken is let go, `final` or not."""
        intent, amount = await self._about(reference, currency), _amount(amount_minor, currency)
        if intent["status"] == "succeeded" and intent["metadata"].get("stoa_capture") == key:
            return Answer(Outcome.SUCCEEDED, _within(intent, "latest_charge", "id"))
        if intent["status"] != "requires_capture":
            raise _Declined("nothing is held", lapsed=intent["status"] in {"succeeded", "canceled"})
        if amount > _left(intent):
            raise _Declined("a capture is above what is held")
        asked: PaymentIntentCaptureParams = {"amount_to_capture": amount, "metadata": {"stoa_capture": key}}
        asked["expand"] = ["latest_charge"]
        now = await self._tell(self._intents.capture_async, reference, asked, key=key)
        outcome = Outcome.SUCCEEDED if now["status"] == "succeeded" else Outcome.PENDING
        return Answer(outcome, _within(now, "latest_charge", "id"))

    @_asked
    async def void(self, *, key: str, reference: str, amount_minor: int, currency: str) -> Answer:
        """Let held funds go. A part is written down at Stripe, and goes with the capture or with the last part."""
        intent, amount = await self._about(reference, currency), _amount(amount_minor, currency)
        # Names of metadata have 40 characters at most.
        part = f"stoa_void_{hashlib.sha256(key.encode()).hexdigest()[:16]}"
        left = _left(intent, but=part)
        if intent["status"] == "canceled":
            return Answer(Outcome.SUCCEEDED, reference)
        if amount > left:
            raise _Declined("more than is held", lapsed=intent["status"] == "succeeded")
        if intent["status"] == "succeeded":
            return Answer(Outcome.SUCCEEDED)
        if amount < left:
            await self._tell(self._intents.update_async, reference, {"metadata": {part: str(amount)}}, key=key)
            return Answer(Outcome.SUCCEEDED)
        await self._tell(self._intents.cancel_async, reference, {}, key=key)
        return Answer(Outcome.SUCCEEDED, reference)

    @_asked
    async def refund(self, *, key: str, reference: str, amount_minor: int, currency: str) -> Answer:
        """Give funds back. What was given back under this key is found first, for Stripe forgets keys after a day."""
        intent, amount = await self._about(reference, currency), _amount(amount_minor, currency)
        if intent["status"] != "succeeded":
            raise _Declined("nothing of it was captured")
        async for told in self._list(self._refunds.list_async, {"payment_intent": reference}):
            if (told.get("metadata") or {}).get("stoa_key") == key:
                return _refunded(told)
        asked: RefundCreateParams = {"payment_intent": reference, "amount": amount, "metadata": self._metadata(key)}
        return _refunded(await self._tell(self._refunds.create_async, asked, key=key))

    def read_notice(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice | None:
        """Check the signature of an event and read it; None for events of another shop, or that move nothing."""
        self._check(headers.get("stripe-signature", ""), body, now)
        try:
            event = orjson.loads(body)
            subject = event["data"]["object"]
            shop = (subject.get("metadata") or {}).get("stoa_shop")
            # Disputes, and refunds given in Stripe's dashboard, do not tell the shop; their authorization does.
            elsewhere = shop != self._terms.shop and (shop is not None or event["type"].startswith("payment_intent."))
            return None if elsewhere else _news(event, subject)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise NoticeRefused(f"not news of Stripe's: {type(error).__name__}") from None

    def read_settlement(self, rows: Iterable[Mapping[str, str]]) -> Iterator[Settlement | SettlementUnreadable | None]:
        """Read an itemized report of what changed the balance, or of what a payout is made of.

        A capture of less than was held is two lines there, the second giving back what was not taken: the first tells
        what was taken, and the second nothing. Money that was converted is told as the shopper saw it, without the fee,
        which is in the account's currency. Columns: https://docs.stripe.com/reports/report-types/balance.
        """
        report = list(rows)
        not_taken = {row.get("charge_id"): row for row in report if row.get("reporting_category") == _NOT_TAKEN}
        captured = {row.get("charge_id") for row in report if row.get("reporting_category") == "charge"}
        for row in report:
            category, charge = row.get("reporting_category"), row.get("charge_id")
            try:
                if row.get("payment_metadata[stoa_shop]") not in {None, "", self._terms.shop}:
                    yield None
                elif category in _CATEGORIES:
                    yield _settlement(row, not_taken.get(charge) if category == "charge" else None)
                elif category in {None, "charge_failure"} or (category == _NOT_TAKEN and charge not in captured):
                    yield SettlementUnreadable(f"{category or 'nothing'} that takes from no charge in this report")
                else:
                    yield None
            except (ArithmeticError, AttributeError, Invalid, KeyError, TypeError, ValueError) as error:
                yield SettlementUnreadable(f"a column is missing or cannot be read: {error}")

    def _authorization(self, key: str, card: str, amount_minor: int, currency: str) -> PaymentIntentCreateParams:
        return {
            "amount": _amount(amount_minor, currency),
            "currency": currency.lower(),
            "payment_method": card,
            "allowed_payment_method_types": ["card"],
            "capture_method": "manual",
            "confirm": True,
            "metadata": self._metadata(key),
            "expand": ["latest_charge"],
        }

    def _metadata(self, key: str) -> dict[str, str]:
        return {"stoa_key": key, "stoa_shop": self._terms.shop}

    async def _about(self, reference: str, currency: str) -> Told:
        """Read the authorization that a step is about. Raises: _Declined where there is none in this currency."""
        try:
            intent = await self._ask(partial(self._intents.retrieve_async, reference, {"expand": ["latest_charge"]}))
        except stripe.InvalidRequestError:
            raise _Declined("there is no such authorization") from None
        if intent["currency"].upper() != currency:
            raise _Declined(f"the authorization is in {intent['currency'].upper()}")
        return intent

    async def _tell(self, what: Callable[..., Awaitable[stripe.StripeObject]], *asked: object, key: str) -> Told:
        return await self._ask(partial(what, *asked, {"idempotency_key": key}))

    async def _list(self, ask: Callable[[Any], Awaitable[Any]], asked: Told) -> AsyncIterator[Told]:
        """List all that Stripe has, page by page, the newest first. Raises: GatewayTimeout where that is too much."""
        page: Told = {}
        for _ in range(_MOST_PAGES):
            after = {"starting_after": page["data"][-1]["id"]} if page else {}
            page = await self._ask(partial(ask, {**asked, **after, "limit": 100}))
            for told in page["data"]:
                yield told
            if not page["has_more"]:
                return
        raise GatewayTimeout("Stripe lists more than can be read")

    async def _ask(self, ask: Callable[[], Awaitable[stripe.StripeObject]]) -> Told:
        """Ask, and ask again under the same key where Stripe advises it.

        Raises: what Stripe answers about the card or the question; GatewayTimeout; GatewayFailed when no try arrived, or
        Stripe does not know us. Source: https://docs.stripe.com/error-low-level.
        """
        arrived, why = False, ""
        for pause in (0, *self._terms.pauses):
            await asyncio.sleep(pause)
            try:
                return (await ask()).to_dict()
            except (stripe.CardError, stripe.InvalidRequestError):
                raise
            except stripe.APIConnectionError as error:
                why = type(error.__cause__).__name__
                arrived = arrived or not isinstance(error.__cause__, _NEVER_LEFT)
            except stripe.StripeError as error:
                why = f"{type(error).__name__} {error.http_status}"
                ours = isinstance(error, stripe.AuthenticationError | stripe.PermissionError)
                arrived = arrived or not ours
                if ours or isinstance(error, stripe.IdempotencyError):
                    # Not with its trace, which holds what was asked.
                    log.error("stripe refuses us", why=why, request=error.request_id)  # noqa: TRY400
                    break
                if (error.headers or {}).get("stripe-should-retry") == "false":
                    break
        raise GatewayTimeout(f"Stripe gave no answer: {why}") if arrived else GatewayFailed(f"not asked: {why}")

    def _check(self, header: str, body: bytes, now: datetime) -> None:
        """Refuse news that Stripe did not sign, with any of the secrets that hold, or signed long ago."""
        signed = re.search(r"(?:^|,)t=(\d{1,12})(?:,|$)", header)
        for secret in self._terms.secrets:
            with contextlib.suppress(stripe.SignatureVerificationError, TypeError, ValueError):
                # The SDK would compare the time with the machine's clock, which is not asked here.
                stripe.WebhookSignature.verify_header(body, header, secret, tolerance=None)
                if signed and abs(now.timestamp() - int(signed[1])) <= _SIGNED_WITHIN.total_seconds():
                    return
                raise NoticeRefused("the signature is too old")
        raise NoticeRefused("the signature is wrong")


def _within(told: object, *path: str) -> Any:
    """Look for something deep within an answer; None where anything on the way is missing."""
    for name in path:
        told = told.get(name) if isinstance(told, Mapping) else None
    return told


def _said(message: str | None) -> str:
    """Repeat what Stripe said, without the names of cards and keys that it likes to quote."""
    return _SECRETS.sub("…", message or "")


def _amount(minor: int, currency: str) -> int:
    """Say an amount as Stripe counts it. Raises: _Declined for one that it cannot charge."""
    try:
        return stripe_amount(minor, currency)
    except ValueError:
        raise _Declined(f"Stripe does not take {currency} in steps as small as that") from None


def _authorized(intent: Told) -> Answer:
    """Say what became of an authorization."""
    name, status = intent["id"], intent["status"]
    if status in {"requires_capture", "succeeded"}:
        ends = _within(intent, "latest_charge", "payment_method_details", "card", "capture_before")
        return Answer(Outcome.SUCCEEDED, name, holds_until=ends and datetime.fromtimestamp(ends, UTC))
    if status == "requires_action":
        url = _within(intent, "next_action", "redirect_to_url", "url")
        script = Action("STRIPE_SDK", client_secret=intent.get("client_secret"))
        return Answer(Outcome.ACTION_REQUIRED, name, Action("REDIRECT", url=url) if url else script)
    if status in {"canceled", "requires_payment_method"}:
        message = _said(_within(intent, "last_payment_error", "message")) or "it was given up"
        return Answer(Outcome.DECLINED, name, message=message, lapsed=status == "canceled")
    return Answer(Outcome.PENDING, name)


def _left(intent: Told, *, but: str = "") -> int:
    """Say how much of an authorization was neither captured nor let go, aside from one part."""
    parts = (int(part) for name, part in intent["metadata"].items() if name.startswith("stoa_void_") and name != but)
    return int(intent["amount"]) - int(intent["amount_received"]) - sum(parts)


def _refunded(refund: Told) -> Answer:
    if refund["status"] in {"failed", "canceled"}:
        return Answer(Outcome.DECLINED, refund["id"], message="the refund did not arrive")
    return Answer(Outcome.SUCCEEDED if refund["status"] == "succeeded" else Outcome.PENDING, refund["id"])


def _news(event: Told, subject: Told) -> Notice | None:
    """Read the events that move money, and by which an authorization fails.

    `charge.refunded` tells only what all refunds add up to; and a dispute that is opened or closed has not moved money by
    that: an inquiry takes none, and one that was lost none any more.
    """
    amount: Any = subject.get("amount")
    metadata, outcome = subject.get("metadata") or {}, Outcome.SUCCEEDED
    reference = str(subject.get("id"))
    key, authorization = metadata.get("stoa_key"), subject.get("payment_intent", reference)
    match event["type"], subject.get("status"):
        case "payment_intent.amount_capturable_updated", _:
            kind, amount = _Kind.AUTHORIZATION, subject["amount_capturable"]
        case "payment_intent.succeeded", _:
            charge, kind, amount = subject["latest_charge"], _Kind.CAPTURE, subject["amount_received"]
            key, reference = metadata.get("stoa_capture"), charge if isinstance(charge, str) else charge["id"]
        case "payment_intent.canceled", _ if subject["latest_charge"] and not subject["last_payment_error"]:
            ran_out = subject.get("cancellation_reason") in {"automatic", "expired"}
            kind = _Kind.EXPIRATION if ran_out else _Kind.VOID
            key = None if ran_out else _within(event, "request", "idempotency_key")
        case (("payment_intent.payment_failed" | "payment_intent.canceled"), _):
            kind, outcome = _Kind.AUTHORIZATION, Outcome.DECLINED
        case (("refund.created" | "refund.updated"), "succeeded"):
            kind = _Kind.REFUND
        case (("refund.updated" | "refund.failed"), ("failed" | "canceled")) if key is None:
            # Given in Stripe's dashboard: it must not be taken for one of ours of the same amount.
            kind, outcome = _Kind.REFUND, Outcome.DECLINED
        case (("refund.updated" | "refund.failed"), ("failed" | "canceled")):
            kind, reference = _Kind.REFUND_REVERSAL, f"{reference}_failed"
        case "charge.dispute.funds_withdrawn", _:
            kind, key = _Kind.CHARGEBACK, None
        case "charge.dispute.funds_reinstated", _:
            kind, key, reference = _Kind.CHARGEBACK_REVERSAL, None, f"{reference}_reinstated"
        case _:
            return None
    currency = str(subject["currency"]).upper()
    if currency not in currencies():
        raise ValueError("that is no currency")
    return Notice(
        id=str(event["id"]),
        kind=kind,
        outcome=outcome,
        at=datetime.fromtimestamp(int(event["created"]), UTC),
        amount_minor=minor_amount(int(amount), currency),
        currency=currency,
        key=key,
        reference=reference,
        authorization=authorization,
        message=_said(_within(subject, "last_payment_error", "message")),
    )


def _settlement(row: Mapping[str, str], not_taken: Mapping[str, str] | None) -> Settlement:
    kind, ending = _CATEGORIES[row["reporting_category"]]
    gross, fee, currency = _amounts(row)
    less, fee_less, _ = (0, 0, "") if not_taken is None else _amounts(not_taken)
    key = {_Kind.CAPTURE: "payment_metadata[stoa_capture]", _Kind.REFUND: "refund_metadata[stoa_key]"}.get(kind, "")
    source = row["charge_id" if kind is _Kind.CAPTURE else "source_id"]
    return Settlement(
        kind=kind,
        at=datetime.fromisoformat(row.get("created_utc") or row["created"]).replace(tzinfo=UTC),
        amount_minor=abs(gross + less),
        currency=currency,
        fee_minor=fee + fee_less,
        key=row.get(key) or None,
        reference=f"{source}{ending}" if source else None,
        authorization=row.get("payment_intent_id") or None,
    )


def _amounts(row: Mapping[str, str]) -> tuple[int, int, str]:
    """Read the gross amount and the fee of a line, in minor units, and their currency. Reports write major units."""
    settled = row["currency"].upper()
    shown = (row.get("customer_facing_currency") or settled).upper()
    if not {settled, shown} <= currencies():
        raise ValueError(f"no currency is called {settled[:8]!r} or {shown[:8]!r}")
    if shown != settled:
        return parse_minor(row["customer_facing_amount"], shown), 0, shown
    return parse_minor(row["gross"], settled), parse_minor(row.get("fee") or "0", settled), settled
