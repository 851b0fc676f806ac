"""Passwords are hashed with argon2id, in threads, and never while a transaction is open."""

import pytest

from app.identity.gateways.argon2id import Argon2id
from app.identity.rules.terms import PasswordCost

pytestmark = pytest.mark.anyio
PASSWORD = "correct horse battery staple"


class TestArgon2id:
    """What is kept lets nobody in but its owner."""

    async def test_knows_the_password_again(self) -> None:
        """And no other."""
        passwords = Argon2id(PasswordCost.CHEAPEST)
        kept = await passwords.hash(PASSWORD)

        assert kept.startswith("$argon2id$")
        assert await passwords.verify(PASSWORD, kept)
        assert not await passwords.verify(PASSWORD + "!", kept)

    async def test_keeps_the_same_password_differently_each_time(self) -> None:
        """Two people with one password cannot be told from a copy of the table."""
        passwords = Argon2id(PasswordCost.CHEAPEST)

        assert await passwords.hash(PASSWORD) != await passwords.hash(PASSWORD)

    async def test_lets_nobody_in_without_a_hash(self) -> None:
        """Nor with one that is none, such as an emptied column."""
        passwords = Argon2id(PasswordCost.CHEAPEST)

        assert not await passwords.verify("", None)
        assert not await passwords.verify("", "")
        assert not await passwords.verify("", "!")

    async def test_knows_a_password_from_another_keyboard(self) -> None:
        """The same letter, composed in two ways."""
        passwords = Argon2id(PasswordCost.CHEAPEST)

        assert await passwords.verify("caf\u00e9-society", await passwords.hash("cafe\u0301-society"))

    async def test_takes_whatever_a_client_can_send(self) -> None:
        """A lone surrogate is no reason to fall over."""
        passwords = Argon2id(PasswordCost.CHEAPEST)

        assert await passwords.verify("\ud800\x00", await passwords.hash("\ud800\x00"))

    async def test_says_when_a_hash_was_made_at_another_cost(self) -> None:
        """So that it can be made anew while the password is at hand."""
        kept = await Argon2id(PasswordCost.CHEAPEST).hash(PASSWORD)

        assert not Argon2id(PasswordCost.CHEAPEST).is_outdated(kept)
        assert Argon2id(PasswordCost.STANDARD).is_outdated(kept)
        assert await Argon2id(PasswordCost.STANDARD).verify(PASSWORD, kept)
