"""What an event is: a past-tense fact with ids and quantities, never a name or an address.

Each domain's `events.py` declares its own; `app.worker.SUBSCRIPTIONS` says who hears them.
"""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact about one aggregate. Events of one aggregate are told in the order in which they happened."""

    @property
    def aggregate_id(self) -> UUID:
        """The aggregate whose order of events is kept: by convention the first field."""
        first = next(iter(self.__dataclass_fields__))
        value = getattr(self, first)
        assert isinstance(value, UUID)
        return value
