"""How a journey is told, and how it ends when the shop does not do as it says."""

from typing import Protocol


class Story(Protocol):
    """Whoever listens: a terminal, a test."""

    def scene(self, title: str) -> None:
        """Begin a new part of the story."""
        ...

    def step(self, who: str, what: str, *facts: str) -> None:
        """Say who has just done what, and what the shop answered."""
        ...


class JourneyFailed(Exception):
    """The shop refused what it should have done, did what it should have refused, or counted wrongly."""


def expect(so: bool, otherwise: str) -> None:  # noqa: FBT001  # An assertion for clients; its first argument is the claim.
    """Go on if it is so. Raises: JourneyFailed."""
    if not so:
        raise JourneyFailed(otherwise)
