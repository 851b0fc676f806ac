"""The shop as a client sees it: GraphQL over HTTP."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import httpx2

from app.demo.journey.story import JourneyFailed

#: The password of every demo log-in. No secret: such log-ins are let in on demo data alone.
DEMO_PASSWORD = "stoa-demo"  # noqa: S105

#: JSON as it came. Scenes take from it what they need.
Answer = Mapping[str, Any]

_LOGIN = """
mutation LogIn($input: LoginInput!) { login(input: $input) { tokens { accessToken } errors { code message } } }
"""


class ShopWindow:
    """Asks the shop as a guest, or as whoever a bearer token names."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client
        self._bearers: dict[str, str] = {}

    async def ask(self, document: str, *, bearer: str | None = None, **variables: object) -> Answer:
        """Ask for data. Raises: JourneyFailed when the answer holds an error."""
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        try:
            response = await self._client.post(
                "/graphql", json={"query": document, "variables": variables}, headers=headers
            )
            answer: Answer = response.json()
        except (httpx2.HTTPError, ValueError) as error:
            raise JourneyFailed(f"the shop did not answer: {type(error).__name__} {error}") from error
        if errors := answer.get("errors"):
            raise JourneyFailed("; ".join(_told(error) for error in errors))
        data: Answer = answer["data"]
        return data

    async def act(
        self, field: str, document: str, wanted: Mapping[str, object], *, bearer: str | None = None
    ) -> tuple[Answer, tuple[str, ...]]:
        """Call a mutation; answers its payload and the codes of its refusals."""
        data = await self.ask(document, bearer=bearer, input=dict(wanted))
        payload: Answer = data[field]
        return payload, tuple(error["code"] for error in payload["errors"])

    async def do(self, field: str, document: str, wanted: Mapping[str, object], *, bearer: str | None = None) -> Answer:
        """Call a mutation that has to succeed. Raises: JourneyFailed when it was refused."""
        payload, codes = await self.act(field, document, wanted, bearer=bearer)
        if codes:
            raise JourneyFailed(f"{field} was refused: " + "; ".join(_told(error) for error in payload["errors"]))
        return payload

    async def log_in(self, email: str) -> str:
        """Let a demo log-in in, once; answers its bearer token."""
        if email not in self._bearers:
            payload = await self.do("login", _LOGIN, {"email": email, "password": DEMO_PASSWORD})
            self._bearers[email] = payload["tokens"]["accessToken"]
        return self._bearers[email]


def new_key() -> str:
    """Name one attempt."""
    return f"demo-{uuid4()}"


def _told(error: Answer) -> str:
    code = error.get("code") or error.get("extensions", {}).get("code") or "ERROR"
    return f"{code}: {error.get('message')}"
