"""A GraphQL client such as an integrator would write: documents in, answers out, nothing of ours in between but HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import orjson

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from one operation."""

    status: int
    headers: Mapping[str, str]
    data: Json | None
    errors: list[Json]
    extensions: Json

    @property
    def codes(self) -> list[str]:
        """The codes of the top-level errors."""
        return [error["extensions"]["code"] for error in self.errors]


class Client:
    """Speaks GraphQL over HTTP with one app."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.http = http

    async def execute(
        self,
        document: str,
        variables: Mapping[str, object] | None = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Run one operation and answer all that came back."""
        response = await self.http.post(
            "/graphql",
            content=orjson.dumps({"query": document, "variables": dict(variables or {})}),
            headers={
                "content-type": "application/json",
                "accept": "application/graphql-response+json",
                **({"authorization": f"Bearer {token}"} if token else {}),
                **(headers or {}),
            },
        )
        body = orjson.loads(response.content)
        return Answer(
            status=response.status_code,
            headers=response.headers,
            data=body.get("data"),
            errors=body.get("errors") or [],
            extensions=body.get("extensions") or {},
        )

    async def query(
        self, document: str, variables: Mapping[str, object] | None = None, *, token: str | None = None
    ) -> Json:
        """Run an operation that has to succeed; answers its data."""
        answer = await self.execute(document, variables, token=token)
        assert not answer.errors, answer.errors
        assert answer.data is not None
        return answer.data

    async def errors(
        self, document: str, variables: Mapping[str, object] | None = None, *, token: str | None = None
    ) -> list[Json]:
        """Run an operation that has to fail; answers its top-level errors."""
        answer = await self.execute(document, variables, token=token)
        assert answer.errors, answer.data
        return answer.errors

    async def mutate(
        self, document: str, variables: Mapping[str, object] | None = None, *, token: str | None = None
    ) -> Json:
        """Run one mutation that has to be accepted; answers its payload. The document selects the payload's errors."""
        payload = await self._payload(document, variables, token)
        assert payload["errors"] == [], payload["errors"]
        return payload

    async def refused(
        self, document: str, variables: Mapping[str, object] | None = None, *, token: str | None = None
    ) -> list[Json]:
        """Run one mutation that has to be refused; answers its payload's errors."""
        payload = await self._payload(document, variables, token)
        assert payload["errors"], payload
        errors: list[Json] = payload["errors"]
        return errors

    async def _payload(self, document: str, variables: Mapping[str, object] | None, token: str | None) -> Json:
        (payload,) = (await self.query(document, variables, token=token)).values()
        assert isinstance(payload, dict)
        assert "errors" in payload, "select the payload's errors"
        return payload
