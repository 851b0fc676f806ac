"""Tables that grow for ever are cut by month: the months ahead are opened in time, by the worker and by migrations.

A month that is not there yet is no error: its rows wait in the table's rest. So nothing is lost when no worker runs,
and a month whose rows are in the rest already stays there.
"""

import re
from collections.abc import Mapping

#: The parts that PostgreSQL lists as tables of their own: `movements_2026_11`, `movements_rest`.
_PART = re.compile(r"^(movements|reservation_endings)_(\d{4}_\d{2}|rest)$")


def described(name: str | None, kind: str, _parents: Mapping[str, str | None]) -> bool:
    """Say whether a table is described by the models, rather than a part of one that is."""
    return kind != "table" or name is None or _PART.match(name) is None
