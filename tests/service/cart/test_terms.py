"""Writing what a channel's totals depend on: promotions, delivery options and tax rates."""

from datetime import timedelta
from typing import Any

import pytest

from app.delivery import queries as delivery
from app.delivery.rules import DeliveryOptionInput
from app.delivery.service import put_delivery_options
from app.delivery.states import DeliveryMethod
from app.kernel.db import UnitOfWork
from app.kernel.errors import Forbidden, Invalid
from app.promotions import queries as promotions
from app.promotions.rules import PromotionInput
from app.promotions.service import put_promotions
from app.promotions.states import PromotionKind
from app.tax import queries as tax
from app.tax.rules import TaxRateInput
from app.tax.service import put_tax_rates
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio


async def run(shop: Shop, put: Any, *, by: str = "merchandiser", **what: Any) -> None:
    async def work(uow: UnitOfWork) -> None:
        await put(uow, channel_id=shop.channel_id, **what)

    await shop.begin(by).run(work)


class TestPutPromotions:
    async def test_replaces_by_code_and_automatic_ones_by_name(self, shop: Shop) -> None:
        now = shop.database.now()

        def given(size: int, ends: bool = False) -> list[PromotionInput]:
            return [
                PromotionInput(
                    name="Sale", code=code, kind=PromotionKind.PERCENT_OFF, percent=size, starts_at=now,
                    ends_at=now + timedelta(days=1) if ends else None,
                )
                for code in (" sale ", None)
            ]  # fmt: skip

        await run(shop, put_promotions, promotions=given(10))
        await run(shop, put_promotions, promotions=given(20, ends=True))

        async with shop.database.read() as session:
            found = await promotions.list_running(session, channel_id=shop.channel_id, codes=["SALE"], at=now)
            later = await promotions.list_running(
                session, channel_id=shop.channel_id, codes=["SALE"], at=now + timedelta(days=1)
            )
        assert sorted((p.code or "", p.percent) for p in found) == [("", 20), ("SALE", 20)]
        assert later == []

    async def test_names_what_it_refuses(self, shop: Shop) -> None:
        wrong = PromotionInput(name="Sale", code="S", kind=PromotionKind.PERCENT_OFF, starts_at=shop.database.now())

        with pytest.raises(Invalid) as refusal:
            await run(shop, put_promotions, promotions=[wrong])

        assert refusal.value.field == ("promotions", "0", "percent")


class TestPutDeliveryOptions:
    async def test_replaces_by_code(self, shop: Shop) -> None:
        option = DeliveryOptionInput(
            code="standard", name="Slow", method=DeliveryMethod.SHIPPING, price_minor=100, countries=("GB", "IE"),
            min_days=1, max_days=9, position=0,
        )  # fmt: skip
        drone = DeliveryOptionInput(
            code="drone",
            name="Drone",
            method=DeliveryMethod.SHIPPING,
            price_minor=100,
            min_days=0,
            max_days=0,
            position=9,
        )

        await run(shop, put_delivery_options, options=[option, drone])

        async with shop.database.read() as session:
            found = {o.code: o for o in await delivery.list_options(session, channel_id=shop.channel_id)}
        assert len(found) == 5
        assert (found["standard"].name, found["standard"].countries) == ("Slow", ("GB", "IE"))
        assert found["standard"].free_from_minor is None
        assert found["drone"].countries is None


class TestPutTaxRates:
    async def test_replaces_by_country(self, shop: Shop) -> None:
        given = [
            TaxRateInput(country="GB", name="VAT 21 %", rate_basis_points=2100),
            TaxRateInput(country="JE", name="GST", rate_basis_points=500),
        ]

        await run(shop, put_tax_rates, rates=given)

        async with shop.database.read() as session:
            found = await tax.list_rates(session, channel_id=shop.channel_id)
        assert [(rate.country, rate.rate_basis_points) for rate in found] == [("GB", 2100), ("IE", 2300), ("JE", 500)]

    async def test_is_for_merchandisers_alone(self, shop: Shop) -> None:
        with pytest.raises(Forbidden):
            await run(shop, put_tax_rates, by="associate", rates=[])
