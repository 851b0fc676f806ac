"""Which units may come back, until when, and what a receipt may count."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.delivery.states import DeliveryMethod
from app.fulfillment.rules import FulfillmentOrder, Shipment
from app.fulfillment.states import FulfillmentOrderStatus, ShipmentStatus
from app.kernel.actor import ANONYMOUS, SYSTEM, Actor, ActorKind
from app.kernel.errors import Invalid, NotFound, QuantityExceeded
from app.kernel.ids import FulfillmentOrderId, LocationId, OrderLineId, ReturnLineId, ShipmentId, new_id
from app.kernel.permissions import Permission
from app.returns import rules
from app.returns.errors import ReturnNotAllowed
from app.returns.rules import CountedLine, RequestedLine, ReturnReceipt
from app.returns.states import RETURN, Disposition, ReturnReason, ReturnStatus
from tests.builders.bought import NOW, ORDER_ID, bought, order_of, return_of

WINDOW_DAYS = 30


def wanted(line_id: OrderLineId, quantity: int = 1, note: str | None = None) -> RequestedLine:
    return RequestedLine(line_id, quantity, ReturnReason.UNWANTED, note)


def work(method: DeliveryMethod, status: FulfillmentOrderStatus = FulfillmentOrderStatus.FULFILLED) -> FulfillmentOrder:
    return FulfillmentOrder(
        id=FulfillmentOrderId(new_id()), number="A-1", order_id=ORDER_ID, location_id=LocationId(new_id()),
        predecessor_id=None, method=method, status=status, rejection_reason=None, note=None, due_at=NOW, created_at=NOW,
        updated_at=NOW + timedelta(days=1),
    )  # fmt: skip


def shipment(*, delivered: bool) -> Shipment:
    return Shipment(
        id=ShipmentId(new_id()), fulfillment_order_id=FulfillmentOrderId(new_id()), carrier=None, tracking_number=None,
        tracking_url=None, status=ShipmentStatus.IN_TRANSIT, shipped_at=NOW + timedelta(days=2),
        delivered_at=NOW + timedelta(days=4) if delivered else None,
    )  # fmt: skip


def receipt(disposition: Disposition | None) -> ReturnReceipt:
    return ReturnReceipt(
        id=new_id(), return_line_id=ReturnLineId(new_id()), location_id=LocationId(new_id()), quantity=1,
        accepted=disposition is not None, disposition=disposition, actor="SYSTEM", at=NOW,
    )  # fmt: skip


class TestRequest:
    """What somebody asks to give back."""

    def test_takes_what_the_customer_has(self) -> None:
        """Fulfilled units, not returned, not on their way."""
        line = bought(ordered=3, returned=1)

        (requested,) = rules.requested(order_of(line), [wanted(line.id, 2)], pending={})

        assert requested == wanted(line.id, 2)

    def test_adds_up_a_line_that_stands_twice(self) -> None:
        """Its first reason counts; no note is lost."""
        line = bought(ordered=3)

        (requested,) = rules.requested(
            order_of(line), [wanted(line.id, 1, "chipped"), wanted(line.id, 2, "too small")], pending={}
        )

        assert (requested.quantity, requested.note) == (3, "chipped / too small")

    def test_refuses_the_part_that_makes_it_too_much(self) -> None:
        """Each part alone would fit."""
        line = bought(ordered=3)

        with pytest.raises(QuantityExceeded) as refused:
            rules.requested(order_of(line), [wanted(line.id, 2), wanted(line.id, 2)], pending={})

        assert refused.value.field == ("lines", "1", "quantity")

    def test_refuses_more_than_the_customer_has(self) -> None:
        """One of three has come back already."""
        line = bought(ordered=3, returned=1)

        with pytest.raises(QuantityExceeded) as refused:
            rules.requested(order_of(line), [wanted(line.id, 3)], pending={})

        assert refused.value.field == ("lines", "0", "quantity")

    def test_refuses_units_that_another_return_expects(self) -> None:
        """They can come back once."""
        line = bought(ordered=3)

        with pytest.raises(QuantityExceeded):
            rules.requested(order_of(line), [wanted(line.id, 2)], pending={line.id: 2})

    def test_refuses_a_line_that_came_back(self) -> None:
        """There is nothing left of it."""
        line = bought(ordered=2, returned=1)

        with pytest.raises(ReturnNotAllowed) as refused:
            rules.requested(order_of(line), [wanted(line.id, 1)], pending={line.id: 1})

        assert refused.value.field == ("lines", "0", "orderLineId")

    def test_refuses_what_has_not_left(self) -> None:
        """It can still be cancelled."""
        line = bought(ordered=2, fulfilled=0)

        with pytest.raises(ReturnNotAllowed) as refused:
            rules.requested(order_of(line), [wanted(line.id, 1)], pending={})

        assert refused.value.field == ("lines", "0", "orderLineId")

    @pytest.mark.parametrize("quantity", [0, -1])
    def test_refuses_no_units(self, quantity: int) -> None:
        """A return is of something."""
        line = bought()

        with pytest.raises(Invalid) as refused:
            rules.requested(order_of(line), [wanted(line.id, quantity)], pending={})

        assert refused.value.field == ("lines", "0", "quantity")

    def test_refuses_a_line_of_another_order(self) -> None:
        """An unknown line and a stranger's are the same to a caller."""
        with pytest.raises(NotFound) as refused:
            rules.requested(order_of(bought()), [wanted(OrderLineId(new_id()))], pending={})

        assert refused.value.field == ("lines", "0", "orderLineId")

    def test_refuses_no_lines(self) -> None:
        """A return is of something."""
        with pytest.raises(Invalid) as refused:
            rules.requested(order_of(bought()), [], pending={})

        assert refused.value.field == ("lines",)

    def test_refuses_a_novel(self) -> None:
        """A note has an end."""
        line = bought()

        with pytest.raises(Invalid) as refused:
            rules.requested(order_of(line), [wanted(line.id, 1, "x" * 501)], pending={})

        assert refused.value.field == ("lines", "0", "note")


