"""Every table of the house in one place, for migrations and for the tests that walk them."""

from sqlalchemy import MetaData

from app.cart import models as cart
from app.catalog import models as catalog
from app.channels import models as channels
from app.checkout import models as checkout
from app.customers import models as customers
from app.delivery import models as delivery
from app.fulfillment import models as fulfillment
from app.identity import models as identity
from app.inventory import models as inventory
from app.kernel import tables as kernel
from app.kernel.metadata import metadata
from app.locations import models as locations
from app.orders import models as orders
from app.payments import models as payments
from app.pickup import models as pickup
from app.pricing import models as pricing
from app.promotions import models as promotions
from app.returns import models as returns
from app.sourcing import models as sourcing
from app.tax import models as tax

#: The floors' tables, from the ground up.
MODULES = (
    kernel,
    identity,
    channels,
    catalog,
    customers,
    locations,
    pricing,
    promotions,
    delivery,
    tax,
    inventory,
    sourcing,
    cart,
    orders,
    payments,
    fulfillment,
    pickup,
    checkout,
    returns,
)

METADATA: MetaData = metadata
