"""The port to password hashing: slow by design, so it never happens while a transaction is open."""

from typing import Protocol


class PasswordHasher(Protocol):
    """Makes and checks password hashes without holding up other callers."""

    async def hash(self, password: str) -> str:
        """Hash a password for keeping."""
        ...

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Say whether a password is the one that was hashed.

        Without a hash it takes as long as with one and says no, so that time does not tell whether somebody exists.
        """
        ...

    def is_outdated(self, password_hash: str) -> bool:
        """Say whether a hash was made at another cost than is asked for now."""
        ...
