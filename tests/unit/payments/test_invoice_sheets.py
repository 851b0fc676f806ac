"""Documents as people read them: in the language of their channel, with nothing read as markup, over as many pages as it takes."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.channels.rules import Seller
from app.channels.states import TenderKind
from app.kernel.address import Address
from app.kernel.ids import ChannelId, InvoiceId, OrderId, new_id
from app.payments.rules import ChargedKind
from app.payments.rules.invoicing import Buyer, Invoice, InvoiceContent, InvoiceLine, PaidWith, tax_totals
from app.payments.rules.sheets import PAGE_POLICY, pdf, sheet_of, to_html, to_pdf
from app.payments.rules.sheets.words import WORDS
from app.payments.states import InvoiceKind

MIDNIGHT = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
#: A cart's own limit.
MOST_LINES = 1200
MARKUP = '<script>alert(1)</script> & "quotes" {{ 7*7 }} {% raw %} #strong[x] $x^2$ *bold* `code` @ref </style>'


def line_of(name: str = "Stoneware Mug", *, units: int = 2, price: int = 1200, off: int = 0) -> InvoiceLine:
    """Make a line of mugs, with 20 % VAT in it."""
    amount = units * price - off
    return InvoiceLine(
        kind=ChargedKind.LINE, id=new_id(), name=name, sku="mug", options=("Size: M",), units=units,
        unit_price_minor=price, discount_minor=off, discounts=("Spring sale",) if off else (), amount_minor=amount,
        tax_minor=amount // 6, tax_name="VAT", rate_basis_points=2000,
    )  # fmt: skip


def invoice_of(
    *lines: InvoiceLine,
    currency: str = "GBP",
    language: str = "en",
    timezone: str = "UTC",
    tax_included: bool = True,
    kind: InvoiceKind = InvoiceKind.INVOICE,
) -> Invoice:
    """Make an invoice, or a credit note, of lines."""
    lines = lines or (line_of(),)
    total = sum(line.amount_minor for line in lines)
    content = InvoiceContent(
        order_number="K7Q2MX4D", ordered_at=MIDNIGHT, tax_included=tax_included, language=language, timezone=timezone,
        lines=lines, taxes=tuple(tax_totals(lines)), paid_with=(PaidWith(TenderKind.CARD, total),), waived_minor=0,
        corrects=("WEB-2026-000001",) if kind is InvoiceKind.CREDIT_NOTE else (),
    )  # fmt: skip
    home = Address(line1="1 Analytical Row", city="London", country="GB", postal_code="N1 9ZZ")
    return Invoice(
        id=InvoiceId(new_id()), order_id=OrderId(new_id()), kind=kind, charge_id=new_id(), refund_id=None,
        number="WEB-2026-000123", channel_id=ChannelId(new_id()), year=2026, sequence=123, currency=currency,
        total_minor=total, tax_minor=content.tax_minor, issued_at=MIDNIGHT, content=content,
        buyer=Buyer(name="Ada Byron", email="ada@shop.test", billing_address=home, shipping_address=home),
        seller=Seller(name="Richmond Goods Ltd", address=home, vat_id="GB980780684", footer="No. 1\nCall us"),
    )  # fmt: skip


class Text(HTMLParser):
    """What of a page is read, and the tags it is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append(tag)
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        """Note words."""
        if self.tags[-1:] != ["style"]:
            self.words.append(data)

    @property
    def all(self) -> str:
        """All that is read."""
        return " ".join(" ".join(self.words).split())


def pages_of(made: bytes) -> int:
    """Count the pages of a PDF by its tree of pages."""
    return max(int(count) for count in re.findall(rb"/Count (\d+)", made))


