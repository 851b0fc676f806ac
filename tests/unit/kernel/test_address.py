"""Addresses: tidied, refused by the field at fault, and the same after a stay in the database."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.address import LONGEST_FIELD, Address, checked
from app.kernel.errors import Invalid
from app.kernel.territories import is_country

HOME = Address(line1="1 Analytical Row", city="London", country="GB", first_name="Ada", postal_code="N1 9ZZ")
UNDER = ("input", "shippingAddress")
texts = st.none() | st.text(max_size=20)


class TestChecked:
    def test_leaves_a_good_address_as_it_is(self) -> None:
        assert checked(HOME, field=UNDER) == HOME

    def test_tidies_blanks_and_drops_what_is_only_blanks(self) -> None:
        untidy = replace(HOME, line1="  1   Analytical\n Row ", company="   ", line2="")

        assert checked(untidy, field=UNDER) == HOME

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"line1": " "}, "line1"),
            ({"city": ""}, "city"),
            ({"country": "gb"}, "country"),
            ({"country": "GBR"}, "country"),
            ({"country": ""}, "country"),
            ({"first_name": "x" * (LONGEST_FIELD + 1)}, "firstName"),
            ({"postal_code": "x" * (LONGEST_FIELD + 1)}, "postalCode"),
        ],
    )
    def test_refuses_what_cannot_be_one_and_names_the_field(self, changes: dict[str, str], field: str) -> None:
        with pytest.raises(Invalid) as refused:
            checked(replace(HOME, **changes), field=UNDER)

        assert refused.value.field == (*UNDER, field)

    def test_takes_a_field_of_the_greatest_length(self) -> None:
        assert checked(replace(HOME, line2="x" * LONGEST_FIELD), field=UNDER).line2 == "x" * LONGEST_FIELD

    @given(st.builds(Address, line1=st.text(), city=st.text(), country=st.just("GB"), phone=texts, region=texts))
    def test_once_is_enough(self, address: Address) -> None:
        try:
            tidy = checked(address, field=UNDER)
        except Invalid:
            return
        assert checked(tidy, field=UNDER) == tidy


class TestJson:
    def test_is_read_back_as_what_it_was(self) -> None:
        assert Address.from_json(HOME.to_json()) == HOME
        assert Address.from_json(None) is None


class TestIsCountry:
    @pytest.mark.parametrize("code", ["GB", "IE", "US", "JP", "TW", "XK", "PS", "AQ"])
    def test_knows_where_people_live(self, code: str) -> None:
        assert is_country(code)

    @pytest.mark.parametrize(
        "code", ["", "gb", "UK", "EU", "UN", "ZZ", "XA", "QO", "001", "AC", "CP", "CQ", "DG", "EA", "IC", "TA"]
    )
    def test_refuses_groupings_and_what_iso_merely_reserves(self, code: str) -> None:
        assert not is_country(code)
