"""What nobody may write into the ledger: refused by the database itself, or found by the invariants."""

import asyncpg
import pytest

from app.channels.states import CaptureAt
from app.kernel.db import UnitOfWork
from tests.builders.buyers import broken
from tests.builders.shop import Shop
from tests.builders.tendered import Tendered, Way, buy_with, card

pytestmark = pytest.mark.anyio

#: A statement that spoils rows, and the constraint that refuses it.
REFUSED = {
    "UPDATE payments SET amount_minor = 0": "ck_payments_amount_minor",
    "UPDATE payments SET authorized_minor = authorized_minor + 1": "ck_payments_held_of_amount",
    "UPDATE payments SET amount_minor = amount_minor - 1": "ck_payments_held_of_amount",
    "UPDATE payments SET captured_minor = authorized_minor + 1": "ck_payments_captured_of_authorized",
    "UPDATE payments SET capturing_minor = authorized_minor": "ck_payments_captured_of_authorized",
    "UPDATE payments SET expired_minor = authorized_minor": "ck_payments_captured_of_authorized",
    "UPDATE payments SET released_minor = authorized_minor": "ck_payments_captured_of_authorized",
    "UPDATE payments SET refunding_minor = captured_minor": "ck_payments_refunded_of_captured",
    "UPDATE payments SET refunded_minor = captured_minor + 1": "ck_payments_refunded_of_captured",
    "UPDATE payments SET charged_back_minor = captured_minor + 1": "ck_payments_charged_back_of_captured",
    "UPDATE payments SET authorizing_minor = -1": "ck_payments_authorizing_minor_not_negative",
    "UPDATE payments SET authorized_minor = -1": "ck_payments_authorized_minor_not_negative",
    "UPDATE payments SET released_minor = -1": "ck_payments_released_minor_not_negative",
    "UPDATE payments SET expired_minor = -1": "ck_payments_expired_minor_not_negative",
    "UPDATE payments SET capturing_minor = -1": "ck_payments_capturing_minor_not_negative",
    "UPDATE payments SET captured_minor = -1, refunded_minor = 0, refunding_minor = 0": (
        "ck_payments_captured_minor_not_negative"
    ),
    "UPDATE payments SET refunding_minor = -1": "ck_payments_refunding_minor_not_negative",
    "UPDATE payments SET refunded_minor = -1": "ck_payments_refunded_minor_not_negative",
    "UPDATE payments SET charged_back_minor = -1": "ck_payments_charged_back_minor_not_negative",
    "UPDATE payments SET status = 'PAID'": "ck_payments_status",
    "UPDATE payments SET tender = 'CHEQUE'": "ck_payments_tender",
    "UPDATE charges SET amount_minor = 0, waived_minor = 0": "ck_charges_amount_minor",
    "UPDATE charges SET waived_minor = amount_minor + 1": "ck_charges_waived_of_amount",
    "UPDATE charges SET waived_minor = -1": "ck_charges_waived_of_amount",
    "UPDATE charges SET cause = 'WHIM'": "ck_charges_cause",
    "UPDATE refunds SET amount_minor = 0, waived_minor = 0": "ck_refunds_amount_minor",
    "UPDATE refunds SET waived_minor = amount_minor + 1": "ck_refunds_waived_of_amount",
    "UPDATE refunds SET sequence = 'WHIM'": "ck_refunds_sequence",
}
#: A step that nobody took, with what is said in place of what a capture says.
STEP = """
    INSERT INTO payment_transactions (id, payment_id, charge_id, refund_id, kind, cause, state, amount_minor, gateway,
        gateway_reference, requested_at, settled_at)
    SELECT gen_random_uuid(), payments.id, {charge}, {refund}, '{kind}', {cause}, '{state}', {amount}, 'test', {reference}, now(),
        {settled}
    FROM payments, charges, refunds LIMIT 1
"""
CAPTURE = {
    "charge": "charges.id", "refund": "NULL", "kind": "CAPTURE", "cause": "NULL", "state": "SUCCEEDED", "amount": "1",
    "reference": "NULL", "settled": "now()",
}  # fmt: skip
REFUSED_STEPS: list[tuple[dict[str, str], str]] = [
    ({"amount": "0"}, "ck_payment_transactions_amount_minor"),
    ({"amount": "-1"}, "ck_payment_transactions_amount_minor"),
    ({"settled": "NULL"}, "ck_payment_transactions_settled"),
    ({"state": "REQUESTED"}, "ck_payment_transactions_settled"),
    ({"state": "UNKNOWN"}, "ck_payment_transactions_settled"),
    ({"state": "PERHAPS", "settled": "NULL"}, "ck_payment_transactions_state"),
    ({"cause": "'RENEWAL'"}, "ck_payment_transactions_cause_of_authorization"),
    ({"kind": "AUTHORIZATION", "charge": "NULL"}, "ck_payment_transactions_cause_of_authorization"),
    ({"kind": "AUTHORIZATION", "charge": "NULL", "cause": "'WHIM'"}, "ck_payment_transactions_cause"),
    ({"kind": "GIFT", "charge": "NULL"}, "ck_payment_transactions_kind"),
    ({"kind": "VOID"}, "ck_payment_transactions_charge"),
    ({"kind": "REFUND"}, "ck_payment_transactions_charge"),
    ({"refund": "refunds.id"}, "ck_payment_transactions_refund"),
    ({"kind": "CHARGEBACK", "charge": "NULL", "refund": "refunds.id"}, "ck_payment_transactions_refund"),
]
#: What steps of the ledger refuse for ever.
UNCHANGEABLE = (
    "UPDATE payment_transactions SET state = 'FAILED' WHERE settled_at IS NOT NULL",
    "UPDATE payment_transactions SET amount_minor = amount_minor + 1 WHERE settled_at IS NOT NULL",
    "UPDATE payment_transactions SET failure = 'x' WHERE settled_at IS NOT NULL",
    "UPDATE payment_transactions SET settled_at = NULL, state = 'UNKNOWN' WHERE settled_at IS NOT NULL",
    "UPDATE payment_transactions SET amount_minor = amount_minor + 1 WHERE settled_at IS NULL",
    "UPDATE payment_transactions SET kind = 'VOID', charge_id = NULL WHERE settled_at IS NULL",
    "UPDATE payment_transactions SET gateway = 'other' WHERE settled_at IS NULL",
    "UPDATE payment_transactions SET requested_at = now() WHERE settled_at IS NULL",
    "UPDATE payment_transactions SET refund_id = NULL WHERE settled_at IS NULL",
    "UPDATE payment_transactions SET charge_id = (SELECT min(id::text)::uuid FROM charges) WHERE settled_at IS NULL",
    "UPDATE payment_transactions SET cause = 'RENEWAL' WHERE settled_at IS NULL",
    "UPDATE payment_transactions SET authorization_reference = 'other' WHERE settled_at IS NULL",
    "DELETE FROM payment_transactions",
    "TRUNCATE payment_transactions CASCADE",
)
#: A statement that the database lets through, and what the invariants say of it.
FOUND = {
    **{
        f"ALTER TABLE payments DROP CONSTRAINT ck_payments_{name}; UPDATE payments SET {how}": "no tender gives back more than"
        for name, how in (
            ("held_of_amount", "amount_minor = 1"),
            ("captured_of_authorized", "capturing_minor = 1 + authorized_minor"),
            ("refunded_of_captured", "refunding_minor = 1 + captured_minor"),
            ("charged_back_of_captured", "charged_back_minor = 1 + captured_minor"),
        )
    },
    "UPDATE payments SET captured_minor = captured_minor - 1 WHERE position = 1": "the balances of a tender are the sums of its ledger",
    "UPDATE payments SET refunding_minor = 0": "the balances of a tender are the sums of its ledger",
    "UPDATE payments SET refunded_minor = 0": "the balances of a tender are the sums of its ledger",
    "UPDATE payments SET charged_back_minor = 1": "the balances of a tender are the sums of its ledger",
    "UPDATE payments SET amount_minor = amount_minor + 1, authorizing_minor = 1": (
        "the balances of a tender are the sums of its ledger"
    ),
    "UPDATE payments SET status = 'VOIDED'": "a tender is in the state that its balances say",
    "UPDATE payments SET status = 'CAPTURED'": "a tender is in the state that its balances say",
    "UPDATE orders SET payment_status = 'CAPTURED'": "what has been paid of an order follows from its tenders",
    "UPDATE orders SET payment_status = 'NOT_REQUIRED'": "what has been paid of an order follows from its tenders",
    "UPDATE charges SET amount_minor = amount_minor + 1": "the lines of a charge add up to it",
    "UPDATE refunds SET amount_minor = amount_minor + 1": "the lines of a charge add up to it",
    "UPDATE refunds SET amount_minor = 999999": "no order is given back more than it was charged",
    "UPDATE charges SET waived_minor = 1": "what is taken for a charge is no more than it",
    "UPDATE refunds SET waived_minor = 1": "what is given back for a refund is no more than it",
    "UPDATE payments SET currency = 'EUR'": "a tender is of its order's currency",
    "INSERT INTO charges (id, order_id, cause, amount_minor, lines, actor, requested_at) "
    "SELECT gen_random_uuid(), order_id, cause, amount_minor, lines, actor, requested_at FROM charges": (
        "goods are charged once, for what they are worth"
    ),
    "UPDATE charges SET lines = jsonb_set(lines, '{0,units}', '9'::jsonb)": "goods are charged once, for what they are worth",
    "UPDATE orders SET capture_at = 'SHIPMENT'": "goods are charged once, for what they are worth",
    STEP.format(**CAPTURE | {"charge": "NULL"}): "what is taken for a charge is no more than it",
    STEP.format(**CAPTURE | {"charge": "NULL", "kind": "REFUND"}): "what is given back for a refund is no more than it",
    STEP.format(**CAPTURE): "the balances of a tender are the sums of its ledger",
}


