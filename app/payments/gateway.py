"""The port to a payment provider: seven questions that are asked of it, and two kinds of news that it sends.

Every question carries an idempotency key; one repeated with its key is answered as the first time and has no second
effect. An adapter calls `app.kernel.db.assert_no_transaction` before it calls out. Amounts are minor units.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from app.payments.states import TransactionKind


class Outcome(StrEnum):
    """What a provider answers."""

    SUCCEEDED = "SUCCEEDED"
    DECLINED = "DECLINED"
    ACTION_REQUIRED = "ACTION_REQUIRED"
    """The shopper has to do something first."""
    PENDING = "PENDING"
    """The provider does not know yet."""


@dataclass(frozen=True, slots=True)
class Action:
    """What the shopper has to do: go to `url`, or let the provider's own script ask them with `client_secret`."""

    kind: str
    url: str | None = None
    client_secret: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A provider's answer. `reference` is its own name for the step; `message` says why it declined.

    `holds_until` is when held money runs out. `lapsed` says of a step that was declined that the authorization it was
    about does not hold any more, so that another one may be tried.
    """

    outcome: Outcome
    reference: str | None = None
    action: Action | None = None
    message: str = ""
    holds_until: datetime | None = None
    lapsed: bool = False


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a provider can do besides the usual. `captures_once`: what a capture leaves of an authorization is let go."""

    reauthorizes: bool = False
    increments: bool = False
    captures_once: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """News that a provider sent by itself: that a step succeeded or was declined, whoever asked for it.

    `id` is the provider's name for the news, the same however often it is sent. `key` is our idempotency key where the
    provider tells it, `reference` its own name for the step, `authorization` that of the authorization the step is about;
    `holds_until` is when money runs out that is held. Of a refund that succeeded and then did not arrive, the news are
    that it was declined; or a REFUND_REVERSAL of its own name, whose `key` is the refund's, so that it is not taken for
    another one of the same amount.
    """

    id: str
    kind: TransactionKind
    outcome: Outcome
    at: datetime
    amount_minor: int
    currency: str
    key: str | None = None
    reference: str | None = None
    authorization: str | None = None
    message: str = ""
    holds_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """One line of a provider's settlement report: money that moved on its side. `amount_minor` is never negative."""

    kind: TransactionKind
    at: datetime
    amount_minor: int
    currency: str
    fee_minor: int = 0
    key: str | None = None
    reference: str | None = None
    authorization: str | None = None


class GatewayTimeout(Exception):
    """No answer came: the step may have happened or not. Ask again with `find`, or the same question under the same key."""


class GatewayFailed(Exception):
    """The provider failed before it did anything; the step did not happen."""


class NoticeRefused(Exception):
    """News whose signature is wrong, or that is not of a form that this provider sends.

    Its message is logged, and never quotes the news.
    """


class SettlementUnreadable(Exception):
    """A line of a settlement report that says nothing that can be compared; its message says what is wrong."""


class Gateway(Protocol):
    """A payment provider."""

    @property
    def name(self) -> str:
        """The name that clients give in `gateway`."""
        ...

    @property
    def abilities(self) -> Abilities:
        """What the provider can do."""
        ...

    async def authorize(
        self, *, key: str, token: str, amount_minor: int, currency: str, reusable: bool, return_url: str | None
    ) -> Answer:
        """Hold funds. `reusable` asks that they may be held again later without the shopper.

        A shopper who has to act elsewhere is sent back to `return_url`. Raises: GatewayTimeout; GatewayFailed.
        """
        ...

    async def find(self, *, key: str, asked_at: datetime) -> Answer | None:
        """Say what became of the authorization asked under this key at about that moment; None when it never arrived.

        Raises: GatewayTimeout.
        """
        ...

    async def reauthorize(self, *, key: str, reference: str, amount_minor: int, currency: str) -> Answer:
        """Hold funds anew, of whoever the authorization `reference` was of, without the shopper; the answer has a new reference.

        Asked only of a provider that is able to. Raises: GatewayTimeout; GatewayFailed.
        """
        ...

    async def increment(self, *, key: str, reference: str, amount_minor: int, currency: str) -> Answer:
        """Hold so much more under the same authorization. Asked only of a provider that is able to.

        Raises: GatewayTimeout; GatewayFailed.
        """
        ...

    async def capture(self, *, key: str, reference: str, amount_minor: int, currency: str, final: bool) -> Answer:
        """Take held funds; `final` says that no more of this authorization will be taken.

        Raises: GatewayTimeout; GatewayFailed.
        """
        ...

    async def void(self, *, key: str, reference: str, amount_minor: int, currency: str) -> Answer:
        """Let held funds go: all that is left of the authorization, or a part of it.

        A provider that cannot let a part go answers SUCCEEDED and does nothing: it takes no more than is captured.
        Raises: GatewayTimeout; GatewayFailed.
        """
        ...

    async def refund(self, *, key: str, reference: str, amount_minor: int, currency: str) -> Answer:
        """Give funds back that were taken of an authorization. Raises: GatewayTimeout; GatewayFailed."""
        ...

    def read_notice(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice | None:
        """Check the signature of news and read them; None for what nobody has to know. Names of headers are lower case.

        Raises: NoticeRefused.
        """
        ...

    def read_settlement(self, rows: Iterable[Mapping[str, str]]) -> Iterator[Settlement | SettlementUnreadable | None]:
        """Read a settlement report: of each row of its CSV what it says, or None when it moves no money of a payment.

        Rows are asked for one by one, and there is one answer for each, in their order.
        """
        ...


Gateways = Mapping[str, Gateway]
