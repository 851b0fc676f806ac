"""The words of documents, by language. A language that is not here has those of English; amounts and dates are its own."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.channels.states import TenderKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What the parts of a document are called. `page` has the number of the page and of all pages in it."""

    invoice: str
    credit_note: str
    date: str
    order: str
    ordered: str
    corrects: str
    bill_to: str
    deliver_to: str
    item: str
    units: str
    unit_price: str
    discount: str
    tax: str
    net: str
    amount: str
    total: str
    credited: str
    including_tax: str
    paid_with: str
    given_back_with: str
    settled: str
    vat_id: str
    page: str
    card: str
    gift_card: str
    store_credit: str
    cash: str
    on_account: str

    def tender(self, kind: TenderKind) -> str:
        """Name a kind of money."""
        match kind:
            case TenderKind.CARD | TenderKind.CARD_PRESENT:
                return self.card
            case TenderKind.GIFT_CARD:
                return self.gift_card
            case TenderKind.STORE_CREDIT:
                return self.store_credit
            case TenderKind.CASH | TenderKind.PAY_IN_STORE:
                return self.cash
            case TenderKind.INVOICE:
                return self.on_account


ENGLISH = Words(
    invoice="Invoice", credit_note="Credit note", date="Date", order="Order", ordered="Ordered on",
    corrects="Corrects", bill_to="Bill to", deliver_to="Deliver to", item="Item", units="Qty", unit_price="Unit price",
    discount="Discount", tax="Tax", net="Net", amount="Amount", total="Total", credited="Total credited",
    including_tax="Prices include tax.", paid_with="Paid with", given_back_with="Given back to",
    settled="Settled against the order", vat_id="VAT number", page="Page {page} of {pages}", card="Card",
    gift_card="Gift card", store_credit="Store credit", cash="Cash", on_account="On account",
)  # fmt: skip

