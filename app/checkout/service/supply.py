"""Where each line of an order to be comes from."""

from collections.abc import Sequence
from uuid import UUID

from app.cart import service as cart_service
from app.checkout.rules import Snapshot, SnapshotLine
from app.delivery.states import DeliveryMethod
from app.inventory.errors import OutOfStock, Shortage
from app.kernel.db import UnitOfWork
from app.sourcing import service as sourcing
from app.sourcing.rules import Own, Sourced, Wanted


async def supply(
    uow: UnitOfWork, lines: Sequence[SnapshotLine], *, snapshot: Snapshot, held_by: UUID | None = None
) -> Sourced:
    """Decide what supplies each line: its store for pickup and carry-out, the plan's locations for shipping.

    What is not there is sent to the store, or waits for what is expected, where the shop sells ahead. `held_by` is the
    cart, or the order to be, that holds units of it already. Units that others hold beyond their time count as there: who
    reserves them takes them back. Raises: OutOfStock, with what could be promised of each variant.
    """
    wanted = [
        Wanted(line.id, line.variant_id, line.quantity, line.store_id, line.delivery is not DeliveryMethod.CARRY_OUT)
        for line in lines
    ]
    own = Own() if held_by is None else await sourcing.own_units(uow, demand_id=held_by)
    sourced = await _source(uow, wanted, snapshot, own)
    if sourced.missing:
        # What others hold too long is taken back by the reserving, not before it: levels are locked once.
        lapsed = await sourcing.lapsed_units(
            uow, variant_ids=sourced.missing, now=uow.now, except_for=[] if held_by is None else [held_by]
        )
        if lapsed != Own():
            sourced = await _source(uow, wanted, snapshot, own.plus(lapsed))
    if sourced.missing:
        raise _out_of_stock(lines, cart_service.shortages_of(wanted, sourced))
    return sourced


async def _source(uow: UnitOfWork, wanted: Sequence[Wanted], snapshot: Snapshot, own: Own) -> Sourced:
    return await sourcing.source(
        uow, channel_id=snapshot.channel_id, wanted=wanted, destination=snapshot.shipping_address, own=own
    )


def _out_of_stock(lines: Sequence[SnapshotLine], shortages: Sequence[Shortage]) -> OutOfStock:
    # Refusals speak of the cart's lines, which the client knows; the order's are not there yet.
    cart_line = {line.id: line.cart_line_id for line in lines}
    return OutOfStock(
        [
            Shortage(
                shortage.variant_id,
                shortage.requested,
                shortage.available,
                tuple(dict.fromkeys(cart_line[line_id] for line_id in cart_line if line_id in set(shortage.line_ids))),
            )
            for shortage in shortages
        ],
        of_cart=True,
    )
