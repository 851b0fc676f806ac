"""Commands on delivery options."""

from collections.abc import Sequence

from app.delivery import queries
from app.delivery.rules import MOST_DAYS, DeliveryOptionInput
from app.kernel.db import UnitOfWork
from app.kernel.errors import Invalid
from app.kernel.ids import ChannelId
from app.kernel.permissions import Permission
from app.kernel.territories import is_country


async def put_delivery_options(
    uow: UnitOfWork, *, channel_id: ChannelId, options: Sequence[DeliveryOptionInput]
) -> None:
    """Offer ways of delivery in a channel, replacing those of the same code.

    Raises: Forbidden; Invalid naming the field.
    """
    uow.actor.require(Permission.CATALOG_WRITE)
    for i, option in enumerate(options):
        _check(option, ("options", str(i)))
    await queries.insert_or_replace(uow, channel_id=channel_id, options=options)


def _check(option: DeliveryOptionInput, at: tuple[str, ...]) -> None:
    if not option.code.strip():
        raise Invalid("an option needs a code", field=(*at, "code"))
    if option.price_minor < 0:
        raise Invalid("zero or above", field=(*at, "price"))
    if (option.free_from_minor or 0) < 0:
        raise Invalid("zero or above", field=(*at, "freeFrom"))
    if not 0 <= option.min_days <= option.max_days <= MOST_DAYS:
        raise Invalid(f"from 0 to {MOST_DAYS}, the least before the most", field=(*at, "maxDays"))
    if any(not is_country(country) for country in option.countries or ()):
        raise Invalid("not a country code of ISO 3166-1", field=(*at, "countries"))
