"""GraphQL over HTTP, what is asked: a body within its limit, an operation in it, and the kind of answer wanted.

Source: GraphQL over HTTP, working draft; automatic persisted queries as Apollo's clients speak them.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson
from graphql import GraphQLError
from starlette.requests import ClientDisconnect, Request

from schema.core.limits import LimitCode, beyond

RESPONSE_JSON = "application/graphql-response+json"
JSON = "application/json"
_BODY_SECONDS = 20.0
_MOST_PERSISTED = 1000
_LONGEST_PERSISTED = 32 * 1024


class Refused(Exception):
    """A request that cannot be executed, and the HTTP status that says why."""

    def __init__(self, status: int, error: GraphQLError, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(error.message)
        self.status = status
        self.error = error
        self.headers = headers or {}


def refused(status: int, message: str, code: str = "INVALID", headers: Mapping[str, str] | None = None) -> Refused:
    """Make a refusal with its code."""
    return Refused(status, GraphQLError(message, extensions={"code": code}), headers)


@dataclass(frozen=True, slots=True)
class Call:
    """One operation as it was sent."""

    query: str | None
    variables: dict[str, Any] | None
    operation_name: str | None
    extensions: dict[str, Any] | None


def answer_type(accept: str | None) -> str | None:
    """Choose what to answer with; None when the caller accepts neither kind."""
    if accept is None or not accept.strip():
        return JSON
    best: tuple[float, str] | None = None
    for entry in accept.split(","):
        media, *parameters = (part.strip().lower() for part in entry.split(";"))
        chosen = {RESPONSE_JSON: RESPONSE_JSON, JSON: JSON, "*/*": JSON, "application/*": JSON}.get(media)
        weight = _weight(parameters)
        charset = next((p.partition("=")[2].strip('"') for p in parameters if p.startswith("charset=")), "utf-8")
        if chosen and weight > 0 and charset in {"utf-8", "utf8"} and (best is None or weight > best[0]):
            best = (weight, chosen)
    return best[1] if best else None


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0


async def read_call(request: Request, *, most_bytes: int) -> Call:
    """Read the operation out of a request.

    Raises: Refused.
    """
    if request.method == "GET":
        return _call(_from_query(request))
    if request.method != "POST":
        raise refused(405, "GraphQL is asked with GET or POST", headers={"allow": "GET, POST"})
    content_type = request.headers.get("content-type", "")
    media, _, parameters = content_type.partition(";")
    if media.strip().lower() != JSON or ("charset=" in parameters.lower() and "utf-8" not in parameters.lower()):
        raise refused(415, f"the body is {JSON} in UTF-8, and its Content-Type says so")
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            body = await read_body(request, most_bytes=most_bytes)
    except TimeoutError:
        raise refused(408, f"the body did not arrive within {_BODY_SECONDS:.0f} seconds") from None
    except ClientDisconnect:
        raise refused(400, "the caller went away") from None
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise refused(400, "the body is not JSON") from None
    return _call(asked)


async def read_body(request: Request, *, most_bytes: int) -> bytes:
    """Read a body, no further than it may be long.

    Raises: Refused.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > most_bytes:
        raise _too_large(most_bytes, int(announced))
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            raise _too_large(most_bytes, len(body))
    return bytes(body)


def _too_large(most_bytes: int, actual: int) -> Refused:
    error = beyond(
        LimitCode.BODY_TOO_LARGE, f"a request has at most {most_bytes} bytes", limit=most_bytes, actual=actual
    )
    # The rest of the body is not read, so the connection cannot carry another request.
    return Refused(413, error, {"connection": "close"})


def _from_query(request: Request) -> dict[str, Any]:
    params = request.query_params
    asked: dict[str, Any] = {}
    if "query" in params:
        asked["query"] = params["query"]
    if "operationName" in params:
        asked["operationName"] = params["operationName"]
    for name in ("variables", "extensions"):
        if params.get(name):
            try:
                asked[name] = orjson.loads(params[name])
            except orjson.JSONDecodeError:
                raise refused(400, f"{name} is not JSON") from None
    return asked


def _call(asked: object) -> Call:
    if isinstance(asked, list):
        raise refused(400, "one request carries one operation; lists of operations are not answered")
    if not isinstance(asked, dict):
        raise refused(400, "the body is a JSON object with `query` in it")
    for name, kind, what in (
        ("query", str, "a text"),
        ("operationName", str, "a text"),
        ("variables", dict, "an object"),
        ("extensions", dict, "an object"),
    ):
        if asked.get(name) is not None and not isinstance(asked[name], kind):
            raise refused(400, f"{name} is {what}, or left out")
    return Call(
        query=asked.get("query"),
        variables=asked.get("variables"),
        operation_name=asked.get("operationName") or None,
        extensions=asked.get("extensions"),
    )


class PersistedQueries:
    """Documents by their hash, so that clients send each once; those used last are kept, in this process."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, str] = OrderedDict()

    def text_of(self, call: Call) -> str:
        """Find the document that a call means.

        Raises: Refused when there is none, when its hash is unknown, or is not the hash of what was sent with it.
        """
        persisted = (call.extensions or {}).get("persistedQuery")
        if not isinstance(persisted, dict):
            if not call.query:
                raise refused(400, "there is no `query` in the request")
            return call.query
        name = persisted.get("sha256Hash")
        if persisted.get("version") != 1 or not isinstance(name, str):
            raise refused(400, "persistedQuery has the version 1 and a sha256Hash")
        name = name.lower()
        if not call.query:
            known = self._kept.get(name)
            if known is None:
                # Clients look for these very words, and then send the document along.
                raise refused(200, "PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
            self._kept.move_to_end(name)
            return known
        if sha256(call.query.encode()).hexdigest() != name:
            raise refused(400, "the sha256Hash is not that of the document")
        return call.query

    def keep(self, call: Call) -> None:
        """Remember a document that was found good."""
        persisted = (call.extensions or {}).get("persistedQuery")
        if call.query and isinstance(persisted, dict) and len(call.query) <= _LONGEST_PERSISTED:
            self._kept[str(persisted["sha256Hash"]).lower()] = call.query
            if len(self._kept) > _MOST_PERSISTED:
                self._kept.popitem(last=False)


def languages(header: str | None) -> tuple[str, ...]:
    """List the languages a caller reads, the best first."""
    if not header:
        return ()
    weighted = []
    for position, entry in enumerate(header.split(",")[:20]):
        tag, *parameters = (part.strip() for part in entry.split(";"))
        if tag and tag != "*":
            weighted.append((-_weight([parameter.lower() for parameter in parameters]), position, tag))
    return tuple(tag for weight, _, tag in sorted(weighted) if weight < 0)
