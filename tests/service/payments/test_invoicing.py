"""Invoices and credit notes: one of each charge and refund, counted without a gap, and never changed."""

import asyncio
from datetime import UTC, datetime

import asyncpg
import pytest

from app.audit import INVARIANTS
from app.channels.rules import ChannelInput, Seller
from app.channels.service import put_channels
from app.channels.states import TenderKind
from app.kernel.address import Address
from app.kernel.db import UnitOfWork
from app.kernel.errors import Forbidden
from app.kernel.ids import new_id
from app.payments import service as payments
from app.payments.rules.invoicing import PaidWith
from app.payments.states import InvoiceKind
from app.worker import Means
from app.worker.schedule import issue_missed_invoices
from tests.builders.clock import StoppedClock
from tests.builders.crowd import Crowd
from tests.builders.invoiced import counted, documents_of, numbers, only_document, say, tell
from tests.builders.paid import Paid, buy
from tests.builders.placed import collected, place, shipped
from tests.builders.returned import broken, give_back, received_order, settle, ship, sold
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

MUG, DELIVERY = 1200, 499
#: What of these is VAT of 20 %.
MUG_TAX, DELIVERY_TAX = 200, 83
RICHMOND = Seller(
    name="  Richmond   Goods Ltd ",
    address=Address(line1="1 The Green", city="Richmond", country="GB", postal_code="TW9 1PL"),
    vat_id="gb 980 7806 84",
    email="Accounts@Richmond.test",
    footer="Registered in England, 01234567",
)


async def paid_order(shop: Shop, *, mugs: int = 1) -> Paid:
    """Buy mugs, have all of them leave, and take the money."""
    order = await buy(shop, mugs=mugs)
    await order.ship(mugs)
    await order.settle()
    return order


async def many_charges(shop: Shop, *, mugs: int) -> Paid:
    """Buy mugs that leave one by one, each charged by itself."""
    order = await buy(shop, mugs=mugs)
    for _ in range(mugs):
        await order.ship(1)
        await order.settle()
    return order


