"""What a cart is made of, and its bounds."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from app.cart.states import CartStatus
from app.delivery.states import DeliveryMethod
from app.kernel.address import Address
from app.kernel.ids import AttemptId, CartId, CartLineId, ChannelId, CustomerId, LocationId, VariantId

MOST_LINES = 1_200
MOST_UNITS = 10_000
MOST_CODES = 20


@dataclass(frozen=True, slots=True)
class Cart:
    """What a shopper intends to buy in one channel. `attempt_id` is the live checkout attempt, if there is one."""

    id: CartId
    channel_id: ChannelId
    customer_id: CustomerId | None
    status: CartStatus
    version: int
    currency: str
    email: str | None
    shipping_address: Address | None
    billing_address: Address | None
    promotion_codes: tuple[str, ...]
    token_generation: int
    attempt_id: AttemptId | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    reserved_until: datetime | None


@dataclass(frozen=True, slots=True)
class CartLine:
    """A variant and how many of it, with the way it is to reach the customer."""

    id: CartLineId
    cart_id: CartId
    variant_id: VariantId
    quantity: int
    delivery: DeliveryMethod
    store_id: LocationId | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Selection:
    """The delivery option, and for a pickup the slot, that was chosen for one delivery group."""

    group_id: UUID
    option_id: UUID
    slot_starts_at: datetime | None


def group_id(cart_id: UUID, method: DeliveryMethod, store_id: UUID | None) -> UUID:
    """Name a delivery group: the same for as long as its cart, method and store are."""
    return uuid5(cart_id, f"{method.value}:{store_id or ''}")
