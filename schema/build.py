"""One schema out of every domain's part of it."""

from functools import lru_cache
from typing import Any

import strawberry
from graphql import print_schema
from strawberry.schema.config import StrawberryConfig
from strawberry.types.base import get_object_definition

import schema.inventory.types  # noqa: F401  # Its refusal is met through the interface alone.
from app.kernel.ids import decode_any
from schema.cart.mutations import CartMutation
from schema.cart.queries import CartQuery
from schema.catalog.queries import CatalogQuery
from schema.channels.mutations import ChannelMutation
from schema.channels.queries import ChannelQuery
from schema.checkout.mutations import CheckoutMutation
from schema.core.context import Info
from schema.core.describe import describe
from schema.core.errors import UserError
from schema.core.execution import ShopSchema
from schema.core.ids import NODE_FINDERS, Node
from schema.core.limits import DocumentLimits, Documents
from schema.core.lookahead import answer_what_came_along
from schema.core.scalars import SCALARS
from schema.customers.mutations import CustomersMutation
from schema.customers.queries import CustomersQuery
from schema.fulfillment.mutations import FulfillmentMutation
from schema.fulfillment.queries import FulfillmentQuery
from schema.fulfillment.subscriptions import FulfillmentSubscription
from schema.identity.mutations import IdentityMutation
from schema.inventory.adjusting.mutations import AdjustingMutation
from schema.inventory.counts.mutations import CountMutation
from schema.inventory.counts.queries import CountQuery
from schema.inventory.feeds.mutations import StockFeedMutation
from schema.inventory.levels.queries import StockLevelQuery
from schema.inventory.safety.mutations import SafetyStockMutation
from schema.inventory.safety.queries import SafetyStockQuery
from schema.inventory.supply.mutations import SupplyMutation
from schema.inventory.supply.queries import SupplyQuery
from schema.inventory.transfers.mutations import TransferMutation
from schema.inventory.transfers.queries import TransferQuery
from schema.locations.mutations import LocationMutation
from schema.locations.place_mutations import PlaceMutation
from schema.locations.queries import LocationQuery
from schema.locations.supply_queries import LocationSupplyQuery
from schema.orders.queries import OrderQuery
from schema.orders.subscriptions import OrderSubscription
from schema.payments.invoices.queries import InvoiceQuery
from schema.payments.mutations import CreditMutation
from schema.payments.queries import CreditQuery
from schema.payments.reconciliation.mutations import ReconciliationMutation
from schema.payments.reconciliation.queries import ReconciliationQuery
from schema.pickup.mutations import PickupMutation
from schema.pickup.queries import PickupQuery
from schema.returns.mutations import ReturnMutation
from schema.returns.queries import ReturnQuery
from schema.servicing.mutations import ServicingMutation

#: Arguments that mean the same wherever they stand.
ARGUMENTS = {
    "after": "Start behind this cursor.",
    "asOf": "The moment that is asked about; now when left out. Not in the future.",
    "before": "End before this cursor.",
    "by": "What is expected until this moment counts too; what is there now alone, when left out.",
    "channel": "The code of a channel; the shop's default channel when left out.",
    "code": "The code.",
    "complete": "With true: those alone that can hand over all of `lines`.",
    "filter": "Leave out what does not match.",
    "first": "At most so many, from the start; 20 when left out, 100 at most.",
    "from": "From this moment on.",
    "fromLocationId": "The id of the location where goods leave.",
    "id": "The id.",
    "input": "What to do.",
    "kind": "Those of this kind alone.",
    "last": "At most so many, from the end; 100 at most.",
    "lines": "What is wanted, and how much of it.",
    "locationId": "The id of a location.",
    "locationIds": "Ids of locations, 250 at most; all the caller's when left out.",
    "near": "Sort by distance from here.",
    "number": "The number that people use.",
    "pickup": "With true: those alone where customers can collect.",
    "query": "What somebody typed.",
    "sku": "The SKU of a variant.",
    "slug": "The name in addresses of pages.",
    "sort": "In which order.",
    "to": "Up to, and without, this moment.",
    "toLocationId": "The id of the location where goods arrive.",
    "token": "The token that proves a guest's right to see the object.",
    "withinKm": "Those alone that are so near; goes with `near`.",
}


@strawberry.type
class NodeQuery:
    """Finding anything by its id."""

    @strawberry.field
    async def node(self, info: Info, id: strawberry.ID, token: str | None = None) -> Node | None:
        """Find an object of any kind by its id; null when there is none or the caller may not see it.

        Guests prove themselves with the token of the cart or order.
        """
        kind, key = decode_any(id)
        finder = NODE_FINDERS.get(kind)
        return None if finder is None else await finder(info.context, key, token)


@strawberry.type
class Query(
    ChannelQuery,
    CatalogQuery,
    CustomersQuery,
    LocationQuery,
    LocationSupplyQuery,
    SafetyStockQuery,
    SupplyQuery,
    CartQuery,
    OrderQuery,
    InvoiceQuery,
    FulfillmentQuery,
    PickupQuery,
    ReturnQuery,
    CountQuery,
    StockLevelQuery,
    TransferQuery,
    CreditQuery,
    ReconciliationQuery,
    NodeQuery,
):
    """What can be asked. Not found or not visible is null."""


@strawberry.type
class Mutation(
    IdentityMutation,
    CustomersMutation,
    CartMutation,
    CheckoutMutation,
    FulfillmentMutation,
    PickupMutation,
    ReturnMutation,
    ServicingMutation,
    ChannelMutation,
    PlaceMutation,
    LocationMutation,
    SafetyStockMutation,
    SupplyMutation,
    CountMutation,
    StockFeedMutation,
    TransferMutation,
    AdjustingMutation,
    CreditMutation,
    ReconciliationMutation,
):
    """What can be done. Refusals that a client is expected to handle stand in each payload's `errors`."""


@strawberry.type
class Subscription(OrderSubscription, FulfillmentSubscription):
    """What can be followed, over graphql-transport-ws on the same path."""


def build(limits: DocumentLimits) -> ShopSchema:
    """Build the schema for one process."""
    schema = ShopSchema(
        documents=Documents(limits),
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[*_implementations(Node), *_implementations(UserError)],
        config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=not limits.introspection),
    )
    answer_what_came_along(schema._schema, "Store", "availability")  # noqa: SLF001  # As below.
    describe(schema._schema, arguments=ARGUMENTS)  # noqa: SLF001  # Strawberry shows the schema it builds nowhere else.
    return schema


@lru_cache(maxsize=4)
def built(limits: DocumentLimits) -> ShopSchema:
    """Build the schema, or answer the one that was built for the same limits; building takes a moment."""
    return build(limits)


def sdl() -> str:
    """Write the schema in the schema definition language."""
    limits = DocumentLimits(tokens=4000, depth=15, aliases=50, introspection=True)
    return print_schema(built(limits)._schema) + "\n"  # noqa: SLF001


def _implementations(interface: type[Any]) -> list[type[Any]]:
    found: list[type[Any]] = []
    for kind in interface.__subclasses__():
        definition = get_object_definition(kind)
        if definition is not None and not definition.is_interface:
            found.append(kind)
        found += _implementations(kind)
    return found
