"""Failures that a command tells in a sentence."""

from app.kernel.embedded import EmbeddedPostgresError
from app.kernel.errors import DatabaseUnavailable, DomainError
from app.settings import SettingsError


class CannotStart(Exception):
    """A command cannot do what it was asked to; the message says why."""


#: Whatever else is raised is a bug, and told with where it was raised.
EXPECTED = (CannotStart, SettingsError, EmbeddedPostgresError, DatabaseUnavailable, DomainError)
