"""How a shopper's tenders add up, and which of them may pay for what."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.channels.states import TenderKind
from app.delivery.states import DeliveryMethod
from app.kernel.errors import Invalid
from app.kernel.money import Money, parse_minor
from app.payments.errors import PaymentMismatch
from app.payments.rules.accounts import GivenCode

MOST_TENDERS = 5
LONGEST_TOKEN = 200

#: By the name that clients give them in `gateway`; every other name is a payment service's.
WITHOUT_GATEWAY = {kind.value.lower(): kind for kind in TenderKind if kind is not TenderKind.CARD}
#: What the shop owes anyway is taken first.
ACCOUNTS = (TenderKind.GIFT_CARD, TenderKind.STORE_CREDIT)
#: What only somebody at a till can take.
AT_TILLS = frozenset({TenderKind.CASH, TenderKind.CARD_PRESENT})
#: What a customer has with the shop: only they can pay with it, and staff who serve them.
OF_CUSTOMERS = frozenset({TenderKind.INVOICE, TenderKind.STORE_CREDIT})
_NEEDS_TOKEN = {
    TenderKind.CARD: "a token of the payment service is needed",
    TenderKind.GIFT_CARD: "the code of the gift card is needed",
    TenderKind.CARD_PRESENT: "the terminal's reference is needed",
}


@dataclass(frozen=True, slots=True)
class Tender:
    """One kind of money that the shopper pays with; without an amount it pays what remains."""

    gateway: str
    token: str | None
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class Offered:
    """A tender that may pay here. `at` is its place in the shopper's list."""

    at: int
    kind: TenderKind
    gateway: str
    token: str | None
    amount_minor: int | None

    @property
    def field(self) -> tuple[str, str]:
        """Where the shopper's input says so."""
        return "payments", str(self.at)


def offered(
    tenders: Sequence[Tender], *, currency: str, gateways: Collection[str], taken: Collection[TenderKind]
) -> list[Offered]:
    """Read a shopper's tenders in the order in which they are charged: gift cards, store credit, then as they were given.

    Raises: Invalid for too many; PaymentMismatch naming the tender: not taken here, without its token, a gift card twice.
    """
    if len(tenders) > MOST_TENDERS:
        raise Invalid(f"at most {MOST_TENDERS} tenders", field=("payments",))
    found: list[Offered] = []
    for i, tender in enumerate(tenders):
        path = ("payments", str(i))
        kind = WITHOUT_GATEWAY.get(tender.gateway, TenderKind.CARD)
        if kind not in taken or (kind is TenderKind.CARD and tender.gateway not in gateways):
            raise PaymentMismatch("this shop takes no such payment", field=(*path, "gateway"))
        token = (tender.token or "").strip()
        if kind in _NEEDS_TOKEN and (not token or len(token) > LONGEST_TOKEN):
            raise PaymentMismatch(_NEEDS_TOKEN[kind], field=(*path, "token"))
        if kind is not TenderKind.CARD and any(other.kind is kind and other.token == token for other in found):
            raise PaymentMismatch("this tender stands here twice", field=path)
        amount = None if tender.amount is None else parse_minor(tender.amount, currency, field=(*path, "amount"))
        found.append(Offered(i, kind, tender.gateway, token or None, amount))
    return sorted(found, key=lambda one: (ACCOUNTS.index(one.kind) if one.kind in ACCOUNTS else len(ACCOUNTS), one.at))


def given_codes(tenders: Sequence[Tender]) -> dict[int, GivenCode]:
    """List the codes of gift cards among a shopper's tenders, by their place; none where `offered` refuses them anyway."""
    codes = {
        i: GivenCode((tender.token or "").strip(), ("payments", str(i), "token"))
        for i, tender in enumerate(tenders)
        if WITHOUT_GATEWAY.get(tender.gateway) is TenderKind.GIFT_CARD
    }
    texts = {given.code for given in codes.values()}
    readable = all(0 < len(text) <= LONGEST_TOKEN for text in texts)
    return codes if readable and len(texts) == len(codes) and len(tenders) <= MOST_TENDERS else {}


def shared_out(
    tenders: Sequence[Offered], *, total_minor: int, currency: str, available: Mapping[int, int]
) -> list[int]:
    """Say how much each tender pays, in minor units; `available` is what accounts have, by the tender's place.

    An account without an amount pays as much as it has; of the others the last may leave its amount out.
    Raises: PaymentMismatch naming the tender: nothing to pay for it, or not adding up to the total.
    """
    total = Money(total_minor, currency)
    if not tenders and total_minor == 0:
        return []
    if not tenders or total_minor == 0:
        raise PaymentMismatch(f"the tenders have to add up to {total}", field=("payments",))
    amounts: list[int] = []
    for i, tender in enumerate(tenders):
        left = total_minor - sum(amounts)
        if tender.amount_minor is not None:
            amount = tender.amount_minor
        elif tender.at in available:
            amount = min(available[tender.at], left)
        elif i == len(tenders) - 1:
            amount = left
        else:
            raise PaymentMismatch("only the last tender may leave its amount out", field=(*tender.field, "amount"))
        if amount <= 0:
            raise PaymentMismatch("a tender has to pay something", field=(*tender.field, "amount"))
        amounts.append(amount)
    if sum(amounts) != total_minor:
        paid = Money(sum(amounts), currency)
        raise PaymentMismatch(f"the tenders add up to {paid}, the total is {total}", field=("payments",))
    return amounts


def refuse_unfit(tenders: Sequence[Offered], *, methods: Collection[DeliveryMethod], knows_customer: bool) -> None:
    """Refuse promises to pay where nobody could keep them to it.

    Raises: PaymentMismatch naming the tender.
    """
    for tender in tenders:
        if tender.kind is TenderKind.PAY_IN_STORE and set(methods) != {DeliveryMethod.PICKUP}:
            raise PaymentMismatch("only what is collected can be paid in the store", field=(*tender.field, "gateway"))
        if tender.kind in OF_CUSTOMERS and not knows_customer:
            raise PaymentMismatch("this needs a customer; log in first", field=(*tender.field, "gateway"))
    promise = next((one for one in tenders if one.kind is TenderKind.PAY_IN_STORE), None)
    if promise is not None and any(one.kind not in {*ACCOUNTS, TenderKind.PAY_IN_STORE} for one in tenders):
        raise PaymentMismatch("what is paid in the store is paid there with one tender", field=promise.field)