class TestInvoice:
    async def test_is_written_when_its_money_was_taken(self, shop: Shop) -> None:
        order = await buy(shop)
        await order.ship(1)

        assert await payments.issue_due(shop.begin(), order_id=order.id) == 0
        await tell(shop, order.gateways)

        invoice = await only_document(shop, order.id)
        assert (invoice.kind, invoice.number) == (InvoiceKind.INVOICE, "WEB-2026-000001")
        assert (invoice.total_minor, invoice.tax_minor) == (MUG + DELIVERY, MUG_TAX + DELIVERY_TAX)
        assert (invoice.currency, invoice.issued_at) == ("GBP", shop.database.now())
        assert "InvoiceIssued" in await order.events()
        assert await broken(shop) == []

    async def test_says_what_was_bought_and_how_it_was_paid(self, shop: Shop) -> None:
        order = await paid_order(shop, mugs=2)
        await tell(shop, order.gateways)

        content = (await only_document(shop, order.id)).content

        mugs, delivery = content.lines
        assert (mugs.name, mugs.sku, mugs.units, mugs.unit_price_minor) == ("Stoneware Mug", "mug", 2, MUG)
        assert (mugs.amount_minor, mugs.tax_minor, mugs.discount_minor) == (2 * MUG, 2 * MUG_TAX, 0)
        assert (delivery.name, delivery.units, delivery.amount_minor) == ("Standard delivery", 1, DELIVERY)
        [vat] = content.taxes
        assert (vat.name, vat.rate_basis_points) == ("VAT", 2000)
        assert vat.net_minor + vat.tax_minor == content.total_minor
        assert content.paid_with == (PaidWith(TenderKind.CARD, 2 * MUG + DELIVERY),)
        assert content.order_number == (await order.order()).number

    async def test_says_what_was_taken_off(self, shop: Shop) -> None:
        order = await buy(shop)
        await shop.begin().run(
            lambda uow: uow.execute(
                "UPDATE order_lines SET discount_minor = 100, total_minor = total_minor - 100, discounts ="
                ' \'[{"name": "Spring sale", "code": null, "amount_minor": 100}]\' WHERE order_id = $1',
                [order.id],
            )
        )
        await order.ship(1)
        await tell(shop, order.gateways)

        mug = (await only_document(shop, order.id)).content.lines[0]

        # The first of three units bears no more than its share of what was taken off.
        assert (mug.unit_price_minor, mug.discount_minor, mug.amount_minor) == (MUG, 33, MUG - 33)
        assert mug.discounts == ("Spring sale",)

    async def test_is_one_for_each_charge(self, shop: Shop) -> None:
        order = await many_charges(shop, mugs=3)

        await tell(shop, order.gateways)

        written = await documents_of(shop, order.id)
        assert [invoice.total_minor for invoice in written] == [MUG + DELIVERY, MUG, MUG]
        assert await numbers(shop) == ["WEB-2026-000001", "WEB-2026-000002", "WEB-2026-000003"]
        assert await broken(shop) == []

    async def test_is_written_of_money_that_nobody_is_asked_for(self, shop: Shop) -> None:
        placed = await received_order(shop, sold("mug", 1))

        await payments.issue_due(shop.begin(), order_id=placed.id)

        assert (await only_document(shop, placed.id)).total_minor == (await placed.order()).total_minor

    async def test_names_who_bought_and_who_sold(self, shop: Shop) -> None:
        await say(shop, seller=RICHMOND)
        order = await paid_order(shop)
        await tell(shop, order.gateways)

        invoice = await only_document(shop, order.id)

        assert invoice.buyer is not None
        assert (invoice.buyer.name, invoice.buyer.email) == ("Ada Byron", "guest@shop.test")
        assert invoice.buyer.shipping_address == shop.home
        assert (invoice.seller.name, invoice.seller.vat_id) == ("Richmond Goods Ltd", "GB980780684")
        assert invoice.seller.email == "accounts@richmond.test"

    async def test_goes_on_saying_what_the_channel_said_then(self, shop: Shop) -> None:
        order = await paid_order(shop)
        await tell(shop, order.gateways)

        await say(shop, seller=RICHMOND, name="Shop", language="de")

        invoice = await only_document(shop, order.id)
        assert (invoice.seller.name, invoice.content.language) == ("Web", "en")

    async def test_says_no_rate_that_does_not_explain_the_tax(self, shop: Shop) -> None:
        order = await paid_order(shop)
        await shop.begin().run(lambda uow: uow.execute("UPDATE tax_rates SET rate_basis_points = 2100", []))
        await tell(shop, order.gateways)

        [tax] = (await only_document(shop, order.id)).content.taxes

        assert (tax.name, tax.rate_basis_points, tax.tax_minor) == ("", None, MUG_TAX + DELIVERY_TAX)

    async def test_taxes_what_is_handed_over_where_its_store_is(self, shop: Shop) -> None:
        placed = await place(shop, collected("mug", 1), shipped("tee-s", 1))

        await ship(placed)
        await settle(shop)
        await payments.issue_due(shop.begin(), order_id=placed.id)

        assert (await only_document(shop, placed.id)).total_minor > 0
        assert await broken(shop) == []


