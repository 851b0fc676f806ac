"""Notes and gift messages keep lines apart, and whatever is done to lines, no unit is lost and no two are the same."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.cart.rules import (
    LEFT_OUT,
    LONGEST_NOTE,
    AddLine,
    CartLine,
    ChangeLine,
    LeftOut,
    Rewritten,
    merged,
    rewritten,
    sameness,
)
from app.delivery.states import DeliveryMethod
from app.kernel.errors import Invalid
from app.kernel.ids import CartId, CartLineId, LocationId, VariantId

CART = CartId(UUID(int=1))
STORE = LocationId(UUID(int=2))
MUG = VariantId(UUID(int=3))
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
Sums = dict[tuple[object, ...], int]

#: A busy machine is no failure of the law.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
#: Few, so that lines often become like each other; some are blank, or have something around them.
texts = st.sampled_from([None, "", " \t", "for Eve", " for Eve\n", "for Bob"])
variants = st.sampled_from([MUG, VariantId(UUID(int=4))])
places = st.sampled_from([(DeliveryMethod.SHIPPING, None), (DeliveryMethod.PICKUP, STORE)])
additions = st.builds(
    lambda variant, quantity, place, note, message: AddLine(variant, quantity, place[0], place[1], note, message),
    variants, st.integers(1, 9), places, texts, texts,
)  # fmt: skip


def tidied(text: str | None) -> str | None:
    return (text or "").strip() or None


def summed(wanted: Iterable[CartLine | AddLine]) -> Sums:
    sums: Counter[tuple[object, ...]] = Counter()
    for line in wanted:
        sums[sameness(replace(line, note=tidied(line.note), gift_message=tidied(line.gift_message)))] += line.quantity
    return dict(sums)


def lines_of(added: Iterable[AddLine]) -> list[CartLine]:
    """Write what was added as the lines of a cart."""
    return [
        CartLine(
            CartLineId(UUID(int=100 + n)), CART, line.variant_id, units, line.delivery, line.store_id, NOON,
            line.note, line.gift_message,
        )
        for n, (line, (units, _)) in enumerate(merged(list(added)).items())
    ]  # fmt: skip


def wished(line: CartLine, change: ChangeLine | None) -> CartLine:
    """Say what a line is to be, as whoever changed it would."""
    if change is None:
        return line
    delivery = line.delivery if isinstance(change.delivery, LeftOut) else change.delivery
    return replace(
        line,
        quantity=line.quantity if isinstance(change.quantity, LeftOut) else change.quantity,
        delivery=delivery,
        store_id=STORE if delivery is DeliveryMethod.PICKUP else None,
        note=line.note if isinstance(change.note, LeftOut) else change.note,
        gift_message=line.gift_message if isinstance(change.gift_message, LeftOut) else change.gift_message,
    )


def written(lines: Sequence[CartLine], change: Rewritten) -> list[CartLine]:
    """Write a change the way the database does, and refuse as it would whatever stands twice on the way."""
    there = {line.id: line for line in lines}
    for line_id in (*change.removed, *(line.id for line in change.moved)):
        del there[CartLineId(line_id)]
    for line in change.recounted:
        assert sameness(there[line.id]) == sameness(line)
        there[line.id] = line
    for line in change.moved:
        assert sameness(line) not in {sameness(other) for other in there.values()}
        there[line.id] = line
    return sorted(there.values(), key=lambda line: line.id)


@st.composite
def changed_carts(draw: st.DrawFn) -> tuple[list[CartLine], list[ChangeLine]]:
    """Draw a cart, and changes of some of its lines."""
    lines = lines_of(draw(st.lists(additions, min_size=1, max_size=8)))
    changed = draw(st.lists(st.sampled_from(lines), unique_by=lambda line: line.id))
    return lines, [
        ChangeLine(
            line.id,
            quantity=draw(st.one_of(st.just(LEFT_OUT), st.integers(0, 9))),
            delivery=delivery,
            store_id=LEFT_OUT if isinstance(delivery, LeftOut) else store_id,
            note=draw(st.one_of(st.just(LEFT_OUT), texts)),
            gift_message=draw(st.one_of(st.just(LEFT_OUT), texts)),
        )
        for line in changed
        for delivery, store_id in [draw(st.one_of(st.just((LEFT_OUT, None)), places))]
    ]


class TestMerged:
    @given(added=st.lists(additions, max_size=12))
    @unhurried
    def test_loses_no_unit_and_tells_lines_apart_by_what_is_written_on_them(self, added: list[AddLine]) -> None:
        found = merged(added)

        assert {sameness(line): units for line, (units, _) in found.items()} == summed(added)

    @given(added=st.lists(additions, min_size=1, max_size=12))
    @unhurried
    def test_names_the_first_of_those_that_are_the_same(self, added: list[AddLine]) -> None:
        for line, (_, first) in merged(added).items():
            same = [
                n
                for n, other in enumerate(added)
                if summed([other]).keys() == summed([replace(line, quantity=1)]).keys()
            ]
            assert first == same[0]


class TestRewritten:
    @given(cart=changed_carts())
    @unhurried
    def test_leaves_of_each_kind_of_line_what_was_wished_for(
        self, cart: tuple[list[CartLine], list[ChangeLine]]
    ) -> None:
        lines, changes = cart
        by_line = {change.line_id: change for change in changes}

        after = written(lines, rewritten(lines, changes))

        wishes = [wished(line, by_line.get(line.id)) for line in lines]
        assert summed(after) == {kind: units for kind, units in summed(wishes).items() if units}
        assert len({sameness(line) for line in after}) == len(after)

    @given(cart=changed_carts())
    @unhurried
    def test_leaves_lines_alone_that_nobody_named_or_joined(
        self, cart: tuple[list[CartLine], list[ChangeLine]]
    ) -> None:
        lines, changes = cart
        named = {change.line_id for change in changes}
        wishes = [wished(line, next((c for c in changes if c.line_id == line.id), None)) for line in lines]

        after = {line.id: line for line in written(lines, rewritten(lines, changes))}

        kinds = Counter(kind for wish in wishes if wish.quantity for kind in summed([wish]))
        for line in lines:
            if line.id not in named and kinds[sameness(line)] == 1:
                assert after[line.id] == line


class TestText:
    @pytest.mark.parametrize("name", ["note", "giftMessage"])
    @pytest.mark.parametrize("text", ["x" * (LONGEST_NOTE + 1), "nu\0l"])
    def test_is_refused_by_name(self, name: str, text: str) -> None:
        note, message = (text, None) if name == "note" else (None, text)
        (line,) = lines_of([AddLine(MUG, 1)])
        with pytest.raises(Invalid) as adding:
            merged([AddLine(MUG, 1), AddLine(MUG, 1, note=note, gift_message=message)])
        with pytest.raises(Invalid) as changing:
            rewritten([line], [ChangeLine(line.id, note=note, gift_message=message)])

        assert (adding.value.field, changing.value.field) == (("lines", "1", name), ("lines", "0", name))

    def test_may_be_as_long_as_is_said_without_what_is_around_it(self) -> None:
        (line,) = merged([AddLine(MUG, 1, note=f" {'💥' * LONGEST_NOTE}\n", gift_message="Two\nlines")])

        assert (line.note, line.gift_message) == ("💥" * LONGEST_NOTE, "Two\nlines")
