"""Refusals as payload errors, and everything else as masked top-level errors."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import strawberry
import structlog
from graphql import GraphQLError
from strawberry.extensions import SchemaExtension
from strawberry.types.execution import ExecutionResult, StreamExecutionResult

from app.kernel.errors import DatabaseUnavailable, DomainError, ErrorCode, RateLimited
from app.kernel.ids import new_id

log = structlog.get_logger()

_BUG = "INTERNAL"

strawberry.enum(ErrorCode)


@strawberry.interface
class UserError:
    """A refusal that a client is expected to handle. Anything unexpected is a masked top-level error with an id."""

    code: ErrorCode
    """What a program switches on."""
    message: str
    """What a person may read, in English."""
    field: list[str] | None
    """Path into the input: ["lines", "0", "quantity"]. Null when no one field is at fault."""


@strawberry.type
class Refusal(UserError):
    """Returned for every refusal that carries no data of its own."""


@strawberry.type
class RateLimitedError(UserError):
    """Returned after too many attempts; even a right one has to wait."""

    retry_after_seconds: int
    """How long to wait, at most."""


ErrorT = TypeVar("ErrorT", bound=DomainError)
#: How a refusal with data of its own is written; refusals that are not here become `Refusal`.
_WRITERS: dict[type[DomainError], Callable[..., Sequence[UserError]]] = {}


def written_by(kind: type[ErrorT], writer: Callable[[ErrorT], Sequence[UserError]]) -> None:
    """Give a refusal its own payload type."""
    _WRITERS[kind] = writer


def user_errors(error: DomainError) -> list[UserError]:
    """Write a refusal for a payload, and into the log: its code and what it is about, never what was sent."""
    log.info("refused", reason=error.code.value, field=".".join(error.field))
    writer = _WRITERS.get(type(error))
    if writer is not None:
        return list(writer(error))
    field = list(error.field) or None
    if isinstance(error, RateLimited):
        wait = error.wait_seconds
        return [RateLimitedError(code=error.code, message=error.message, field=field, retry_after_seconds=wait)]
    return [Refusal(code=error.code, message=error.message, field=field)]


class ErrorMasking(SchemaExtension):
    """Give refused queries their code and field, and hide bugs behind an id that is in the log."""

    def on_operation(self) -> Iterator[None]:
        """Rewrite the errors once the operation has ended."""
        yield
        result = self.execution_context.result
        errors = getattr(result, "errors", None)
        if errors:
            result.errors = [public_error(error) for error in errors]  # type: ignore[union-attr]

    def on_stream_result(self, result: StreamExecutionResult) -> Iterator[None]:
        """Rewrite the errors of each result that is followed over a socket."""
        if isinstance(result, ExecutionResult) and result.errors:
            result.errors = [public_error(error) for error in result.errors]
        yield


def public_error(error: GraphQLError) -> GraphQLError:
    """Say what a client may know of a top-level error. What was said once is not said differently again."""
    if (error.extensions or {}).get("code") == _BUG:
        return error
    original = error.original_error
    while isinstance(original, GraphQLError) and original.original_error is not None:
        original = original.original_error
    if isinstance(original, DomainError):
        extensions: dict[str, object] = {"code": original.code.value}
        if original.field:
            extensions["field"] = list(original.field)
        return _like(error, original.message, extensions)
    if isinstance(original, DatabaseUnavailable):
        return _like(error, "the shop's database does not answer; try again", {"code": "UNAVAILABLE"})
    if original is None or isinstance(original, GraphQLError):
        extensions = dict(error.extensions or {})
        extensions.setdefault("code", "INVALID")
        return _like(error, error.message, extensions)
    bug = str(new_id())
    log.error("bug", bug_id=bug, path=error.path, exc_info=original)
    return _like(error, f"something went wrong on our side; quote {bug}", {"code": _BUG, "id": bug})


def _like(error: GraphQLError, message: str, extensions: dict[str, object]) -> GraphQLError:
    return GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        original_error=error.original_error,
        extensions=extensions,
    )
