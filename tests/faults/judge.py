"""What has to be true once everybody has recovered: each check by the story that it forbids."""

from dataclasses import dataclass
from typing import Final

from tests.builders.buyers import broken
from tests.builders.shop import Shop
from tests.faults.scenarios import Money

#: What the provider itself remembers of each authorization that it granted, whoever was told of it, and the tender that it
#: was for. Of one that has run out by the last thing that was written down, nothing is held any more.
_AT_THE_PROVIDER = """
    SELECT authorization_.reference, own.payment_id, authorization_.amount_minor AS authorized,
        coalesce(sum(step.amount_minor) FILTER (WHERE step.kind = 'CAPTURE' AND step.outcome = 'SUCCEEDED'), 0)::bigint
            AS captured,
        CASE WHEN authorization_.expires_at <= (SELECT max(settled_at) FROM payment_transactions)
            THEN authorization_.amount_minor
                - coalesce(sum(step.amount_minor) FILTER (WHERE step.kind = 'CAPTURE' AND step.outcome = 'SUCCEEDED'), 0)
            ELSE coalesce(sum(step.amount_minor) FILTER (WHERE step.kind = 'VOID' AND step.outcome = 'SUCCEEDED'), 0)
        END::bigint AS released,
        coalesce(sum(step.amount_minor) FILTER (WHERE step.kind = 'REFUND' AND step.outcome = 'SUCCEEDED'), 0)::bigint
            AS refunded
    FROM test_gateway_operations AS authorization_
    LEFT JOIN test_gateway_operations AS step ON step.authorization_reference = authorization_.reference
    LEFT JOIN payment_transactions AS own
        ON own.kind = 'AUTHORIZATION' AND own.gateway_reference = authorization_.reference
    WHERE authorization_.kind = 'AUTHORIZATION' AND authorization_.outcome = 'SUCCEEDED'
    GROUP BY authorization_.reference, own.payment_id, authorization_.amount_minor, authorization_.expires_at
"""


@dataclass(frozen=True, slots=True)
class Check:
    """A query whose rows tell the story that must not happen."""

    story: str
    sql: str
    #: Only after days: until then a shopper who was asked to act may still do so.
    at_last: bool = False