WORDS: Mapping[str, Words] = {
    "en": ENGLISH,
    "de": Words(
        invoice="Rechnung", credit_note="Gutschrift", date="Datum", order="Bestellung",
        ordered="Bestellt am", corrects="Korrigiert", bill_to="Rechnung an", deliver_to="Lieferung an", item="Artikel",
        units="Menge", unit_price="Einzelpreis", discount="Rabatt", tax="Steuer", net="Netto", amount="Betrag",
        total="Gesamtbetrag", credited="Gutgeschriebener Betrag", including_tax="Preise enthalten die Steuer.",
        paid_with="Bezahlt mit", given_back_with="Erstattet auf", settled="Mit der Bestellung verrechnet",
        vat_id="USt-IdNr.", page="Seite {page} von {pages}", card="Karte", gift_card="Geschenkkarte",
        store_credit="Guthaben", cash="Bar", on_account="Auf Rechnung",
    ),
    "fr": Words(
        invoice="Facture", credit_note="Avoir", date="Date", order="Commande",
        ordered="Commandé le", corrects="Rectifie", bill_to="Facturé à", deliver_to="Livré à", item="Article",
        units="Qté", unit_price="Prix unitaire", discount="Remise", tax="Taxe", net="Hors taxe", amount="Montant",
        total="Total", credited="Total crédité", including_tax="Prix taxes comprises.", paid_with="Payé par",
        given_back_with="Remboursé sur", settled="Compensé avec la commande", vat_id="N° de TVA",
        page="Page {page} sur {pages}", card="Carte", gift_card="Carte cadeau", store_credit="Avoir en magasin",
        cash="Espèces", on_account="En compte",
    ),
    "es": Words(
        invoice="Factura", credit_note="Factura rectificativa", date="Fecha", order="Pedido",
        ordered="Fecha del pedido", corrects="Rectifica", bill_to="Facturar a", deliver_to="Entregar a",
        item="Artículo", units="Cant.", unit_price="Precio unitario", discount="Descuento", tax="Impuesto",
        net="Base", amount="Importe", total="Total", credited="Total abonado",
        including_tax="Los precios incluyen impuestos.", paid_with="Pagado con", given_back_with="Devuelto a",
        settled="Compensado con el pedido", vat_id="NIF/IVA", page="Página {page} de {pages}", card="Tarjeta",
        gift_card="Tarjeta regalo", store_credit="Saldo en tienda", cash="Efectivo", on_account="A cuenta",
    ),
    "it": Words(
        invoice="Fattura", credit_note="Nota di credito", date="Data", order="Ordine",
        ordered="Ordinato il", corrects="Rettifica", bill_to="Intestatario", deliver_to="Destinatario",
        item="Articolo", units="Qtà", unit_price="Prezzo unitario", discount="Sconto", tax="Imposta",
        net="Imponibile", amount="Importo", total="Totale", credited="Totale accreditato",
        including_tax="Prezzi comprensivi di imposta.", paid_with="Pagato con", given_back_with="Rimborsato su",
        settled="Compensato con l’ordine", vat_id="Partita IVA", page="Pagina {page} di {pages}", card="Carta",
        gift_card="Carta regalo", store_credit="Credito", cash="Contanti", on_account="In conto",
    ),
    "nl": Words(
        invoice="Factuur", credit_note="Creditnota", date="Datum", order="Bestelling",
        ordered="Besteld op", corrects="Corrigeert", bill_to="Factuur aan", deliver_to="Levering aan", item="Artikel",
        units="Aantal", unit_price="Stukprijs", discount="Korting", tax="Belasting", net="Netto", amount="Bedrag",
        total="Totaal", credited="Totaal gecrediteerd", including_tax="Prijzen zijn inclusief belasting.",
        paid_with="Betaald met", given_back_with="Terugbetaald op", settled="Verrekend met de bestelling",
        vat_id="Btw-nummer", page="Pagina {page} van {pages}", card="Kaart", gift_card="Cadeaukaart",
        store_credit="Tegoed", cash="Contant", on_account="Op rekening",
    ),
    "pt": Words(
        invoice="Fatura", credit_note="Nota de crédito", date="Data", order="Encomenda",
        ordered="Encomendado em", corrects="Retifica", bill_to="Faturar a", deliver_to="Entregar a", item="Artigo",
        units="Qtd.", unit_price="Preço unitário", discount="Desconto", tax="Imposto", net="Base", amount="Valor",
        total="Total", credited="Total creditado", including_tax="Os preços incluem imposto.", paid_with="Pago com",
        given_back_with="Reembolsado em", settled="Compensado com a encomenda", vat_id="N.º de IVA",
        page="Página {page} de {pages}", card="Cartão", gift_card="Cartão-presente", store_credit="Crédito na loja",
        cash="Dinheiro", on_account="A crédito",
    ),
    "ar": Words(
        invoice="فاتورة", credit_note="إشعار دائن", date="التاريخ", order="الطلب",
        ordered="تاريخ الطلب", corrects="يصحح", bill_to="الفاتورة إلى", deliver_to="التسليم إلى", item="الصنف",
        units="الكمية", unit_price="سعر الوحدة", discount="الخصم", tax="الضريبة", net="الصافي", amount="المبلغ",
        total="الإجمالي", credited="إجمالي المبلغ الدائن", including_tax="الأسعار شاملة الضريبة.",
        paid_with="الدفع بواسطة", given_back_with="رد المبلغ إلى", settled="تمت تسويته مع الطلب",
        vat_id="الرقم الضريبي", page="صفحة {page} من {pages}", card="بطاقة", gift_card="بطاقة هدية",
        store_credit="رصيد المتجر", cash="نقدًا", on_account="على الحساب",
    ),
    "he": Words(
        invoice="חשבונית", credit_note="הודעת זיכוי", date="תאריך", order="הזמנה",
        ordered="תאריך ההזמנה", corrects="מתקנת", bill_to="לכבוד", deliver_to="משלוח אל", item="פריט", units="כמות",
        unit_price="מחיר ליחידה", discount="הנחה", tax="מס", net="נטו", amount="סכום", total="סך הכול",
        credited="סך הזיכוי", including_tax="המחירים כוללים מס.", paid_with="שולם באמצעות", given_back_with="הוחזר אל",
        settled="קוזז מול ההזמנה", vat_id="מספר עוסק", page="עמוד {page} מתוך {pages}", card="כרטיס",
        gift_card="כרטיס מתנה", store_credit="זיכוי בחנות", cash="מזומן", on_account="בהקפה",
    ),
    "ja": Words(
        invoice="請求書", credit_note="返還請求書", date="日付", order="注文", ordered="注文日",
        corrects="訂正対象", bill_to="請求先", deliver_to="お届け先", item="品名", units="数量", unit_price="単価",
        discount="値引", tax="税額", net="税抜", amount="金額", total="合計", credited="返金合計",
        including_tax="価格は税込みです。", paid_with="お支払方法", given_back_with="返金方法", settled="注文と相殺",
        vat_id="登録番号", page="{page} / {pages} ページ", card="カード", gift_card="ギフトカード",
        store_credit="ストアクレジット", cash="現金", on_account="掛払い",
    ),
}  # fmt: skip


def words_of(language: str) -> Words:
    """Find the words of a language, by its tag; those of English where it has none here."""
    return WORDS.get(language.replace("_", "-").partition("-")[0].lower(), ENGLISH)
