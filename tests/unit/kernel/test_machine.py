"""State machines: legal moves, refused ones, and their pictures."""

from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.errors import ErrorCode, IllegalTransition
from app.kernel.machine import Machine


class Lamp(StrEnum):
    """A lamp to be switched."""

    OFF = "OFF"
    ON = "ON"
    BROKEN = "BROKEN"


LAMP = Machine(
    "lamp",
    {
        (Lamp.OFF, "switch"): Lamp.ON,
        (Lamp.ON, "switch"): Lamp.OFF,
        (Lamp.ON, "drop"): Lamp.BROKEN,
    },
)
states, actions = st.sampled_from(list(Lamp)), st.sampled_from(["switch", "drop", "polish"])


class TestNext:
    def test_says_where_an_action_leads(self) -> None:
        assert LAMP.next(Lamp.OFF, "switch") is Lamp.ON
        assert LAMP.next(Lamp.ON, "drop") is Lamp.BROKEN

    def test_refuses_what_leads_nowhere_in_words(self) -> None:
        with pytest.raises(IllegalTransition) as refused:
            LAMP.next(Lamp.BROKEN, "switch")

        assert refused.value.code is ErrorCode.ILLEGAL_TRANSITION
        assert refused.value.message == "a lamp that is BROKEN cannot be moved by switch"

    @given(states, actions)
    def test_agrees_with_what_it_says_it_allows(self, state: Lamp, action: str) -> None:
        assert LAMP.allows(state, action) == (action in LAMP.actions(state))
        if LAMP.allows(state, action):
            assert LAMP.next(state, action) in Lamp
        else:
            with pytest.raises(IllegalTransition):
                LAMP.next(state, action)


class TestActions:
    def test_are_listed_in_the_order_of_the_table(self) -> None:
        assert LAMP.actions(Lamp.ON) == ["switch", "drop"]

    def test_of_an_end_are_none(self) -> None:
        assert LAMP.actions(Lamp.BROKEN) == []


class TestMermaid:
    def test_draws_the_beginning_every_move_and_the_ends(self) -> None:
        assert LAMP.mermaid() == (
            "stateDiagram-v2\n"
            "    [*] --> OFF\n"
            "    OFF --> ON: switch\n"
            "    ON --> OFF: switch\n"
            "    ON --> BROKEN: drop\n"
            "    BROKEN --> [*]\n"
        )
