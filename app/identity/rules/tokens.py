"""Access tokens: short-lived JWTs that say who somebody is, and what services need to issue them.

Signed with HS256 by a key derived from the current one of the ring; every key of the ring verifies, found by its `kid`.
No other algorithm is read, `none` least of all. Source: RFC 7519; RFC 8725 for what to refuse.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, OctKey

from app.identity.errors import AccessTokenExpired, AccessTokenRefused
from app.identity.gateway import PasswordHasher
from app.identity.rules.roles import Role, actor_of, kind_of
from app.identity.rules.terms import LogInThrottle, TokenTerms
from app.kernel.actor import Actor, ActorKind
from app.kernel.errors import Invalid
from app.kernel.ids import CustomerId, IdKind, UserId, decode, encode
from app.kernel.tokens import KeyRing

_ALGORITHM = "HS256"
_LONGEST_TOKEN = 4096
_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says of its holder."""

    user_id: UserId
    roles: tuple[Role, ...]
    customer_id: CustomerId | None
    every_location: bool
    expires_at: datetime

    @property
    def kind(self) -> ActorKind:
        """Say what kind of party the holder is."""
        return kind_of(self.roles)

    @property
    def bound_to_locations(self) -> bool:
        """Say whether the holder's locations have to be looked up before they can act."""
        return self.kind is ActorKind.STAFF and not self.every_location


@dataclass(frozen=True, slots=True)
class IssuedTokens:
    """What a log-in hands out: a token for calls, and one to get the next pair with."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime


class AccessTokens:
    """Issues and reads access tokens of one shop.

    A signature is checked once and remembered; whether the token has expired is asked every time.
    """

    def __init__(self, keys: KeyRing, terms: TokenTerms) -> None:
        self._keys = {key_id: OctKey.import_key(keys.derived_key("access-token", key_id)) for key_id in keys.keys}
        self._current = keys.current
        self.terms = terms
        self._registry = jwt.JWTClaimsRegistry(
            # Time is checked by `read`, which is told it; a signature holds for ever.
            now=0,
            iss={"essential": True, "value": terms.issuer},
            aud={"essential": True, "value": terms.audience},
            sub={"essential": True},
            exp={"essential": True},
        )
        self._verified = lru_cache(maxsize=_REMEMBERED)(self._verify)

    def issue(
        self,
        *,
        user_id: UserId,
        roles: Sequence[Role],
        customer_id: CustomerId | None,
        every_location: bool,
        now: datetime,
    ) -> tuple[str, datetime]:
        """Write a token that holds from now on; answers it and when it ends."""
        expires_at = self.terms.access_until(now).replace(microsecond=0)
        claims: dict[str, object] = {
            "iss": self.terms.issuer,
            "aud": self.terms.audience,
            "sub": encode(IdKind.USER, user_id),
            "kind": kind_of(roles).value,
            "roles": [role.value for role in roles],
            "every_location": every_location,
            "iat": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
        }
        if customer_id is not None:
            claims["cid"] = encode(IdKind.CUSTOMER, customer_id)
        header = {"alg": _ALGORITHM, "typ": "JWT", "kid": self._current}
        return jwt.encode(header, claims, self._keys[self._current], algorithms=[_ALGORITHM]), expires_at

    def read(self, token: str, *, now: datetime) -> Claims:
        """Read a token that a caller presents.

        Raises: AccessTokenExpired; AccessTokenRefused when it is malformed, foreign or forged.
        """
        if len(token) > _LONGEST_TOKEN:
            raise AccessTokenRefused
        claims = self._verified(token)
        if now >= claims.expires_at:
            raise AccessTokenExpired
        return claims

    def _verify(self, token: str) -> Claims:
        try:
            claims = jwt.decode(token, self._key_of, algorithms=[_ALGORITHM]).claims
            # When it was issued decides nothing, and the clocks of two servers may differ by a second.
            self._registry.validate({name: value for name, value in claims.items() if name != "iat"})
            customer = claims.get("cid")
            return Claims(
                user_id=UserId(decode(IdKind.USER, claims["sub"])),
                roles=tuple(Role(role) for role in claims["roles"]),
                customer_id=None if customer is None else CustomerId(decode(IdKind.CUSTOMER, str(customer))),
                every_location=claims["every_location"] is True,
                expires_at=datetime.fromtimestamp(claims["exp"], UTC),
            )
        except (JoseError, Invalid, LookupError, TypeError, ValueError, OverflowError):
            # Whatever else is wrong with a token, its bearer learns no more than that.
            raise AccessTokenRefused from None

    def _key_of(self, token: GuestProtocol) -> OctKey:
        return self._keys[token.headers()["kid"]]


@dataclass(frozen=True, slots=True)
class Credentials:
    """All that services need to let people in; the doors put it together."""

    passwords: PasswordHasher
    access_tokens: AccessTokens
    throttle: LogInThrottle = field(default_factory=LogInThrottle)
    admits_demo: bool = False
    """Whether sample log-ins, whose passwords everybody knows, may enter."""

    @property
    def terms(self) -> TokenTerms:
        """On what terms tokens are issued."""
        return self.access_tokens.terms


def actor_from_claims(claims: Claims, *, staff_locations: frozenset[UUID] = frozenset()) -> Actor:
    """Make the actor whom an access token names; where staff work is looked up, as it may have changed since."""
    return actor_of(
        user_id=claims.user_id,
        roles=claims.roles,
        customer_id=claims.customer_id,
        every_location=claims.every_location,
        staff_locations=staff_locations,
    )


def fingerprint(refresh_token: str) -> bytes:
    """Hash a refresh token for keeping; 32 random bytes need no slow hash."""
    return sha256(refresh_token.encode("utf-8", "surrogatepass")).digest()
