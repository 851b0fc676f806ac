"""The bench of Stripe's adapter: localstripe plays Stripe, in a process of its own on this machine.

localstripe proves the wire. It is no judge of the rules about money: what it cannot show is skipped with the reason.
"""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar
from uuid import uuid4

import httpx2
import orjson
import pytest
import stripe

from app.kernel.clock import utc_now
from app.kernel.db import Database
from app.payments.gateway import Answer, Gateway
from app.payments.gateways.stripe import StripeGateway
from app.payments.rules.stripe import StripeTerms
from tests.builders.loopback import Loopback, Reply, nobody
from tests.builders.patience import PATIENCE_SECONDS
from tests.conformance.benches.bench import Bench, Letter, Taken

KEY = "sk_test_conformance"
SECRET = "whsec_conformance"
SHOP = "conformance"
#: Cards of Stripe's own test data, by the numbers that localstripe knows them by.
_DECLINED = "4000000000000341"
_ASKS = "4000002500003155"
_SERVER = Path(__file__).with_name("localstripe_server.py")


@contextmanager
def localstripe() -> Iterator[str]:
    """Run localstripe, and lend its address. It ends with its standard input, so also with a caller that was killed."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", str(_SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


class StripeBench(Bench):
    """Stripe, as localstripe plays it."""

    ok = "pm_card_visa"
    unknown = "pm_of_nobody"
    cannot_show: ClassVar[Mapping[str, str]] = {
        "holds once": "localstripe ignores idempotency keys; that ours are sent is proven by the wire's own tests",
        "refuses refunds above what was taken": "localstripe gives back more than was captured",
    }

    def __init__(self, base: str, post: Loopback, *, declined: str, asks: str) -> None:
        self._base = base
        self._post = post
        self.declined, self.asks = declined, asks
        self.gateway: StripeGateway = adapter(base)

    def now(self) -> datetime:
        """Read the clock of this machine, which localstripe reads too."""
        return utc_now()

    async def act(self, answer: Answer) -> None:
        """Let the bank's page succeed, as Stripe's script in the shopper's browser would."""
        assert answer.action is not None
        assert answer.action.client_secret is not None
        told = {"client_secret": answer.action.client_secret, "success": "true"}
        await _posted(self._base, f"/v1/payment_intents/{answer.reference}/_authenticate", told)

    @asynccontextmanager
    async def without_answer(self) -> AsyncIterator[tuple[Gateway, str]]:
        """Lend a line to somebody who listens and never answers."""
        async with Loopback(lambda _asked: None) as hole:
            gateway = adapter(hole.url)
            # The call has time to arrive, and the answer has none: else a machine that pauses while it connects would be
            # told, rightly, that nothing has left.
            gateway._carrier.http.timeout = httpx2.Timeout(PATIENCE_SECONDS, read=0.1)
            yield gateway, self.ok
            await gateway.close()

    @asynccontextmanager
    async def cut_off(self) -> AsyncIterator[tuple[Gateway, str]]:
        """Lend a line to nobody."""
        async with nobody() as url:
            gateway = adapter(url)
            yield gateway, self.ok
            await gateway.close()

    async def news_of(self, taken: Taken) -> Letter:
        """Wait for what localstripe sends of itself, a second later."""

        def about(body: bytes) -> bool:
            event = orjson.loads(body)
            subject = event["data"]["object"]
            return event["type"] == "payment_intent.succeeded" and bool(subject["id"] == taken.authorization)

        heard = await self._post.until(lambda asked: about(asked.body))
        return Letter(heard.headers, heard.body)

    async def again_after(self, letter: Letter, later: timedelta) -> Letter:
        """Sign the same body again, as Stripe does when it sends an event anew."""
        return signed(letter.body, at=self.now() + later)

    async def idle_news(self) -> Letter | None:
        """Tell of a customer."""
        event = {"id": "evt_1", "object": "event", "type": "customer.created", "created": 1, "data": {"object": {}}}
        return signed(orjson.dumps(event), at=self.now())

    async def report_of(self, taken: Taken) -> Sequence[Mapping[str, str]]:
        """Write the line that Stripe's itemized report has of a capture; localstripe writes none."""
        return [
            {
                "balance_transaction_id": f"txn_{uuid4().hex}",
                "created_utc": self.now().astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
                "currency": taken.currency.lower(),
                "gross": f"{taken.amount_minor / 100:.2f}",
                "fee": "0.32",
                "net": f"{taken.amount_minor / 100 - 0.32:.2f}",
                "reporting_category": "charge",
                "source_id": taken.reference or "",
                "charge_id": taken.reference or "",
                "payment_intent_id": taken.authorization,
                "payment_metadata[stoa_capture]": taken.key,
                "payment_metadata[stoa_shop]": SHOP,
            }
        ]

    def idle_row(self) -> Mapping[str, str] | None:
        """Write the line of a payout."""
        return {
            "created_utc": "2026-11-24 10:00:00",
            "currency": "gbp",
            "gross": "-9.00",
            "reporting_category": "payout",
        }


def adapter(base: str, *, seconds: float = 10, pauses: Sequence[float] = ()) -> StripeGateway:
    """Make the adapter, for Stripe at another address. Whatever it asks about was asked long enough ago."""
    terms = StripeTerms(key=KEY, secrets=(SECRET,), shop=SHOP, base=base, seconds=seconds, pauses=pauses)
    return StripeGateway(terms, clock=lambda: utc_now() + timedelta(hours=1))


def signed(body: bytes, *, at: datetime, secret: str = SECRET) -> Letter:
    """Sign a body as Stripe does."""
    header = stripe.WebhookSignature.generate_signature_header(body.decode(), secret, int(at.timestamp()))
    return Letter({"stripe-signature": header}, body)


async def _card(base: str, number: str) -> str:
    """Give a card to localstripe, as Stripe's page does; a shop never sees its number."""
    fields = {"number": number, "exp_month": "12", "exp_year": "2040", "cvc": "123"}
    told = await _posted(base, "/v1/payment_methods", {"type": "card", **{f"card[{n}]": v for n, v in fields.items()}})
    return str(told["id"])


async def _posted(base: str, path: str, told: Mapping[str, str]) -> Mapping[str, str]:
    headers = {"authorization": f"Bearer {KEY}"}
    async with httpx2.AsyncClient(base_url=base, headers=headers, verify=False, timeout=PATIENCE_SECONDS) as http:
        answer = await http.post(path, data=dict(told))
        answer.raise_for_status()
        found: Mapping[str, str] = answer.json() if answer.content else {}
        return found


@asynccontextmanager
async def opened(request: pytest.FixtureRequest, _database: Database) -> AsyncIterator[Bench]:
    """Set the bench up: cards at localstripe, and a letter box that its news are sent to."""
    base = request.getfixturevalue("localstripe_url")
    async with Loopback(lambda _asked: Reply()) as post:
        await _posted(base, "/_config/webhooks/stoa", {"url": post.url, "secret": SECRET})
        bench = StripeBench(base, post, declined=await _card(base, _DECLINED), asks=await _card(base, _ASKS))
        yield bench
        await bench.gateway.close()
