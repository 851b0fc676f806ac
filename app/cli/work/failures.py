"""Failures that a command tells in a sentence."""

from app.kernel.embedded import EmbeddedPostgresError
from app.kernel.errors import DatabaseUnavailable, DomainError
from app.settings import SettingsError

#: Whatever else is raised is a bug, and told with where it was raised.
EXPECTED = (SettingsError, EmbeddedPostgresError, DatabaseUnavailable, DomainError)
