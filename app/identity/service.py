"""Letting people in: log-ins, the tokens they lead to, and the end of both.

Anybody may call `log_in`, `refresh` and `log_out`: what they present is what authorizes them.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from app.identity import queries
from app.identity.errors import RefreshTokenRefused, TooManyLogIns, WrongCredentials
from app.identity.events import RefreshTokenReplayed
from app.identity.queries import LogIn, User
from app.identity.rules.roles import Role
from app.identity.rules.terms import LogInThrottle
from app.identity.rules.tokens import Credentials, IssuedTokens, fingerprint
from app.kernel.db import Begin, UnitOfWork
from app.kernel.email import normalized
from app.kernel.errors import DomainError, Invalid
from app.kernel.ids import CustomerId, UserId, new_id
from app.kernel.permissions import Permission

_REFRESH_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class OpenedLogIn:
    """A log-in that has just been made, and its first tokens."""

    user_id: UserId
    tokens: IssuedTokens


async def log_in(begin: Begin, *, email: str, password: str, credentials: Credentials) -> IssuedTokens:
    """Let somebody in by e-mail address and password.

    The password is checked between two units of work. The verdict counts when it is recorded, under the lock of the
    address's count: of however many guesses at once, those beyond the limit learn nothing, not even of being right.
    Raises: WrongCredentials; TooManyLogIns. Both are counted or already counted when they are raised.
    """
    try:
        address = normalized(email)
    except Invalid:
        # Nobody is called this, so there is nothing to hide and nothing to count.
        raise WrongCredentials from None
    user = await begin.run(lambda uow: _admit(uow, address, credentials.throttle))
    password_is_right = await credentials.passwords.verify(password, user.password_hash if user else None)
    if user is None or not password_is_right or not _may_enter(user, credentials):
        raise await begin.run(lambda uow: _record_failure(uow, address, credentials.throttle))
    new_hash = None
    if credentials.passwords.is_outdated(user.password_hash):
        new_hash = await credentials.passwords.hash(password)
    answer = await begin.run(lambda uow: _record_success(uow, user, new_hash, credentials))
    if answer is None:
        # The password was changed, or hashed anew by a log-in at the same time: what was checked is no longer kept.
        return await log_in(begin, email=email, password=password, credentials=credentials)
    if isinstance(answer, DomainError):
        raise answer
    return answer


async def refresh(
    uow: UnitOfWork, *, refresh_token: str, credentials: Credentials
) -> IssuedTokens | RefreshTokenRefused:
    """Exchange a refresh token for the next pair; it works once.

    One that was used before may have been stolen, so its whole family ends: that refusal is answered and not raised, so
    that it is committed. Locks: the log-in. Emits RefreshTokenReplayed. Raises: RefreshTokenRefused.
    """
    token_hash = fingerprint(refresh_token)
    # The lock comes before the look: a rotation that runs at the same time would add to the family behind our back.
    user = await queries.lock_user_of_token(uow, token_hash=token_hash)
    token = await queries.get_token(uow, token_hash=token_hash) if user is not None else None
    if user is None or token is None:
        raise RefreshTokenRefused
    if token.revoked_at is not None:
        raise RefreshTokenRefused
    if token.used_at is not None:
        await queries.revoke_family(uow, family_id=token.family_id)
        uow.emit(RefreshTokenReplayed(user_id=user.id, family_id=token.family_id))
        return RefreshTokenRefused()
    if token.expires_at <= uow.now or not _may_enter(user, credentials):
        raise RefreshTokenRefused
    await queries.use_token(uow, token_id=token.id)
    return await _issue(uow, user, family_id=token.family_id, credentials=credentials)


async def log_out(uow: UnitOfWork, *, refresh_token: str) -> None:
    """End a refresh token and its whole family. One that is unknown has ended already.

    Access tokens that are out hold until they expire. Locks: the log-in. Source: RFC 7009, 2.2.
    """
    token_hash = fingerprint(refresh_token)
    await queries.lock_user_of_token(uow, token_hash=token_hash)
    token = await queries.get_token(uow, token_hash=token_hash)
    if token is not None:
        await queries.revoke_family(uow, family_id=token.family_id)


async def open_log_in(
    uow: UnitOfWork, *, email: str, password_hash: str, customer_id: CustomerId, credentials: Credentials
) -> OpenedLogIn | None:
    """Give a new customer a log-in of their own, and let them in. Anybody may; `email` is normalized.

    Answers None when there is a log-in with this e-mail address.
    """
    user = User(
        id=UserId(new_id()),
        email=email,
        password_hash=password_hash,
        roles=(Role.SHOPPER,),
        every_location=False,
        customer_id=customer_id,
        demo=False,
        disabled_at=None,
    )
    added = await queries.insert_user(
        uow, user_id=user.id, email=email, password_hash=password_hash, roles=user.roles, customer_id=customer_id
    )
    if not added:
        return None
    return OpenedLogIn(user.id, await _issue(uow, user, family_id=new_id(), credentials=credentials))


async def put_users(uow: UnitOfWork, *, log_ins: Sequence[LogIn]) -> dict[str, UserId]:
    """Make sure that these log-ins exist, with these roles and passwords; answers their ids by e-mail address.

    Raises: Forbidden; Invalid, naming the log-in whose e-mail address is none.
    """
    uow.actor.require(Permission.SHOP_ADMINISTER)
    tidy = [
        replace(log_in, email=normalized(log_in.email, field=("users", str(position), "email")))
        for position, log_in in enumerate(log_ins)
    ]
    # One statement may touch a row once: of two log-ins with one address the later counts.
    wanted = {log_in.email: log_in for log_in in tidy}
    return {user.email: user.id for user in await queries.put_users(uow, log_ins=list(wanted.values()))}


async def link_customers(uow: UnitOfWork, *, links: Mapping[UserId, CustomerId]) -> None:
    """Say which customer each of these log-ins is, so that one log-in may be staff and customer both.

    Raises: Forbidden.
    """
    uow.actor.require(Permission.SHOP_ADMINISTER)
    await queries.link_customers(uow, users=list(links), customers=list(links.values()))


async def sweep(uow: UnitOfWork, *, throttle: LogInThrottle, most: int = 1000) -> int:
    """Forget expired refresh tokens and counts of failures whose window is over; answers how many rows went.

    Raises: Forbidden.
    """
    uow.actor.require(Permission.SHOP_ADMINISTER)
    tokens = await queries.delete_expired_tokens(uow, most=most)
    return tokens + await queries.delete_old_attempts(uow, window_start=throttle.window_start(uow.now), most=most)


async def _admit(uow: UnitOfWork, address: str, throttle: LogInThrottle) -> User | None:
    """Find whom an address belongs to, unless too many have tried."""
    attempts = await queries.get_attempts(uow, email_hash=_email_hash(uow, address))
    if attempts is not None and throttle.blocks(attempts.failures, attempts.window_started_at, uow.now):
        raise TooManyLogIns(throttle.window_seconds)
    return await queries.get_user(uow, email=address)


async def _record_failure(uow: UnitOfWork, address: str, throttle: LogInThrottle) -> DomainError:
    attempts = await queries.count_failure(
        uow, email_hash=_email_hash(uow, address), window_start=throttle.window_start(uow.now)
    )
    return TooManyLogIns(throttle.window_seconds) if attempts.failures > throttle.failures else WrongCredentials()


async def _record_success(
    uow: UnitOfWork, user: User, new_hash: str | None, credentials: Credentials
) -> IssuedTokens | DomainError | None:
    email_hash = _email_hash(uow, user.email)
    attempts = await queries.lock_attempts(uow, email_hash=email_hash)
    if attempts is not None:
        if credentials.throttle.blocks(attempts.failures, attempts.window_started_at, uow.now):
            return TooManyLogIns(credentials.throttle.window_seconds)
        await queries.forget_attempts(uow, email_hash=email_hash)
    current = await queries.lock_user(uow, user_id=user.id)
    if current is None or not _may_enter(current, credentials):
        return WrongCredentials()
    if current.password_hash != user.password_hash:
        return None
    if new_hash is not None:
        await queries.change_password_hash(uow, user_id=user.id, password_hash=new_hash)
    return await _issue(uow, current, family_id=new_id(), credentials=credentials)


async def _issue(uow: UnitOfWork, user: User, *, family_id: UUID, credentials: Credentials) -> IssuedTokens:
    refresh_token = secrets.token_urlsafe(_REFRESH_TOKEN_BYTES)
    await queries.insert_token(
        uow,
        user_id=user.id,
        family_id=family_id,
        token_hash=fingerprint(refresh_token),
        expires_at=credentials.terms.refresh_until(uow.now),
    )
    access_token, expires_at = credentials.access_tokens.issue(
        user_id=user.id,
        roles=user.roles,
        customer_id=user.customer_id,
        every_location=user.every_location,
        now=uow.now,
    )
    return IssuedTokens(access_token=access_token, refresh_token=refresh_token, expires_at=expires_at)


def _may_enter(user: User, credentials: Credentials) -> bool:
    return user.disabled_at is None and (credentials.admits_demo or not user.demo)


def _email_hash(uow: UnitOfWork, address: str) -> str:
    return uow.keys.keyed_hash("email", address)
