"""Invoices and credit notes as a buyer, an office and a browser see them."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import httpx2
import pytest

from app.kernel.ids import IdKind, encode, new_id
from app.payments import service as payments
from app.payments.rules.sheets import pdf
from tests.builders.client import Client, Json
from tests.builders.clock import StoppedClock
from tests.builders.invoiced import only_document, say, tell
from tests.builders.paid import Paid, buy
from tests.builders.shop import Shop
from tests.builders.statements import Sent

pytestmark = pytest.mark.anyio

SHORT = "number kind total { amount currency }"
WHOLE = f"""
    id {SHORT} year issuedAt orderNumber taxIncluded correctsNumbers htmlUrl pdfUrl
    netTotal {{ amount }} taxTotal {{ amount }} settledTotal {{ amount }}
    taxes {{ name rateBasisPoints net {{ amount }} tax {{ amount }} }}
    tenders {{ tender amount {{ amount }} }}
    lines {{
        name sku options quantity unitPrice {{ amount }} discountTotal {{ amount }} taxTotal {{ amount }}
        taxRateBasisPoints total {{ amount }}
    }}
    seller {{ name vatId address {{ line1 }} email footer }}
    buyer {{ name email billingAddress {{ line1 }} shippingAddress {{ city }} }}
    channel {{ code }} order {{ number token }}
    corrects {{ {SHORT} }} creditNotes {{ {SHORT} }}
"""
OF_ORDER = f"query ($id: ID!, $token: String) {{ order(id: $id, token: $token) {{ token invoices {{ {WHOLE} }} }} }}"
BY_NUMBER = f"query ($number: String!, $token: String) {{ invoice(number: $number, token: $token) {{ {WHOLE} }} }}"
LIST = f"""
    query ($filter: InvoiceFilter, $first: Int, $after: String) {{
        invoices(filter: $filter, first: $first, after: $after) {{
            totalCount nodes {{ {SHORT} }} edges {{ cursor }} pageInfo {{ hasNextPage endCursor }}
        }}
    }}
"""
PUT = """
    mutation ($input: ChannelPutInput!) {
        channelPut(input: $input) {
            channel { language timezone invoicePrefix seller { name vatId email footer address { line1 city country } } }
            errors { code field message }
        }
    }
