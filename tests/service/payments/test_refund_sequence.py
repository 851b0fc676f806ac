"""Money goes back to the tenders it came from in the sequence that the channel chose, and to others only as people say."""

import asyncio

import asyncpg
import pytest

from app.channels.states import CaptureAt, RefundSequence, TenderKind
from app.kernel.actor import SYSTEM
from app.kernel.errors import DomainError, Forbidden, IllegalTransition, Invalid
from app.kernel.ids import PaymentId, new_id
from app.payments import service as payments
from app.payments.errors import PaymentMismatch, PaymentNotFound
from app.payments.states import NoticeEffect
from app.returns.states import RefundMethod
from tests.builders.buyers import broken
from tests.builders.credited import Card, gift_card, store_credit
from tests.builders.returned import Back, receive, request, timeline_kinds
from tests.builders.shop import Shop
from tests.builders.tendered import Tendered, Way, arrange, buy_with, card, cash, credit, gift_card_of

pytestmark = pytest.mark.anyio

MUG, DELIVERY = 1200, 499
THREE_MUGS = 3 * MUG + DELIVERY
#: What a gift card and store credit pay of three mugs, before a card pays the rest.
GIFT, CREDIT = 1000, 500
CARD = THREE_MUGS - GIFT - CREDIT
AS_CHARGED, CREDIT_LAST = Way(), Way(refunds=RefundSequence.CREDIT_LAST)
EARLY = Way(at=CaptureAt.PLACEMENT, refunds=RefundSequence.CREDIT_LAST)


async def mixed(shop: Shop, way: Way) -> tuple[Tendered, Card, Card]:
    """Have Ada buy three mugs with a gift card, store credit and a card; answers the order and both accounts."""
    given, owed = await gift_card(shop, "10.00"), await store_credit(shop, "5.00")
    order = await buy_with(shop, card(), credit(), gift_card_of(await given.code()), way=way, by="ada")
    return order, given, owed


async def shipped(shop: Shop, way: Way) -> tuple[Tendered, Card, Card]:
    """Have all of it leave, and its money be taken."""
    order, given, owed = await mixed(shop, way)
    await order.ship(3)
    await order.work_off()
    return order, given, owed


async def refunded(order: Tendered) -> dict[str, int]:
    """Say what of which tender was given back, or is on its way."""
    found = [(tender.tender.value, tender.refunded_minor + tender.refunding_minor) for tender in await order.tenders()]
    return {kind: amount for kind, amount in found if amount}


async def by_kind(order: Tendered, kind: TenderKind) -> PaymentId:
    """Name the tender of a kind."""
    [tender] = [one for one in await order.tenders() if one.tender is kind]
    return tender.id


async def charge_back(order: Tendered, key: str, amount_minor: int, *, reverse: bool = False) -> None:
    """Let the bank of the card fetch money back, or give it again, and tell of it."""
    [tender] = [one for one in await order.tenders() if one.asks_gateway]
    assert tender.gateway_reference is not None
    await order.moody.charge_back(
        reference=tender.gateway_reference, amount_minor=amount_minor, key=key, reverse=reverse
    )
    assert await order.hear_of(key) is NoticeEffect.APPLIED


