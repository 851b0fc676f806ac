"""Who calls: a bearer token becomes an actor, once for each operation."""

from app.identity.rules.tokens import AccessTokens, actor_from_claims
from app.kernel.actor import ANONYMOUS, Actor
from app.kernel.db import Database
from app.kernel.errors import Unauthenticated
from app.locations.queries import list_staff_location_ids

_SCHEME = "bearer "


def bearer_token(header: str | None) -> str | None:
    """Find the token in an Authorization header; None when there is no header.

    Raises: Unauthenticated for a header of another kind.
    """
    if header is None or not header.strip():
        return None
    if not header.lower().startswith(_SCHEME) or not header[len(_SCHEME) :].strip():
        raise Unauthenticated("the Authorization header is not of the form `Bearer …`")
    return header[len(_SCHEME) :].strip()


async def actor_of(database: Database, tokens: AccessTokens, token: str | None) -> Actor:
    """Say who acts; where staff work is looked up each time, as it may have changed since the token was issued.

    Raises: Unauthenticated for a token that is expired, forged or none of ours.
    """
    if token is None:
        return ANONYMOUS
    claims = tokens.read(token, now=database.now())
    if not claims.bound_to_locations:
        return actor_from_claims(claims)
    async with database.read() as session:
        locations = await list_staff_location_ids(session, user_id=claims.user_id)
    return actor_from_claims(claims, staff_locations=frozenset(locations))