class TestCreditNote:
    async def test_corrects_the_invoices_of_what_came_back(self, shop: Shop) -> None:
        placed = await received_order(shop, shipped("mug", 2), shipped("tee-s", 1, at="camden"))
        await payments.issue_due(shop.begin(), order_id=placed.id)
        first, second = await documents_of(shop, placed.id)
        of_mugs = next(one for one in (first, second) if one.content.lines[0].sku == "mug")

        await give_back(placed, {"mug": 1})
        await settle(shop)
        await payments.issue_due(shop.begin(), order_id=placed.id)

        *_, note = await documents_of(shop, placed.id)
        assert (note.kind, note.number) == (InvoiceKind.CREDIT_NOTE, "WEB-2026-C000001")
        assert note.content.corrects == (of_mugs.number,)
        assert [(line.sku, line.units, line.amount_minor) for line in note.content.lines] == [("mug", 1, 1200)]
        assert note.content.paid_with == (PaidWith(TenderKind.CARD, 1200),)
        assert await broken(shop) == []

    async def test_waits_until_the_money_is_back(self, shop: Shop) -> None:
        order = await paid_order(shop, mugs=2)
        await tell(shop, order.gateways)

        await order.refund(150, cause=new_id())
        assert await payments.issue_due(shop.begin(), order_id=order.id) == 0
        await tell(shop, order.gateways)

        invoice, note = await documents_of(shop, order.id)
        assert (note.kind, note.total_minor) == (InvoiceKind.CREDIT_NOTE, 150)
        [chip] = note.content.lines
        assert (chip.units, chip.unit_price_minor, chip.amount_minor) == (0, None, 150)
        assert note.content.corrects == (invoice.number,)
        assert await broken(shop) == []

    async def test_waits_for_the_invoice_of_what_it_takes_back(self, shop: Shop) -> None:
        order = await many_charges(shop, mugs=2)
        [first, _] = await shop.fetch("SELECT id FROM charges ORDER BY id")
        await order.refund(MUG, cause=new_id())
        await order.settle()
        # The second mug turns out not to have been paid for.
        await _spoil(shop, "UPDATE charges SET amount_minor = amount_minor + 1 WHERE id <> $1", first["id"])

        await payments.issue_due(shop.begin(), order_id=order.id)
        assert [one.kind for one in await documents_of(shop, order.id)] == ["INVOICE", "CREDIT_NOTE"]

        await order.refund(MUG + DELIVERY, cause=new_id())
        await order.settle()
        await payments.issue_due(shop.begin(), order_id=order.id)
        assert [one.kind for one in await documents_of(shop, order.id)] == ["INVOICE", "CREDIT_NOTE"]

        await _spoil(shop, "UPDATE charges SET amount_minor = amount_minor - 1 WHERE id <> $1", first["id"])
        await _spoil(shop, "UPDATE orders SET payment_status = 'REFUNDED'")
        await payments.issue_due(shop.begin(), order_id=order.id)
        kinds = [one.kind for one in await documents_of(shop, order.id)]
        assert kinds == ["INVOICE", "CREDIT_NOTE", "INVOICE", "CREDIT_NOTE"]
        assert await broken(shop) == []

    async def test_is_written_once_though_its_money_came_back_to_us(self, shop: Shop) -> None:
        order = await paid_order(shop, mugs=2)
        await order.refund(MUG, cause=new_id())
        await tell(shop, order.gateways)
        reverse = (
            "INSERT INTO payment_transactions (id, payment_id, refund_id, kind, state, amount_minor, gateway, requested_at,"
            " settled_at) SELECT gen_random_uuid(), payment_id, refund_id, 'REFUND_REVERSAL', 'SUCCEEDED', amount_minor,"
            " gateway, now(), now() FROM payment_transactions WHERE kind = 'REFUND'"
        )
        await _spoil(shop, reverse)
        await _spoil(shop, "UPDATE payments SET refunded_minor = 0, status = 'CAPTURED'")
        await _spoil(shop, "UPDATE orders SET payment_status = 'CAPTURED'")

        assert await payments.issue_due(shop.begin(), order_id=order.id) == 0

        assert len(await documents_of(shop, order.id)) == 2
        assert await broken(shop) == []


class TestSettledWithoutMoney:
    async def test_is_invoiced_and_credited_alike(self, shop: Shop) -> None:
        order = await buy(shop, tokens=("tok_no_capture",))
        await order.ship(3)
        await order.settle()
        await tell(shop, order.gateways)
        assert await documents_of(shop, order.id) == []

        await order.refund(3 * MUG + DELIVERY, cause=new_id())
        await tell(shop, order.gateways)

        invoice, note = await documents_of(shop, order.id)
        assert (invoice.kind, note.kind) == ("INVOICE", "CREDIT_NOTE")
        assert invoice.content.waived_minor == note.content.waived_minor == 3 * MUG + DELIVERY
        assert invoice.content.paid_with == note.content.paid_with == ()
        assert await broken(shop) == []


