"""Which deliveries are offered, for how much, and when they come."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from app.delivery.rules import Consignment, DeliveryOption, arrival, offers
from app.delivery.states import DeliveryMethod
from app.kernel.ids import ChannelId

CHANNEL = ChannelId(UUID(int=1))
FREE_FROM = 5000


def option(
    code: str,
    *,
    method: DeliveryMethod = DeliveryMethod.SHIPPING,
    free_from: int | None = None,
    countries: tuple[str, ...] | None = None,
    position: int = 0,
) -> DeliveryOption:
    return DeliveryOption(UUID(int=2), CHANNEL, code, code.title(), method, 395, free_from, countries, 2, 4, position)


def consignment(*, country: str = "GB", served: bool = True, subtotal: int = 1000) -> Consignment:
    return Consignment(DeliveryMethod.SHIPPING, country, served, subtotal)


class TestOffers:
    def test_come_in_the_order_of_the_shop(self) -> None:
        found = offers(consignment(), [option("express", position=1), option("standard", position=0)])

        assert [offer.option.code for offer in found] == ["standard", "express"]

    def test_are_of_the_method_asked_for(self) -> None:
        assert offers(consignment(), [option("pickup", method=DeliveryMethod.PICKUP)]) == []

    @pytest.mark.parametrize(("subtotal", "price"), [(FREE_FROM - 1, 395), (FREE_FROM, 0), (FREE_FROM + 1, 0)])
    def test_are_free_from_a_subtotal(self, subtotal: int, price: int) -> None:
        (offer,) = offers(consignment(subtotal=subtotal), [option("standard", free_from=FREE_FROM)])

        assert offer.price_minor == price

    def test_reach_the_countries_they_name(self) -> None:
        options = [option("royal", countries=("GB",)), option("everywhere", position=1)]

        assert [o.option.code for o in offers(consignment(country="IE"), options)] == ["everywhere"]
        assert [o.option.code for o in offers(consignment(country="GB"), options)] == ["royal", "everywhere"]

    def test_stop_at_the_countries_of_the_channel(self) -> None:
        assert offers(consignment(country="US", served=False), [option("everywhere")]) == []

    def test_ask_no_country_of_whoever_collects(self) -> None:
        collected = Consignment(DeliveryMethod.PICKUP, "US", False, 1000)

        (offer,) = offers(collected, [option("pickup", method=DeliveryMethod.PICKUP, countries=("GB",))])
        assert offer.option.code == "pickup"


class TestArrival:
    FRIDAY = datetime(2026, 11, 20, 12, tzinfo=UTC)

    @pytest.mark.parametrize(("days", "day"), [(0, 20), (1, 23), (5, 27), (6, 30)])
    def test_skips_the_weekend(self, days: int, day: int) -> None:
        assert arrival(self.FRIDAY, days) == self.FRIDAY.replace(day=day)