class TestWindow:
    """How long goods may come back."""

    def test_begins_when_the_goods_came(self) -> None:
        """Shipped counts where no carrier tells of the delivery; what was handed over counts from then."""
        handed_over, parcel = work(DeliveryMethod.PICKUP), work(DeliveryMethod.SHIPPING)

        assert rules.last_left_at([handed_over, parcel], []) == NOW + timedelta(days=1)
        assert rules.last_left_at([handed_over, parcel], [shipment(delivered=False)]) == NOW + timedelta(days=2)
        assert rules.last_left_at([parcel], [shipment(delivered=True)]) == NOW + timedelta(days=4)

    def test_has_not_begun_while_goods_wait_at_the_counter(self) -> None:
        """Work that is not fulfilled has given nobody anything."""
        assert rules.last_left_at([work(DeliveryMethod.PICKUP, FulfillmentOrderStatus.READY)], []) is None

    def test_is_open_until_its_last_moment(self) -> None:
        """Upper bounds are exclusive."""
        left_at = NOW - timedelta(days=WINDOW_DAYS)

        rules.refuse_late(left_at + timedelta(seconds=1), window_days=WINDOW_DAYS, now=NOW)
        with pytest.raises(ReturnNotAllowed) as refused:
            rules.refuse_late(left_at, window_days=WINDOW_DAYS, now=NOW)

        assert refused.value.field == ("orderId",)


