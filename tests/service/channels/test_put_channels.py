"""Opening and changing channels."""

import asyncio
from dataclasses import replace

import asyncpg
import pytest

from app.channels import queries
from app.channels.errors import CurrencyFixed, UnknownChannel
from app.channels.rules import Channel, ChannelChange, ChannelInput
from app.channels.service import change_channels, choose, put_channels
from app.channels.states import ReserveAt
from app.kernel.actor import ANONYMOUS, SYSTEM
from app.kernel.db import Database
from app.kernel.errors import Invalid, Unauthenticated
from app.kernel.puts import Put

WEB = ChannelInput(code="web", name="Web", currency="GBP", tax_included=True, countries=("GB", "IE"), is_default=True)
TILL = ChannelInput(code="till", name="Till", currency="EUR", tax_included=True, countries=())


async def put(database: Database, *channels: ChannelInput) -> list[Put]:
    """Put channels as the system."""
    rows = await database.begin(SYSTEM).run(lambda uow: put_channels(uow, channels=channels))
    return [row.effect for row in rows]


async def chosen(database: Database, code: str | None) -> Channel:
    """Choose a channel."""
    async with database.read() as session:
        return await choose(session, code=code)


class TestRecoveryUrl:
    @pytest.mark.parametrize(
        "url",
        [
            "https://shop.test/cart/{token}",
            "https://shop.test:8443/#/open?cart={token}&from=mail",
            "https://shop.test?cart={token}",
            "http://localhost/{token}",
            "http://localhost:3000/{token}",
            "http://127.0.0.1:8000/{token}",
            "http://[::1]:8000/{token}",
        ],
    )
    async def test_is_taken_where_nobody_listens_in(self, database: Database, url: str) -> None:
        assert await put(database, replace(WEB, recovery_url=url)) == [Put.INSERTED]

        web = await chosen(database, "web")
        assert web.recovery_link("abc.1") == url.replace("{token}", "abc.1")

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "{token}",
            "http://shop.test/{token}",
            "http://localhost.shop.test/{token}",
            "http://localhost:shop.test/{token}",
            "HTTPS://shop.test/{token}",
            "https://{token}.shop.test/",
            "https://shop.test{token}",
            "https://somebody@shop.test/{token}",
            "https:///{token}",
            "https://shop.test/cart",
            "https://shop.test/a b/{token}",
            "https://shop.test/{token}\n",
            "https://shop.test/\u00a0{token}",
            "javascript:alert('{token}')",
            "https://shop.test/{token}/" + "x" * 2000,
        ],
    )
    async def test_is_refused_where_somebody_might_and_by_the_table_too(self, database: Database, url: str) -> None:
        await put(database, WEB)
        with pytest.raises(Invalid) as refusal:
            await put(database, replace(WEB, recovery_url=url))
        with pytest.raises(asyncpg.CheckViolationError):
            async with database.unit(SYSTEM) as uow:
                await uow.execute("UPDATE channels SET recovery_url = $1", [url])

        assert refusal.value.field == ("channels", "0", "recoveryUrl")

    async def test_says_once_where_the_token_belongs(self, database: Database) -> None:
        with pytest.raises(Invalid):
            await put(database, replace(WEB, recovery_url="https://shop.test/{token}/{token}"))


class TestPutChannels:
    async def test_opens_them_once(self, database: Database) -> None:
        assert await put(database, WEB, TILL) == [Put.INSERTED, Put.INSERTED]
        assert await put(database, WEB, replace(TILL, name="Counter")) == [Put.UNCHANGED, Put.UPDATED]

        assert (await chosen(database, "till")).name == "Counter"
        assert (await chosen(database, "till")).countries == ()
        assert (await chosen(database, None)).countries == ("GB", "IE")

    async def test_moves_the_default(self, database: Database) -> None:
        await put(database, WEB, TILL)

        await put(database, replace(TILL, is_default=True))

        assert (await chosen(database, None)).code == "till"
        async with database.read() as session:
            assert [channel.is_default for channel in await queries.list_channels(session)] == [True, False]

    async def test_closes_and_opens_again(self, database: Database) -> None:
        await put(database, WEB, replace(TILL, closed=True))

        with pytest.raises(UnknownChannel):
            await chosen(database, "till")
        assert await put(database, replace(TILL, closed=True)) == [Put.UNCHANGED]

        assert await put(database, TILL) == [Put.UPDATED]
        assert (await chosen(database, "till")).closed_at is None

    async def test_says_when_stock_is_held_and_who_is_served_first(self, database: Database) -> None:
        await put(database, WEB)
        assert (await chosen(database, "web")).reserve_at is ReserveAt.CHECKOUT

        early = replace(WEB, reserve_at=ReserveAt.CART, reserve_partially=True, priority=7)
        assert [await put(database, early) for _ in range(2)] == [[Put.UPDATED], [Put.UNCHANGED]]

        channel = await chosen(database, "web")
        assert (channel.reserve_at, channel.reserve_partially, channel.priority) == (ReserveAt.CART, True, 7)

    @pytest.mark.parametrize("priority", [-1, 101])
    async def test_refuses_a_priority_beyond_all_bounds(self, database: Database, priority: int) -> None:
        with pytest.raises(Invalid) as refused:
            await put(database, replace(WEB, priority=priority))

        assert refused.value.field == ("channels", "0", "priority")

    async def test_refuses_another_currency(self, database: Database) -> None:
        await put(database, WEB)

        with pytest.raises(CurrencyFixed) as refused:
            await put(database, replace(WEB, currency="EUR"))

        assert refused.value.field == ("channels", "0", "currency")

    async def test_refuses_two_defaults(self, database: Database) -> None:
        with pytest.raises(Invalid):
            await put(database, WEB, replace(TILL, is_default=True))

    async def test_is_for_those_who_may(self, database: Database) -> None:
        with pytest.raises(Unauthenticated):
            await database.begin(ANONYMOUS).run(lambda uow: put_channels(uow, channels=[WEB]))


class TestChangeChannels:
    async def test_loses_nothing_that_others_say_meanwhile(self, database: Database) -> None:
        await put(database, WEB)
        changes = [ChannelChange(code="web", priority=7), ChannelChange(code="web", threshold=3)] * 3

        begin = database.begin(SYSTEM)
        await asyncio.gather(
            *(begin.run(lambda uow, change=change: change_channels(uow, changes=[change])) for change in changes)  # type: ignore[misc]
        )

        web = await chosen(database, "web")
        assert (web.priority, web.threshold, web.name) == (7, 3, "Web")

    async def test_names_the_element_that_lacks_something(self, database: Database) -> None:
        await put(database, WEB)
        changes = [ChannelChange(code="web", name="Shop"), ChannelChange(code="till", name="Till")]

        with pytest.raises(Invalid) as refused:
            await database.begin(SYSTEM).run(lambda uow: change_channels(uow, changes=changes))

        assert refused.value.field == ("channels", "1", "currency")
        assert (await chosen(database, "web")).name == "Web"

    async def test_is_for_those_who_may(self, database: Database) -> None:
        with pytest.raises(Unauthenticated):
            await database.begin(ANONYMOUS).run(lambda uow: change_channels(uow, changes=[]))


class TestChoose:
    @pytest.mark.parametrize("code", [None, "web"])
    async def test_refuses_what_is_not_there(self, database: Database, code: str | None) -> None:
        with pytest.raises(UnknownChannel) as refused:
            await chosen(database, code)

        assert refused.value.field == ("channel",)
