"""Which events there are, who hears them, and what they do then.

A handler works in units of work of its own and bears to be called twice with the same event.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from app.cart.events import CartExpired, CartMerged
from app.catalog.events import CategoryMoved, ProductCategorized
from app.checkout import service as checkout
from app.checkout.events import CheckoutAttemptEnded
from app.customers.events import CustomerRegistered
from app.fulfillment.events import (
    FulfillmentOrderMoved,
    FulfillmentOrderOpened,
    FulfillmentOrderRejected,
    GoodsDelivered,
    GoodsShipped,
)
from app.identity.events import RefreshTokenReplayed
from app.inventory.events import (
    CountMoved,
    PromiseBroken,
    PurchaseOrderChanged,
    SafetyStockRuleChanged,
    SafetyStockUnsettled,
    StockArrived,
    TransferChanged,
)
from app.inventory.rules.safety import SafetyScope
from app.inventory.service import safety
from app.kernel.events import Event
from app.locations.events import LocationGroupChanged
from app.orders.events import OrderCancelled, OrderChanged, OrderHeld, OrderPlaced, OrderReleased
from app.orders.states import OrderStatus
from app.payments import service as payments
from app.payments.events import (
    AccountsSettled,
    AuthorizationHeard,
    CreditChanged,
    GiftCardIssued,
    InvoiceIssued,
    PaymentStepRequested,
    PaymentStepSettled,
)
from app.payments.service import sold_cards
from app.payments.states import TransactionState
from app.pickup.events import (
    PickupCancelled,
    PickupCheckedIn,
    PickupCodeReissued,
    PickupCollected,
    PickupExpired,
    PickupReady,
)
from app.returns.events import ReturnApproved, ReturnClosed, ReturnDeclined, ReturnReceived, ReturnRequested
from app.servicing import service as servicing
from app.worker.means import Means

_SOME_HAVE_LEFT = frozenset({OrderStatus.PARTIALLY_FULFILLED, OrderStatus.FULFILLED})


async def carry_out_payment_step(means: Means, event: PaymentStepRequested) -> None:
    """Ask the gateway to capture, void or refund."""
    # A step without an answer is asked about again by the timer, not by telling the event again.
    await payments.carry_out(means.begin, means.gateways, step_id=event.transaction_id)


async def invoice_what_was_paid(means: Means, event: PaymentStepSettled) -> None:
    """Write the invoices and credit notes that money which moved has made due."""
    if event.state == TransactionState.SUCCEEDED:
        await payments.issue_for_payment(means.begin, payment_id=event.payment_id)


async def invoice_what_was_settled(means: Means, event: AccountsSettled) -> None:
    """Write the invoices and credit notes that were made due without money that moves."""
    await payments.issue_due(means.begin, order_id=event.order_id)


async def look_after_checkout(means: Means, event: AuthorizationHeard) -> None:
    """Go on with a checkout whose payment service told by itself what became of its authorization."""
    await checkout.look_after(means.begin, means.gateways, attempt_id=event.attempt_id)


async def settle_after_rule(means: Means, event: SafetyStockRuleChanged) -> None:
    """Put safety stock right where a rule says something else than before."""
    scope = SafetyScope(category_id=event.category_id, group_id=event.group_id)
    await safety.settle_in_turn(means.begin, scope=scope)


async def settle_after_product(means: Means, event: ProductCategorized) -> None:
    """Put safety stock right for a product that came to another category."""
    await safety.settle_in_turn(means.begin, scope=SafetyScope(product_id=event.product_id))


async def settle_after_category(means: Means, event: CategoryMoved) -> None:
    """Put safety stock right for all that stands in a category that was moved."""
    await safety.settle_in_turn(means.begin, scope=SafetyScope(category_id=event.category_id))


async def settle_after_location(means: Means, event: LocationGroupChanged) -> None:
    """Put safety stock right at a location that came into a group or left it."""
    await safety.settle_in_turn(means.begin, scope=SafetyScope(location_id=event.location_id))


async def go_on_settling(means: Means, event: SafetyStockUnsettled) -> None:
    """Go on putting safety stock right where one telling was not enough."""
    scope = SafetyScope(
        category_id=event.category_id,
        product_id=event.product_id,
        group_id=event.group_id,
        location_id=event.location_id,
    )
    await safety.settle_in_turn(means.begin, scope=scope, after=event.after_variant_id)


async def serve_those_who_wait(means: Means, event: StockArrived) -> None:
    """Give units that came to whoever waits for them: without a date at their level, then for any location to ship them."""
    level = (event.variant_id, event.location_id)
    await means.begin.run(lambda uow: servicing.fill_backorders(uow, levels=[level]))
    await servicing.plan_waiting(means.begin, variant_id=event.variant_id, location_id=event.location_id)


async def look_elsewhere(means: Means, event: PromiseBroken) -> None:
    """Look for another location when supply does not come that an order waited for."""
    if event.cause in servicing.WILL_NOT_COME:
        await means.begin.run(lambda uow: servicing.plan_again(uow, order_id=event.order_id))


async def issue_gift_cards(means: Means, event: OrderChanged) -> None:
    """Issue the gift cards that were bought and have left, however they left."""
    if event.status in _SOME_HAVE_LEFT:
        await means.begin.run(lambda uow: sold_cards.issue_bought(uow, order_id=event.order_id))


#: Every kind of event there is, by the name under which it is stored.
EVENTS: Mapping[str, type[Event]] = {
    kind.__name__: kind
    for kind in (
        AccountsSettled,
        AuthorizationHeard,
        CartExpired,
        CartMerged,
        CategoryMoved,
        CheckoutAttemptEnded,
        CountMoved,
        CreditChanged,
        CustomerRegistered,
        FulfillmentOrderMoved,
        FulfillmentOrderOpened,
        FulfillmentOrderRejected,
        GoodsDelivered,
        GiftCardIssued,
        GoodsShipped,
        InvoiceIssued,
        LocationGroupChanged,
        OrderCancelled,
        OrderChanged,
        OrderHeld,
        OrderPlaced,
        OrderReleased,
        PaymentStepRequested,
        PaymentStepSettled,
        PickupCancelled,
        PickupCheckedIn,
        PickupCodeReissued,
        PickupCollected,
        PickupExpired,
        PickupReady,
        ProductCategorized,
        PromiseBroken,
        PurchaseOrderChanged,
        StockArrived,
        RefreshTokenReplayed,
        ReturnApproved,
        ReturnClosed,
        ReturnDeclined,
        ReturnReceived,
        ReturnRequested,
        SafetyStockRuleChanged,
        SafetyStockUnsettled,
        TransferChanged,
    )
}

Handler = Callable[[Means, Any], Awaitable[None]]

#: Who hears which event. All of them are news besides, for clients that follow along.
SUBSCRIPTIONS: Mapping[type[Event], Sequence[Handler]] = {
    OrderChanged: (issue_gift_cards,),
    PaymentStepRequested: (carry_out_payment_step,),
    PaymentStepSettled: (invoice_what_was_paid,),
    AccountsSettled: (invoice_what_was_settled,),
    AuthorizationHeard: (look_after_checkout,),
    PromiseBroken: (look_elsewhere,),
    StockArrived: (serve_those_who_wait,),
    CategoryMoved: (settle_after_category,),
    LocationGroupChanged: (settle_after_location,),
    ProductCategorized: (settle_after_product,),
    SafetyStockRuleChanged: (settle_after_rule,),
    SafetyStockUnsettled: (go_on_settling,),
}
