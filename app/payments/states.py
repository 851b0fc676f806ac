"""States of a payment (one tender of one order) and of the steps of its ledger."""

from enum import StrEnum

from app.kernel.machine import Machine


class PaymentStatus(StrEnum):
    """Where one tender has got to."""

    PENDING = "PENDING"
    """Asked of the gateway; no answer yet, or the shopper has to act."""
    UNKNOWN = "UNKNOWN"
    """The gateway's answer was lost; it is being asked again."""
    AUTHORIZED = "AUTHORIZED"
    """The money is held."""
    PARTIALLY_CAPTURED = "PARTIALLY_CAPTURED"
    """Some of the money was taken."""
    CAPTURED = "CAPTURED"
    """All the money that was not let go was taken."""
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    """Some of the money was given back."""
    REFUNDED = "REFUNDED"
    """All the money taken was given back; more may be taken where some is still held."""
    VOIDED = "VOIDED"
    """The authorization was let go unused."""
    EXPIRED = "EXPIRED"
    """The authorization ran out."""
    FAILED = "FAILED"
    """Declined, or given up."""


_S = PaymentStatus
#: What may become of a tender when its balances change, by what happened to them. Which of the states it is follows from
#: the balances: app.payments.rules.standing.
_BALANCED: dict[str, dict[PaymentStatus, tuple[PaymentStatus, ...]]] = {
    "capture": {
        _S.AUTHORIZED: (_S.PARTIALLY_CAPTURED, _S.CAPTURED),
        _S.PARTIALLY_CAPTURED: (_S.PARTIALLY_CAPTURED, _S.CAPTURED),
        _S.PARTIALLY_REFUNDED: (_S.PARTIALLY_REFUNDED,),
        # What has left came back, while more of the order is still to leave on money that is held.
        _S.REFUNDED: (_S.PARTIALLY_REFUNDED,),
        # Taken before we heard that it was held, or asked for before it ran out.
        _S.EXPIRED: (_S.PARTIALLY_CAPTURED, _S.CAPTURED),
    },
    "release": {
        # What is let go may be all that was held anew of what had run out.
        _S.AUTHORIZED: (_S.AUTHORIZED, _S.VOIDED, _S.EXPIRED),
        _S.EXPIRED: (_S.EXPIRED,),
        _S.PARTIALLY_CAPTURED: (_S.PARTIALLY_CAPTURED, _S.CAPTURED),
        _S.PARTIALLY_REFUNDED: (_S.PARTIALLY_REFUNDED,),
        _S.REFUNDED: (_S.REFUNDED,),
    },
    "expire": {
        # What another authorization replaced runs out, and so does what was held anew and is not needed any more.
        _S.AUTHORIZED: (_S.AUTHORIZED, _S.EXPIRED, _S.VOIDED),
        _S.PARTIALLY_CAPTURED: (_S.PARTIALLY_CAPTURED,),
        _S.CAPTURED: (_S.CAPTURED,),
        _S.PARTIALLY_REFUNDED: (_S.PARTIALLY_REFUNDED,),
        _S.REFUNDED: (_S.REFUNDED,),
    },
    "renew": {
        _S.AUTHORIZED: (_S.AUTHORIZED,),
        _S.EXPIRED: (_S.AUTHORIZED,),
        _S.PARTIALLY_CAPTURED: (_S.PARTIALLY_CAPTURED,),
        _S.CAPTURED: (_S.CAPTURED, _S.PARTIALLY_CAPTURED),
        _S.PARTIALLY_REFUNDED: (_S.PARTIALLY_REFUNDED,),
        _S.REFUNDED: (_S.REFUNDED,),
        # Asked for before the rest of the order was cancelled, and answered after.
        _S.VOIDED: (_S.AUTHORIZED,),
    },
    "refund": {
        _S.PARTIALLY_CAPTURED: (_S.PARTIALLY_REFUNDED, _S.REFUNDED),
        _S.CAPTURED: (_S.PARTIALLY_REFUNDED, _S.REFUNDED),
        _S.PARTIALLY_REFUNDED: (_S.PARTIALLY_REFUNDED, _S.REFUNDED),
    },
    "reverse": {
        _S.PARTIALLY_REFUNDED: (_S.PARTIALLY_CAPTURED, _S.CAPTURED, _S.PARTIALLY_REFUNDED),
        _S.REFUNDED: (_S.PARTIALLY_CAPTURED, _S.CAPTURED, _S.PARTIALLY_REFUNDED),
    },
}
PAYMENT = Machine(
    "payment",
    {
        (_S.PENDING, "authorize"): _S.AUTHORIZED,
        (_S.PENDING, "fail"): _S.FAILED,
        (_S.PENDING, "lose"): _S.UNKNOWN,
        # A promise to pay is kept in the store, or not needed any more.
        (_S.PENDING, "receive"): _S.AUTHORIZED,
        (_S.PENDING, "cancel"): _S.VOIDED,
        (_S.UNKNOWN, "lose"): _S.UNKNOWN,
        (_S.UNKNOWN, "authorize"): _S.AUTHORIZED,
        (_S.UNKNOWN, "fail"): _S.FAILED,
        (_S.UNKNOWN, "act"): _S.PENDING,
        **{
            (before, f"{event}_to_{after.lower()}"): after
            for event, moves in _BALANCED.items()
            for before, afters in moves.items()
            for after in afters
        },
    },
)


