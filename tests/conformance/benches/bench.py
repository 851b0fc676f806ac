"""What the laws of payment gateways need to be put to one: the gateway, its cards, its shopper, its post and its reports."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

import pytest

from app.payments.gateway import Answer, Gateway


@dataclass(frozen=True, slots=True)
class Letter:
    """News as they reach the shop: an HTTP request."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Taken:
    """Money that was held and captured: the reference of the authorization, and the key and reference of the capture."""

    authorization: str
    key: str
    reference: str | None
    amount_minor: int
    currency: str


class Bench(ABC):
    """One gateway, and what acts on the other side of it."""

    #: The names of cards, as the provider's own page gives them to the shop.
    ok: str
    declined: str
    asks: str
    unknown: str
    currency: ClassVar[str] = "GBP"
    another_currency: ClassVar[str] = "EUR"
    #: Laws that the counterpart here cannot show, each with the reason why. The real provider is held to them.
    cannot_show: ClassVar[Mapping[str, str]] = {}

    gateway: Gateway

    def shows(self, law: str) -> None:
        """Skip a test whose law the counterpart cannot show."""
        if law in self.cannot_show:
            pytest.skip(self.cannot_show[law])

    @abstractmethod
    def now(self) -> datetime:
        """Say what time it is for the provider."""

    @abstractmethod
    async def act(self, answer: Answer) -> None:
        """Do, as the shopper, what an answer asks for."""

    @abstractmethod
    def without_answer(self) -> AbstractAsyncContextManager[tuple[Gateway, str]]:
        """Lend the gateway on a line on which answers are lost, and a card to try it with."""

    @abstractmethod
    def cut_off(self) -> AbstractAsyncContextManager[tuple[Gateway, str]]:
        """Lend the gateway on a line on which nothing leaves, and a card to try it with."""

    @abstractmethod
    async def news_of(self, taken: Taken) -> Letter:
        """Have the provider tell of a capture."""

    @abstractmethod
    async def again_after(self, letter: Letter, later: timedelta) -> Letter:
        """Have the provider send the same news once more, signed so much later."""

    @abstractmethod
    async def idle_news(self) -> Letter | None:
        """Have the provider tell of something that moves no money; None where it never does."""

    @abstractmethod
    async def report_of(self, taken: Taken) -> Sequence[Mapping[str, str]]:
        """Have the provider report one capture, as rows of its CSV."""

    @abstractmethod
    def idle_row(self) -> Mapping[str, str] | None:
        """Write a row of the report that moves no money of a payment; None where there are none."""
