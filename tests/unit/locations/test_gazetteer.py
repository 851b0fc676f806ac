"""Where an address is, learned from places of our own."""

from app.locations.rules import Place, Point, distance_km, locate


class TestLocate:
    LONDON = Place("GB", "London", "NW1 9ZZ", 51.539, -0.1426)
    SOHO = Place("GB", "London", "W1F 9ZZ", 51.5136, -0.1365)
    LEEDS = Place("GB", "Leeds", "LS1 9ZZ", 53.7997, -1.5492)
    LEEDS_ALABAMA = Place("US", "Leeds", "35094", 33.548, -86.544)

    def test_finds_the_same_postal_code_however_it_is_written(self) -> None:
        assert locate([self.SOHO, self.LONDON], country="GB", city="Elsewhere", postal_code="nw19zz") == Point(
            51.539, -0.1426
        )

    def test_finds_the_city_as_the_middle_of_our_places_in_it(self) -> None:
        found = locate([self.LONDON, self.SOHO, self.LEEDS], country="GB", city="LONDON", postal_code="E1 1AA")

        assert found is not None
        assert distance_km(found.latitude, found.longitude, 51.5263, -0.1396) < 0.1

    def test_finds_the_postal_area_of_a_town_without_a_place_of_ours(self) -> None:
        assert locate([self.LONDON, self.LEEDS], country="GB", city="Otley", postal_code="LS21 1AA") == Point(
            53.7997, -1.5492
        )

    def test_never_takes_a_town_of_another_country_for_it(self) -> None:
        assert locate([self.LEEDS_ALABAMA], country="GB", city="Leeds", postal_code=None) is None
