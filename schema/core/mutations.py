"""How a mutation runs: one key, one unit of work, one answer; refusals become the payload's errors."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field, is_dataclass
from typing import Any, TypeVar
from uuid import UUID

from app.kernel import idempotency
from app.kernel.actor import ActorKind
from app.kernel.db import UnitOfWork
from app.kernel.errors import DomainError
from schema.core.context import Context
from schema.core.errors import UserError, user_errors

AnswerT = TypeVar("AnswerT")
_LONGEST_SUBJECT = 64


@dataclass(frozen=True, slots=True)
class Done:
    """What a command answers: the object it is about, and whatever else the payload needs, as JSON values."""

    object_id: UUID
    result: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a mutation's payload is made of."""

    object_id: UUID | None
    errors: list[UserError]
    result: dict[str, Any] = field(default_factory=dict)
    refusal: DomainError | None = None


#: A command answers what was done; or a refusal that is to be committed, because it counts an attempt.
Command = Callable[[UnitOfWork], Awaitable[Done | DomainError]]


async def perform(
    context: Context, mutation: str, call: object, command: Command, *, key: str | None = None, subject: str = ""
) -> Outcome:
    """Run a command once for its idempotency key, and drop what was read before.

    `subject` is the cart or order that a guest acts on, whose keys are apart from those of other guests.
    """
    # A unit takes a connection of its own: holding one to read from meanwhile, enough callers would wait for each other.
    await context.renew()
    try:
        named = None if key is None else idempotency.key_for(scope(context, mutation, subject), key, as_json(call))

        async def work(uow: UnitOfWork) -> Done | DomainError:
            if named is None:
                return await command(uow)
            kept = await idempotency.claim(uow, named)
            if kept is not None and kept.object_id is not None:
                return Done(kept.object_id, kept.result or {})
            done = await command(uow)
            if isinstance(done, DomainError):
                await idempotency.release(uow, named)
            else:
                idempotency.keep(uow, named, object_id=done.object_id, result=done.result)
            return done

        done = await context.begin.run(work)
    except DomainError as refusal:
        done = refusal
    finally:
        await context.renew()
    if isinstance(done, DomainError):
        return Outcome(object_id=None, errors=user_errors(done), refusal=done)
    return Outcome(object_id=done.object_id, errors=[], result=done.result)


async def answer_of(context: Context, work: Awaitable[AnswerT | DomainError]) -> AnswerT | DomainError:
    """Do work that begins its own units and takes no key; answer a refusal instead of raising it.

    What was read before is dropped.
    """
    await context.renew()
    try:
        return await work
    except DomainError as refusal:
        return refusal
    finally:
        await context.renew()


def scope(context: Context, mutation: str, subject: str = "") -> str:
    """Name whose keys these are: the mutation's and the actor's, and for a guest the cart's or order's."""
    if context.actor.kind is ActorKind.ANONYMOUS:
        # What is longer is no id, and too long for the index of keys.
        return f"{mutation}:guest:{subject[:_LONGEST_SUBJECT]}"
    return f"{mutation}:{context.actor.label}"


def as_json(call: object) -> object:
    """Write a GraphQL input as plain values, to be hashed."""
    return asdict(call) if is_dataclass(call) and not isinstance(call, type) else call
