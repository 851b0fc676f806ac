"""The port to a payment provider.

Every call carries an idempotency key; a call repeated with its key is answered as the first time and has no second
effect. An adapter calls `app.kernel.db.assert_no_transaction` before it calls out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Outcome(StrEnum):
    """What a provider answers."""

    SUCCEEDED = "SUCCEEDED"
    DECLINED = "DECLINED"
    ACTION_REQUIRED = "ACTION_REQUIRED"
    """The shopper has to do something first."""
    PENDING = "PENDING"
    """The provider does not know yet."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A provider's answer. `reference` is its own name for the step; `message` says why it declined."""

    outcome: Outcome
    reference: str | None = None
    action_url: str | None = None
    message: str = ""


class GatewayTimeout(Exception):
    """No answer came: the step may have happened or not. Ask again with `find`, under the same key."""


class GatewayFailed(Exception):
    """The provider failed before it did anything; the step did not happen."""


class Gateway(Protocol):
    """A payment provider. Amounts are minor units."""

    @property
    def name(self) -> str:
        """The name that clients give in `gateway`."""
        ...

    async def authorize(self, *, key: str, token: str, amount_minor: int, currency: str) -> Answer:
        """Hold funds. Raises: GatewayTimeout; GatewayFailed."""
        ...

    async def find(self, *, key: str) -> Answer | None:
        """Say what became of the step asked under this key; None when it never arrived. Raises: GatewayTimeout."""
        ...

    async def capture(self, *, key: str, reference: str, amount_minor: int) -> Answer:
        """Take held funds. Raises: GatewayTimeout; GatewayFailed."""
        ...

    async def void(self, *, key: str, reference: str, amount_minor: int) -> Answer:
        """Let held funds go. Raises: GatewayTimeout; GatewayFailed."""
        ...

    async def refund(self, *, key: str, reference: str, amount_minor: int) -> Answer:
        """Give taken funds back. Raises: GatewayTimeout; GatewayFailed."""
        ...


Gateways = Mapping[str, Gateway]
