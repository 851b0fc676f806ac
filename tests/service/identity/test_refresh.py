"""Staying logged in, and how it ends."""

import asyncio
from datetime import timedelta
from functools import partial

import pytest

from app.identity import service as identity
from app.identity.errors import RefreshTokenRefused
from app.identity.gateways.argon2id import Argon2id
from app.identity.rules.terms import PasswordCost, TokenTerms
from app.identity.rules.tokens import AccessTokens, Credentials, IssuedTokens
from app.kernel.actor import ANONYMOUS, SYSTEM
from tests.builders.clock import StoppedClock
from tests.builders.shop import KEYS, PASSWORD, Shop

pytestmark = pytest.mark.anyio
CREDENTIALS = Credentials(passwords=Argon2id(PasswordCost.CHEAPEST), access_tokens=AccessTokens(KEYS, TokenTerms()))


async def log_in(shop: Shop, name: str = "ada") -> IssuedTokens:
    """Log in as somebody."""
    return await identity.log_in(
        shop.database.begin(ANONYMOUS), email=f"{name}@shop.test", password=PASSWORD, credentials=CREDENTIALS
    )


async def refresh(shop: Shop, refresh_token: str) -> IssuedTokens | RefreshTokenRefused:
    """Ask for the next pair, as the API does: a refusal that is answered is committed."""
    return await shop.database.begin(ANONYMOUS).run(
        lambda uow: identity.refresh(uow, refresh_token=refresh_token, credentials=CREDENTIALS)
    )


async def next_pair(shop: Shop, refresh_token: str) -> IssuedTokens:
    """Ask for the next pair, which has to be given."""
    answer = await refresh(shop, refresh_token)
    assert isinstance(answer, IssuedTokens)
    return answer


async def refused(shop: Shop, refresh_token: str) -> None:
    """Ask for the next pair, which must not be given, whether it is refused by an answer or by raising."""
    try:
        answer = await refresh(shop, refresh_token)
    except RefreshTokenRefused:
        return
    assert isinstance(answer, RefreshTokenRefused)


class TestRefresh:
    """Each refresh token gives one pair."""

    async def test_gives_the_next_pair(self, shop: Shop) -> None:
        """For the same person."""
        first = await log_in(shop)

        second = await next_pair(shop, first.refresh_token)

        claims = CREDENTIALS.access_tokens.read(second.access_token, now=shop.database.now())
        assert claims.user_id == shop.people["ada"].user_id
        assert second.refresh_token != first.refresh_token
        assert await next_pair(shop, second.refresh_token)

    async def test_gives_the_rights_of_today(self, shop: Shop) -> None:
        """Whoever became a manager is one from the next pair on."""
        tokens = await log_in(shop, "associate")
        async with shop.database.unit(SYSTEM) as uow:
            await uow.execute(
                "UPDATE users SET roles = '{STORE_MANAGER}' WHERE id = $1", [shop.people["associate"].user_id]
            )

        later = await next_pair(shop, tokens.refresh_token)

        claims = CREDENTIALS.access_tokens.read(later.access_token, now=shop.database.now())
        assert [role.value for role in claims.roles] == ["STORE_MANAGER"]

    async def test_is_refused_after_thirty_days(self, shop: Shop, clock: StoppedClock) -> None:
        """Each pair counts anew: whoever comes back in time stays."""
        first = await log_in(shop)
        clock.advance(days=29)
        second = await next_pair(shop, first.refresh_token)
        clock.advance(days=30)

        await refused(shop, second.refresh_token)

    @pytest.mark.parametrize("token", ["", "nonsense", "\ud800", "a" * 100_000])
    async def test_is_refused_for_a_token_that_is_none(self, shop: Shop, token: str) -> None:
        """Whatever it looks like."""
        await refused(shop, token)

    async def test_is_refused_once_the_log_in_is_disabled(self, shop: Shop, clock: StoppedClock) -> None:
        """At the latest a quarter of an hour later nothing of theirs works."""
        tokens = await log_in(shop)
        async with shop.database.unit(SYSTEM) as uow:
            await uow.execute("UPDATE users SET disabled_at = $1", [clock()])

        await refused(shop, tokens.refresh_token)


