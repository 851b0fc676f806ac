"""Roles, the permissions each bundles, and the actor that a log-in becomes."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from uuid import UUID

from app.kernel.actor import Actor, ActorKind
from app.kernel.ids import CustomerId, LocationId, UserId
from app.kernel.permissions import Permission


class Role(StrEnum):
    """What somebody does here. A log-in may have several."""

    SHOPPER = "SHOPPER"
    """Buys for themselves."""
    ASSOCIATE = "ASSOCIATE"
    """Serves customers and works orders in a store."""
    STORE_MANAGER = "STORE_MANAGER"
    """Runs a store."""
    CUSTOMER_SERVICE = "CUSTOMER_SERVICE"
    """Helps customers with placed orders, from afar."""
    OPERATIONS = "OPERATIONS"
    """Keeps orders and stock moving."""
    MERCHANDISER = "MERCHANDISER"
    """Decides what is sold and for how much."""
    INTEGRATION = "INTEGRATION"
    """A program, such as an ERP."""
    ADMIN = "ADMIN"
    """May do everything."""


_ASSOCIATE = frozenset(
    {
        Permission.CARTS_SERVE,
        Permission.CUSTOMERS_READ,
        Permission.ORDERS_READ,
        Permission.FULFILLMENT_READ,
        Permission.FULFILLMENT_WORK,
        Permission.PICKUPS_HAND_OVER,
        Permission.RETURNS_READ,
        Permission.RETURNS_REQUEST,
        Permission.RETURNS_RECEIVE,
        Permission.INVENTORY_READ,
        Permission.INVENTORY_COUNT,
    }
)
_STORE_MANAGER = _ASSOCIATE | {Permission.ORDERS_CANCEL, Permission.RETURNS_APPROVE, Permission.INVENTORY_ADJUST}

#: The one table of what each role may do. Where it may do so is said by the locations of the log-in.
PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    # A customer's rights to their own carts, orders and returns come from owning them.
    Role.SHOPPER: frozenset(),
    Role.ASSOCIATE: _ASSOCIATE,
    Role.STORE_MANAGER: _STORE_MANAGER,
    Role.CUSTOMER_SERVICE: frozenset(
        {
            Permission.CARTS_SERVE,
            Permission.CUSTOMERS_READ,
            Permission.ORDERS_READ,
            Permission.ORDERS_CANCEL,
            Permission.PAYMENTS_MANAGE,
            Permission.FULFILLMENT_READ,
            Permission.RETURNS_READ,
            Permission.RETURNS_REQUEST,
            Permission.RETURNS_APPROVE,
            # Money out of nothing, for anybody and without a limit: not for stores, whose rights end at their doors.
            Permission.CREDIT_MANAGE,
            Permission.INVENTORY_READ,
        }
    ),
    # Everything that stores do, and money; which is everything but the catalogue and the shop's own settings.
    Role.OPERATIONS: _STORE_MANAGER | {Permission.PAYMENTS_MANAGE},
    Role.MERCHANDISER: frozenset({Permission.CATALOG_WRITE, Permission.INVENTORY_READ}),
    Role.INTEGRATION: frozenset(
        {
            Permission.CATALOG_WRITE,
            Permission.CUSTOMERS_READ,
            Permission.ORDERS_READ,
            Permission.FULFILLMENT_READ,
            Permission.FULFILLMENT_WORK,
            Permission.RETURNS_READ,
            Permission.RETURNS_RECEIVE,
            Permission.INVENTORY_READ,
            Permission.INVENTORY_COUNT,
            Permission.INVENTORY_ADJUST,
        }
    ),
    Role.ADMIN: frozenset(Permission),
}


def kind_of(roles: Collection[Role]) -> ActorKind:
    """Say whether somebody works here or only buys: one role beyond SHOPPER makes them staff."""
    return ActorKind.STAFF if any(role is not Role.SHOPPER for role in roles) else ActorKind.CUSTOMER


def permissions_of(roles: Collection[Role]) -> frozenset[Permission]:
    """Gather what these roles allow together."""
    return frozenset().union(*(PERMISSIONS[role] for role in roles))


def actor_of(
    *,
    user_id: UserId,
    roles: Collection[Role],
    customer_id: CustomerId | None,
    every_location: bool,
    staff_locations: frozenset[UUID],
) -> Actor:
    """Make the actor that a log-in acts as."""
    return Actor(
        kind=kind_of(roles),
        user_id=user_id,
        customer_id=customer_id,
        permissions=permissions_of(roles),
        location_ids=None if every_location else frozenset(map(LocationId, staff_locations)),
    )
