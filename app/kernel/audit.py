"""What `stoa audit` asks: statements that must find nothing, each the second statement of a rule of the house.

The first is where the rule is written: a constraint, or the command that keeps it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule, by its number in docs/invariants.md, and the SQL whose rows would break it.

    In the SQL of a `timed` rule `$1` is the moment of the audit.
    """

    number: int
    name: str
    sql: str
    timed: bool = False
