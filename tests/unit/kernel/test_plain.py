"""Records to JSON and back."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NewType
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.events import Event
from app.kernel.ids import OrderId
from app.kernel.outbox import Delivery, event_from, event_payload
from app.kernel.plain import from_plain, read_as, to_plain

ShelfId = NewType("ShelfId", UUID)
NOON = datetime(2026, 1, 1, 12, 30, 15, 999, tzinfo=UTC)


class Color(StrEnum):
    """What a thing may look like."""

    BLUE = "BLUE"
    RED = "RED"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a thing."""

    units: int
    color: Color | None = None


@dataclass(frozen=True, slots=True)
class Thing:
    """A record with whatever records are made of."""

    id: ShelfId
    name: str
    at: datetime
    parts: tuple[Part, ...] = ()
    spare: Part | None = None
    shelf: ShelfId | None = None
    ids: tuple[UUID, ...] = ()
    labels: dict[str, int] = field(default_factory=dict)
    loose: list[dict[str, Any]] = field(default_factory=list)


parts = st.builds(Part, units=st.integers(-(2**53), 2**53), color=st.none() | st.sampled_from(Color))
moments = st.datetimes(timezones=st.just(UTC))
things = st.builds(
    Thing,
    id=st.uuids().map(ShelfId),
    name=st.text(),
    at=moments,
    parts=st.lists(parts, max_size=3).map(tuple),
    spare=st.none() | parts,
    shelf=st.none() | st.uuids().map(ShelfId),
    ids=st.lists(st.uuids(), max_size=3).map(tuple),
    labels=st.dictionaries(st.text(max_size=5), st.integers(0, 9), max_size=3),
    loose=st.lists(st.dictionaries(st.text(max_size=5), st.integers(0, 9), max_size=2), max_size=2),
)


class TestFromPlain:
    @given(things)
    def test_undoes_to_plain_after_a_journey_through_json(self, thing: Thing) -> None:
        stored = orjson.loads(orjson.dumps(to_plain(thing)))

        assert from_plain(Thing, stored) == thing

    def test_gives_fields_that_were_not_written_yet_their_defaults(self) -> None:
        stored = {"id": str(UUID(int=1)), "name": "mug", "at": NOON.isoformat()}

        assert from_plain(Thing, stored) == Thing(ShelfId(UUID(int=1)), "mug", NOON)

    def test_refuses_a_record_that_lacks_a_field(self) -> None:
        with pytest.raises(TypeError):
            from_plain(Part, {})


class TestToPlain:
    def test_writes_nothing_that_json_cannot(self) -> None:
        thing = Thing(ShelfId(UUID(int=1)), "mug", NOON, parts=(Part(1, Color.RED),), spare=Part(2))

        assert to_plain(thing) == {
            "id": "00000000-0000-0000-0000-000000000001",
            "name": "mug",
            "at": "2026-01-01T12:30:15.000999+00:00",
            "parts": [{"units": 1, "color": "RED"}],
            "spare": {"units": 2, "color": None},
            "shelf": None,
            "ids": [],
            "labels": {},
            "loose": [],
        }

    def test_writes_keys_as_text(self) -> None:
        assert to_plain({UUID(int=1): Color.RED, 2: (NOON,)}) == {
            "00000000-0000-0000-0000-000000000001": "RED",
            "2": [NOON.isoformat()],
        }


class TestReadAs:
    def test_reads_one_value_by_its_hint(self) -> None:
        assert read_as(Color | None, "RED") is Color.RED
        assert read_as(Color | None, None) is None
        assert read_as(tuple[Part, ...], [{"units": 1}]) == (Part(1),)
        assert read_as(dict[str, int], {"a": 1}) == {"a": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class MugWashed(Event):
    """Somebody did the dishes."""

    order_id: OrderId
    times: int
    color: Color
    at: datetime


class TestEvents:
    def test_are_read_back_from_the_outbox_as_what_they_were(self) -> None:
        washed = MugWashed(order_id=OrderId(UUID(int=3)), times=2, color=Color.BLUE, at=NOON)
        payload = orjson.loads(event_payload(washed))
        delivery = Delivery(UUID(int=9), washed.aggregate_id, "MugWashed", payload, NOON, 1)

        assert event_from({"MugWashed": MugWashed}, delivery) == washed
        assert washed.aggregate_id == UUID(int=3)