class TransactionKind(StrEnum):
    """What a step of the payment ledger does."""

    AUTHORIZATION = "AUTHORIZATION"
    """Money is held: at first, anew, or more of it."""
    CAPTURE = "CAPTURE"
    """Held money is taken."""
    VOID = "VOID"
    """Held money is let go, because nothing is left to be paid with it."""
    EXPIRATION = "EXPIRATION"
    """Money is not held any more that is still needed: it ran out, or another authorization took its place."""
    REFUND = "REFUND"
    """Money that was taken is given back."""
    REFUND_REVERSAL = "REFUND_REVERSAL"
    """Money that was given back did not arrive, and is with us again."""
    CHARGEBACK = "CHARGEBACK"
    """Money that was taken was fetched back through the shopper's bank."""
    CHARGEBACK_REVERSAL = "CHARGEBACK_REVERSAL"
    """Money that was fetched back was given to us again."""


class AuthorizationCause(StrEnum):
    """Why money is held."""

    INITIAL = "INITIAL"
    """The order is paid with it."""
    RENEWAL = "RENEWAL"
    """It is held no more, or soon will not be, and is still needed."""
    INCREMENT = "INCREMENT"
    """More is needed than was held."""


class TransactionState(StrEnum):
    """How a step of the payment ledger went."""

    REQUESTED = "REQUESTED"
    """It was asked for; there is no answer yet."""
    SUCCEEDED = "SUCCEEDED"
    """It happened."""
    FAILED = "FAILED"
    """It was refused, and did not happen."""
    UNKNOWN = "UNKNOWN"
    """The answer was lost, or the payment service does not know yet; it is asked again."""


_T = TransactionState
TRANSACTION = Machine(
    "payment transaction",
    {
        (_T.REQUESTED, "succeed"): _T.SUCCEEDED,
        (_T.REQUESTED, "fail"): _T.FAILED,
        (_T.REQUESTED, "lose"): _T.UNKNOWN,
        (_T.UNKNOWN, "lose"): _T.UNKNOWN,
        (_T.UNKNOWN, "ask"): _T.REQUESTED,
        (_T.UNKNOWN, "succeed"): _T.SUCCEEDED,
        (_T.UNKNOWN, "fail"): _T.FAILED,
    },
)


class ChargeCause(StrEnum):
    """Why goods are charged."""

    PLACEMENT = "PLACEMENT"
    """The order was placed."""
    SHIPMENT = "SHIPMENT"
    """They left the building."""
    HAND_OVER = "HAND_OVER"
    """They reached their customer."""
    RECEIPT = "RECEIPT"
    """They were paid for in the store."""
    CANCELLATION = "CANCELLATION"
    """The rest was cancelled, and with it what would have brought their delivery along."""


