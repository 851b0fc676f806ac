"""Logging in by e-mail address and password, and how often it may go wrong."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace

import pytest

from app.identity import service as identity
from app.identity.errors import TooManyLogIns, WrongCredentials
from app.identity.gateways.argon2id import Argon2id
from app.identity.queries import LogIn
from app.identity.rules.roles import Role
from app.identity.rules.terms import LogInThrottle, PasswordCost, TokenTerms
from app.identity.rules.tokens import AccessTokens, Credentials, IssuedTokens
from app.kernel.actor import ANONYMOUS, SYSTEM, ActorKind
from app.kernel.db import Database, assert_no_transaction
from app.kernel.errors import BrokenInvariant
from tests.builders.clock import StoppedClock
from tests.builders.shop import KEYS, PASSWORD, Shop
from tests.builders.statements import Sent

pytestmark = pytest.mark.anyio
BORNE = LogInThrottle().failures
ADA = "ada@shop.test"
Statements = Callable[[], AbstractAsyncContextManager[Sent]]


@dataclass
class WatchedHasher:
    """Another implementation of the port: it remembers what it was asked, and which hash that was compared with."""

    inner: Argon2id = field(default_factory=lambda: Argon2id(PasswordCost.CHEAPEST))
    verified: list[str | None] = field(default_factory=list)

    async def hash(self, password: str) -> str:
        """Hash a password for keeping."""
        return await self.inner.hash(password)

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Say whether a password is the one that was hashed."""
        assert_no_transaction()
        self.verified.append(password_hash)
        return await self.inner.verify(password, password_hash)

    def is_outdated(self, password_hash: str) -> bool:
        """Say whether a hash was made at another cost than is asked for now."""
        return self.inner.is_outdated(password_hash)


@pytest.fixture
def passwords() -> WatchedHasher:
    """Hash passwords cheaply, and watch."""
    return WatchedHasher()


@pytest.fixture
def credentials(passwords: WatchedHasher) -> Credentials:
    """What a server lets people in with."""
    return Credentials(passwords=passwords, access_tokens=AccessTokens(KEYS, TokenTerms()))


async def log_in(
    database: Database, credentials: Credentials, *, email: str = ADA, password: str = PASSWORD
) -> IssuedTokens:
    """Log in as somebody unknown, which everybody is before they log in."""
    return await identity.log_in(database.begin(ANONYMOUS), email=email, password=password, credentials=credentials)


async def fail(database: Database, credentials: Credentials, *, times: int, email: str = ADA) -> None:
    """Guess wrong, so many times."""
    for _ in range(times):
        with pytest.raises(WrongCredentials):
            await log_in(database, credentials, email=email, password="wrong")


class TestLogIn:
    """The right password lets somebody in."""

    async def test_hands_out_tokens_that_say_who_it_is(self, shop: Shop, credentials: Credentials) -> None:
        """A shopper is their customer."""
        tokens = await log_in(shop.database, credentials)

        claims = credentials.access_tokens.read(tokens.access_token, now=shop.database.now())
        assert claims.user_id == shop.people["ada"].user_id
        assert claims.customer_id == shop.people["ada"].customer_id
        assert claims.kind is ActorKind.CUSTOMER
        assert claims.expires_at == tokens.expires_at

    async def test_finds_somebody_however_they_write_their_address(self, shop: Shop, credentials: Credentials) -> None:
        """Case and space do not matter; in the password they do."""
        assert await log_in(shop.database, credentials, email=" ADA@Shop.Test ")
        with pytest.raises(WrongCredentials):
            await log_in(shop.database, credentials, password=PASSWORD.upper())

    async def test_keeps_no_token_in_clear(self, shop: Shop, credentials: Credentials) -> None:
        """A copy of the database lets nobody in."""
        tokens = await log_in(shop.database, credentials)

        [[stored]] = await shop.fetch("SELECT token_hash FROM refresh_tokens")
        assert len(stored) == 32
        assert tokens.refresh_token.encode() not in stored
        assert tokens.refresh_token not in repr(tokens)
        assert tokens.access_token not in repr(tokens)

    async def test_makes_a_hash_of_another_cost_anew(self, shop: Shop) -> None:
        """Raising the cost reaches everybody, one log-in at a time; also when several come at once."""
        dearer = Credentials(
            passwords=WatchedHasher(Argon2id(PasswordCost.STANDARD)), access_tokens=AccessTokens(KEYS, TokenTerms())
        )

        await asyncio.gather(log_in(shop.database, dearer), log_in(shop.database, dearer))

        [[kept]] = await shop.fetch("SELECT password_hash FROM users WHERE email = $1", ADA)
        assert not dearer.passwords.is_outdated(kept)
        assert await log_in(shop.database, dearer)

    async def test_is_refused_for_a_disabled_log_in(
        self, shop: Shop, credentials: Credentials, clock: StoppedClock
    ) -> None:
        """As if it were not there."""
        async with shop.database.unit(SYSTEM) as uow:
            await uow.execute("UPDATE users SET disabled_at = $1 WHERE email = $2", [clock(), ADA])

        with pytest.raises(WrongCredentials):
            await log_in(shop.database, credentials)

    async def test_is_refused_for_a_demo_log_in_outside_the_demo(
        self, shop: Shop, credentials: Credentials, passwords: WatchedHasher
    ) -> None:
        """Everybody knows its password."""
        sample = LogIn("admin@stoa.test", await passwords.hash(PASSWORD), (Role.ADMIN,), demo=True)
        async with shop.database.unit(SYSTEM) as uow:
            await identity.put_users(uow, log_ins=[sample])

        with pytest.raises(WrongCredentials):
            await log_in(shop.database, credentials, email=sample.email)
        assert await log_in(shop.database, replace(credentials, admits_demo=True), email=sample.email)


