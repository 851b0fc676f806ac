"""The endpoint `/graphql`: GraphQL over HTTP, and subscriptions over graphql-transport-ws on the same path."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import orjson
from graphql import GraphQLError, OperationDefinitionNode, OperationType
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.schema.exceptions import CannotGetOperationTypeError
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.unset import UNSET, UnsetType

from app.kernel.db import Database
from app.kernel.errors import DatabaseUnavailable, DomainError
from schema.core.caller import actor_of, bearer_token
from schema.core.context import Context, Services
from schema.core.errors import public_error
from schema.core.execution import ShopSchema
from schema.core.limits import LimitCode, beyond
from schema.core.rates import Rate, Rates
from schema.core.requests import (
    JSON,
    RESPONSE_JSON,
    Call,
    PersistedQueries,
    Refused,
    answer_type,
    languages,
    read_call,
    refused,
)

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
#: What the codes of errors are among HTTP's, when nothing was executed.
_STATUS = {"UNAUTHENTICATED": 401, "FORBIDDEN": 403, "RATE_LIMITED": 429, "UNAVAILABLE": 503, "TIMED_OUT": 503}
_RETRY_SECONDS = 1


@dataclass(frozen=True, slots=True)
class ViewLimits:
    """What one call, and one caller, may ask of the endpoint."""

    body_bytes: int
    operation_seconds: float
    rate: Rate
    loopback_rate: Rate


@dataclass(slots=True)
class Connection:
    """One socket: who opened it, and with which token."""

    view: "View"
    request: WebSocket
    connection_params: dict[str, Any] = field(default_factory=dict)
    token: str | None = None

    @asynccontextmanager
    async def operation(self) -> AsyncIterator[Context]:
        """Surround one operation of this socket."""
        async with self.view.context(self.request, self.token) as context:
            yield context

    def check(self) -> None:
        """Refuse to go on when the token has ended meanwhile.

        Raises: Unauthenticated.
        """
        if self.token is not None:
            self.view.services.secrets.access_tokens.read(self.token, now=self.view.database.now())


class _Streams:
    """Runs each operation of a socket in surroundings of its own, as each HTTP request is."""

    def __init__(self, schema: ShopSchema) -> None:
        self._schema = schema

    async def stream(self, query: str | None, *, context_value: Connection, **call: Any) -> AsyncGenerator[Any, None]:
        """Answer the results of one operation as they come."""
        return self._results(query, context_value, call)

    async def _results(
        self, query: str | None, connection: Connection, call: dict[str, Any]
    ) -> AsyncGenerator[Any, None]:
        kind: type[ExecutionResult] = PreExecutionError
        try:
            async with (
                connection.operation() as context,
                aclosing(await self._schema.stream(query, context_value=context, **call)) as results,
            ):
                async for result in results:
                    # While the next result is waited for, this one's snapshot and its connection are not.
                    await context.renew()
                    yield result
                    kind = ExecutionResult
                    connection.check()
        except (DomainError, DatabaseUnavailable, Refused, GraphQLError) as refusal:
            yield kind(data=None, errors=[_as_graphql(refusal)])


class Sockets(BaseGraphQLTransportWSHandler[Connection, None]):
    """The protocol graphql-transport-ws."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**{**parts, "schema": _Streams(parts["schema"])})