class TestReusedToken:
    """A token that comes back may have been stolen: whoever holds any of its family has to log in again."""

    async def test_ends_its_family_and_that_is_committed(self, shop: Shop) -> None:
        """The thief's pair and the owner's, though the call itself is refused."""
        first = await log_in(shop)
        second = await next_pair(shop, first.refresh_token)

        answer = await refresh(shop, first.refresh_token)

        assert isinstance(answer, RefreshTokenRefused)
        await refused(shop, second.refresh_token)
        [[revoked]] = await shop.fetch("SELECT count(*) FROM refresh_tokens WHERE revoked_at IS NOT NULL")
        assert revoked == 2

    async def test_is_told_to_whoever_subscribes(self, shop: Shop) -> None:
        """Once, by ids alone."""
        first = await log_in(shop)
        await next_pair(shop, first.refresh_token)

        await refused(shop, first.refresh_token)
        await refused(shop, first.refresh_token)

        [[name, payload]] = await shop.fetch("SELECT name, payload FROM outbox")
        assert name == "RefreshTokenReplayed"
        assert payload["user_id"] == str(shop.people["ada"].user_id)

    async def test_leaves_other_log_ins_alone(self, shop: Shop) -> None:
        """The same person's telephone stays logged in."""
        laptop, telephone = await log_in(shop), await log_in(shop)
        await next_pair(shop, laptop.refresh_token)

        await refused(shop, laptop.refresh_token)

        assert await next_pair(shop, telephone.refresh_token)

    async def test_gives_one_pair_when_it_comes_many_times_at_once(self, shop: Shop) -> None:
        """One caller is first; the others are refused, and the pair it got has ended with the family."""
        first = await log_in(shop)

        answers = await asyncio.gather(*[refresh(shop, first.refresh_token) for _ in range(10)], return_exceptions=True)

        (pair,) = [answer for answer in answers if isinstance(answer, IssuedTokens)]
        await refused(shop, pair.refresh_token)

    async def test_leaves_no_pair_behind_when_both_come_at_once(self, shop: Shop) -> None:
        """The thief replays the old token in the moment in which the owner uses the new one."""
        for _ in range(10):
            first = await log_in(shop)
            second = await next_pair(shop, first.refresh_token)

            replayed, used = await asyncio.gather(
                refresh(shop, first.refresh_token), refresh(shop, second.refresh_token), return_exceptions=True
            )

            assert isinstance(replayed, RefreshTokenRefused)
            if isinstance(used, IssuedTokens):
                await refused(shop, used.refresh_token)


class TestLogOut:
    """The end of a log-in."""

    async def test_ends_the_whole_family(self, shop: Shop) -> None:
        """With any of its tokens, also one that was used."""
        first = await log_in(shop)
        second = await next_pair(shop, first.refresh_token)

        await shop.database.begin(ANONYMOUS).run(lambda uow: identity.log_out(uow, refresh_token=first.refresh_token))

        await refused(shop, second.refresh_token)

    async def test_is_accepted_again_and_for_unknown_tokens(self, shop: Shop) -> None:
        """What is to end has ended."""
        begin = shop.database.begin(ANONYMOUS)
        tokens = await log_in(shop)

        for token in (tokens.refresh_token, tokens.refresh_token, "nonsense"):
            await begin.run(partial(identity.log_out, refresh_token=token))

    async def test_lets_the_access_token_run_out(self, shop: Shop, clock: StoppedClock) -> None:
        """It is not looked up, so it holds for at most a quarter of an hour more."""
        tokens = await log_in(shop)
        await shop.database.begin(ANONYMOUS).run(lambda uow: identity.log_out(uow, refresh_token=tokens.refresh_token))

        assert CREDENTIALS.access_tokens.read(tokens.access_token, now=clock())
        assert tokens.expires_at - clock() <= timedelta(minutes=15)
