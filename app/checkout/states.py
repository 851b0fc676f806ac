"""States of a checkout attempt."""

from enum import StrEnum

from app.kernel.machine import Machine


class AttemptStatus(StrEnum):
    """Where the journey from cart to order has got to."""

    PRICED = "PRICED"
    AUTHORIZING = "AUTHORIZING"
    ACTION_REQUIRED = "ACTION_REQUIRED"
    UNKNOWN = "UNKNOWN"
    PLACED = "PLACED"
    FAILED = "FAILED"
    ABANDONED = "ABANDONED"


_S = AttemptStatus
ATTEMPT = Machine(
    "checkout attempt",
    {
        (_S.PRICED, "authorize"): _S.AUTHORIZING,
        (_S.AUTHORIZING, "ask_shopper"): _S.ACTION_REQUIRED,
        (_S.AUTHORIZING, "place"): _S.PLACED,
        (_S.AUTHORIZING, "fail"): _S.FAILED,
        (_S.AUTHORIZING, "lose"): _S.UNKNOWN,
        (_S.AUTHORIZING, "abandon"): _S.ABANDONED,
        (_S.ACTION_REQUIRED, "authorize"): _S.AUTHORIZING,
        (_S.ACTION_REQUIRED, "abandon"): _S.ABANDONED,
        (_S.UNKNOWN, "authorize"): _S.AUTHORIZING,
        (_S.UNKNOWN, "abandon"): _S.ABANDONED,
    },
)

#: An attempt in one of these holds its cart.
LIVE = frozenset({_S.PRICED, _S.AUTHORIZING, _S.ACTION_REQUIRED, _S.UNKNOWN})
