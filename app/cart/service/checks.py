"""What has to be true of lines before they go into a cart: variants that are sold, places that hand out."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.cart.errors import ChannelClosed, DeliveryUnavailable, VariantNotSold
from app.cart.rules import AddLine
from app.catalog import queries as catalog
from app.channels.rules import Channel
from app.delivery import queries as delivery
from app.delivery.states import DeliveryMethod
from app.kernel.db import UnitOfWork
from app.kernel.errors import DomainError, Invalid, NotFound
from app.kernel.ids import LocationId
from app.kernel.permissions import Permission
from app.locations import queries as locations
from app.locations.rules import Location
from app.locations.states import LocationKind
from app.pricing import queries as pricing


@dataclass(frozen=True, slots=True)
class Place:
    """How and where the line at position `at` of the input is to be handed over."""

    at: int
    delivery: DeliveryMethod
    store_id: LocationId | None


def check_open(uow: UnitOfWork, channel: Channel) -> None:
    """Raises: ChannelClosed when the channel sells nothing any more."""
    if channel.closed_at is not None and channel.closed_at <= uow.now:
        raise ChannelClosed(f"the channel {channel.code} is closed", field=("cartId",))


async def check_variants(uow: UnitOfWork, *, channel: Channel, lines: Sequence[AddLine]) -> None:
    """Refuse variants that are not there or not sold in the channel.

    Raises: NotFound, for archived ones too; VariantNotSold.
    """
    wanted = list({line.variant_id for line in lines})
    known = {variant.id: variant for variant in await catalog.list_variants(uow, variant_ids=wanted)}
    prices = await pricing.list_prices(uow, channel_id=channel.id, variant_ids=wanted)
    for i, line in enumerate(lines):
        field = ("lines", str(i), "variantId")
        variant = known.get(line.variant_id)
        if variant is None or variant.archived:
            raise NotFound("there is no such variant", field=field)
        if line.variant_id not in prices:
            raise VariantNotSold(f"{variant.sku} is not sold in this channel", field=field)


async def check_places(uow: UnitOfWork, *, channel: Channel, places: Sequence[Place]) -> None:
    """Refuse ways of handing over that the channel or the store does not offer.

    Raises: Invalid; NotFound for a store that is not there; DeliveryUnavailable; Forbidden or Unauthenticated for goods
    carried out of a store where the actor does not serve.
    """
    for place in places:
        if (place.delivery is DeliveryMethod.SHIPPING) != (place.store_id is None):
            needed = "no store ships by itself; leave it out" if place.store_id else "name the store that hands it over"
            raise Invalid(needed, field=_field(place, "storeId"))
    handed = [place for place in places if place.store_id is not None]
    if not handed:
        return
    store_ids = {place.store_id for place in handed if place.store_id is not None}
    stores = {store.id: store for store in await locations.list_locations(uow, location_ids=store_ids)}
    links = await locations.list_links(uow, pairs=[(channel.id, store_id) for store_id in store_ids])
    hands_out = {link.location_id for link in links if link.hands_out}
    methods = {option.method for option in await delivery.list_options(uow, channel_id=channel.id)}
    for place in handed:
        _check_store(uow, place, stores.get(place.store_id) if place.store_id else None, hands_out)
        if place.delivery not in methods:
            raise DeliveryUnavailable(f"this channel does not offer {place.delivery}", field=_field(place, "delivery"))


def _check_store(uow: UnitOfWork, place: Place, store: Location | None, hands_out: set[LocationId]) -> None:
    field = _field(place, "storeId")
    if store is None or store.archived_at is not None:
        raise NotFound("there is no such store", field=field)
    if store.kind is not LocationKind.STORE or store.id not in hands_out:
        raise DeliveryUnavailable(f"{store.name} hands nothing out for this channel", field=field)
    if place.delivery is DeliveryMethod.PICKUP and not store.pickup_enabled:
        raise DeliveryUnavailable(f"{store.name} offers no pickup", field=field)
    if place.delivery is DeliveryMethod.CARRY_OUT:
        try:
            uow.actor.require(Permission.CARTS_SERVE, at=store.id)
        except DomainError as refusal:
            raise refusal.below(*_field(place, "delivery")) from None


def _field(place: Place, name: str) -> tuple[str, ...]:
    return "lines", str(place.at), name