class TestReturn:
    async def test_gives_back_as_it_was_charged_unless_said_otherwise(self, shop: Shop) -> None:
        order, given, owed = await shipped(shop, AS_CHARGED)

        await order.refund_returned({"mug": 1})

        assert await refunded(order) == {"GIFT_CARD": GIFT, "STORE_CREDIT": MUG - GIFT}
        assert (await given.balance())[0] == GIFT
        assert (await owed.balance())[0] == MUG - GIFT
        assert await broken(shop) == []

    async def test_gives_back_peoples_own_money_first_where_credit_is_last(self, shop: Shop) -> None:
        order, given, owed = await shipped(shop, CREDIT_LAST)

        await order.refund_returned({"mug": 1})
        await order.work_off()

        assert await refunded(order) == {"CARD": MUG}
        assert await given.balance() == await owed.balance() == (0, 0)
        assert await broken(shop) == []

    async def test_of_all_of_it_gives_each_tender_its_own_whatever_the_sequence(self, shop: Shop) -> None:
        order, given, owed = await shipped(shop, CREDIT_LAST)
        for _ in range(3):
            await order.refund_returned({"mug": 1})
            await order.work_off()

        assert await refunded(order) == {"GIFT_CARD": GIFT, "STORE_CREDIT": CREDIT, "CARD": CARD}
        assert ((await given.balance())[0], (await owed.balance())[0]) == (GIFT, CREDIT)
        assert await order.status() == "REFUNDED"
        assert await broken(shop) == []

    async def test_reaches_gift_cards_before_store_credit(self, shop: Shop) -> None:
        order, _, _ = await shipped(shop, CREDIT_LAST)

        await order.refund_returned({"mug": 2})
        await order.refund(700, cause=new_id())
        await order.work_off()

        assert await refunded(order) == {"CARD": CARD, "GIFT_CARD": 2 * MUG + 700 - CARD}
        assert await broken(shop) == []

    async def test_becomes_store_credit_and_counts_against_the_tenders_in_sequence(self, shop: Shop) -> None:
        order, given, owed = await shipped(shop, CREDIT_LAST)
        asked = await request(order, {"mug": 1}, method=RefundMethod.STORE_CREDIT)
        await receive(order, asked.id, Back("mug", 1))
        await order.work_off()

        assert await refunded(order) == {"CARD": MUG}
        assert ((await given.balance())[0], (await owed.balance())[0]) == (0, MUG)
        assert (await order.at_the_provider()).get("REFUND") is None
        assert await broken(shop) == []

    async def test_gives_cash_back_before_a_gift_card(self, shop: Shop) -> None:
        given = await gift_card(shop, "10.00")
        order = await buy_with(shop, gift_card_of(await given.code()), cash(), way=CREDIT_LAST, by="associate")

        await order.cancel(1)

        assert await refunded(order) == {"CASH": MUG}
        assert await broken(shop) == []

    async def test_before_anybody_knew_that_it_arrived_takes_nothing_of_the_card_for_a_gift_card(
        self, shop: Shop
    ) -> None:
        given = await gift_card(shop, "10.00")
        way = Way(at=CaptureAt.HAND_OVER, refunds=RefundSequence.CREDIT_LAST)
        order = await buy_with(shop, gift_card_of(await given.code()), card(), way=way)
        await order.ship(1)
        await order.deliver()
        await order.work_off()
        await order.ship(1)
        before = await order.sums()

        await order.refund_returned({"mug": 2})
        await order.work_off()

        assert before["captured"] == MUG + DELIVERY
        assert (await order.sums())["captured"] == MUG + DELIVERY
        assert await refunded(order) == {"CARD": MUG + DELIVERY - GIFT, "GIFT_CARD": GIFT - DELIVERY}
        assert await order.holds() == []
        assert await broken(shop) == []


class TestCancellation:
    async def test_of_what_was_taken_gives_back_in_sequence(self, shop: Shop) -> None:
        order, given, _ = await mixed(shop, EARLY)
        await order.work_off()

        await order.cancel(1)
        await order.work_off()

        assert await refunded(order) == {"CARD": MUG}
        assert await given.balance() == (0, 0)
        assert await broken(shop) == []

    @pytest.mark.parametrize("way", [AS_CHARGED, CREDIT_LAST])
    async def test_of_what_is_only_held_lets_the_card_go_first_whatever_the_sequence(
        self, shop: Shop, way: Way
    ) -> None:
        order, given, owed = await mixed(shop, way)

        await order.cancel(2)

        assert [tender.held for tender in await order.tenders()] == [GIFT, CREDIT, CARD - 2 * MUG]
        assert (await given.balance(), await owed.balance()) == ((GIFT, GIFT), (CREDIT, CREDIT))
        assert await refunded(order) == {}
        assert await broken(shop) == []

    async def test_waits_for_a_card_that_is_still_being_taken(self, shop: Shop) -> None:
        order, given, _ = await mixed(shop, EARLY)

        await order.cancel(1)
        meanwhile = await refunded(order)
        await order.work_off()

        assert meanwhile == {}
        assert await refunded(order) == {"CARD": MUG}
        assert await given.balance() == (0, 0)
        assert await broken(shop) == []

    async def test_waits_in_vain_for_a_card_that_refuses_and_nothing_is_owed_then(self, shop: Shop) -> None:
        given = await gift_card(shop, "10.00")
        order = await buy_with(shop, gift_card_of(await given.code()), card("tok_no_capture"), way=EARLY)
        await order.cancel(1)
        await order.work_off()
        held = await order.holds()

        await order.cancel(2)
        await order.work_off()

        assert held == ["CAPTURE_FAILED"]
        assert await order.holds() == []
        assert await order.sums() == {"held": GIFT, "captured": GIFT, "refunded": GIFT, "released": THREE_MUGS - GIFT}
        assert await given.balance() == (GIFT, 0)
        assert await broken(shop) == []


