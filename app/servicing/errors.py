"""Refusals of what is asked for a placed order."""

from app.kernel.errors import IllegalTransition


class NothingToCancel(IllegalTransition):
    """Everything that was asked for has left the building, or was cancelled before."""
