"""Saying where postal codes are."""

import pytest

from app.kernel.errors import Forbidden, Invalid
from app.kernel.puts import Put
from app.locations.rules import PostalCode
from app.locations.service import put_postal_codes
from tests.builders.shop import Shop

LEEDS = PostalCode("GB", "LS1", 53.797, -1.545)


async def put(shop: Shop, *codes: PostalCode, by: str = "system") -> list[Put]:
    return await shop.begin(by).run(lambda uow: put_postal_codes(uow, postal_codes=codes))


class TestPutPostalCodes:
    async def test_says_what_became_of_each(self, shop: Shop) -> None:
        york = PostalCode("GB", "YO1", 53.96, -1.08)

        assert await put(shop, LEEDS) == [Put.INSERTED]
        assert await put(shop, york, LEEDS) == [Put.INSERTED, Put.UNCHANGED]
        assert await put(shop, PostalCode("GB", "YO1", 53.9, -1.0)) == [Put.UPDATED]

    @pytest.mark.parametrize(
        ("code", "field"),
        [
            (PostalCode("UK", "LS1", 1, 1), "country"),
            (PostalCode("GB", "ls1", 1, 1), "code"),
            (PostalCode("GB", "LS1 4AP", 1, 1), "code"),
            (PostalCode("GB", "", 1, 1), "code"),
            (PostalCode("GB", "LS2", 91, 1), "latitude"),
            (PostalCode("GB", "LS2", 1, float("nan")), "longitude"),
            (LEEDS, "code"),
        ],
    )
    async def test_refuses_what_no_table_can_hold(self, shop: Shop, code: PostalCode, field: str) -> None:
        with pytest.raises(Invalid) as refused:
            await put(shop, LEEDS, code)

        assert refused.value.field == ("postalCodes", "1", field)

    async def test_is_for_those_who_change_locations(self, shop: Shop) -> None:
        with pytest.raises(Forbidden):
            await put(shop, LEEDS, by="associate")
