"""One of everything, for a customer and for a guest: a cart, an order with work at two locations, a pickup, a return.

Whoever asks about it is `ROLES`: the owners, people like them, and everybody who works for the shop.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Final
from uuid import UUID

from app.cart import queries as cart_queries
from app.delivery.states import DeliveryMethod
from app.fulfillment import queries as work_queries
from app.fulfillment import service as fulfillment
from app.fulfillment.rules import FulfillmentOrder
from app.fulfillment.states import RejectionReason
from app.kernel.actor import ANONYMOUS
from app.kernel.db import UnitOfWork
from app.kernel.ids import CreditAccountId, IdKind, OrderId, decode, decode_any, encode, new_id
from app.orders import queries as order_queries
from app.orders import service as orders
from app.orders.states import HoldReason
from app.payments import queries as payment_queries
from app.payments.rules.accounts import derived_code
from app.pickup import queries as pickup_queries
from app.pickup import service as pickup_service
from app.returns import queries as return_queries
from app.returns import service as returns
from schema.cart.ids import GROUP, OPTION, write
from tests.builders.buyers import Buyer
from tests.builders.counted import begin_count
from tests.builders.credited import gift_card, store_credit
from tests.builders.placed import Placed, collected, place, shipped
from tests.builders.returned import request, settle, sold
from tests.builders.shop import DELIVERY_OPTIONS, LOCATIONS, PASSWORD, Shop, fixed_id
from tests.builders.transferred import draft

GUEST: Final = "guest"
STRANGER: Final = "stranger"
ANYBODY: Final = "anonymous"
#: Everybody who may ask, and the person of the shop whose log-in they use.
ROLES: Final[Mapping[str, str | None]] = MappingProxyType(
    {
        ANYBODY: None,
        GUEST: None,
        STRANGER: None,
        "owner": "ada",
        "other": "bob",
        "associate": "associate",
        "elsewhere": "other_associate",
        "manager": "manager",
        "service": "service",
        "operator": "operator",
        "merchandiser": "merchandiser",
        "integration": "integration",
        "admin": "admin",
    }
)


_ADA: Final = fixed_id(2, 1)
_ADAS_ADDRESS: Final = fixed_id(11, 1)


@dataclass(frozen=True, slots=True)
class Things:
    """What one buyer has: the ids that clients see, and the two tokens that prove a guest's right to them."""

    placed: Placed
    cart_token: str
    order_token: str
    ids: Mapping[str, str]

    @property
    def notice(self) -> dict[str, str]:
        """Write the ids that news about the work carry."""
        work = str(decode(IdKind.FULFILLMENT_ORDER, self.ids["work"]))
        return {"order_id": str(self.placed.id), "location_id": str(LOCATIONS["camden"]), "fulfillment_order_id": work}


class Scene:
    """The things of `ada`, of a guest, and of another guest, whose tokens are good for the other guest's things alone."""

    def __init__(self, shop: Shop, ada: Things, guest: Things, stranger: Things) -> None:
        self.shop = shop
        self.of: Mapping[str, Things] = {"ada": ada, GUEST: guest}
        self._tokens = {GUEST: guest, STRANGER: stranger}

    def access(self, role: str) -> str | None:
        """Issue what a role logs in with; None for guests."""
        person = ROLES[role]
        return None if person is None else self.shop.token(person)

    def tokens(self, role: str) -> tuple[str | None, str | None]:
        """Say which cart token and which order token a role sends along."""
        things = self._tokens.get(role)
        return (None, None) if things is None else (things.cart_token, things.order_token)


async def set_scene(shop: Shop) -> Scene:
    """Furnish the shop with one of everything."""
    ada = await _things(shop, "ada", Buyer(shop, begin=shop.begin("ada")))
    guest = await _things(shop, None, Buyer(shop, begin=shop.database.begin(ANONYMOUS)))
    other = await Buyer(shop).cart({"mug": 1})
    stranger = await place(shop, shipped("lamp", 1))
    tokens = Things(stranger, shop.database.keys.token("cart", other.id), stranger.token, {})
    return Scene(shop, ada, guest, tokens)


async def advance(shop: Shop, things: Things, thing: str, *steps: str) -> None:
    """Bring somebody's work or return further, step by step, as the shop itself."""
    for step in steps:
        key = decode_any(things.ids[thing])[1]
        await shop.begin().run(partial(_STEPS[step], key=key))


async def _step(uow: UnitOfWork, key: UUID, *, command: Callable[..., Awaitable[object]], name: str) -> None:
    await command(uow, **{name: key})


async def _hold(uow: UnitOfWork, key: UUID) -> None:
    await orders.apply_hold(uow, OrderId(key), reason=HoldReason.CAPTURE_FAILED, message="the bank said no")


