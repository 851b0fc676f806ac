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