class TestPolicy:
    async def test_counts_as_it_is_when_the_refund_is_asked_for(self, shop: Shop) -> None:
        order, _, _ = await shipped(shop, AS_CHARGED)

        await arrange(shop, CREDIT_LAST)
        await order.refund_returned({"mug": 1})

        assert await refunded(order) == {"CARD": MUG}
        [kept] = await order.refunds()
        assert kept.sequence is RefundSequence.CREDIT_LAST

    async def test_stays_with_the_refund_when_the_channel_changes_its_mind(self, shop: Shop) -> None:
        order, given, _ = await shipped(shop, CREDIT_LAST)
        order.moody.declined = {"refund"}
        await order.refund_returned({"mug": 1})
        await order.work_off()
        order.moody.declined = set()

        await arrange(shop, AS_CHARGED)
        await order.retry()

        assert await refunded(order) == {"CARD": MUG}
        assert await given.balance() == (0, 0)
        assert await order.holds() == []
        assert await broken(shop) == []

    async def test_of_a_kind_that_there_is_not_is_refused_by_the_table(self, shop: Shop) -> None:
        with pytest.raises(asyncpg.CheckViolationError, match="ck_channels_refund_sequence"):
            async with shop.database.unit(SYSTEM) as uow:
                await uow.execute("UPDATE channels SET refund_sequence = 'WHIM'", [])


class TestTenderThatCannotBeRefunded:
    async def test_for_the_bank_has_its_money_is_waited_for(self, shop: Shop) -> None:
        order, given, _ = await shipped(shop, CREDIT_LAST)
        await charge_back(order, "dispute", CARD)

        await order.refund_returned({"mug": 1})
        await order.work_off()
        meanwhile = await refunded(order)
        await charge_back(order, "won", CARD, reverse=True)
        await order.work_off()

        assert meanwhile == {}
        assert await refunded(order) == {"CARD": MUG}
        assert await given.balance() == (0, 0)
        assert await order.holds() == []
        assert await broken(shop) == []

    async def test_for_the_bank_has_some_of_it_gives_back_the_rest(self, shop: Shop) -> None:
        order, _, _ = await shipped(shop, CREDIT_LAST)
        await charge_back(order, "dispute", CARD - 300)

        await order.refund_returned({"mug": 3})
        await order.work_off()

        assert await refunded(order) == {"CARD": 300, "GIFT_CARD": GIFT, "STORE_CREDIT": CREDIT}
        assert await broken(shop) == []

    async def test_for_it_refuses_is_asked_again_and_no_other(self, shop: Shop) -> None:
        order, given, _ = await shipped(shop, CREDIT_LAST)
        order.moody.declined = {"refund"}
        await order.refund_returned({"mug": 1})
        await order.work_off()

        await order.retry()

        assert await order.holds() == ["REFUND_FAILED"]
        assert await refunded(order) == {}
        assert await given.balance() == (0, 0)
        assert await broken(shop) == []


