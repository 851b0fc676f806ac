"""What carts are opened and changed with."""

import strawberry

from app.delivery.states import DeliveryMethod
from schema.core.address import AddressInput
from schema.delivery import types as delivery  # noqa: F401  # It makes the enum known to GraphQL.


@strawberry.input
class CartLineInput:
    """Units of a variant to be put into a cart."""

    variant_id: strawberry.ID
    """What is to be bought."""
    quantity: int
    """From 1 to 10,000."""
    delivery: DeliveryMethod | None = DeliveryMethod.SHIPPING
    """How it is to reach the customer. CARRY_OUT is for staff who serve at the store."""
    store_id: strawberry.ID | None = None
    """For PICKUP and CARRY_OUT."""
    note: str | None = None
    """What the shop should know about these units, up to 500 characters; blank is none."""
    gift_message: str | None = None
    """What is to be said to whoever gets them, up to 500 characters; blank is none."""


@strawberry.input
class CartCreateInput:
    """A cart to be opened."""

    channel: str | None = None
    """The channel's code; the shop's default channel when left out."""
    email: str | None = None
    """Where news of the order goes; a customer's own address when left out."""
    customer_id: strawberry.ID | None = None
    """Staff may open a cart for a customer."""
    lines: list[CartLineInput] | None = None
    """What is to be in it, up to 1,200 lines."""


@strawberry.input
class CartClaimInput:
    """A guest's cart to become the customer's."""

    cart_id: strawberry.ID
    """The guest's cart."""
    token: str
    """The token of that cart. It ends with the claim; the answer has the one that holds from then on."""


@strawberry.input
class CartRecoveryLinkInput:
    """A cart that is to be opened on another device."""

    cart_id: strawberry.ID
    """The cart."""
    idempotency_key: str | None = None
    """The client's own name for this attempt: repeated with it, the same link is answered and none is made."""


@strawberry.input
class CartRecoverInput:
    """A recovery link that was followed."""

    token: str
    """The token that the link carried."""


@strawberry.input
class CartLinesAddInput:
    """Units to be put into a cart."""

    cart_id: strawberry.ID
    """The cart."""
    lines: list[CartLineInput]
    """What to add. The same variant, delivery, store, note and gift message raise the line that is there."""
    token: str | None = None
    """A guest's proof."""
    version: int | None = None
    """The version that the caller saw; an older one is refused with VERSION_CONFLICT. Left out: not asked."""
    idempotency_key: str | None = None
    """The client's own name for this attempt: repeated with it, the units are added once."""


@strawberry.input
class CartLineChangeInput:
    """What is to be different about a line."""

    line_id: strawberry.ID
    """The line; it may be named once."""
    quantity: int | None = strawberry.UNSET
    """0 removes the line. Left out: unchanged."""
    delivery: DeliveryMethod | None = strawberry.UNSET
    """Left out: unchanged. SHIPPING gives up the store."""
    store_id: strawberry.ID | None = strawberry.UNSET
    """For PICKUP and CARRY_OUT. Left out: unchanged."""
    note: str | None = strawberry.UNSET
    """What the shop should know, up to 500 characters. Left out: unchanged. Null or blank: none."""
    gift_message: str | None = strawberry.UNSET
    """What is to be said to whoever gets it, up to 500 characters. Left out: unchanged. Null or blank: none."""


@strawberry.input
class CartLinesUpdateInput:
    """Lines to be changed or removed."""

    cart_id: strawberry.ID
    """The cart."""
    lines: list[CartLineChangeInput]
    """The changes, all of them or none."""
    token: str | None = None
    """A guest's proof."""
    version: int | None = None
    """The version that the caller saw; an older one is refused with VERSION_CONFLICT. Left out: not asked."""


@strawberry.input
class CartUpdateInput:
    """Whom a cart is for, where it goes, and what takes something off. Left out is unchanged, null is cleared."""

    cart_id: strawberry.ID
    """The cart."""
    token: str | None = None
    """A guest's proof."""
    version: int | None = None
    """The version that the caller saw; an older one is refused with VERSION_CONFLICT. Left out: not asked."""
    email: str | None = strawberry.UNSET
    """Where news of the order goes."""
    shipping_address: AddressInput | None = strawberry.UNSET
    """Where shipments go; its country decides their tax."""
    billing_address: AddressInput | None = strawberry.UNSET
    """Where bills go."""
    promotion_codes: list[str] | None = strawberry.UNSET
    """All codes that are to apply, at most 20; they replace the ones that are there."""


@strawberry.input
class DeliverySelectionInput:
    """How one delivery group is to be delivered."""

    group_id: strawberry.ID
    """A delivery group of the cart."""
    option_id: strawberry.ID
    """One of the group's options."""
    pickup_slot_id: strawberry.ID | None = strawberry.UNSET
    """For PICKUP: when it is to be collected. Null: at any time once it is ready. Left out: unchanged."""


@strawberry.input
class CartDeliverySelectInput:
    """Delivery options to be chosen."""

    cart_id: strawberry.ID
    """The cart."""
    selections: list[DeliverySelectionInput]
    """One for each group that is to change, all of them or none."""
    token: str | None = None
    """A guest's proof."""
    version: int | None = None
    """The version that the caller saw; an older one is refused with VERSION_CONFLICT. Left out: not asked."""