async def under_way(shop: Shop) -> Tendered:
    """Buy three mugs that were charged at once: one of them was cancelled and paid back, another is being paid back."""
    order = await buy_with(shop, card("tok_ok", "10.00"), card(), way=Way(CaptureAt.PLACEMENT))
    await order.work_off()
    await order.cancel(1)
    await order.work_off()
    await order.cancel(1)
    return order


async def run(shop: Shop, sql: str) -> None:
    """Run statements, behind everybody's back."""

    async def work(uow: UnitOfWork) -> None:
        await uow.execute(sql, [])

    await shop.begin().run(work)


class TestConstraints:
    @pytest.mark.parametrize("sql", REFUSED)
    async def test_refuse_what_no_tender_can_be(self, shop: Shop, sql: str) -> None:
        await under_way(shop)

        with pytest.raises(asyncpg.CheckViolationError) as refused:
            await run(shop, sql)

        assert refused.value.constraint_name == REFUSED[sql]

    @pytest.mark.parametrize(("said", "constraint"), REFUSED_STEPS)
    async def test_refuse_steps_that_make_no_sense(self, shop: Shop, said: dict[str, str], constraint: str) -> None:
        await under_way(shop)

        with pytest.raises(asyncpg.CheckViolationError) as refused:
            await run(shop, STEP.format(**CAPTURE | said))

        assert refused.value.constraint_name == constraint

    async def test_keep_the_name_of_a_step_for_it_alone(self, shop: Shop) -> None:
        await under_way(shop)
        named = STEP.format(**CAPTURE | {"reference": "'a name'"})
        await run(shop, named)

        with pytest.raises(asyncpg.UniqueViolationError):
            await run(shop, named)

    @pytest.mark.parametrize("sql", UNCHANGEABLE)
    async def test_let_nobody_change_what_was_asked_or_answered(self, shop: Shop, sql: str) -> None:
        await under_way(shop)

        with pytest.raises(asyncpg.RestrictViolationError):
            await run(shop, sql)

        assert await broken(shop) == []


class TestInvariants:
    @pytest.mark.parametrize("sql", FOUND)
    async def test_find_what_was_planted(self, shop: Shop, sql: str) -> None:
        await under_way(shop)
        before = await broken(shop)

        await run(shop, sql)

        assert before == []
        assert any(FOUND[sql] in found for found in await broken(shop))
