"""Access tokens say who somebody is for a quarter of an hour, and cannot be made by anybody else."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, ClassVar

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.identity.errors import AccessTokenExpired, AccessTokenRefused
from app.identity.rules.roles import Role
from app.identity.rules.terms import TokenTerms
from app.identity.rules.tokens import AccessTokens, actor_from_claims
from app.kernel.actor import ActorKind
from app.kernel.ids import CustomerId, LocationId, UserId, new_id
from app.kernel.tokens import KeyRing

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
OLD, NEW = b"o" * 32, b"n" * 32
ADA, ADA_AS_CUSTOMER = UserId(new_id()), CustomerId(new_id())
CAMDEN = LocationId(new_id())
RING = KeyRing(keys={"old": OLD}, current="old")
TOKENS = AccessTokens(RING, TokenTerms())


def issued(tokens: AccessTokens = TOKENS, *roles: Role, every_location: bool = False) -> str:
    """Issue a token to Ada."""
    token, _ = tokens.issue(
        user_id=ADA,
        roles=roles or (Role.SHOPPER,),
        customer_id=ADA_AS_CUSTOMER,
        every_location=every_location,
        now=NOW,
    )
    return token


def forged(header: dict[str, Any], claims: dict[str, Any], key: bytes | None) -> str:
    """Write a token by hand, signed with any key or none."""
    parts = [urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=") for part in (header, claims)]
    signature = b"" if key is None else hmac.new(key, b".".join(parts), sha256).digest()
    return b".".join([*parts, urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def claims_of(**changed: Any) -> dict[str, Any]:
    """Write the claims of a good token, with some of them changed."""
    payload = issued().split(".")[1]
    claims: dict[str, Any] = orjson.loads(_unpacked(payload))
    return {name: value for name, value in (claims | changed).items() if value is not None}


def _unpacked(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


class TestAccessTokens:
    """Who is let through."""

    def test_say_whose_they_are(self) -> None:
        """Everything an actor is made of but the places of work."""
        claims = TOKENS.read(issued(TOKENS, Role.SHOPPER, Role.ASSOCIATE), now=NOW)

        assert claims.user_id == ADA
        assert claims.customer_id == ADA_AS_CUSTOMER
        assert claims.roles == (Role.SHOPPER, Role.ASSOCIATE)
        assert claims.kind is ActorKind.STAFF
        assert claims.bound_to_locations

    def test_hold_for_a_quarter_of_an_hour(self) -> None:
        """To the second."""
        token = issued()

        assert TOKENS.read(token, now=NOW + QUARTER - timedelta(seconds=1)).user_id == ADA
        with pytest.raises(AccessTokenExpired):
            TOKENS.read(token, now=NOW + QUARTER)

    def test_hold_while_the_key_that_signed_them_is_in_the_ring(self) -> None:
        """Rotating logs nobody out; taking the key away does."""
        token = issued()
        rotating = AccessTokens(KeyRing(keys={"new": NEW, "old": OLD}, current="new"), TokenTerms())
        rotated = AccessTokens(KeyRing(keys={"new": NEW}, current="new"), TokenTerms())

        assert rotating.read(token, now=NOW).user_id == ADA
        with pytest.raises(AccessTokenRefused):
            rotated.read(token, now=NOW)

    def test_make_an_actor_where_they_work_today(self) -> None:
        """Locations are looked up, so a transfer takes effect at once."""
        claims = TOKENS.read(issued(TOKENS, Role.ASSOCIATE), now=NOW)

        actor = actor_from_claims(claims, staff_locations=frozenset({CAMDEN}))

        assert actor.location_ids == frozenset({CAMDEN})
        assert actor.user_id == ADA
        assert actor_from_claims(claims).location_ids == frozenset()

    def test_make_an_actor_who_works_everywhere(self) -> None:
        """No locations are looked up for them."""
        claims = TOKENS.read(issued(TOKENS, Role.OPERATIONS, every_location=True), now=NOW)

        assert not claims.bound_to_locations
        assert actor_from_claims(claims).location_ids is None


class TestForgedTokens:
    """Nothing that we did not sign, as we sign, for us."""

    SIGNING_KEY: ClassVar = RING.derived_key("access-token", "old")
    HEADER: ClassVar[dict[str, Any]] = {"alg": "HS256", "typ": "JWT", "kid": "old"}

    def test_would_hold_if_they_were_signed_with_our_key(self) -> None:
        """The forger of these tests knows the craft: what fails below fails for its one reason."""
        assert TOKENS.read(forged(self.HEADER, claims_of(), self.SIGNING_KEY), now=NOW).user_id == ADA

    @pytest.mark.parametrize("algorithm", ["none", "None", "HS512", "RS256", ""])
    def test_are_refused_with_another_algorithm(self, algorithm: str) -> None:
        """The token has no say in how it is checked."""
        for key in (None, self.SIGNING_KEY):
            with pytest.raises(AccessTokenRefused):
                TOKENS.read(forged(self.HEADER | {"alg": algorithm}, claims_of(), key), now=NOW)

    @pytest.mark.parametrize("key", [None, b"", b"x" * 32, OLD])
    def test_are_refused_with_another_key(self, key: bytes | None) -> None:
        """Not even the ring's own key signs: only the one derived for it."""
        with pytest.raises(AccessTokenRefused):
            TOKENS.read(forged(self.HEADER, claims_of(), key), now=NOW)

    @pytest.mark.parametrize("kid", [None, "new", "", 7, ["old"]])
    def test_are_refused_with_an_unknown_key_id(self, kid: object) -> None:
        """A key is looked up by its id, never tried."""
        header = {name: value for name, value in (self.HEADER | {"kid": kid}).items() if value is not None}

        with pytest.raises(AccessTokenRefused):
            TOKENS.read(forged(header, claims_of(), self.SIGNING_KEY), now=NOW)

    @pytest.mark.parametrize(
        "changed",
        [
            {"iss": "elsewhere"},
            {"iss": None},
            {"aud": "elsewhere"},
            {"aud": None},
            {"sub": None},
            {"sub": "ord_01h455vb4pex5vsknk084sn02q"},
            {"exp": None},
            {"exp": "never"},
            {"exp": 1e300},
            {"roles": None},
            {"roles": ["EMPEROR"]},
            {"cid": 7},
        ],
    )
    def test_are_refused_with_claims_that_are_not_ours(self, changed: dict[str, Any]) -> None:
        """Even signed with our key: another service may share it by mistake."""
        with pytest.raises(AccessTokenRefused):
            TOKENS.read(forged(self.HEADER, claims_of(**changed), self.SIGNING_KEY), now=NOW)

    @given(st.text() | st.binary().map(lambda raw: f"{issued()[:20]}{raw.hex()}"))
    def test_are_refused_and_nothing_worse(self, text: str) -> None:
        """Whatever stands in the header of a call, it is answered politely."""
        with pytest.raises(AccessTokenRefused):
            TOKENS.read(text, now=NOW)

    def test_are_refused_when_enormous(self) -> None:
        """Before anybody reads them."""
        with pytest.raises(AccessTokenRefused):
            TOKENS.read("a" * 100_000, now=NOW)