async def _promise(uow: UnitOfWork, key: UUID) -> None:
    """Let a tender be a promise that was not kept yet."""
    await uow.execute(
        """
        UPDATE payments SET tender = 'PAY_IN_STORE', status = 'PENDING', authorized_minor = 0, captured_minor = 0,
            capturing_minor = 0, released_minor = 0
        WHERE id = $1
        """,
        [key],
    )


async def _terminal(uow: UnitOfWork, key: UUID) -> None:
    """Let a tender be a terminal's, with a refund that somebody has to make there."""
    await uow.execute(
        """
        UPDATE payments SET tender = 'CARD_PRESENT', gateway = 'card_present', status = 'PARTIALLY_CAPTURED',
            captured_minor = 2, refunding_minor = 1
        WHERE id = $1
        """,
        [key],
    )
    await uow.execute(
        """
        INSERT INTO payment_transactions (id, payment_id, kind, state, amount_minor, gateway, requested_at)
        VALUES ($1, $2, 'REFUND', 'REQUESTED', 1, 'card_present', $3)
        """,
        [new_id(), key, uow.now],
    )


_WORK: Final = "fulfillment_order_id"
_REJECT: Final = partial(fulfillment.reject, reason=RejectionReason.OTHER, note="the shelf fell over")
_STEPS: Final[Mapping[str, Callable[..., Awaitable[None]]]] = MappingProxyType(
    {
        "accept": partial(_step, command=fulfillment.accept, name=_WORK),
        "pick": partial(_step, command=fulfillment.pick, name=_WORK),
        "pack": partial(_step, command=fulfillment.pack, name=_WORK),
        "ready": partial(_step, command=pickup_service.make_ready, name=_WORK),
        "reject": partial(_step, command=_REJECT, name=_WORK),
        "approve": partial(_step, command=returns.approve, name="return_id"),
        "hold": _hold,
        "promise": _promise,
        "terminal": _terminal,
    }
)


def good_inputs(scene: Scene) -> dict[str, Sequence[object]]:
    """List what can be sent in each input field and argument, by its name."""
    shop = scene.shop

    def ids(*names: str) -> list[str]:
        return [things.ids[name] for things in scene.of.values() for name in names]

    variants = [shop.variant_ref(sku) for sku in ("mug", "tee-s", "tent")]
    tokens = [token for things in scene.of.values() for token in (things.cart_token, things.order_token)]
    return {
        "id": [ref for things in scene.of.values() for ref in things.ids.values()],
        "cartId": ids("cart"),
        "lineId": ids("cart line"),
        "groupId": ids("group"),
        "optionId": [write(OPTION, DELIVERY_OPTIONS[code]) for code in ("standard", "express", "pickup")],
        "orderId": ids("order"),
        "paymentId": ids("payment"),
        "transactionId": ids("payment step"),
        "orderLineId": ids("order line tee-l", "order line tee-m", "order line lamp"),
        "fulfillmentOrderId": ids("work", "work far", "collecting"),
        "fulfillmentOrderLineId": ids("work line"),
        "pickupId": ids("pickup"),
        "returnId": ids("return"),
        "returnLineId": ids("return line"),
        "countId": ids("count"),
        "countLineId": ids("count line", "count line left"),
        "lineIds": ids("count line"),
        "counted": [0, 3, 5],
        "transferId": ids("transfer"),
        "transferLineId": ids("transfer line"),
        "fromLocationId": [shop.location_ref(code) for code in ("warehouse", "camden")],
        "toLocationId": [shop.location_ref(code) for code in ("camden", "leeds")],
        "delta": [1, -1],
        "giftCardId": ids("gift card"),
        "storeCreditId": ids("store credit"),
        "customerId": ids("customer"),
        "amount": ["1.00", "-1.00", "20"],
        "currency": ["GBP", "EUR"],
        "code": [code_of(shop, ref) for ref in ids("gift card")],
        "lastCharacters": [code_of(shop, ref)[-4:] for ref in ids("gift card")],
        "variantId": variants,
        "locationId": [shop.location_ref(code) for code in shop.locations],
        "storeId": [shop.location_ref(code) for code in ("camden", "soho")],
        "token": tokens,
        "refreshToken": tokens,
        "quantity": [1],
        "idempotencyKey": [f"key {number}" for number in range(1000)],
        "gateway": ["test"],
        "report": [
            "kind,at,amount_minor,currency\n",
            f"kind,at,amount_minor,currency,key\nCAPTURE,{shop.database.now().isoformat()},5,GBP,nobody\nnonsense\n",
        ],
        "email": ["ada@shop.test", "new@shop.test"],
        "password": [PASSWORD],
        "expectedTotal": ["28.99"],
        "country": ["GB"],
        "channel": ["web"],
        "slug": ["mug", "kitchen"],
        "sku": ["mug"],
        "version": [1, 2, 3, 4],
        "year": [2026],
        "language": ["de", "ar"],
        "timezone": ["Europe/Berlin"],
        "invoicePrefix": ["RG"],
        "vatId": ["GB980780684"],
    }