class NoticeEffect(StrEnum):
    """What came of news that a gateway sent."""

    APPLIED = "APPLIED"
    """The ledger has a step more, or one that is settled now."""
    KNOWN = "KNOWN"
    """The ledger said so already."""
    CONTRADICTED = "CONTRADICTED"
    """The ledger says something else, and does not change its mind by itself: reconciliation lists it."""
    UNMATCHED = "UNMATCHED"
    """The ledger knows nothing that it could be about."""


class CreditKind(StrEnum):
    """Whose money an account holds."""

    GIFT_CARD = "GIFT_CARD"
    """Of whoever knows the code."""
    STORE_CREDIT = "STORE_CREDIT"
    """Of one customer."""


class CreditStatus(StrEnum):
    """Whether an account can be spent."""

    ACTIVE = "ACTIVE"
    """It can, until it expires."""
    DISABLED = "DISABLED"
    """Staff have closed it, or the card was given back; it pays for nothing."""
    EXPIRED = "EXPIRED"
    """Its time is over; what was left of it is gone."""


_C = CreditStatus
CREDIT = Machine(
    "credit account",
    {
        (_C.ACTIVE, "giftCardDisable"): _C.DISABLED,
        (_C.ACTIVE, "takeBack"): _C.DISABLED,
        (_C.ACTIVE, "expire"): _C.EXPIRED,
        (_C.DISABLED, "giftCardEnable"): _C.ACTIVE,
        (_C.EXPIRED, "giftCardDisable"): _C.DISABLED,
        # What a checkout held beyond the end was let go.
        (_C.EXPIRED, "expire"): _C.EXPIRED,
        # Money that is given back to an expired card can be spent again.
        (_C.EXPIRED, "refund"): _C.ACTIVE,
    },
)


class CreditEntryKind(StrEnum):
    """Why the balance of an account changed."""

    ISSUE = "ISSUE"
    """Sold, or given by the shop."""
    REDEEM = "REDEEM"
    """Paid with."""
    REFUND = "REFUND"
    """Given back, for what had been paid with it or otherwise."""
    EXPIRE = "EXPIRE"
    """Gone with its time."""
    ADJUST = "ADJUST"
    """Put right by staff, who say why; or taken off a card that was given back."""


class InvoiceKind(StrEnum):
    """What a document says."""

    INVOICE = "INVOICE"
    """What goods cost that were charged."""
    CREDIT_NOTE = "CREDIT_NOTE"
    """What of that was given back."""


class DifferenceKind(StrEnum):
    """How a gateway's settlement report and the ledger differ."""

    MISSING_HERE = "MISSING_HERE"
    """They moved money of which the ledger knows nothing."""
    MISSING_THERE = "MISSING_THERE"
    """The ledger says that money moved within the period, and the report does not."""
    LATE = "LATE"
    """The ledger says that money moved, so shortly before the period's end that the next report may tell of it."""
    AMOUNT_DIFFERS = "AMOUNT_DIFFERS"
    """Both know of it, with other amounts."""
    CURRENCY_DIFFERS = "CURRENCY_DIFFERS"
    """Both know of it, in other currencies."""
    STATE_DIFFERS = "STATE_DIFFERS"
    """They moved the money, and the ledger says that it was refused, or that nobody has answered yet."""
    KIND_DIFFERS = "KIND_DIFFERS"
    """What one calls a capture is a refund to the other."""
    DUPLICATED = "DUPLICATED"
    """The report has told of it in an earlier row."""
    UNREADABLE = "UNREADABLE"
    """A row that says nothing that can be compared."""
    CONTRADICTED = "CONTRADICTED"
    """News of the period that the ledger contradicts."""
    UNMATCHED = "UNMATCHED"
    """News of the period about what the ledger knows nothing of."""
