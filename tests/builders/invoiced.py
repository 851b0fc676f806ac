"""Documents that were written of orders, and the worker that writes them."""

from collections.abc import Mapping

from app.channels.rules import ChannelChange
from app.channels.service import change_channels
from app.kernel.ids import OrderId
from app.payments.gateway import Gateways
from app.payments.queries import invoicing as queries
from app.payments.rules.invoicing import Invoice
from app.worker import Means, Relay
from tests.builders.shop import Shop


async def tell(shop: Shop, gateways: Gateways) -> None:
    """Let the worker tell every event, and do whatever follows from it."""
    await Relay(Means(shop.begin(), gateways)).drain()


async def documents_of(shop: Shop, *order_ids: OrderId) -> list[Invoice]:
    """Read the documents of orders, of each the oldest first."""
    async with shop.database.read() as session:
        return await queries.list_invoices_for_orders(session, order_ids=order_ids)


async def only_document(shop: Shop, order_id: OrderId) -> Invoice:
    """Read the one document of an order."""
    [found] = await documents_of(shop, order_id)
    return found


async def numbers(shop: Shop) -> list[str]:
    """List every number that was given, in the order in which documents were counted."""
    found = await shop.fetch("SELECT number FROM invoices ORDER BY year, kind DESC, channel_id, sequence")
    return [record[0] for record in found]


async def say(shop: Shop, **of_the_channel: object) -> None:
    """Say something of the channel that the shop sells in."""
    change = ChannelChange(code=shop.channel, **of_the_channel)  # type: ignore[arg-type]  # Each name is a part of a channel.
    await shop.begin().run(lambda uow: change_channels(uow, changes=[change]))


async def counted(shop: Shop) -> Mapping[str, int]:
    """Say what each series gives out next, by kind."""
    found = await shop.fetch("SELECT kind, next FROM invoice_series")
    return {record["kind"]: record["next"] for record in found}
