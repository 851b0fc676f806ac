"""Numbers that people read out, write down and type in again."""

import secrets

#: Digits and letters that nobody mistakes for another when they are read out.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 9


def new_number(prefix: str = "") -> str:
    """Make a number for people: unique in the shop, not sequential, not guessable (30^9 of them)."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