class TestDirectedRefund:
    async def test_goes_where_staff_say_and_ends_the_hold(self, shop: Shop) -> None:
        order, given, owed = await self.refused(shop)

        await order.retry(
            refund_to=[await by_kind(order, TenderKind.STORE_CREDIT), await by_kind(order, TenderKind.GIFT_CARD)]
        )

        assert await refunded(order) == {"STORE_CREDIT": CREDIT, "GIFT_CARD": MUG - CREDIT}
        assert ((await given.balance())[0], (await owed.balance())[0]) == (MUG - CREDIT, CREDIT)
        assert await order.holds() == []
        assert "REFUND_DIRECTED" in await timeline_kinds(order)
        assert await broken(shop) == []

    async def test_of_more_than_was_taken_there_leaves_the_rest_owed(self, shop: Shop) -> None:
        order, _, _ = await self.refused(shop)

        await order.retry(refund_to=[await by_kind(order, TenderKind.STORE_CREDIT)])

        assert await refunded(order) == {"STORE_CREDIT": CREDIT}
        assert await order.holds() == ["REFUND_FAILED"]
        [owed] = await order.refunds()
        assert owed.missing == MUG - CREDIT
        assert await broken(shop) == []

    async def test_does_not_wait_for_the_bank(self, shop: Shop) -> None:
        order, given, _ = await shipped(shop, CREDIT_LAST)
        await charge_back(order, "dispute", CARD)
        await order.refund_returned({"mug": 1})

        await order.retry(refund_to=[await by_kind(order, TenderKind.GIFT_CARD)])

        assert await refunded(order) == {"GIFT_CARD": GIFT}
        assert await given.balance() == (GIFT, 0)
        assert await broken(shop) == []

    async def test_is_given_once_by_two_who_say_so_at_the_same_time(self, shop: Shop) -> None:
        order, given, _ = await self.refused(shop)
        card_id = await by_kind(order, TenderKind.GIFT_CARD)

        answers = await asyncio.gather(
            *(
                shop.begin("service").run(lambda uow: payments.retry(uow, order_id=order.id, refund_to=[card_id]))
                for _ in range(3)
            ),
            return_exceptions=True,
        )

        assert sum(answer is None for answer in answers) == 1
        assert sum(isinstance(answer, PaymentMismatch) for answer in answers) == 2
        assert await given.balance() == (GIFT, 0)
        assert await broken(shop) == []

    async def test_is_refused_where_nothing_can_go(self, shop: Shop) -> None:
        order, _, _ = await self.refused(shop)
        other = await buy_with(shop)
        gift = await by_kind(order, TenderKind.GIFT_CARD)
        refusals: list[tuple[list[PaymentId], type[DomainError], tuple[str, ...]]] = [
            ([], Invalid, ("refundTo",)),
            ([gift, gift], Invalid, ("refundTo",)),
            ([gift, PaymentId(new_id())], PaymentNotFound, ("refundTo", "1")),
            ([await by_kind(other, TenderKind.CARD)], PaymentNotFound, ("refundTo", "0")),
        ]

        for chosen, refusal, field in refusals:
            with pytest.raises(refusal) as refused:
                await order.retry(refund_to=chosen)
            assert refused.value.field == field
        with pytest.raises(PaymentMismatch):
            await other.retry(refund_to=[await by_kind(other, TenderKind.CARD)])
        order.moody.declined = set()
        await order.retry()
        with pytest.raises(IllegalTransition):
            await order.retry(refund_to=[gift])

        assert await refunded(order) == {"CARD": MUG}
        assert await broken(shop) == []

    async def test_is_for_those_who_look_after_money(self, shop: Shop) -> None:
        order, _, _ = await self.refused(shop)
        gift = await by_kind(order, TenderKind.GIFT_CARD)

        with pytest.raises(Forbidden):
            await shop.begin("associate").run(lambda uow: payments.retry(uow, order_id=order.id, refund_to=[gift]))

        assert await refunded(order) == {}

    async def refused(self, shop: Shop) -> tuple[Tendered, Card, Card]:
        """Have a mug come back whose money the card does not take."""
        order, given, owed = await shipped(shop, CREDIT_LAST)
        order.moody.declined = {"refund"}
        await order.refund_returned({"mug": 1})
        await order.work_off()
        return order, given, owed
