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
PAYMENT = Machine(
    "payment",
    {
        (_S.PENDING, "authorize"): _S.AUTHORIZED,
        (_S.PENDING, "fail"): _S.FAILED,
        (_S.PENDING, "lose"): _S.UNKNOWN,
        (_S.UNKNOWN, "lose"): _S.UNKNOWN,
        (_S.UNKNOWN, "authorize"): _S.AUTHORIZED,
        (_S.UNKNOWN, "fail"): _S.FAILED,
        (_S.UNKNOWN, "act"): _S.PENDING,
        (_S.AUTHORIZED, "capture_part"): _S.PARTIALLY_CAPTURED,
        (_S.AUTHORIZED, "capture_all"): _S.CAPTURED,
        (_S.AUTHORIZED, "void"): _S.VOIDED,
        (_S.AUTHORIZED, "release_part"): _S.AUTHORIZED,
        (_S.AUTHORIZED, "expire"): _S.EXPIRED,
        (_S.PARTIALLY_CAPTURED, "capture_part"): _S.PARTIALLY_CAPTURED,
        (_S.PARTIALLY_CAPTURED, "capture_all"): _S.CAPTURED,
        (_S.PARTIALLY_CAPTURED, "release_part"): _S.PARTIALLY_CAPTURED,
        (_S.PARTIALLY_CAPTURED, "release_rest"): _S.CAPTURED,
        (_S.PARTIALLY_CAPTURED, "refund_part"): _S.PARTIALLY_REFUNDED,
        (_S.PARTIALLY_CAPTURED, "refund_all"): _S.REFUNDED,
        (_S.CAPTURED, "refund_part"): _S.PARTIALLY_REFUNDED,
        (_S.CAPTURED, "refund_all"): _S.REFUNDED,
        (_S.PARTIALLY_REFUNDED, "capture_part"): _S.PARTIALLY_REFUNDED,
        (_S.PARTIALLY_REFUNDED, "capture_all"): _S.PARTIALLY_REFUNDED,
        (_S.PARTIALLY_REFUNDED, "release_part"): _S.PARTIALLY_REFUNDED,
        (_S.PARTIALLY_REFUNDED, "release_rest"): _S.PARTIALLY_REFUNDED,
        (_S.PARTIALLY_REFUNDED, "refund_part"): _S.PARTIALLY_REFUNDED,
        (_S.PARTIALLY_REFUNDED, "refund_all"): _S.REFUNDED,
        # What has left came back, while more of the order is still to leave on money that is held.
        (_S.REFUNDED, "capture_part"): _S.PARTIALLY_REFUNDED,
        (_S.REFUNDED, "capture_all"): _S.PARTIALLY_REFUNDED,
        (_S.REFUNDED, "release_part"): _S.REFUNDED,
        (_S.REFUNDED, "release_rest"): _S.REFUNDED,
    },
)


class TransactionKind(StrEnum):
    """What a step of the payment ledger does."""

    AUTHORIZATION = "AUTHORIZATION"
    CAPTURE = "CAPTURE"
    VOID = "VOID"
    REFUND = "REFUND"


class TransactionState(StrEnum):
    """How a step of the payment ledger went."""

    REQUESTED = "REQUESTED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"


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
