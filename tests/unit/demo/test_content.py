"""The demo shop is worth looking at, and nothing in it contradicts itself."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest

from app.delivery.states import DeliveryMethod
from app.demo.content import ShopContent, shop
from app.demo.content.catalogue import AttributeValue, Product, Variant, check_digit
from app.demo.content.media import svg
from app.demo.content.places import Place
from app.kernel.address import checked
from app.locations.states import LocationKind
from app.promotions.states import PromotionKind

MINUTES_A_DAY = 1440
FEWEST_PRODUCTS = 220
MOST_VARIANTS = 12

#: City centres in whole hundredths of a degree: latitude, longitude.
CENTRES = {
    "Lutterworth": (5245, -120),
    "London": (5151, -13),
    "Manchester": (5348, -224),
    "Edinburgh": (5595, -319),
    "Glasgow": (5586, -425),
    "Cardiff": (5148, -318),
    "Belfast": (5460, -593),
    "Leeds": (5380, -155),
    "Bristol": (5145, -259),
    "Birmingham": (5248, -190),
    "Liverpool": (5341, -298),
    "Dublin": (5335, -626),
    "Gibraltar": (3614, -535),
    "St Helier": (4919, -211),
}
#: Some five kilometres.
WITHIN_HUNDREDTHS = 5


@pytest.fixture(scope="module")
def content() -> ShopContent:
    return shop()


def variants(content: ShopContent) -> list[Variant]:
    return [variant for product in content.products for variant in product.variants]


def repeated(values: Sequence[str]) -> list[str]:
    return [value for value, times in Counter(values).items() if times > 1]


def all_values(product: Product) -> list[AttributeValue]:
    return [*product.attributes, *(option for variant in product.variants for option in variant.options)]


class TestShop:
    def test_is_the_same_shop_every_time(self, content: ShopContent) -> None:
        assert shop() == content

    def test_differs_with_the_seed_in_chance_only(self, content: ShopContent) -> None:
        other = shop(seed=7)

        assert other.levels != content.levels
        assert [v.sku for v in variants(other)] == [v.sku for v in variants(content)]

    def test_holds_no_fraction_near_money(self, content: ShopContent) -> None:
        money = [
            *(asdict(product) for product in content.products),
            *(asdict(option) for option in content.delivery_options),
            *(asdict(rate) for rate in content.tax_rates),
            *(asdict(promotion) for promotion in content.promotions),
        ]

        assert not [value for value in _leaves(money) if isinstance(value, float)]


class TestCatalogue:
    def test_is_large_enough_to_browse(self, content: ShopContent) -> None:
        assert len(content.products) >= FEWEST_PRODUCTS

    def test_repeats_no_name_slug_sku_or_gtin(self, content: ShopContent) -> None:
        assert repeated([product.name for product in content.products]) == []
        assert repeated([product.slug for product in content.products]) == []
        assert repeated([variant.sku for variant in variants(content)]) == []
        assert repeated([variant.gtin for variant in variants(content)]) == []

    def test_has_gtins_of_restricted_circulation_with_right_check_digits(self, content: ShopContent) -> None:
        known_from_gs1 = "629104150021"
        assert check_digit(known_from_gs1) == 3

        for variant in variants(content):
            assert variant.gtin.startswith("200")
            assert len(variant.gtin) == len("2000000000000")
            assert check_digit(variant.gtin[:-1]) == int(variant.gtin[-1])

    def test_describes_each_product_in_two_sentences(self, content: ShopContent) -> None:
        for product in content.products:
            assert product.description.endswith("."), product.slug
            assert product.description.count(".") == 2, product.slug
            assert "<" not in product.description

    def test_gives_each_product_up_to_twelve_variants_that_differ(self, content: ShopContent) -> None:
        for product in content.products:
            assert 1 <= len(product.variants) <= MOST_VARIANTS, product.slug
            assert repeated([variant.name for variant in product.variants]) == []
            assert len({tuple(option.code for option in v.options) for v in product.variants}) == 1

    def test_names_each_attribute_and_value_the_same_everywhere(self, content: ShopContent) -> None:
        values = {value for product in content.products for value in all_values(product)}

        assert repeated([f"{code}={name}" for code, name in {(v.code, v.name) for v in values}]) == []
        assert len({(v.code, v.value_code) for v in values}) == len(values)

    def test_has_a_tree_of_three_levels_with_products_in_its_leaves(self, content: ShopContent) -> None:
        parents = {category.slug: category.parent_slug for category in content.categories}
        leaves = set(parents) - set(parents.values())
        seen: set[str] = set()
        for category in content.categories:
            assert category.parent_slug is None or category.parent_slug in seen
            seen.add(category.slug)

        assert len(parents) == len(content.categories)
        assert {product.category_slug for product in content.products} == leaves
        assert all((middle := parents[leaf]) and (root := parents[middle]) and parents[root] is None for leaf in leaves)

    def test_fills_every_collection_with_products_that_exist(self, content: ShopContent) -> None:
        slugs = {product.slug for product in content.products}
        for collection in content.collections:
            assert collection.product_slugs
            assert set(collection.product_slugs) <= slugs
            assert repeated(collection.product_slugs) == []

    def test_prices_end_as_prices_do(self, content: ShopContent) -> None:
        for variant in variants(content):
            assert variant.price_minor > 0
            assert variant.price_minor % 10 in {0, 5, 9}, variant.sku

    def test_reduces_about_every_seventh_product(self, content: ShopContent) -> None:
        reduced = [product for product in content.products if product.variants[0].list_price_minor]

        assert 14 <= 100 * len(reduced) / len(content.products) <= 16
        for variant in variants(content):
            assert variant.list_price_minor is None or variant.list_price_minor > variant.price_minor


class TestMedia:
    def test_draws_every_picture_that_a_product_names(self, content: ShopContent) -> None:
        for product in content.products:
            assert 1 <= len(product.media) <= 3
            for n, media in enumerate(product.media, start=1):
                assert media.url == f"/demo/media/{product.slug}-{n}.svg"
                assert media.alt
                assert product.name in "".join(ET.fromstring(svg(product.slug, n)).itertext())

    def test_draws_the_same_picture_every_time(self) -> None:
        assert svg("harrow-stoneware-mug", 1) == svg("harrow-stoneware-mug", 1)
        assert svg("harrow-stoneware-mug", 1) != svg("harrow-stoneware-mug", 2)

    def test_lets_no_slug_write_markup(self) -> None:
        hostile = "<script>alert(1)</script>" * 20

        drawn = svg(hostile, 1)

        ET.fromstring(drawn)
        assert "<script" not in drawn.lower()


class TestPlaces:
    def test_are_one_warehouse_and_ten_stores_or_more(self, content: ShopContent) -> None:
        kinds = Counter(place.kind for place in content.places)

        assert kinds[LocationKind.WAREHOUSE] == 1
        assert kinds[LocationKind.STORE] >= 10
        assert repeated([place.code for place in content.places]) == []

    def test_stand_where_their_address_says(self, content: ShopContent) -> None:
        for place in content.places:
            latitude, longitude = CENTRES[place.address.city]

            assert checked(place.address, field=("address",)) == place.address
            assert abs(place.latitude * 100 - latitude) <= WITHIN_HUNDREDTHS, place.code
            assert abs(place.longitude * 100 - longitude) <= WITHIN_HUNDREDTHS, place.code

    def test_have_time_zones_that_exist(self, content: ShopContent) -> None:
        for place in content.places:
            assert ZoneInfo(place.timezone).key == place.timezone

    def test_open_at_possible_hours(self, content: ShopContent) -> None:
        for place in content.places:
            assert repeated([str(opening.day) for opening in place.hours]) == []
            for opening in place.hours:
                assert 0 <= opening.day <= 6
                assert 0 <= opening.opens_minute < MINUTES_A_DAY
                assert opening.opens_minute < opening.closes_minute <= opening.opens_minute + MINUTES_A_DAY

    def test_include_one_closed_on_a_day_and_one_open_past_midnight(self, content: ShopContent) -> None:
        stores = _stores(content)

        assert [s.code for s in stores if any(o.closes_minute > MINUTES_A_DAY for o in s.hours)] == ["MANCHESTER"]
        assert {s.code for s in stores if len(s.hours) < len(range(7))} == {"BRISTOL", "GIBRALTAR", "JERSEY"}

    def test_offer_pickup_everywhere_but_in_one_store(self, content: ShopContent) -> None:
        stores = _stores(content)

        assert [store.code for store in stores if not store.pickup_enabled] == ["GIBRALTAR"]
        assert all(45 <= store.pickup_lead_minutes <= 180 for store in stores)


class TestStock:
    def test_counts_only_what_exists_where_something_is(self, content: ShopContent) -> None:
        skus = {variant.sku for variant in variants(content)}
        codes = {place.code for place in content.places}

        assert {level.sku for level in content.levels} == skus
        assert {level.location_code for level in content.levels} == codes
        assert repeated([f"{level.sku} {level.location_code}" for level in content.levels]) == []
        assert all(level.quantity >= 0 for level in content.levels)

    def test_lies_mostly_in_the_warehouse(self, content: ShopContent) -> None:
        units: Counter[str] = Counter()
        for level in content.levels:
            units[level.location_code] += level.quantity

        assert units["WH-MIDLANDS"] > units.total() // 2
        assert all(units[store.code] for store in _stores(content))

    def test_runs_low_here_and_out_there(self, content: ShopContent) -> None:
        everywhere: Counter[str] = Counter()
        for level in content.levels:
            everywhere[level.sku] += level.quantity
        sold_out = [p for p in content.products if all(everywhere[v.sku] == 0 for v in p.variants)]

        assert sold_out
        assert any(level.quantity == 0 for level in content.levels)
        assert any(1 <= level.quantity <= 3 for level in content.levels)


class TestPeople:
    def test_can_log_in_in_every_role(self, content: ShopContent) -> None:
        by_email = {log_in.email: log_in for log_in in content.log_ins}

        assert len(by_email) == len(content.log_ins)
        assert by_email["shopper@stoa.test"].roles == ("SHOPPER",)
        assert by_email["associate@stoa.test"].location_codes == ("LONDON",)
        assert by_email["manager@stoa.test"].roles == ("STORE_MANAGER",)
        assert by_email["operator@stoa.test"].every_location
        assert by_email["admin@stoa.test"].roles == ("ADMIN",)

    def test_work_in_every_store_in_both_jobs(self, content: ShopContent) -> None:
        staffed = {
            (code, role) for log_in in content.log_ins for code in log_in.location_codes for role in log_in.roles
        }

        assert staffed == {(s.code, role) for s in _stores(content) for role in ("ASSOCIATE", "STORE_MANAGER")}

    def test_shop_under_addresses_that_reach_nobody(self, content: ShopContent) -> None:
        emails = [customer.email for customer in content.customers if customer.email]

        assert len(content.customers) >= 20
        assert repeated(emails) == []
        assert all(email.endswith(("@example.com", "@stoa.test")) and email == email.lower() for email in emails)
        assert all(customer.phone.startswith("+447700900") for customer in content.customers)
        assert repeated([customer.phone for customer in content.customers]) == []

    def test_are_customers_when_they_log_in_to_shop(self, content: ShopContent) -> None:
        shoppers = {log_in.email for log_in in content.log_ins if "SHOPPER" in log_in.roles}

        assert shoppers <= {customer.email for customer in content.customers}

    def test_have_at_most_one_default_address(self, content: ShopContent) -> None:
        for customer in content.customers:
            assert sum(entry.default_shipping for entry in customer.addresses) <= 1
            assert sum(entry.default_billing for entry in customer.addresses) <= 1
            for entry in customer.addresses:
                assert checked(entry.address, field=("address",)) == entry.address


class TestCommerce:
    def test_sells_on_the_web_unless_told_otherwise(self, content: ShopContent) -> None:
        assert [channel.code for channel in content.channels] == ["web", "in-store"]
        assert [channel.code for channel in content.channels if channel.is_default] == ["web"]
        assert all(channel.currency == "GBP" and channel.tax_included for channel in content.channels)

    def test_hands_out_only_where_pickup_is_enabled(self, content: ShopContent) -> None:
        web = content.channels[0]

        assert set(web.hands_out) == {store.code for store in _stores(content) if store.pickup_enabled}
        assert set(web.ships) == {place.code for place in content.places}

    def test_taxes_every_country_it_sells_to(self, content: ShopContent) -> None:
        rates = {(rate.channel, rate.country): rate.rate_basis_points for rate in content.tax_rates}

        assert rates.keys() == {
            (channel.code, country) for channel in content.channels for country in channel.countries
        }
        assert {country: rates["web", country] for country in ("GB", "IE", "JE", "GI")} == {
            "GB": 2000,
            "IE": 2300,
            "JE": 500,
            "GI": 0,
        }

    def test_delivers_free_from_fifty_pounds(self, content: ShopContent) -> None:
        web = {option.code: option for option in content.delivery_options if option.channel == "web"}

        assert (web["standard"].price_minor, web["standard"].free_from_minor) == (395, 5000)
        assert (web["express"].price_minor, web["express"].free_from_minor) == (695, None)
        assert (web["pickup"].method, web["pickup"].price_minor) == (DeliveryMethod.PICKUP, 0)

    def test_promotes_by_code_and_by_itself(self, content: ShopContent) -> None:
        web = {promotion.code: promotion for promotion in content.promotions if promotion.channel == "web"}

        assert (web["WELCOME10"].kind, web["WELCOME10"].percent) == (PromotionKind.PERCENT_OFF, 10)
        assert web["FREESHIP"].kind is PromotionKind.FREE_DELIVERY
        assert (web[None].percent, web[None].from_subtotal_minor) == (3, 15000)


def _stores(content: ShopContent) -> list[Place]:
    return [place for place in content.places if place.kind is LocationKind.STORE]


def _leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for part in value.values() for leaf in _leaves(part)]
    if isinstance(value, list | tuple):
        return [leaf for part in value for leaf in _leaves(part)]
    return [value]