class TestNumbers:
    async def test_begin_with_what_was_chosen_for_the_channel(self, shop: Shop) -> None:
        await say(shop, invoice_prefix="RG-1")
        order = await paid_order(shop)

        await tell(shop, order.gateways)

        assert await numbers(shop) == ["RG-1-2026-000001"]

    async def test_keep_their_beginning_until_the_year_is_over(self, shop: Shop, clock: StoppedClock) -> None:
        first = await paid_order(shop)
        await tell(shop, first.gateways)

        await say(shop, invoice_prefix="RG")
        second = await paid_order(shop)
        await tell(shop, second.gateways)
        clock.at = datetime(2027, 1, 1, 0, 0, tzinfo=UTC)
        third = await paid_order(shop)
        await tell(shop, third.gateways)

        assert await numbers(shop) == ["WEB-2026-000001", "WEB-2026-000002", "RG-2027-000001"]
        assert await broken(shop) == []

    async def test_are_of_the_year_that_it_is_by_the_clocks_of_the_channel(
        self, shop: Shop, clock: StoppedClock
    ) -> None:
        await say(shop, timezone="Asia/Tokyo")
        order = await paid_order(shop)
        clock.at = datetime(2026, 12, 31, 15, 0, tzinfo=UTC)

        await payments.issue_due(shop.begin(), order_id=order.id)

        assert await numbers(shop) == ["WEB-2027-000001"]

    async def test_never_meet_those_of_another_channel(self, shop: Shop) -> None:
        await _spoil(
            shop,
            "INSERT INTO invoice_series (channel_id, year, kind, prefix) SELECT id, 2026, 'INVOICE', 'WEB' FROM channels",
        )
        app = ChannelInput(code="WEB", name="App", currency="GBP", tax_included=True, countries=("GB",))
        await shop.begin().run(lambda uow: put_channels(uow, channels=[app]))
        order = await paid_order(shop)
        await _spoil(shop, "UPDATE orders SET channel_id = (SELECT id FROM channels WHERE code = 'WEB')")

        await payments.issue_due(shop.begin(), order_id=order.id)

        assert await numbers(shop) == ["WEB-2-2026-000001"]

    async def test_go_on_beyond_six_digits(self, shop: Shop) -> None:
        order = await paid_order(shop)
        await _spoil(
            shop,
            "INSERT INTO invoice_series SELECT id, 2026, 'INVOICE', 'WEB', 1000000, now() FROM channels",
        )

        # Nobody waits for a million documents that came before.
        await _spoil(shop, "ALTER TABLE invoices DROP CONSTRAINT fk_invoices_previous")
        await payments.issue_due(shop.begin(), order_id=order.id)

        assert await numbers(shop) == ["WEB-2026-1000000"]

    async def test_have_moments_that_never_run_backwards(self, shop: Shop, clock: StoppedClock) -> None:
        late = await paid_order(shop)
        early = await paid_order(shop)
        await payments.issue_due(shop.begin(), order_id=late.id)

        clock.advance(seconds=-5)
        await payments.issue_due(shop.begin(), order_id=early.id)

        [first] = await documents_of(shop, late.id)
        [second] = await documents_of(shop, early.id)
        assert (second.sequence, second.issued_at) == (first.sequence + 1, first.issued_at)


