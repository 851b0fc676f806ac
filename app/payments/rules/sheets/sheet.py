"""A document written out: every amount, date, rate and word as it is read, in the language of its channel."""

import re
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.core import Locale
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from app.channels.rules import Seller
from app.kernel.address import Address
from app.kernel.money import Money, exponent_of
from app.payments.rules.invoicing import Invoice, InvoiceLine
from app.payments.rules.sheets.words import Words, words_of
from app.payments.states import InvoiceKind
from app.tax.rules import WHOLE

#: What no eye sees, and what turns the text around it: an order's own words may not rearrange a document.
_UNSEEN = re.compile("[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
#: Between a currency that is written in letters and its amount; CLDR calls it alphaNextToNumber.
_LETTER_BY_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)")
#: Where paper is not of the sizes of ISO 216.
_LETTER = frozenset({"US", "CA", "MX", "PH", "CL", "CO", "CR", "GT", "PA", "SV", "VE", "DO", "PR"})
#: Where a postal code stands in a line of its own, and where behind the region.
_CODE_BELOW = frozenset({"GB", "IE", "JE", "GG", "IM"})
_CODE_BEHIND = frozenset({"US", "CA", "AU", "PR"})


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a document."""

    name: str
    details: tuple[str, ...]
    units: str
    unit_price: str
    discount: str
    tax: str
    amount: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Something and what it is."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class TaxRow:
    """What is taxed at one rate."""

    name: str
    net: str
    tax: str
    amount: str


@dataclass(frozen=True, slots=True)
class Party:
    """Who buys, who sells, or where goods go."""

    label: str
    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A document as it is read. A column that no row has anything in is empty in `columns` too."""

    language: str
    direction: str
    paper: str
    title: str
    number: str
    seller: Party
    facts: tuple[Pair, ...]
    parties: tuple[Party, ...]
    columns: Row
    rows: tuple[Row, ...]
    sums: tuple[Pair, ...]
    total: Pair
    tax_columns: TaxRow
    taxes: tuple[TaxRow, ...]
    paid_label: str
    paid: tuple[Pair, ...]
    note: str
    footer: tuple[str, ...]
    page: str
    issued: str


def sheet_of(invoice: Invoice) -> Sheet:
    """Write a document out."""
    return _Writer(invoice).sheet()


