"""Logging in, staying logged in, logging out."""

import strawberry

from app.identity import service as identity
from app.identity.rules.tokens import IssuedTokens
from app.kernel.db import UnitOfWork
from app.kernel.errors import DomainError
from schema.core.context import Info
from schema.core.errors import user_errors
from schema.core.mutations import answer_of
from schema.identity.inputs import LoginInput, LogoutInput, TokenRefreshInput
from schema.identity.types import AuthPayload, AuthTokens, LogoutPayload


@strawberry.type
class IdentityMutation:
    """Mutations of log-ins."""

    @strawberry.mutation
    async def login(self, info: Info, input: LoginInput) -> AuthPayload:
        """Log in. Customers and staff alike; what a token may do follows from whose it is.

        Refused with UNAUTHENTICATED when address or password is wrong, and with RATE_LIMITED after too many failures.
        """
        answer = await answer_of(
            info.context,
            identity.log_in(
                info.context.begin,
                email=input.email,
                password=input.password,
                credentials=info.context.services.secrets,
            ),
        )
        return _payload(answer)

    @strawberry.mutation
    async def token_refresh(self, info: Info, input: TokenRefreshInput) -> AuthPayload:
        """Get the next pair of tokens. A refresh token works once; when it comes back, the whole log-in ends."""

        async def work(uow: UnitOfWork) -> IssuedTokens | DomainError:
            return await identity.refresh(
                uow, refresh_token=input.refresh_token, credentials=info.context.services.secrets
            )

        return _payload(await answer_of(info.context, info.context.begin.run(work)))

    @strawberry.mutation
    async def logout(self, info: Info, input: LogoutInput) -> LogoutPayload:
        """End a log-in: none of its refresh tokens works any more. Its access token holds until it expires."""

        async def work(uow: UnitOfWork) -> None:
            await identity.log_out(uow, refresh_token=input.refresh_token)

        answer = await answer_of(info.context, info.context.begin.run(work))
        return LogoutPayload(errors=user_errors(answer) if isinstance(answer, DomainError) else [])


def _payload(answer: IssuedTokens | DomainError) -> AuthPayload:
    if isinstance(answer, DomainError):
        return AuthPayload(tokens=None, errors=user_errors(answer))
    return AuthPayload(tokens=AuthTokens.of(answer), errors=[])