class TestUnknownAddress:
    """Nobody learns by guessing who has a log-in here."""

    async def test_is_answered_like_a_wrong_password(self, shop: Shop, credentials: Credentials) -> None:
        """The same refusal, word for word."""
        with pytest.raises(WrongCredentials) as wrong_password:
            await log_in(shop.database, credentials, password="wrong")
        with pytest.raises(WrongCredentials) as unknown_address:
            await log_in(shop.database, credentials, email="nobody@shop.test")

        assert wrong_password.value.message == unknown_address.value.message
        assert wrong_password.value.field == unknown_address.value.field
        assert wrong_password.value.code == unknown_address.value.code

    async def test_costs_the_same_hash_and_the_same_statements(
        self, shop: Shop, credentials: Credentials, passwords: WatchedHasher, statements: Statements
    ) -> None:
        """Time is made of hashing and of round trips; both are alike."""
        async with statements() as for_wrong_password:
            await fail(shop.database, credentials, times=1)
        async with statements() as for_unknown_address:
            await fail(shop.database, credentials, times=1, email="nobody@shop.test")

        assert len(passwords.verified) == 2
        assert passwords.verified[1] is None
        assert for_wrong_password.statements == for_unknown_address.statements

    async def test_is_throttled_like_a_known_one(self, shop: Shop, credentials: Credentials) -> None:
        """Or the throttle would tell."""
        await fail(shop.database, credentials, times=BORNE, email="nobody@shop.test")

        with pytest.raises(TooManyLogIns):
            await log_in(shop.database, credentials, email="nobody@shop.test")

    async def test_is_not_collected(self, shop: Shop, credentials: Credentials) -> None:
        """What is counted is a keyed hash."""
        await fail(shop.database, credentials, times=1, email="nobody@shop.test")

        [[email_hash, failures]] = await shop.fetch("SELECT email_hash, failures FROM login_attempts")
        assert "nobody" not in email_hash
        assert failures == 1


class TestThrottle:
    """Five failures within a quarter of an hour, and no more."""

    async def test_counts_what_was_refused(self, shop: Shop, credentials: Credentials) -> None:
        """A refusal changes nothing but its own count, which is committed."""
        await fail(shop.database, credentials, times=3)

        assert [list(row) for row in await shop.fetch("SELECT failures FROM login_attempts")] == [[3]]
        assert await shop.fetch("SELECT FROM refresh_tokens") == []

    async def test_refuses_even_the_right_password(
        self, shop: Shop, credentials: Credentials, passwords: WatchedHasher
    ) -> None:
        """Without hashing, so that nobody keeps the server busy."""
        await fail(shop.database, credentials, times=BORNE)
        hashed = len(passwords.verified)

        with pytest.raises(TooManyLogIns):
            await log_in(shop.database, credentials)

        assert len(passwords.verified) == hashed

    async def test_does_not_last(self, shop: Shop, credentials: Credentials, clock: StoppedClock) -> None:
        """A quarter of an hour after the first failure, counting starts over."""
        await fail(shop.database, credentials, times=BORNE)

        clock.advance(minutes=15)

        await fail(shop.database, credentials, times=1)
        assert await log_in(shop.database, credentials)

    async def test_starts_over_after_a_success(self, shop: Shop, credentials: Credentials) -> None:
        """Whoever knows the password may mistype it again tomorrow."""
        await fail(shop.database, credentials, times=BORNE - 1)
        await log_in(shop.database, credentials)

        assert await shop.fetch("SELECT FROM login_attempts") == []

    async def test_does_not_touch_others(self, shop: Shop, credentials: Credentials) -> None:
        """Ada's trouble is not Bob's."""
        await fail(shop.database, credentials, times=BORNE)

        assert await log_in(shop.database, credentials, email="bob@shop.test")

    async def test_holds_against_guesses_at_once(self, shop: Shop, credentials: Credentials) -> None:
        """Twenty guesses that all started before the first was counted: five are answered, the others learn nothing."""
        guesses = [log_in(shop.database, credentials, password=f"guess {number}") for number in range(20)]

        answers = await asyncio.gather(*guesses, return_exceptions=True)

        assert sum(type(answer) is WrongCredentials for answer in answers) == BORNE
        assert sum(type(answer) is TooManyLogIns for answer in answers) == 20 - BORNE

    async def test_lets_many_in_at_once(self, shop: Shop, credentials: Credentials) -> None:
        """Right passwords are no failures, however many come together."""
        tokens = await asyncio.gather(*[log_in(shop.database, credentials) for _ in range(20)])

        assert len({pair.refresh_token for pair in tokens}) == 20

    async def test_is_swept_when_its_window_is_over(
        self, shop: Shop, credentials: Credentials, clock: StoppedClock
    ) -> None:
        """Addresses that were tried are not kept, nor are refresh tokens that have expired."""
        await fail(shop.database, credentials, times=1)
        await log_in(shop.database, credentials, email="bob@shop.test")
        clock.advance(days=30)

        swept = await shop.begin().run(lambda uow: identity.sweep(uow, throttle=credentials.throttle))

        assert swept == 2
        assert await shop.fetch("SELECT FROM login_attempts") == []
        assert await shop.fetch("SELECT FROM refresh_tokens") == []


class TestHashing:
    """A slow hash never holds a connection."""

    async def test_is_refused_within_a_transaction(self, shop: Shop, passwords: WatchedHasher) -> None:
        """Ten log-ins at once would otherwise keep everybody from the database."""
        async with shop.database.unit(SYSTEM):
            with pytest.raises(BrokenInvariant):
                await passwords.inner.verify(PASSWORD, None)