"""


async def corrected_order(shop: Shop) -> Paid:
    """Buy two mugs that leave one by one, with an invoice each, and have some money given back."""
    order = await buy(shop, mugs=2)
    for _ in range(2):
        await order.ship(1)
        await order.settle()
    await order.refund(150, cause=new_id())
    await tell(shop, order.gateways)
    return order


async def invoices_of(client: Client, order: Paid) -> list[Json]:
    """Read the invoices of an order as its buyer."""
    asked = {"id": encode(IdKind.ORDER, order.id), "token": order.token}
    found = await client.query(OF_ORDER, asked)
    listed: list[Json] = found["order"]["invoices"]
    return listed


async def listed(client: Client, shop: Shop, **filter: object) -> list[str]:
    """List numbers as an associate."""
    found = await client.query(LIST, {"filter": filter}, token=shop.token("associate"))
    return [node["number"] for node in found["invoices"]["nodes"]]


class TestInvoicesOfAnOrder:
    async def test_say_what_was_charged_and_given_back(self, client: Client, shop: Shop) -> None:
        order = await corrected_order(shop)

        first, second, note = await invoices_of(client, order)

        assert [one["number"] for one in (first, second, note)] == [
            "WEB-2026-000001",
            "WEB-2026-000002",
            "WEB-2026-C000001",
        ]
        assert (first["kind"], first["total"]) == ("INVOICE", {"amount": "16.99", "currency": "GBP"})
        assert (first["netTotal"], first["taxTotal"]) == ({"amount": "14.16"}, {"amount": "2.83"})
        assert first["lines"][0] == {
            "name": "Stoneware Mug", "sku": "mug", "options": [], "quantity": 1, "unitPrice": {"amount": "12.00"},
            "discountTotal": {"amount": "0.00"}, "taxTotal": {"amount": "2.00"}, "taxRateBasisPoints": 2000,
            "total": {"amount": "12.00"},
        }  # fmt: skip
        assert first["taxes"] == [
            {"name": "VAT", "rateBasisPoints": 2000, "net": {"amount": "14.16"}, "tax": {"amount": "2.83"}}
        ]
        assert first["tenders"] == [{"tender": "CARD", "amount": {"amount": "16.99"}}]
        assert (first["seller"]["name"], first["buyer"]["name"]) == ("Web", "Ada Byron")
        assert first["order"]["token"] == order.token
        assert (note["kind"], note["total"]["amount"]) == ("CREDIT_NOTE", "1.50")
        assert note["lines"][0]["unitPrice"] is None

    async def test_name_each_other(self, client: Client, shop: Shop) -> None:
        order = await corrected_order(shop)

        first, second, note = await invoices_of(client, order)

        assert note["correctsNumbers"] == [one["number"] for one in note["corrects"]]
        assert [one["number"] for one in note["corrects"]] == [first["number"], second["number"]]
        assert [one["number"] for one in first["creditNotes"]] == [note["number"]]
        assert (first["corrects"], note["creditNotes"]) == ([], [])

    async def test_are_read_at_once_for_many_orders(
        self,
        client: Client,
        shop: Shop,
        statements: Callable[[], AbstractAsyncContextManager[Sent]],
    ) -> None:
        document = f"query ($first: Int) {{ orders(first: $first) {{ nodes {{ invoices {{ {WHOLE} }} }} }} }}"
        for _ in range(3):
            await corrected_order(shop)
        token = shop.token("service")

        async with statements() as for_one:
            await client.query(document, {"first": 1}, token=token)
        async with statements() as for_many:
            found = await client.query(document, {"first": 3}, token=token)

        assert [len(order["invoices"]) for order in found["orders"]["nodes"]] == [3, 3, 3]
        assert for_many.count == for_one.count


class TestInvoice:
    async def test_is_found_by_its_number(self, client: Client, shop: Shop) -> None:
        order = await corrected_order(shop)
        [first, *_] = await invoices_of(client, order)

        found = await client.query(BY_NUMBER, {"number": " web-2026-000001 ", "token": order.token})

        assert found["invoice"] == first

    @pytest.mark.parametrize("token", [None, "guessed"])
    async def test_is_for_those_who_see_its_order(self, client: Client, shop: Shop, token: str | None) -> None:
        await corrected_order(shop)

        assert await client.query(BY_NUMBER, {"number": "WEB-2026-000001", "token": token}) == {"invoice": None}

    async def test_names_nobody_after_erasure(self, client: Client, shop: Shop) -> None:
        order = await corrected_order(shop)
        await shop.begin("admin").run(lambda uow: payments.forget_buyers(uow, order_ids=[order.id]))

        assert [one["buyer"] for one in await invoices_of(client, order)] == [None, None, None]


class TestInvoices:
    async def test_are_listed_newest_first_page_by_page(self, client: Client, shop: Shop) -> None:
        await corrected_order(shop)
        token = shop.token("operator")

        first = (await client.query(LIST, {"first": 2}, token=token))["invoices"]
        rest = (await client.query(LIST, {"first": 2, "after": first["pageInfo"]["endCursor"]}, token=token))[
            "invoices"
        ]

        assert (first["totalCount"], first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (
            3,
            True,
            False,
        )
        seen = [node["number"] for node in [*first["nodes"], *rest["nodes"]]]
        assert seen == ["WEB-2026-C000001", "WEB-2026-000002", "WEB-2026-000001"]

    async def test_are_found_by_what_is_known_of_them(self, client: Client, shop: Shop) -> None:
        order = await corrected_order(shop)
        order_id, now = encode(IdKind.ORDER, order.id), shop.database.now().isoformat()

        assert await listed(client, shop, kind="CREDIT_NOTE") == ["WEB-2026-C000001"]
        assert await listed(client, shop, number="web-2026-000002") == ["WEB-2026-000002"]
        assert len(await listed(client, shop, orderId=order_id, channel="web", year=2026)) == 3
        assert len(await listed(client, shop, issuedFrom=now)) == 3
        assert await listed(client, shop, issuedTo=now) == await listed(client, shop, year=2025) == []

    @pytest.mark.parametrize(
        ("filter", "field"),
        [
            ({"channel": "moon"}, ["filter", "channel"]),
            ({"year": 2147483647}, ["filter", "year"]),
            ({"orderId": "pay_01h455vb4pex5vsknk084sn02q"}, ["filter", "orderId"]),
        ],
    )
    async def test_refuse_what_cannot_be_asked(
        self, client: Client, shop: Shop, filter: Json, field: list[str]
    ) -> None:
        [error] = await client.errors(LIST, {"filter": filter}, token=shop.token("operator"))

        assert (error["extensions"]["code"], error["extensions"]["field"]) == ("INVALID", field)


class TestLinks:
    async def get(self, client: Client, url: str, **headers: str) -> httpx2.Response:
        """Open a link in a browser."""
        return await client.http.get(url, headers=headers)

    async def test_open_a_page(self, client: Client, shop: Shop) -> None:
        order = await corrected_order(shop)
        [first, *_] = await invoices_of(client, order)

        page = await self.get(client, first["htmlUrl"])

        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "WEB-2026-000001" in page.text
        assert "Stoneware Mug" in page.text
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("private, no-cache", "no-referrer")
        assert (page.headers["x-content-type-options"], page.headers["x-robots-tag"]) == ("nosniff", "noindex")

    async def test_open_a_pdf(self, client: Client, shop: Shop, clock: StoppedClock) -> None:
        # Clocks that do not stand still are between two seconds.
        clock.advance(seconds=0.399819)
        order = await corrected_order(shop)
        [first, *_] = await invoices_of(client, order)

        made = await self.get(client, first["pdfUrl"])

        assert (made.status_code, made.headers["content-type"]) == (200, "application/pdf")
        assert made.headers["content-disposition"] == 'inline; filename="WEB-2026-000001.pdf"'
        assert made.content.startswith(b"%PDF")

    @pytest.mark.parametrize("form", ["htmlUrl", "pdfUrl"])
    async def test_are_answered_with_nothing_new_until_somebody_is_forgotten(
        self, client: Client, shop: Shop, form: str
    ) -> None:
        order = await corrected_order(shop)
        [first, *_] = await invoices_of(client, order)
        tag = (await self.get(client, first[form])).headers["etag"]

        again = await self.get(client, first[form], **{"if-none-match": f'"other", {tag}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)

        await shop.begin("admin").run(lambda uow: payments.forget_buyers(uow, order_ids=[order.id]))
        anew = await self.get(client, first[form], **{"if-none-match": tag})
        assert (anew.status_code, anew.headers["etag"] == tag) == (200, False)

    @pytest.mark.parametrize("spoil", ["token=", "token=guessed", "token=%00", "other=1"])
    @pytest.mark.parametrize("form", ["html", "pdf"])
    async def test_open_nothing_without_their_token(self, client: Client, shop: Shop, form: str, spoil: str) -> None:
        order = await corrected_order(shop)
        invoice = (await invoices_of(client, order))[0]["id"]

        assert (await self.get(client, f"/invoices/{invoice}.{form}?{spoil}")).status_code == 404

    async def test_open_nothing_else_with_the_token_of_another_thing(self, client: Client, shop: Shop) -> None:
        order = await corrected_order(shop)
        first, second, _ = await invoices_of(client, order)
        token_of_second = second["htmlUrl"].partition("?")[2]

        for query in (token_of_second, f"token={order.token}"):
            assert (await self.get(client, f"/invoices/{first['id']}.html?{query}")).status_code == 404
        for other in ("ord_01h455vb4pex5vsknk084sn02q", "inv_01h455vb4pex5vsknk084sn02q", "x", "%00"):
            assert (await self.get(client, f"/invoices/{other}.html?{token_of_second}")).status_code == 404

    async def test_say_where_pdfs_cannot_be_made(
        self, client: Client, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        order = await corrected_order(shop)
        [first, *_] = await invoices_of(client, order)
        # As where the extra is not installed.
        monkeypatch.setattr(pdf, "typst", None)

        made, page = await self.get(client, first["pdfUrl"]), await self.get(client, first["htmlUrl"])

        assert (made.status_code, page.status_code) == (501, 200)
        assert "extra `pdf`" in made.text

    async def test_speak_the_language_of_the_channel(self, client: Client, shop: Shop) -> None:
        await say(shop, language="de")
        order = await buy(shop, mugs=1)
        await order.ship(1)
        await tell(shop, order.gateways)
        assert (await only_document(shop, order.id)).content.language == "de"

        [invoice] = await invoices_of(client, order)

        assert "Rechnung" in (await self.get(client, invoice["htmlUrl"])).text


class TestSellers:
    async def put(self, client: Client, shop: Shop, **more: object) -> Json:
        """Say something of the channel."""
        call = {"input": {"code": "web", "idempotencyKey": str(new_id()), **more}}
        found: Json = (await client.query(PUT, call, token=shop.token("merchandiser")))["channelPut"]
        return found

    async def test_are_put_with_their_channel(self, client: Client, shop: Shop) -> None:
        seller = {
            "name": "Richmond Goods Ltd", "vatId": "GB 980 7806 84", "email": "Books@richmond.test", "footer": "No. 1",
            "address": {"line1": "1 The Green", "city": "Richmond", "country": "GB"},
        }  # fmt: skip

        put = await self.put(client, shop, seller=seller, language="de", timezone="Europe/Berlin", invoicePrefix="RG-1")

        assert put["errors"] == []
        assert put["channel"] == {
            "language": "de", "timezone": "Europe/Berlin", "invoicePrefix": "RG-1",
            "seller": seller | {"vatId": "GB980780684", "email": "books@richmond.test"},
        }  # fmt: skip
        kept = (await self.put(client, shop, name="The web"))["channel"]
        cleared = (await self.put(client, shop, seller=None, language=None, timezone=None, invoicePrefix=None))[
            "channel"
        ]
        assert kept == put["channel"]
        assert cleared == {"language": "en", "timezone": "UTC", "invoicePrefix": "WEB", "seller": None}

    @pytest.mark.parametrize(
        ("more", "code", "field"),
        [
            ({"language": "klingon"}, "INVALID", ["language"]),
            ({"language": ""}, "INVALID", ["language"]),
            ({"timezone": "Mars/Olympus"}, "INVALID", ["timezone"]),
            ({"invoicePrefix": "web"}, "INVALID", ["invoicePrefix"]),
            ({"invoicePrefix": "A--B"}, "INVALID", ["invoicePrefix"]),
            ({"invoicePrefix": "A" * 21}, "INVALID", ["invoicePrefix"]),
            ({"seller": {"name": " "}}, "INVALID", ["seller", "name"]),
            ({"seller": {"name": "x", "footer": "x" * 1001}}, "INVALID", ["seller", "footer"]),
            ({"seller": {"name": "x", "email": "x"}}, "INVALID", ["seller", "email"]),
            ({"seller": {"name": "x", "vatId": "GB980780685"}}, "INVALID", ["seller", "vatId"]),
            ({"seller": {"name": "x", "vatId": "x" * 33}}, "INVALID", ["seller", "vatId"]),
            (
                {"seller": {"name": "x", "address": {"line1": "x", "country": "GB"}}},
                "INVALID",
                ["seller", "address", "city"],
            ),
        ],
    )
    async def test_are_refused_by_name(
        self, client: Client, shop: Shop, more: Json, code: str, field: list[str]
    ) -> None:
        [error] = (await self.put(client, shop, **more))["errors"]

        assert (error["code"], error["field"]) == (code, field)

    @pytest.mark.parametrize(
        ("vat_id", "country"),
        [
            ("DE136695976", "DE"),
            ("136695976", "DE"),
            # Registered in Germany, with its seat elsewhere.
            ("DE136695976", "CH"),
            ("EL 094259216", "GR"),
            ("12-3456789", "US"),
        ],
    )
    async def test_have_vat_numbers_of_their_country_or_of_another(
        self, client: Client, shop: Shop, vat_id: str, country: str
    ) -> None:
        address = {"line1": "1 Main Street", "city": "Town", "country": country}

        put = await self.put(client, shop, seller={"name": "x", "vatId": vat_id, "address": address})

        assert put["errors"] == []

    async def test_share_no_prefix(self, client: Client, shop: Shop) -> None:
        app = {"code": "app", "name": "App", "currency": "GBP", "taxIncluded": True, "countries": []}

        [error] = (await self.put(client, shop, **app, invoicePrefix="WEB"))["errors"]

        assert (error["code"], error["field"]) == ("CONFLICT", ["invoicePrefix"])