class TestReceipt:
    """What is counted in."""

    def test_counts_a_line_that_stands_several_times(self) -> None:
        """One chipped, one refused."""
        line = bought(ordered=3, total=900, tax=0)
        found = return_of(line, 3)
        line_id = found.lines[0].id

        (changed,) = rules.counted(
            found,
            order_of(line),
            [CountedLine(line_id, 1, disposition=Disposition.DAMAGED), CountedLine(line_id, 1, accepted=False)],
        )

        assert (changed.received, changed.accepted, changed.refund_minor) == (2, 1, 300)

    def test_refuses_more_than_is_expected(self) -> None:
        """Parts of one call are added up."""
        line = bought(ordered=3)
        found = return_of(line, 2)

        with pytest.raises(QuantityExceeded) as refused:
            rules.counted(found, order_of(line), [CountedLine(found.lines[0].id, 1), CountedLine(found.lines[0].id, 2)])

        assert refused.value.field == ("lines", "1", "quantity")

    def test_refuses_a_line_of_another_return(self) -> None:
        """It is not known here."""
        line = bought()

        with pytest.raises(NotFound) as refused:
            rules.counted(return_of(line, 1), order_of(line), [CountedLine(ReturnLineId(new_id()), 1)])

        assert refused.value.field == ("lines", "0", "returnLineId")

    @pytest.mark.parametrize("quantity", [0, -3])
    def test_refuses_no_units(self, quantity: int) -> None:
        """A receipt is of something."""
        line = bought()
        found = return_of(line, 1)

        with pytest.raises(Invalid):
            rules.counted(found, order_of(line), [CountedLine(found.lines[0].id, quantity)])

    def test_settles_a_return_unless_something_waits_to_be_inspected(self) -> None:
        """Refused units are decided; those in QUALITY are not."""
        line = bought(ordered=1)
        found = return_of(line, 1)
        part = CountedLine(found.lines[0].id, 1)
        came = rules.ReturnWithLines(found.header, rules.counted(found, order_of(line), [part]))

        assert not rules.is_settled(found, [])
        assert rules.is_settled(came, [receipt(Disposition.RESTOCK), receipt(None)])
        assert not rules.is_settled(came, [receipt(Disposition.QUALITY)])

    def test_names_one_disposition_when_there_is_one(self) -> None:
        """Mixed is none."""
        assert rules.disposition_of([]) is None
        assert rules.disposition_of([receipt(None)]) is None
        assert rules.disposition_of([receipt(Disposition.RESTOCK), receipt(None)]) is Disposition.RESTOCK
        assert rules.disposition_of([receipt(Disposition.RESTOCK), receipt(Disposition.DAMAGED)]) is None


class TestNextActions:
    """What a caller may do with a return."""

    CLERK = Actor(
        ActorKind.STAFF,
        permissions=frozenset({Permission.RETURNS_RECEIVE}),
        location_ids=frozenset({LocationId(new_id())}),
    )

    def test_are_those_of_its_state_that_the_caller_may_take(self) -> None:
        """Approval comes first, and not from the counter."""
        line = bought()
        found = return_of(line, 1)
        asked = rules.ReturnWithLines(replace(found.header, status=ReturnStatus.REQUESTED), found.lines)

        assert rules.next_actions(asked, SYSTEM) == ["returnApprove", "returnDecline"]
        assert rules.next_actions(asked, self.CLERK) == []
        assert rules.next_actions(found, self.CLERK) == ["returnReceive"]
        assert rules.next_actions(found, ANONYMOUS) == []

    def test_end_when_nothing_is_expected_any_more(self) -> None:
        """Another receipt would be refused."""
        line = bought(ordered=1)
        found = return_of(line, 1)
        came = rules.ReturnWithLines(
            replace(found.header, status=ReturnStatus.RECEIVED),
            rules.counted(found, order_of(line), [CountedLine(found.lines[0].id, 1)]),
        )

        assert rules.next_actions(came, SYSTEM) == []

    def test_are_none_for_who_works_nowhere(self) -> None:
        """Goods are received at a location."""
        nowhere = Actor(ActorKind.STAFF, permissions=frozenset({Permission.RETURNS_RECEIVE}))

        assert rules.next_actions(return_of(bought(), 1), nowhere) == []

    def test_name_moves_that_the_machine_knows(self) -> None:
        """No permission is left for a verb that was renamed."""
        verbs = {action for _, action in RETURN.moves}

        assert rules.NEEDED.keys() <= verbs


class TestApprovalAtOnce:
    """A return that is approved with the asking."""

    def test_is_for_staff_who_may_approve_or_receive(self) -> None:
        """The customer's own request waits for a decision."""
        buyer = Actor(ActorKind.CUSTOMER, permissions=frozenset({Permission.RETURNS_RECEIVE}))
        agent = Actor(ActorKind.STAFF, permissions=frozenset({Permission.RETURNS_REQUEST}))

        assert rules.is_approved_at_once(TestNextActions.CLERK)
        assert not rules.is_approved_at_once(buyer)
        assert not rules.is_approved_at_once(agent)