CHECKS: Final[tuple[Check, ...]] = (
    Check(
        "a checkout is left lying, neither placed nor ended",
        "SELECT id, status FROM checkout_attempts WHERE status NOT IN ('PLACED', 'FAILED', 'ABANDONED')",
    ),
    Check(
        "an order is placed without its money",
        """
        SELECT attempt.id, attempt.order_id, attempt.total_minor FROM checkout_attempts AS attempt
        LEFT JOIN payments AS payment ON payment.attempt_id = attempt.id AND payment.order_id = attempt.order_id
        WHERE attempt.status = 'PLACED'
        GROUP BY attempt.id HAVING coalesce(sum(payment.authorized_minor - payment.expired_minor), 0) <> attempt.total_minor
        """,
    ),
    Check(
        "an order and its checkout do not know of each other",
        """
        SELECT orders.id AS order_id, attempt.id AS attempt_id FROM orders
        FULL JOIN (SELECT * FROM checkout_attempts WHERE status = 'PLACED') AS attempt ON attempt.order_id = orders.id
        WHERE orders.id IS NULL OR attempt.id IS NULL OR orders.total_minor <> attempt.total_minor
        """,
    ),
    Check(
        "a checkout has ended, and its money is held or taken",
        f"""
        SELECT attempt.id, known.* FROM checkout_attempts AS attempt
        JOIN payments AS payment ON payment.attempt_id = attempt.id
        JOIN ({_AT_THE_PROVIDER}) AS known ON known.payment_id = payment.id
        WHERE attempt.status <> 'PLACED' AND (known.authorized <> known.released OR known.captured > 0)
        """,
    ),
    Check(
        "a checkout has ended, and its gift card is held or was taken from",
        """
        SELECT attempt.id, payment.account_id FROM checkout_attempts AS attempt
        JOIN payments AS payment ON payment.attempt_id = attempt.id
        WHERE attempt.status <> 'PLACED' AND payment.account_id IS NOT NULL
            AND payment.authorized_minor > payment.released_minor + payment.expired_minor
        """,
    ),
    Check(
        "the provider holds money that no tender of ours knows of",
        f"""
        SELECT known.* FROM ({_AT_THE_PROVIDER}) AS known WHERE known.payment_id IS NULL
        """,
    ),
    Check(
        "our ledger and the provider's do not say the same",
        f"""
        SELECT payment.id, payment.status, payment.authorized_minor, payment.captured_minor, payment.released_minor,
            payment.expired_minor, payment.refunded_minor, payment.capturing_minor, payment.refunding_minor, known.*
        FROM payments AS payment LEFT JOIN (
            SELECT payment_id, sum(authorized)::bigint AS authorized, sum(captured)::bigint AS captured,
                sum(released)::bigint AS released, sum(refunded)::bigint AS refunded
            FROM ({_AT_THE_PROVIDER}) AS one GROUP BY payment_id
        ) AS known ON known.payment_id = payment.id
        WHERE payment.tender = 'CARD' AND (authorized_minor, captured_minor, released_minor + expired_minor, refunded_minor,
            capturing_minor + refunding_minor)
            IS DISTINCT FROM (coalesce(known.authorized, 0), coalesce(known.captured, 0), coalesce(known.released, 0),
                coalesce(known.refunded, 0), 0)
        """,
    ),
    Check(
        "a step of a payment never got its answer",
        "SELECT id, kind, state, attempts FROM payment_transactions WHERE settled_at IS NULL",
        at_last=True,
    ),
    Check(
        "stock is held for nobody",
        """
        SELECT id, demand_kind, demand_id, state, expires_at FROM reservations
        WHERE state = 'SOFT' OR (demand_kind = 'ORDER' AND demand_id NOT IN (SELECT id FROM orders))
        """,
    ),
    Check(
        "a place in a pickup slot is kept for nobody",
        """
        SELECT slot.store_id, slot.starts_at, slot.used FROM pickup_slots AS slot
        WHERE slot.used <> (SELECT count(*) FROM pickups WHERE store_id = slot.store_id
            AND slot_starts_at = slot.starts_at AND status <> 'CANCELLED')
        """,
    ),
    Check("a cart became two orders", "SELECT cart_id FROM orders GROUP BY cart_id HAVING count(*) > 1"),
    Check(
        "a cart is ordered without an order, or held by a checkout that is over",
        """
        SELECT cart.id, cart.status, cart.attempt_id FROM carts AS cart
        WHERE (cart.status = 'ORDERED') <> EXISTS (SELECT FROM orders WHERE cart_id = cart.id)
           OR cart.attempt_id IS NOT NULL AND cart.status = 'ACTIVE'
        """,
    ),
    Check(
        "an event waits for ever",
        "SELECT id, name, attempts, last_error FROM outbox WHERE delivered_at IS NULL",
    ),
    Check(
        "a call has an effect and no answer under its key",
        """
        SELECT key.scope, key.key FROM idempotency_keys AS key WHERE key.result IS NULL
        """,
    ),
)


async def found_by_checks(shop: Shop, *, at_last: bool = False) -> list[str]:
    """Tell every story that happened and must not have; `at_last`, when all who could wait have waited."""
    stories = []
    for check in CHECKS:
        if check.at_last and not at_last:
            continue
        rows = await shop.fetch(check.sql)
        if rows:
            stories.append(f"{check.story}: {[dict(row) for row in rows]}")
    return stories + [f"the audit is not silent: {finding}" for finding in await broken(shop)]


async def units(shop: Shop) -> dict[str, int]:
    """Count the units of each variant wherever they are: on our shelves, or with a customer."""
    rows = await shop.fetch(
        """
        SELECT sku, sum(units)::int FROM (
            SELECT variant_id, sellable + damaged + quality AS units FROM levels
            UNION ALL SELECT variant_id, fulfilled FROM order_lines
            UNION ALL SELECT variant_id, -accepted FROM return_lines
        ) AS somewhere JOIN variants ON variants.id = variant_id GROUP BY sku
        """
    )
    return {row[0]: row[1] for row in rows}


async def money(shop: Shop) -> Money:
    """Ask the provider's own memory what it holds, has taken and has given back in all."""
    (row,) = await shop.fetch(
        f"""
        SELECT coalesce(sum(authorized - captured - released), 0)::bigint, coalesce(sum(captured - refunded), 0)::bigint,
            coalesce(sum(refunded), 0)::bigint FROM ({_AT_THE_PROVIDER}) AS known
        """
    )
    return Money(*row)