class TestSheet:
    @pytest.mark.parametrize(
        ("currency", "language", "unit_price"),
        [
            ("GBP", "en", "£12.00"),
            ("EUR", "de", "12,00 €"),
            ("JPY", "en", "¥1,200"),
            ("HUF", "hu", "12,00 Ft"),
            ("KWD", "en", "KWD 1.200"),
            ("USD", "en-US", "$12.00"),
            ("EUR", "fr", "12,00 €"),
        ],
    )
    def test_has_amounts_as_they_are_written_in_its_language(
        self, currency: str, language: str, unit_price: str
    ) -> None:
        sheet = sheet_of(invoice_of(currency=currency, language=language))

        assert " ".join(sheet.rows[0].unit_price.split()) == unit_price

    @pytest.mark.parametrize(
        ("language", "day"),
        [
            ("en", "December 31, 2026"),
            ("de", "31. Dezember 2026"),
            ("fr", "31 décembre 2026"),
            ("ja", "2026年12月31日"),
        ],
    )
    def test_has_days_as_they_are_written_in_its_language(self, language: str, day: str) -> None:
        assert sheet_of(invoice_of(language=language)).issued == day

    def test_has_days_by_the_clocks_of_its_channel(self) -> None:
        assert sheet_of(invoice_of(timezone="Europe/Paris")).issued == "January 1, 2027"

    @pytest.mark.parametrize("language", [*WORDS, "sv", "zh-Hant", "pt-BR"])
    def test_says_every_word_in_every_language(self, language: str) -> None:
        for kind in InvoiceKind:
            sheet = sheet_of(invoice_of(line_of(off=100), language=language, kind=kind))

            assert all([sheet.title, sheet.columns.discount, sheet.total.label, sheet.paid_label, sheet.note])
            assert "{page}" in sheet.page
            assert "{pages}" in sheet.page

    @pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("ar", "rtl"), ("he", "rtl"), ("fa", "rtl")])
    def test_runs_the_way_its_language_does(self, language: str, direction: str) -> None:
        assert sheet_of(invoice_of(language=language)).direction == direction

    def test_adds_tax_where_prices_do_not_include_it(self) -> None:
        mug = replace(line_of(), amount_minor=2880, tax_minor=480)

        sheet = sheet_of(invoice_of(mug, tax_included=False))

        assert (sheet.rows[0].amount, sheet.note) == ("£24.00", "")
        assert [(one.label, one.value) for one in sheet.sums] == [("Net", "£24.00"), ("VAT 20%", "£4.80")]
        assert sheet.total.value == "£28.80"

    def test_has_no_column_for_discounts_where_nothing_was_taken_off(self) -> None:
        assert sheet_of(invoice_of()).columns.discount == ""
        assert sheet_of(invoice_of(line_of(off=100))).rows[0].discount == "-£1.00"

    def test_says_no_rate_that_nobody_knows(self) -> None:
        sheet = sheet_of(invoice_of(replace(line_of(), tax_name="", rate_basis_points=None)))

        assert (sheet.rows[0].tax, sheet.taxes[0].name) == ("", "Tax")

    def test_names_nobody_after_erasure(self) -> None:
        assert sheet_of(replace(invoice_of(), buyer=None)).parties == ()

    def test_says_what_it_corrects(self) -> None:
        sheet = sheet_of(invoice_of(kind=InvoiceKind.CREDIT_NOTE))

        assert sheet.title == "Credit note"
        assert ("Corrects", "WEB-2026-000001") in [(fact.label, fact.value) for fact in sheet.facts]

    def test_turns_no_text_around(self) -> None:
        sheet = sheet_of(invoice_of(line_of("mug\u202e 00.1£ \u0000\u2066x\ny")))

        assert sheet.rows[0].name == "mug 00.1£ x y"

    @pytest.mark.parametrize(
        ("country", "lines"),
        [
            ("GB", ("1 High Street", "Town", "N1", "United Kingdom")),
            ("DE", ("1 High Street", "N1 Town", "Germany")),
            ("US", ("1 High Street", "Town, N1", "United States")),
        ],
    )
    def test_writes_addresses_as_their_countries_do(self, country: str, lines: tuple[str, ...]) -> None:
        invoice = invoice_of()
        there = Address(line1="1 High Street", city="Town", country=country, postal_code="N1")

        sheet = sheet_of(replace(invoice, buyer=Buyer(name="Ada", billing_address=there)))

        assert sheet.parties[0].lines == lines