def code_of(shop: Shop, gift_card_ref: str) -> str:
    """Derive the code of a gift card from its id."""
    keys = shop.database.keys
    card_id = CreditAccountId(decode(IdKind.GIFT_CARD, gift_card_ref))
    return derived_code(keys, card_id, key_id=keys.current)


async def _things(shop: Shop, customer: str | None, buyer: Buyer) -> Things:
    cart = await buyer.cart({"mug": 1}, {"mug": 1}, at="camden")
    placed = await place(
        shop,
        shipped("mug", 1),
        shipped("tee-l", 1, at="camden"),
        collected("tee-s", 1, at="camden"),
        sold("tee-m", 1, at="camden"),
        sold("lamp", 1, at="soho"),
        customer=customer,
    )
    await settle(shop)
    asked = await request(
        placed,
        {"tee-m": 1},
        by=shop.begin("ada") if customer else shop.database.begin(ANONYMOUS),
        token=None if customer else placed.token,
    )
    async with shop.database.read() as session:
        lines = await order_queries.list_lines(session, order_ids=[placed.id])
        payments = await payment_queries.list_payments(session, order_ids=[placed.id])
        steps = await payment_queries.list_steps(session, payment_ids=[payments[0].id])
        returned = await return_queries.list_lines(session, return_ids=[asked.id])
        works = {
            name: next(work for work in await placed.works() if _is(shop, work, *where))
            for name, where in {
                "far": ("warehouse", DeliveryMethod.SHIPPING),
                "near": ("camden", DeliveryMethod.SHIPPING),
                "collecting": ("camden", DeliveryMethod.PICKUP),
            }.items()
        }
        (pickup,) = await pickup_queries.list_for_work(session, fulfillment_order_ids=[works["collecting"].id])
        work_lines = await work_queries.list_lines(session, fulfillment_order_ids=[works["near"].id])
        cart_lines = await cart_queries.list_lines(session, cart_ids=[cart.id])
    quote = await buyer.quote(cart)
    counting = await begin_count(shop, "mug", "tee-l", at="camden")
    await counting.record({"mug": 5})
    count_lines = await counting.lines()
    sending = await draft(shop, {"mug": 1}, origin="camden", target="leeds")
    ids = {
        "cart line": encode(IdKind.CART_LINE, cart_lines[0].id),
        "group": write(GROUP, quote.groups[0].group_id),
        "option": write(OPTION, quote.groups[0].options[0].option_id),
        "cart": encode(IdKind.CART, cart.id),
        "order": encode(IdKind.ORDER, placed.id),
        **{f"order line {line.sku}": encode(IdKind.ORDER_LINE, line.id) for line in lines},
        "payment": encode(IdKind.PAYMENT, payments[0].id),
        "payment step": encode(IdKind.PAYMENT_TRANSACTION, steps[0].id),
        "work far": encode(IdKind.FULFILLMENT_ORDER, works["far"].id),
        "work": encode(IdKind.FULFILLMENT_ORDER, works["near"].id),
        "work line": encode(IdKind.FULFILLMENT_ORDER_LINE, work_lines[0].id),
        "collecting": encode(IdKind.FULFILLMENT_ORDER, works["collecting"].id),
        "pickup": encode(IdKind.PICKUP, pickup.id),
        "return": encode(IdKind.RETURN, asked.id),
        "return line": encode(IdKind.RETURN_LINE, returned[0].id),
        "count": encode(IdKind.COUNT, counting.id),
        "count line": encode(IdKind.COUNT_LINE, count_lines["mug"].id),
        "count line left": encode(IdKind.COUNT_LINE, count_lines["tee-l"].id),
        "transfer": encode(IdKind.TRANSFER, sending.id),
        "transfer line": encode(IdKind.TRANSFER_LINE, (await sending.lines())["mug"].id),
        "gift card": encode(IdKind.GIFT_CARD, (await gift_card(shop)).id),
        "store credit": encode(IdKind.STORE_CREDIT, (await store_credit(shop)).id),
        "customer": encode(IdKind.CUSTOMER, _ADA),
        "address": encode(IdKind.CUSTOMER_ADDRESS, _ADAS_ADDRESS),
    }
    return Things(placed, shop.database.keys.token("cart", cart.id), placed.token, MappingProxyType(ids))


def _is(shop: Shop, work: FulfillmentOrder, at: str, method: DeliveryMethod) -> bool:
    return work.location_id == shop.locations[at] and work.method is method
