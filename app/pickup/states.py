"""States of a store pickup."""

from enum import StrEnum

from app.kernel.machine import Machine


class PickupStatus(StrEnum):
    """Where a pickup has got to."""

    WAITING_TRANSFER = "WAITING_TRANSFER"
    """Goods are on their way to the store."""
    PREPARING = "PREPARING"
    """The store is getting it ready."""
    READY = "READY"
    """Waiting at the counter."""
    EN_ROUTE = "EN_ROUTE"
    """The customer said they are coming."""
    ARRIVED = "ARRIVED"
    """The customer is there."""
    COLLECTED = "COLLECTED"
    """Handed over."""
    EXPIRED = "EXPIRED"
    """Not collected in time."""
    CANCELLED = "CANCELLED"
    """Ended before it was collected."""


_S = PickupStatus
PICKUP = Machine(
    "pickup",
    {
        (_S.PREPARING, "ready"): _S.READY,
        (_S.READY, "set_out"): _S.EN_ROUTE,
        (_S.READY, "arrive"): _S.ARRIVED,
        (_S.EN_ROUTE, "set_out"): _S.EN_ROUTE,
        (_S.EN_ROUTE, "arrive"): _S.ARRIVED,
        (_S.ARRIVED, "arrive"): _S.ARRIVED,
        (_S.READY, "hand_over"): _S.COLLECTED,
        (_S.EN_ROUTE, "hand_over"): _S.COLLECTED,
        (_S.ARRIVED, "hand_over"): _S.COLLECTED,
        (_S.READY, "expire"): _S.EXPIRED,
        (_S.EN_ROUTE, "expire"): _S.EXPIRED,
        # Whoever stands at the counter is given a day more, and may have left without a word.
        (_S.ARRIVED, "expire"): _S.EXPIRED,
        (_S.PREPARING, "cancel"): _S.CANCELLED,
        (_S.READY, "cancel"): _S.CANCELLED,
        (_S.EN_ROUTE, "cancel"): _S.CANCELLED,
        (_S.ARRIVED, "cancel"): _S.CANCELLED,
    },
)

#: A pickup in one of these has a code that opens it.
AT_THE_COUNTER = frozenset({_S.READY, _S.EN_ROUTE, _S.ARRIVED})