class TestPage:
    def test_shows_all_there_is(self) -> None:
        text = Text(to_html(sheet_of(invoice_of(line_of(off=100))))).all

        for part in (
            "Invoice",
            "WEB-2026-000123",
            "Richmond Goods Ltd",
            "Ada Byron",
            "Stoneware Mug",
            "Spring sale",
            "£23.00",
        ):
            assert part in text

    def test_reads_nothing_as_markup(self) -> None:
        invoice = invoice_of(line_of(MARKUP))
        named = replace(invoice, buyer=Buyer(name=MARKUP), seller=Seller(name=MARKUP, footer=MARKUP))

        plain, page = (
            Text(to_html(sheet_of(replace(invoice_of(), buyer=Buyer(name="x"))))),
            Text(to_html(sheet_of(named))),
        )

        assert page.all.count(MARKUP) == 4
        assert "script" not in page.tags
        assert set(page.tags) <= set(plain.tags) | {"footer", "p"}

    def test_says_its_language_and_direction(self) -> None:
        page = to_html(sheet_of(invoice_of(language="ar")))

        assert '<html lang="ar" dir="rtl">' in page

    def test_loads_and_runs_nothing(self) -> None:
        page = to_html(sheet_of(invoice_of()))

        assert not re.search(r"<(script|link|img|iframe|object|form)|url\(|@import|style=", page)
        assert "default-src 'none'" in PAGE_POLICY
        assert "unsafe" not in PAGE_POLICY

    @given(st.text(max_size=60))
    def test_bears_whatever_a_product_is_called(self, name: str) -> None:
        page = Text(to_html(sheet_of(invoice_of(line_of(name)))))

        assert "script" not in page.tags


class TestPdf:
    def test_is_the_same_for_the_same_document(self) -> None:
        sheet = sheet_of(invoice_of())

        first, again = (to_pdf(sheet, written_at=MIDNIGHT) for _ in range(2))

        assert first == again
        assert first.startswith(b"%PDF-1.7")
        assert b"pdfaid" in first

    def test_is_made_of_a_document_written_between_two_seconds(self) -> None:
        between = MIDNIGHT + timedelta(microseconds=399_819)

        made = to_pdf(sheet_of(invoice_of()), written_at=between)

        assert made == to_pdf(sheet_of(invoice_of()), written_at=MIDNIGHT)

    @pytest.mark.parametrize("language", [*WORDS])
    def test_is_made_in_every_language(self, language: str) -> None:
        sheet = sheet_of(invoice_of(line_of(off=100), language=language, currency="KWD"))

        assert pages_of(to_pdf(sheet, written_at=MIDNIGHT)) == 1

    def test_goes_over_as_many_pages_as_it_takes(self) -> None:
        sheet = sheet_of(invoice_of(*[line_of(f"Mug {number}") for number in range(MOST_LINES)]))

        assert pages_of(to_pdf(sheet, written_at=MIDNIGHT)) > 30

    def test_reads_nothing_as_markup(self) -> None:
        plain = to_pdf(sheet_of(invoice_of(line_of("x" * len(MARKUP)))), written_at=MIDNIGHT)
        marked = to_pdf(sheet_of(invoice_of(line_of(MARKUP))), written_at=MIDNIGHT)

        assert pages_of(plain) == pages_of(marked) == 1

    @settings(max_examples=20, deadline=None)
    @given(st.text(max_size=60))
    def test_bears_whatever_a_product_is_called(self, name: str) -> None:
        assert to_pdf(sheet_of(invoice_of(line_of(name))), written_at=MIDNIGHT).startswith(b"%PDF")

    def test_is_made_after_erasure(self) -> None:
        bare = sheet_of(replace(invoice_of(), buyer=None))

        assert pages_of(to_pdf(bare, written_at=MIDNIGHT)) == 1

    def test_is_told_to_be_impossible_without_its_library(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pdf, "typst", None)

        assert not pdf.can_make_pdf()
