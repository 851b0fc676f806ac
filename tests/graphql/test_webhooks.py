"""Payment services send news to an address of their own: signed, counted, heard once, and never lost with the database."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx2
import pytest
from structlog.testing import capture_logs

from app.kernel.clock import utc_now
from app.kernel.db import Database
from app.kernel.ids import new_id
from app.main import create_app
from app.payments.gateways.test import Sent, TestGateway
from tests.builders.buyers import Buyer, broken
from tests.builders.client import Client
from tests.builders.clock import OPENING, StoppedClock
from tests.builders.paid import Paid, buy
from tests.builders.patience import PATIENCE_SECONDS
from tests.builders.shop import KEYS, Shop, settings

pytestmark = pytest.mark.anyio

MUG, DELIVERY = 1200, 499
THREE_MUGS = 3 * MUG + DELIVERY
CLIENTS = 20
TEST = "/webhooks/test"


async def send(client: Client, sent: Sent, to: str = TEST, **headers: str) -> httpx2.Response:
    """Send news as a payment service does."""
    return await client.http.post(to, content=sent.body, headers={**sent.headers, **headers})


async def lost_capture(shop: Shop) -> tuple[Paid, Sent]:
    """Buy mugs whose capture was done, and its answer lost; answers the news of it too."""
    order = await buy(shop)
    await order.ship(3)
    order.gateway.answers_to_lose = 1
    await order.settle()
    [step] = await order.steps()
    return order, await order.gateway.real.news_of(str(step.id))


async def taken(order: Paid) -> int:
    """Say how much was captured."""
    return sum(tender.captured_minor for tender in await order.tenders())


async def counted(client: Client, effect: str) -> float:
    """Read how often news of the test gateway had an effect."""
    text = (await client.http.get("/metrics")).text
    name = f'stoa_gateway_news_total{{effect="{effect}",gateway="test"}} '
    return sum(float(line.removeprefix(name)) for line in text.splitlines() if line.startswith(name))


@asynccontextmanager
async def serving(dsn: str, **variables: str) -> AsyncIterator[Client]:
    """Serve with other settings."""
    app = create_app(settings(dsn, **variables))
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://shop.test") as http,
    ):
        yield Client(http)


class TestNews:
    async def test_are_heard_and_counted(self, client: Client, shop: Shop) -> None:
        order, sent = await lost_capture(shop)
        before = await counted(client, "APPLIED"), await counted(client, "KNOWN")

        answers = [await send(client, sent) for _ in range(2)]

        assert [(answer.status_code, answer.json()) for answer in answers] == [
            (200, {"effect": "APPLIED"}),
            (200, {"effect": "KNOWN"}),
        ]
        assert await taken(order) == THREE_MUGS
        assert (await counted(client, "APPLIED"), await counted(client, "KNOWN")) == (before[0] + 1, before[1] + 1)
        assert await broken(shop) == []

    async def test_sent_by_twenty_at_once_are_heard_once(self, client: Client, shop: Shop) -> None:
        order, sent = await lost_capture(shop)

        async with asyncio.timeout(PATIENCE_SECONDS):
            answers = await asyncio.gather(*(send(client, sent) for _ in range(CLIENTS)))

        assert {answer.status_code for answer in answers} == {200}
        assert sorted(answer.json()["effect"] for answer in answers) == ["APPLIED", *["KNOWN"] * (CLIENTS - 1)]
        assert await taken(order) == THREE_MUGS
        assert await broken(shop) == []

    async def test_of_strangers_are_kept(self, client: Client, shop: Shop) -> None:
        gateway = Buyer(shop).gateway
        stranger = {
            "id": "1", "kind": "CAPTURE", "outcome": "SUCCEEDED", "at": OPENING.isoformat(), "amount": 5, "currency": "GBP",
            "key": str(new_id()), "reference": "test_else", "authorization": "test_elsewhere",
        }  # fmt: skip

        answer = await send(client, gateway.signed(stranger))

        assert (answer.status_code, answer.json()) == (200, {"effect": "UNMATCHED"})
        assert len(await shop.fetch("SELECT 1 FROM gateway_notices")) == 1

    async def test_need_no_log_in_and_ask_for_none(self, client: Client, shop: Shop) -> None:
        _, sent = await lost_capture(shop)

        answer = await send(client, sent, authorization="Bearer forged")

        assert answer.json() == {"effect": "APPLIED"}


class TestRefusals:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"x-test-signature": ""},
            {"x-test-signature": "t=1764000000,v1=0000"},
            {"x-test-signature": "nonsense,,=,t,v1"},
            {"x-test-signature": "t=99999999999999999999,v1=" + "a" * 64},
        ],
        ids=str,
    )
    async def test_of_what_is_not_signed_tell_an_id_and_nothing_else(
        self, client: Client, shop: Shop, wrong: Mapping[str, str]
    ) -> None:
        order, sent = await lost_capture(shop)
        before = await counted(client, "REFUSED")

        with capture_logs() as logs:
            answer = await send(client, sent, **wrong)

        assert (answer.status_code, set(answer.json())) == (400, {"error", "id"})
        [line] = [line for line in logs if line["event"] == "news refused"]
        assert (line["refusal_id"], line["gateway"]) == (answer.json()["id"], "test")
        assert await counted(client, "REFUSED") == before + 1
        assert await taken(order) == 0
        assert await shop.fetch("SELECT 1 FROM gateway_notices") == []

    async def test_never_write_what_was_sent_into_the_log(self, client: Client, shop: Shop) -> None:
        gateway = Buyer(shop).gateway
        secret = "4242-4242-4242-4242"
        signed = gateway.signed({"id": secret, "kind": secret, "outcome": secret, "at": secret})

        with capture_logs() as logs:
            answers = [await send(client, signed), await send(client, Sent({}, secret.encode()))]

        assert [answer.status_code for answer in answers] == [400, 400]
        assert secret not in str(logs)
        assert secret not in "".join(answer.text for answer in answers)

    async def test_of_what_was_changed_or_is_old(self, client: Client, shop: Shop, clock: StoppedClock) -> None:
        order, sent = await lost_capture(shop)

        changed = await send(client, Sent(sent.headers, sent.body.replace(b"4099", b"9999")))
        clock.advance(minutes=6)
        old = await send(client, sent)

        assert (changed.status_code, old.status_code) == (400, 400)
        assert await taken(order) == 0

    async def test_of_another_shops_secret(self, client: Client, shop: Shop, dsn: str) -> None:
        _, sent = await lost_capture(shop)

        async with serving(dsn, STOA_SECRET="another shop's secret, which nobody here knows") as elsewhere:
            answer = await send(elsewhere, sent)

        assert answer.status_code == 400

    async def test_of_who_is_not_known_or_does_not_send(self, client: Client, shop: Shop) -> None:
        _, sent = await lost_capture(shop)

        unknown = [await send(client, sent, to=f"/webhooks/{name}") for name in ("stripe", "TEST", "..%2ftest", "%00")]
        asked = await client.http.get(TEST)
        nobody = await client.http.post("/webhooks/", content=sent.body, headers=sent.headers)

        assert [answer.status_code for answer in unknown] == [404] * 4
        assert (asked.status_code, nobody.status_code) == (405, 404)

    async def test_of_a_body_beyond_the_limit(self, shop: Shop, dsn: str) -> None:
        gateway = Buyer(shop).gateway
        sent = gateway.signed({"id": "1", "padding": "x" * 3000})

        async def in_parts() -> AsyncIterator[bytes]:
            for start in range(0, len(sent.body), 500):
                yield sent.body[start : start + 500]

        async with serving(dsn, STOA_BODY_BYTES="2000") as client:
            answers = [
                await send(client, sent),
                await client.http.post(TEST, content=in_parts(), headers=dict(sent.headers)),
            ]

        assert [answer.status_code for answer in answers] == [413, 413]

    async def test_where_the_test_gateway_is_switched_off(self, shop: Shop, dsn: str) -> None:
        _, sent = await lost_capture(shop)

        async with serving(dsn, STOA_TEST_GATEWAY="off") as client:
            answer = await send(client, sent)

        assert answer.status_code == 404


class TestAway:
    async def test_a_database_lets_news_be_sent_again(self, shop: Shop, dsn: str) -> None:
        order, _ = await lost_capture(shop)
        [step] = await order.steps()
        nowhere = "postgresql://nobody@/none?host=/nowhere"
        # A server by itself goes by a real clock, and so do those who sign for it.
        signer = TestGateway(Database(dsn, keys=KEYS, clock=utc_now))
        [tender] = await order.tenders()
        sent = signer.signed(
            {
                "id": "1", "kind": "CAPTURE", "outcome": "SUCCEEDED", "at": OPENING.isoformat(), "amount": THREE_MUGS,
                "currency": "GBP", "key": str(step.id), "reference": "test_1", "authorization": tender.gateway_reference,
            }
        )  # fmt: skip

        async with serving(nowhere) as away, serving(dsn) as back:
            refused = await send(away, Sent({}, sent.body))
            unheard = await send(away, sent)
            heard = await send(back, sent)

        assert refused.status_code == 400
        assert (unheard.status_code, unheard.headers["retry-after"]) == (503, "5")
        assert (heard.status_code, heard.json()) == (200, {"effect": "APPLIED"})
        assert await taken(order) == THREE_MUGS
