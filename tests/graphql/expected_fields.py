"""The table's second part: fields that not everybody sees who sees the object. The letters are those of `expectations`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tests.builders.scene import GUEST, ROLES
from tests.graphql.expectations import ADAS_CART, ADAS_ORDER, GUESTS_ORDER


@dataclass(frozen=True, slots=True)
class Inside:
    """A field of an object that not everybody who sees the object sees: `A` sees it, `-` finds null, there or above."""

    thing: str
    path: str
    guests: str
    adas: str
    after: tuple[str, ...] = ()
    token: int = 1

    def expected(self, whose: str) -> Mapping[str, str]:
        """Say who sees it, role by role."""
        letters = (self.guests if whose == GUEST else self.adas).replace(" ", "")
        return dict(zip(ROLES, letters, strict=True))

    @property
    def document(self) -> str:
        """Ask for it."""
        kind, *fields = self.path.split(".")
        return (
            "query($id: ID!, $token: String) { node(id: $id, token: $token) { ... on "
            + " { ".join((kind, *fields))
            + " }" * (len(fields) + 2)
        )


_NOBODY: Final = "--- -- --------"
#: Who bought it, and nobody who works here.
_GUEST_ALONE: Final = "-A- -- --------"
_ADA_ALONE: Final = "--- A- --------"
#: Who works here and sees both orders and how stock is arranged.
_STAFFS_ORDER: Final = "--- -- AAAAA-AA"
_READY: Final = ("collecting", "accept", "pick", "pack", "ready")

INSIDE: Final = (
    Inside("cart", "Cart.token", _GUEST_ALONE, _ADA_ALONE, token=0),
    Inside("cart", "Cart.customer.email", _NOBODY, ADAS_CART, token=0),
    Inside("order", "Order.token", _GUEST_ALONE, _ADA_ALONE),
    Inside("order", "Order.channel.returnWindowDays", GUESTS_ORDER, ADAS_ORDER),
    *(
        Inside("order", f"Order.channel.{field}", _STAFFS_ORDER, _STAFFS_ORDER)
        for field in (
            "threshold",
            "reservationTtlSeconds",
            "reserveAt",
            "reservePartially",
            "priority",
            "captureAt",
            "captureDelivery",
            "refundSequence",
            "invoicePrefix",
        )
    ),
    Inside("order", "Order.email", GUESTS_ORDER, ADAS_ORDER),
    Inside("order", "Order.shippingAddress.line1", GUESTS_ORDER, ADAS_ORDER),
    Inside("order", "Order.customer.email", _NOBODY, ADAS_ORDER),
    Inside("order line tee-l", "OrderLine.variant.sku", GUESTS_ORDER, ADAS_ORDER),
    Inside("work", "FulfillmentOrder.order.number", GUESTS_ORDER, ADAS_ORDER),
    Inside("work", "FulfillmentOrder.order.token", _GUEST_ALONE, _ADA_ALONE),
    Inside("work", "FulfillmentOrder.destination.line1", GUESTS_ORDER, ADAS_ORDER),
    Inside("work line", "FulfillmentOrderLine.orderLine.sku", GUESTS_ORDER, ADAS_ORDER),
    Inside("return", "Return.order.number", GUESTS_ORDER, ADAS_ORDER),
    Inside("return", "Return.order.token", _GUEST_ALONE, _ADA_ALONE),
    Inside("customer", "Customer.email", "--- A- AAAAA-AA", "--- A- AAAAA-AA"),
    Inside("customer", "Customer.orders.pageInfo.hasNextPage", "--- A- AAAAA-AA", "--- A- AAAAA-AA"),
    Inside("pickup", "Pickup.code", _NOBODY, _NOBODY),
    Inside("pickup", "Pickup.store.pickupLeadMinutes", GUESTS_ORDER, ADAS_ORDER),
    *(
        Inside("pickup", f"Pickup.store.{field}", _STAFFS_ORDER, _STAFFS_ORDER)
        for field in ("kind", "pickupSupply", "pickupSlotCapacity")
    ),
    Inside("pickup", "Pickup.code", _GUEST_ALONE, _ADA_ALONE, after=_READY),
    Inside("collecting", "FulfillmentOrder.pickup.code", _GUEST_ALONE, _ADA_ALONE),
    Inside("work", "FulfillmentOrder.note", "--- -- A-AAA-AA", "--- -- A-AAA-AA", after=("work", "reject")),
)
