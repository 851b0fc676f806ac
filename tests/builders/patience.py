"""How long tests wait for what has to come about. Long: it is spent only where something is broken.

A machine may be ten times slower than the one on which a test was written, and do other things meanwhile. That shows how
fast it is, and not whether the shop is right.
"""

from typing import Final

from app.kernel.db import Patience

PATIENCE_SECONDS: Final = 300
#: Shorter for a lock than for a statement, so that whoever waits for one hears of that.
PATIENT: Final = Patience(connection_seconds=120, lock_seconds=20, statement_seconds=240)
