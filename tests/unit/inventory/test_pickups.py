"""What a store can hand over of a cart."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.inventory.rules.pickups import LineWanted, Sending, StoreStock, StoreSupply, supply_of
from app.kernel.ids import new_id

MUG, LAMP, SET = (new_id() for _ in range(3))
NO_BUNDLES: dict[UUID, dict[UUID, int]] = {}


def supply(
    own: dict[UUID, int],
    wanted: dict[UUID, int],
    sent: dict[UUID, tuple[Sending, ...]] | None = None,
    bundles: dict[UUID, dict[UUID, int]] | None = None,
) -> StoreSupply:
    lines = [LineWanted(variant_id, units) for variant_id, units in wanted.items()]
    return supply_of(StoreStock(own, sent or {}), lines, bundles or {})


def units(found: StoreSupply) -> list[tuple[int, int]]:
    return [(line.available, line.from_transfer) for line in found.lines]


class TestSupplyOf:
    def test_is_complete_when_there_is_enough_of_everything(self) -> None:
        assert supply({MUG: 2, LAMP: 1}, {MUG: 2, LAMP: 1}).complete
        assert not supply({MUG: 2}, {MUG: 2, LAMP: 1}).complete
        assert not supply({MUG: 2, LAMP: 1}, {MUG: 3, LAMP: 1}).complete

    def test_tells_what_would_have_to_be_sent(self) -> None:
        found = supply({MUG: 2}, {MUG: 3}, {MUG: (Sending(4, 60),)})

        assert (found.complete, units(found)) == (True, [(6, 4)])

    def test_waits_for_nothing_when_its_own_stock_suffices(self) -> None:
        assert supply({MUG: 3}, {MUG: 3}, {MUG: (Sending(4, 60),)}).lead_minutes == 0

    def test_waits_for_the_soonest_that_suffice_and_for_the_slowest_of_these(self) -> None:
        sent = {MUG: (Sending(9, 600), Sending(1, 30), Sending(1, 90)), LAMP: (Sending(1, 45),)}

        assert supply({MUG: 1}, {MUG: 2}, sent).lead_minutes == 30
        assert supply({MUG: 1}, {MUG: 3, LAMP: 1}, sent).lead_minutes == 90
        assert supply({MUG: 1}, {MUG: 4}, sent).lead_minutes == 600

    def test_waits_for_nothing_when_it_is_not_complete(self) -> None:
        assert supply({MUG: 1}, {MUG: 9, LAMP: 1}, {MUG: (Sending(9, 60),)}).lead_minutes == 0

    def test_makes_bundles_of_their_components(self) -> None:
        bundles = {SET: {MUG: 2, LAMP: 1}}

        assert units(supply({MUG: 5, LAMP: 3}, {SET: 1}, bundles=bundles)) == [(2, 0)]
        assert units(supply({MUG: 5}, {SET: 1}, bundles=bundles)) == [(0, 0)]
        assert units(supply({MUG: 5}, {SET: 1}, {LAMP: (Sending(1, 60),)}, bundles)) == [(1, 1)]

    def test_lets_lines_share_a_component(self) -> None:
        bundles = {SET: {MUG: 2, LAMP: 1}}

        assert supply({MUG: 3, LAMP: 1}, {SET: 1, MUG: 1}, bundles=bundles).complete
        assert not supply({MUG: 3, LAMP: 1}, {SET: 1, MUG: 2}, bundles=bundles).complete

    @given(
        st.integers(0, 9), st.lists(st.tuples(st.integers(1, 9), st.integers(1, 99)), max_size=4), st.integers(1, 20)
    )
    def test_is_complete_exactly_when_own_and_sent_units_suffice(
        self, own: int, sent: list[tuple[int, int]], wanted: int
    ) -> None:
        found = supply({MUG: own}, {MUG: wanted}, {MUG: tuple(Sending(*one) for one in sent)} if sent else {})

        assert found.complete == (own + sum(count for count, _ in sent) >= wanted)
        assert found.lines[0].available - found.lines[0].from_transfer == own
        if found.complete and own < wanted:
            in_time = sum(count for count, lead in sent if lead <= found.lead_minutes)
            before = sum(count for count, lead in sent if lead < found.lead_minutes)
            assert own + in_time >= wanted > own + before
