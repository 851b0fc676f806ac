"""State machines as tables: what may move where, and by which action.

A status is never assigned but through `Machine.next`, so an illegal move cannot be written by accident, and the same
table answers "what may I do next?" and draws the documentation.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Generic, TypeVar

from app.kernel.errors import IllegalTransition

StateT = TypeVar("StateT", bound=StrEnum)


class Machine(Generic[StateT]):
    """The legal moves of one aggregate: {(state, action): next state}."""

    def __init__(self, name: str, moves: Mapping[tuple[StateT, str], StateT]) -> None:
        self.name = name
        self.moves = dict(moves)

    def next(self, state: StateT, action: str) -> StateT:
        """Say where `action` leads from `state`.

        Raises: IllegalTransition when it leads nowhere.
        """
        try:
            return self.moves[state, action]
        except KeyError:
            raise IllegalTransition(f"a {self.name} that is {state} cannot be moved by {action}") from None

    def allows(self, state: StateT, action: str) -> bool:
        """Say whether `action` is legal in `state`."""
        return (state, action) in self.moves

    def actions(self, state: StateT) -> Sequence[str]:
        """List what may be done in `state`, in the order of the table."""
        return [action for (source, action) in self.moves if source == state]

    def mermaid(self) -> str:
        """Draw the table as a Mermaid state diagram."""
        targets = set(self.moves.values())
        sources = {source for source, _ in self.moves}
        first = next(iter(self.moves))[0]
        lines = ["stateDiagram-v2", f"    [*] --> {first}"]
        lines += [f"    {source} --> {target}: {action}" for (source, action), target in self.moves.items()]
        lines += [f"    {terminal} --> [*]" for terminal in sorted(targets - sources)]
        return "\n".join(lines) + "\n"
