"""What a cart is made of, and its bounds."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from uuid import UUID, uuid5

from app.cart.states import CART, CartStatus
from app.delivery.states import DeliveryMethod
from app.kernel.address import Address
from app.kernel.ids import AttemptId, CartId, CartLineId, ChannelId, CustomerId, LocationId, VariantId

MOST_LINES = 1_200
MOST_UNITS = 10_000
MOST_CODES = 20
LONGEST_NOTE = 500


@dataclass(frozen=True, slots=True)
class Cart:
    """What a shopper intends to buy in one channel. `attempt_id` is the live checkout attempt, if there is one.

    `expires_at` is when it ends if nobody touches it until then; None for a customer's that lives for ever, and for one
    that became something else. `recovery_generation` counts the recovery links that were made for it.
    """

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
    expires_at: datetime | None
    recovery_generation: int = 0

    def is_over(self, now: datetime) -> bool:
        """Say whether its time is over and nobody has ended it yet. A cart whose payment is under way never expires."""
        return (
            self.status is CartStatus.ACTIVE
            and self.attempt_id is None
            and self.expires_at is not None
            and self.expires_at <= now
        )

    def as_of(self, now: datetime) -> "Cart":
        """Say what the cart is by now: one whose time is over has expired, whether or not anybody has ended it yet."""
        return self.expired() if self.is_over(now) else self

    def expired(self) -> "Cart":
        """Say what is left of it when it ends: it holds nothing, and has forgotten whom it was for."""
        return replace(
            self,
            status=CART.next(self.status, "expire"),
            email=None,
            shipping_address=None,
            billing_address=None,
            reserved_until=None,
        )


@dataclass(frozen=True, slots=True)
class CartLine:
    """A variant and how many of it, with the way it is to reach the customer.

    `note` is for the shop, `gift_message` goes with the goods.
    """

    id: CartLineId
    cart_id: CartId
    variant_id: VariantId
    quantity: int
    delivery: DeliveryMethod
    store_id: LocationId | None
    created_at: datetime
    note: str | None = None
    gift_message: str | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """The delivery option, and for a pickup the slot, that was chosen for one delivery group."""

    group_id: UUID
    option_id: UUID
    slot_starts_at: datetime | None


class Line(Protocol):
    """Whatever says which variant is wanted, how, and with what."""

    @property
    def variant_id(self) -> VariantId: ...  # noqa: D102  # As for `CartLine`, and so are the others.
    @property
    def delivery(self) -> DeliveryMethod: ...  # noqa: D102
    @property
    def store_id(self) -> LocationId | None: ...  # noqa: D102
    @property
    def note(self) -> str | None: ...  # noqa: D102
    @property
    def gift_message(self) -> str | None: ...  # noqa: D102


def sameness(line: Line) -> tuple[object, ...]:
    """Say what makes a line the same as another of its cart: everything that is wanted of it but how many."""
    return line.variant_id, line.delivery, line.store_id, line.note, line.gift_message


def group_id(cart_id: UUID, method: DeliveryMethod, store_id: UUID | None) -> UUID:
    """Name a delivery group: the same for as long as its cart, method and store are."""
    return uuid5(cart_id, f"{method.value}:{store_id or ''}")