class TestMany:
    async def test_workers_at_once_write_each_document_once_and_leave_no_gap(
        self, shop: Shop, dsn: str, clock: StoppedClock
    ) -> None:
        orders = [await many_charges(shop, mugs=3) for _ in range(3)]
        for order in orders:
            await order.refund(100, cause=new_id())
            await order.settle()

        async with Crowd(dsn, clock) as crowd:
            begin = crowd.database.begin(shop.actor("system"))
            issued = await crowd.at_once(
                payments.issue_due(begin, order_id=order.id) for _ in range(6) for order in orders
            )
            assert await crowd.deadlocks() == 0

        assert sum(issued) == 12
        assert await counted(shop) == {"INVOICE": 10, "CREDIT_NOTE": 4}
        assert await numbers(shop) == [
            *(f"WEB-2026-{number:06d}" for number in range(1, 10)),
            *(f"WEB-2026-C{number:06d}" for number in range(1, 4)),
        ]
        assert await broken(shop) == []

    async def test_that_roll_back_leave_no_gap(self, shop: Shop, dsn: str, clock: StoppedClock) -> None:
        orders = [await many_charges(shop, mugs=2) for _ in range(4)]
        # Every third document is refused by the database after it has been counted.
        await _spoil(
            shop,
            """
            CREATE FUNCTION sometimes() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF random() < 0.4 THEN RAISE EXCEPTION 'the lights went out' USING ERRCODE = 'serialization_failure'; END IF;
                RETURN NEW;
            END $$
            """,
        )
        await _spoil(
            shop, "CREATE TRIGGER sometimes AFTER INSERT ON invoices FOR EACH ROW EXECUTE FUNCTION sometimes()"
        )

        async with Crowd(dsn, clock) as crowd:
            begin = crowd.database.begin(shop.actor("system"))
            await asyncio.gather(
                *(payments.issue_due(begin, order_id=order.id) for _ in range(4) for order in orders),
                return_exceptions=True,
            )
        await _spoil(shop, "DROP TRIGGER sometimes ON invoices")
        await payments.issue_missed(shop.begin())

        assert await numbers(shop) == [f"WEB-2026-{number:06d}" for number in range(1, 9)]
        assert await broken(shop) == []


class TestMissed:
    async def test_documents_are_found_by_the_timer(self, shop: Shop) -> None:
        orders = [await paid_order(shop) for _ in range(2)]
        await _spoil(shop, "UPDATE outbox SET delivered_at = now()")
        assert "what was taken and not given back is what was invoiced and not credited" in await broken(shop)

        means = Means(shop.begin(), orders[0].gateways)
        assert [await issue_missed_invoices(means) for _ in range(2)] == [2, 0]

        assert await broken(shop) == []