class View(GraphQL[Any, None]):
    """GraphQL for one schema over one database."""

    graphql_transport_ws_handler_class = Sockets

    def __init__(
        self,
        schema: ShopSchema,
        *,
        database: Database,
        services: Services,
        limits: ViewLimits,
        allowed_origins: Sequence[str] = (),
    ) -> None:
        super().__init__(
            schema,
            graphql_ide=None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            allowed_origins=allowed_origins,
        )
        self.shop_schema = schema
        self.documents = schema.documents
        self.database = database
        self.services = services
        self.limits = limits
        self._rates = Rates(time.monotonic)
        self._persisted = PersistedQueries()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or serve one socket."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        request = Request(scope, receive)
        media = answer_type(request.headers.get("accept"))
        try:
            if media is None:
                raise refused(406, f"answers are {RESPONSE_JSON} or {JSON}")
            response = await self._answer(request, media)
        except Refused as refusal:
            response = _write(media or JSON, refusal.status, {"errors": [refusal.error.formatted]}, refusal.headers)
        await response(scope, receive, send)

    @asynccontextmanager
    async def context(self, request: Request | WebSocket, token: str | None) -> AsyncIterator[Context]:
        """Surround one operation: find out who acts, count the call, and lend a snapshot to read from.

        Raises: Unauthenticated; DatabaseUnavailable; Refused when the caller calls too often.
        """
        address = request.client.host if request.client else "unknown"
        rate = self.limits.loopback_rate if address in _LOOPBACK else self.limits.rate
        try:
            actor = await actor_of(self.database, self.services.secrets.access_tokens, token)
        except DomainError:
            # Guessing tokens is counted as well.
            self._count(address, rate)
            raise
        self._count(address if actor.user_id is None else str(actor.user_id), rate)
        async with self.database.read() as session:
            yield Context(
                database=self.database,
                session=session,
                actor=actor,
                services=self.services,
                request_id=request.scope.get("request_id", ""),
                languages=languages(request.headers.get("accept-language")),
                # Customers make log-ins as they please: none of them is an origin of its own.
                origin=actor.label if actor.is_staff else address,
            )

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Connection:
        """Surround a socket; its operations have contexts of their own."""
        assert isinstance(request, WebSocket)
        return Connection(view=self, request=request)

    async def on_ws_connect(self, context: Connection) -> UnsetType | dict[str, object] | None:
        """Let a socket in, with the token of its first message or of its handshake.

        The first message carries it as `authorization`, `Authorization` (`Bearer …`), or `token`.
        """
        given = context.connection_params
        header = (
            given.get("authorization") or given.get("Authorization") or context.request.headers.get("authorization")
        )
        try:
            context.token = given.get("token") or bearer_token(header if isinstance(header, str) else None)
            if context.token is not None and not isinstance(context.token, str):
                raise ConnectionRejectionError
            context.check()
        except DomainError as refusal:
            raise ConnectionRejectionError from refusal
        return cast("UnsetType", UNSET)

    def encode_json(self, data: object) -> str:
        """Write a message of a socket."""
        return orjson.dumps(data).decode()

    def decode_json(self, data: str | bytes) -> object:
        """Read a message of a socket."""
        return orjson.loads(data)

    async def _answer(self, request: Request, media: str) -> Response:
        call = await read_call(request, most_bytes=self.limits.body_bytes)
        text = self._persisted.text_of(call)
        try:
            token = bearer_token(request.headers.get("authorization"))
            async with self.context(request, token) as context:
                self._check_method(request, call, text)
                result = await self._execute(call, text, context)
        except (DomainError, DatabaseUnavailable) as refusal:
            return self._respond(media, ExecutionResult(data=None, errors=[_as_graphql(refusal)]))
        if result.data is not None:
            self._persisted.keep(call)
        return self._respond(media, result)

    async def _execute(self, call: Call, text: str, context: Context) -> ExecutionResult:
        try:
            async with asyncio.timeout(self.limits.operation_seconds):
                return await self.shop_schema.execute(
                    text,
                    variable_values=call.variables,
                    context_value=context,
                    operation_name=call.operation_name,
                )
        except TimeoutError:
            seconds = self.limits.operation_seconds
            error = beyond(LimitCode.TIMED_OUT, f"an operation may take {seconds:g} seconds", limit=seconds)
            return ExecutionResult(data=None, errors=[error])
        except CannotGetOperationTypeError as error:
            return ExecutionResult(data=None, errors=[_invalid(error.as_http_error_reason())])

    def _check_method(self, request: Request, call: Call, text: str) -> None:
        """Keep GET to queries, subscriptions to sockets, and a choice among operations to whoever sent several."""
        try:
            document = self.documents.parsed(text)
        except GraphQLError:
            return
        operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        chosen = _chosen(operations, call.operation_name)
        if chosen is None and len(operations) > 1 and call.operation_name is None:
            raise Refused(400, _invalid("the document has several operations; `operationName` says which to run"))
        if chosen is None:
            return
        if chosen.operation is OperationType.SUBSCRIPTION:
            raise Refused(400, _invalid(f"subscriptions are followed over {GRAPHQL_TRANSPORT_WS_PROTOCOL}"))
        if request.method == "GET" and chosen.operation is not OperationType.QUERY:
            raise Refused(405, _invalid("GET asks queries alone; send mutations with POST"), {"allow": "POST"})

    def _count(self, caller: str, rate: Rate) -> None:
        wait = self._rates.wait_seconds(caller, rate)
        if wait:
            seconds = max(1, round(wait + 0.5))
            error = GraphQLError(
                f"at most {rate.burst} calls at once and {rate.per_second:g} a second; try again in {seconds} s",
                extensions={
                    "code": LimitCode.RATE_LIMITED.value,
                    "limit": rate.per_second,
                    "burst": rate.burst,
                    "retryAfterSeconds": seconds,
                },
            )
            raise Refused(429, error, {"retry-after": str(seconds)})

    def _respond(self, media: str, result: ExecutionResult) -> Response:
        errors = result.errors or []
        codes = [str((error.extensions or {}).get("code", "")) for error in errors]
        # What failed before anything ran has no data, not even null.
        ran = result.data is not None or any(error.path for error in errors)
        body: dict[str, Any] = {}
        if errors:
            body["errors"] = [error.formatted for error in errors]
        if ran:
            body["data"] = result.data
        if result.extensions:
            body["extensions"] = result.extensions
        if "UNAVAILABLE" in codes or LimitCode.TIMED_OUT in codes:
            return _write(media, 503, body, {"retry-after": str(_RETRY_SECONDS)})
        if ran or media == JSON:
            return _write(media, 200, body)
        headers = {"www-authenticate": "Bearer"} if codes[0] == "UNAUTHENTICATED" else {}
        return _write(media, _STATUS.get(codes[0], 400), body, headers)


def _write(media: str, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        orjson.dumps(body),
        status_code=status,
        headers={"content-type": f"{media}; charset=utf-8", "cache-control": "no-store", **(headers or {})},
    )


def _as_graphql(refusal: DomainError | DatabaseUnavailable | Refused | GraphQLError) -> GraphQLError:
    if isinstance(refusal, GraphQLError):
        return refusal
    if isinstance(refusal, Refused):
        return refusal.error
    return public_error(GraphQLError(str(refusal), original_error=refusal))


def _invalid(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "INVALID"})


def _chosen(operations: Sequence[OperationDefinitionNode], name: str | None) -> OperationDefinitionNode | None:
    if name is None:
        return operations[0] if len(operations) == 1 else None
    return next((node for node in operations if node.name and node.name.value == name), None)
