"""How far places are, and which descriptions of one are refused."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.address import Address
from app.kernel.errors import Invalid
from app.locations.rules import LocationInput, Opening, check, distance_km
from app.locations.states import LocationKind

LONDON, LEEDS = (51.5074, -0.1278), (53.7997, -1.5492)
LONDON_TO_LEEDS_KM = 272.4
HALF_WAY_ROUND_KM = 20_015.1
latitudes, longitudes = st.floats(-90, 90), st.floats(-180, 180)
CAMDEN = LocationInput(
    code="camden",
    name="Camden",
    kind=LocationKind.STORE,
    timezone="Europe/London",
    address=Address(line1=" 1  Camden Road ", city="London", country="GB"),
    latitude=51.539,
    longitude=-0.1426,
)


class TestDistance:
    def test_is_the_great_circle(self) -> None:
        assert distance_km(*LONDON, *LEEDS) == pytest.approx(LONDON_TO_LEEDS_KM, abs=0.5)

    def test_is_half_way_round_to_the_other_side(self) -> None:
        assert distance_km(0, 0, 0, 180) == pytest.approx(HALF_WAY_ROUND_KM, abs=0.1)

    @given(latitudes, longitudes, latitudes, longitudes)
    def test_is_the_same_both_ways_and_never_longer_than_half_way_round(
        self, lat1: float, lon1: float, lat2: float, lon2: float
    ) -> None:
        there = distance_km(lat1, lon1, lat2, lon2)

        assert there == pytest.approx(distance_km(lat2, lon2, lat1, lon1))
        assert 0 <= there <= HALF_WAY_ROUND_KM + 0.1


class TestCheck:
    def test_tidies_the_address(self) -> None:
        [address] = check([CAMDEN])

        assert address is not None
        assert address.line1 == "1 Camden Road"

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            (replace(CAMDEN, code=" "), "code"),
            (replace(CAMDEN, name=""), "name"),
            (replace(CAMDEN, address=None), "address"),
            (replace(CAMDEN, longitude=None), "longitude"),
            (replace(CAMDEN, latitude=91.0), "latitude"),
            (replace(CAMDEN, longitude=float("nan")), "longitude"),
            (replace(CAMDEN, timezone="London"), "timezone"),
            (replace(CAMDEN, timezone="../etc/passwd"), "timezone"),
            (replace(CAMDEN, pickup_lead_minutes=-1), "pickupLeadMinutes"),
            (replace(CAMDEN, pickup_slot_capacity=0), "pickupSlotCapacity"),
        ],
    )
    def test_names_the_field_at_fault(self, wrong: LocationInput, field: str) -> None:
        with pytest.raises(Invalid) as refused:
            check([wrong])

        assert refused.value.field == ("locations", "0", field)

    def test_refuses_the_same_code_twice(self) -> None:
        with pytest.raises(Invalid) as refused:
            check([CAMDEN, CAMDEN])

        assert refused.value.field == ("locations", "1", "code")

    @pytest.mark.parametrize(
        "opening", [Opening(7, 0, 60), Opening(0, 1440, 1500), Opening(0, 60, 60), Opening(0, 0, 1441)]
    )
    def test_refuses_an_opening_of_no_week(self, opening: Opening) -> None:
        with pytest.raises(Invalid) as refused:
            check([replace(CAMDEN, hours=(opening,))])

        assert refused.value.field == ("locations", "0", "hours", "0")

    def test_refuses_to_open_twice_at_once(self) -> None:
        with pytest.raises(Invalid):
            check([replace(CAMDEN, hours=(Opening(0, 60, 120), Opening(0, 60, 180)))])

    def test_lets_a_warehouse_be_without_address(self) -> None:
        assert check([replace(CAMDEN, kind=LocationKind.WAREHOUSE, address=None)]) == [None]