class TestDocuments:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE invoices SET total_minor = total_minor + 1",
            "UPDATE invoices SET number = 'X'",
            """UPDATE invoices SET content = content || '{"waived_minor": 1}'""",
            """UPDATE invoices SET buyer = '{"name": "Eve"}'""",
            "UPDATE invoices SET buyer = NULL, seller = '{}'",
            "UPDATE invoices SET issued_at = issued_at + interval '1 day'",
            "DELETE FROM invoices",
            "TRUNCATE invoices",
            "UPDATE invoice_series SET next = next + 2",
            "UPDATE invoice_series SET next = next - 1",
            "UPDATE invoice_series SET prefix = 'X', next = next + 1",
            "DELETE FROM invoice_series",
            "TRUNCATE invoice_series CASCADE",
        ],
    )
    async def test_are_never_changed(self, shop: Shop, statement: str) -> None:
        order = await paid_order(shop)
        await tell(shop, order.gateways)

        with pytest.raises(asyncpg.RestrictViolationError):
            await _spoil(shop, statement)

        assert await broken(shop) == []

    @pytest.mark.parametrize(
        ("values", "constraint"),
        [
            ({"sequence": "sequence + 2"}, "fk_invoices_previous"),
            ({"sequence": "0"}, "ck_invoices_sequence"),
            ({"sequence": "sequence"}, "uq_invoices_sequence"),
            ({"number": "number"}, "uq_invoices_number"),
            ({"charge_id": "charge_id"}, "uq_invoices_charge_id"),
            ({"charge_id": "NULL"}, "ck_invoices_charge"),
            ({"kind": "'CREDIT_NOTE'"}, "ck_invoices_(charge|refund)"),
            ({"total_minor": "0", "tax_minor": "0"}, "ck_invoices_total_minor"),
            ({"tax_minor": "total_minor + 1"}, "ck_invoices_tax_of_total"),
            ({"year": "2031"}, "fk_invoices_(series|previous)"),
        ],
    )
    async def test_are_refused_where_they_break_the_rules(
        self, shop: Shop, values: dict[str, str], constraint: str
    ) -> None:
        order = await many_charges(shop, mugs=2)
        # One of two has its invoice, and the other waits for a second that somebody plants.
        [first, _] = await shop.fetch("SELECT id FROM charges ORDER BY id")
        await _spoil(shop, "UPDATE charges SET invoiced = true WHERE id <> $1", first["id"])
        await payments.issue_due(shop.begin(), order_id=order.id)
        planted = {
            "id": "gen_random_uuid()",
            "charge_id": "(SELECT id FROM charges WHERE id <> charge_id)",
            "number": "number || 'X'",
            "sequence": "sequence + 1",
        } | values
        columns = (
            "id, order_id, kind, charge_id, refund_id, number, channel_id, year, sequence, currency, total_minor,"
            " tax_minor, issued_at, content, buyer, seller"
        )
        chosen = ", ".join(planted.get(name, name) for name in columns.split(", "))

        with pytest.raises(asyncpg.IntegrityConstraintViolationError, match=constraint):
            await _spoil(shop, f"INSERT INTO invoices ({columns}) SELECT {chosen} FROM invoices")

    async def test_forget_who_bought(self, shop: Shop) -> None:
        order = await paid_order(shop)
        await tell(shop, order.gateways)
        before = await only_document(shop, order.id)
        assert before.buyer is not None

        forgotten = [
            await shop.begin("admin").run(lambda uow: payments.forget_buyers(uow, order_ids=[order.id]))
            for _ in range(2)
        ]

        after = await only_document(shop, order.id)
        assert forgotten == [1, 0]
        assert (after.buyer, after.content, after.number) == (None, before.content, before.number)
        kept = await shop.fetch("SELECT invoices::text FROM invoices")
        assert "Ada" not in kept[0][0]
        assert "guest@shop.test" not in kept[0][0]

    async def test_are_forgotten_by_those_who_may(self, shop: Shop) -> None:
        with pytest.raises(Forbidden):
            await shop.begin("service").run(lambda uow: payments.forget_buyers(uow, order_ids=[]))


#: A statement that spoils the rows of a shop, and what is to be said of it.
DEFECTS = {
    "ALTER TABLE invoices DISABLE TRIGGER invoices_stay; UPDATE invoices SET total_minor = total_minor - 1": (
        "what was taken and not given back is what was invoiced and not credited"
    ),
    "ALTER TABLE invoices DISABLE TRIGGER invoices_stay; UPDATE invoices SET tax_minor = tax_minor - 1": (
        "a document adds up to what it is of"
    ),
    "ALTER TABLE invoices DISABLE TRIGGER invoices_stay; UPDATE invoices SET"
    " content = jsonb_set(content, '{lines,0,amount_minor}', '1')": "a document adds up to what it is of",
    "ALTER TABLE invoices DISABLE TRIGGER invoices_stay; UPDATE invoices SET"
    " content = jsonb_set(content, '{paid_with,0,amount_minor}', '1')": "a document adds up to what it is of",
    "UPDATE invoice_series SET next = next + 1": "documents are counted without a gap",
    "UPDATE charges SET invoiced = false": "what says that a document was written of it has one, and nothing else has",
}


class TestInvariants:
    @pytest.mark.parametrize("statement", DEFECTS)
    async def test_find_what_was_planted(self, shop: Shop, statement: str) -> None:
        order = await paid_order(shop)
        await tell(shop, order.gateways)
        before = await broken(shop)

        for part in statement.split("; "):
            await _spoil(shop, part)

        assert before == []
        assert DEFECTS[statement] in await broken(shop)

    def test_are_asked_by_the_audit(self) -> None:
        assert set(DEFECTS.values()) <= {invariant.name for invariant in INVARIANTS}


async def _spoil(shop: Shop, sql: str, *args: object) -> None:
    async def go(uow: UnitOfWork) -> None:
        await uow.execute(sql, args)

    await shop.begin().run(go)
