"""Goods sent between the buildings of the test shop, each step in a unit of its own."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.inventory.queries import transfers as queries
from app.inventory.rules.transfers import LineUnits, Transfer, TransferLine, WantedLine
from app.inventory.service import transfers
from app.inventory.states import Bucket
from app.kernel.ids import TransferId
from app.servicing import service as servicing
from tests.builders.shop import LOCATIONS, VARIANTS, Shop

#: Some units of a variant, or units by the bucket that they end up in.
Some = Mapping[str, int | Mapping[Bucket, int]]


class Sent:
    """One transfer, and everything that may happen to it, by whoever does it."""

    def __init__(self, shop: Shop, transfer: Transfer) -> None:
        self.shop = shop
        self.id: TransferId = transfer.id

    async def header(self) -> Transfer:
        """Read it."""
        async with self.shop.database.read() as session:
            (found,) = await queries.list_transfers(session, transfer_ids=[self.id])
        return found

    async def status(self) -> str:
        """Say how far it has come."""
        return (await self.header()).status.value

    async def lines(self) -> dict[str, TransferLine]:
        """Read its lines, by SKU."""
        skus = {key: sku for sku, key in VARIANTS.items()}
        async with self.shop.database.read() as session:
            found = await queries.list_transfer_lines(session, transfer_ids=[self.id])
        return {skus[line.variant_id]: line for line in found}

    async def named(self, units: Some | None) -> list[LineUnits] | None:
        """Name units of its lines."""
        if units is None:
            return None
        lines = await self.lines()
        return [
            LineUnits(lines[sku].id, quantity, bucket)
            for sku, some in units.items()
            for bucket, quantity in ({Bucket.SELLABLE: some} if isinstance(some, int) else some).items()
        ]

    async def update(self, lines: Mapping[str, int] | None = None, *, by: str = "system", **more: Any) -> Transfer:
        """Write it anew."""
        wanted = None if lines is None else wanted_lines(lines)
        return await self.shop.begin(by).run(
            lambda uow: transfers.update(uow, transfer_id=self.id, lines=wanted, **more)
        )

    async def request(self, *, by: str = "system") -> Transfer:
        """Have its units promised."""
        return await self.shop.begin(by).run(lambda uow: transfers.request(uow, transfer_id=self.id))

    async def ship(self, units: Some | None = None, *, by: str = "system") -> Transfer:
        """Let its units leave."""
        named = await self.named(units)
        return await self.shop.begin(by).run(lambda uow: servicing.ship_transfer(uow, transfer_id=self.id, lines=named))

    async def receive(self, units: Some | None = None, *, by: str = "system") -> Transfer:
        """Take its units in."""
        named = await self.named(units)
        return await self.shop.begin(by).run(
            lambda uow: servicing.receive_transfer(uow, transfer_id=self.id, lines=named)
        )

    async def write_back(self, units: Some | None = None, *, by: str = "system", note: str | None = None) -> Transfer:
        """Take units in that came back."""
        named = await self.named(units)
        return await self.shop.begin(by).run(
            lambda uow: servicing.write_back_transfer(uow, transfer_id=self.id, lines=named, note=note)
        )

    async def write_off(self, units: Some | None = None, *, by: str = "system", note: str = "fell off") -> Transfer:
        """Give up units that were lost."""
        named = await self.named(units)
        return await self.shop.begin(by).run(
            lambda uow: servicing.write_off_transfer(uow, transfer_id=self.id, lines=named, note=note)
        )

    async def cancel(self, *, by: str = "system") -> Transfer:
        """End it."""
        return await self.shop.begin(by).run(lambda uow: servicing.cancel_transfer(uow, transfer_id=self.id))

    async def supply(self) -> dict[str, tuple[int, int, int, bool]]:
        """Read what is expected from it, by SKU: expected, received, lost, and whether that is over."""
        skus = {key: sku for sku, key in VARIANTS.items()}
        found = await self.shop.fetch(
            "SELECT variant_id, expected, received, lost, closed_at IS NOT NULL FROM supplies WHERE transfer_id = $1",
            self.id,
        )
        return {skus[key]: (expected, received, lost, over) for key, expected, received, lost, over in found}


async def draft(
    shop: Shop,
    lines: Mapping[str, int],
    *,
    origin: str = "warehouse",
    target: str = "camden",
    by: str = "system",
    note: str | None = None,
    expected_at: datetime | None = None,
) -> Sent:
    """Write down what is to be sent."""
    created = await shop.begin(by).run(
        lambda uow: transfers.create(
            uow,
            from_location_id=LOCATIONS[origin],
            to_location_id=LOCATIONS[target],
            lines=wanted_lines(lines),
            note=note,
            expected_at=expected_at,
        )
    )
    return Sent(shop, created)


async def requested(shop: Shop, lines: Mapping[str, int], **more: Any) -> Sent:
    """Write down what is to be sent, and have it promised."""
    sent = await draft(shop, lines, **more)
    await sent.request()
    return sent


async def shipped(shop: Shop, lines: Mapping[str, int], **more: Any) -> Sent:
    """Send something."""
    sent = await requested(shop, lines, **more)
    await sent.ship()
    return sent


def wanted_lines(lines: Mapping[str, int]) -> Sequence[WantedLine]:
    """Write what is to be sent."""
    return [WantedLine(VARIANTS[sku], quantity) for sku, quantity in lines.items()]