class _Writer:
    def __init__(self, invoice: Invoice) -> None:
        self.invoice = invoice
        self.content = invoice.content
        self.locale = Locale.parse(self.content.language, sep="-")
        self.words: Words = words_of(self.content.language)
        self.is_credit = invoice.kind is InvoiceKind.CREDIT_NOTE

    def sheet(self) -> Sheet:
        words, content = self.words, self.content
        country = self.invoice.seller.address.country if self.invoice.seller.address else ""
        rows = tuple(self.row(line) for line in content.lines)
        has_discount = any(row.discount for row in rows)
        return Sheet(
            language=str(self.locale).replace("_", "-"),
            direction="rtl" if self.locale.text_direction == "rtl" else "ltr",
            paper="us-letter" if country in _LETTER else "a4",
            title=words.credit_note if self.is_credit else words.invoice,
            number=self.invoice.number,
            seller=self.seller(self.invoice.seller),
            facts=tuple(self.facts()),
            parties=tuple(self.parties()),
            columns=Row(
                name=words.item,
                details=(),
                units=words.units,
                unit_price=words.unit_price,
                discount=words.discount if has_discount else "",
                tax=words.tax,
                amount=words.amount,
            ),
            rows=rows,
            sums=tuple(self.sums()),
            total=Pair(words.credited if self.is_credit else words.total, self.money(self.invoice.total_minor)),
            tax_columns=TaxRow(words.tax, words.net, words.tax, words.amount),
            taxes=tuple(
                TaxRow(
                    name=self.tax_name(tax.name, tax.rate_basis_points),
                    net=self.money(tax.net_minor),
                    tax=self.money(tax.tax_minor),
                    amount=self.money(tax.net_minor + tax.tax_minor),
                )
                for tax in content.taxes
            ),
            paid_label=words.given_back_with if self.is_credit else words.paid_with,
            paid=tuple(self.paid()),
            note=words.including_tax if content.tax_included else "",
            footer=tuple(_tidy(line) for line in (self.invoice.seller.footer or "").splitlines() if line.strip()),
            page=words.page,
            issued=self.date(),
        )

    def row(self, line: InvoiceLine) -> Row:
        amount = line.amount_minor if self.content.tax_included else line.amount_minor - line.tax_minor
        details = [line.sku, *line.options]
        if line.discount_minor:
            details += line.discounts
        return Row(
            name=_tidy(line.name),
            details=tuple(_tidy(detail) for detail in details if detail),
            units=format_decimal(line.units, locale=self.locale) if line.units else "",
            unit_price="" if line.unit_price_minor is None else self.money(line.unit_price_minor),
            discount=self.money(-line.discount_minor) if line.discount_minor else "",
            tax=self.rate(line.rate_basis_points),
            amount=self.money(amount),
        )

    def facts(self) -> list[Pair]:
        words, content = self.words, self.content
        facts = [
            Pair(words.date, self.date()),
            Pair(words.order, content.order_number),
            Pair(
                words.ordered,
                format_date(
                    content.ordered_at.astimezone(ZoneInfo(content.timezone)).date(), "long", locale=self.locale
                ),
            ),
        ]
        if content.corrects:
            facts.append(Pair(words.corrects, ", ".join(content.corrects)))
        return facts

    def sums(self) -> list[Pair]:
        """Lead from the amounts of the rows to the total: what is in it already is told below it, and not added."""
        if self.content.tax_included:
            return []
        sums = [Pair(self.words.net, self.money(self.invoice.net_minor))]
        sums += [
            Pair(self.tax_name(tax.name, tax.rate_basis_points), self.money(tax.tax_minor))
            for tax in self.content.taxes
            if tax.tax_minor
        ]
        return sums

    def paid(self) -> list[Pair]:
        paid = [Pair(self.words.tender(one.tender), self.money(one.amount_minor)) for one in self.content.paid_with]
        if self.content.waived_minor:
            paid.append(Pair(self.words.settled, self.money(self.content.waived_minor)))
        return paid

    def parties(self) -> list[Party]:
        buyer = self.invoice.buyer
        if buyer is None:
            return []
        billing, shipping = buyer.billing_address, buyer.shipping_address
        name = _tidy(buyer.name or "")
        lines = () if billing is None else self.address(billing)
        bill_to = Party(self.words.bill_to, name or _tidy(buyer.email or ""), lines)
        if name and buyer.email:
            bill_to = Party(bill_to.label, bill_to.name, (*lines, _tidy(buyer.email)))
        if shipping is None or shipping == billing:
            return [bill_to]
        receiver = " ".join(part for part in (shipping.first_name, shipping.last_name) if part)
        return [bill_to, Party(self.words.deliver_to, _tidy(receiver), self.address(shipping))]

    def seller(self, seller: Seller) -> Party:
        lines: list[str] = [] if seller.address is None else list(self.address(seller.address))
        if seller.vat_id:
            lines.append(f"{self.words.vat_id} {seller.vat_id}")
        if seller.email:
            lines.append(seller.email)
        return Party("", _tidy(seller.name), tuple(lines))

    def address(self, address: Address) -> tuple[str, ...]:
        code, city, region = address.postal_code or "", address.city, address.region or ""
        if address.country in _CODE_BELOW:
            places = [city, region, code]
        elif address.country in _CODE_BEHIND:
            places = [", ".join(part for part in (city, f"{region} {code}".strip()) if part)]
        else:
            places = [f"{code} {city}".strip(), region]
        country = self.locale.territories.get(address.country, address.country)
        lines = [address.company or "", address.line1, address.line2 or "", *places, country]
        return tuple(_tidy(line) for line in lines if line)

    def date(self) -> str:
        day = self.invoice.issued_at.astimezone(ZoneInfo(self.content.timezone)).date()
        return format_date(day, "long", locale=self.locale)

    def money(self, minor: int) -> str:
        amount = Money(minor, self.invoice.currency)
        # With every digit of its currency: a locale may show fewer than there are, and a document has to add up.
        pattern = copy(self.locale.currency_formats["standard"])
        pattern.frac_prec = (exponent_of(amount.currency),) * 2
        text = pattern.apply(amount.decimal(), self.locale, currency=amount.currency, currency_digits=False)
        return _LETTER_BY_DIGIT.sub("\u00a0", text)

    def rate(self, basis_points: int | None) -> str:
        if basis_points is None:
            return ""
        pattern = self.locale.percent_formats[None].pattern.replace("#,##0", "#,##0.##")
        return format_percent(Decimal(basis_points) / WHOLE, pattern, locale=self.locale)

    def tax_name(self, name: str, basis_points: int | None) -> str:
        parts: Sequence[str] = [_tidy(name) or self.words.tax, self.rate(basis_points)]
        return " ".join(part for part in parts if part)


def _tidy(text: str) -> str:
    return " ".join(_UNSEEN.sub(" ", text).split())
