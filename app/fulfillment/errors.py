"""Refusals of fulfillment."""

from app.kernel.errors import IllegalTransition, NotFound


class FulfillmentOrderNotFound(NotFound):
    """There is no such work, or the caller does not work at its location."""


class NothingToDo(IllegalTransition):
    """Every unit that this step could take has already been through it."""


class WrongDeliveryMethod(IllegalTransition):
    """The step belongs to another delivery method: shipments are not made ready, pickups are not shipped."""


class ShipmentNotFound(NotFound):
    """There is no such shipment, or the caller does not work where it was sent from."""
