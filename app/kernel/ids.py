"""Ids: UUIDv7 inside, TypeIDs outside, and the one list of their kinds.

Made in the app, so that nothing hot hangs on a database sequence, and ordered by time, so that indexes grow at one end.
A client sees `ord_01h…` (prefix + base32 of the same 128 bits): opaque, readable in logs, and refused when of another kind.
Source: TypeID specification 0.3; RFC 9562 for UUIDv7.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NewType
from uuid import UUID

from typeid import TypeID
from typeid.errors import TypeIDException
from uuid_utils import uuid7

from app.kernel.errors import Invalid

UserId = NewType("UserId", UUID)
CustomerId = NewType("CustomerId", UUID)
CustomerAddressId = NewType("CustomerAddressId", UUID)
ChannelId = NewType("ChannelId", UUID)
LocationId = NewType("LocationId", UUID)
LocationGroupId = NewType("LocationGroupId", UUID)
SafetyStockRuleId = NewType("SafetyStockRuleId", UUID)
CategoryId = NewType("CategoryId", UUID)
CollectionId = NewType("CollectionId", UUID)
ProductId = NewType("ProductId", UUID)
VariantId = NewType("VariantId", UUID)
CartId = NewType("CartId", UUID)
CartLineId = NewType("CartLineId", UUID)
AttemptId = NewType("AttemptId", UUID)
OrderId = NewType("OrderId", UUID)
OrderLineId = NewType("OrderLineId", UUID)
PaymentId = NewType("PaymentId", UUID)
CreditAccountId = NewType("CreditAccountId", UUID)
InvoiceId = NewType("InvoiceId", UUID)
FulfillmentOrderId = NewType("FulfillmentOrderId", UUID)
FulfillmentOrderLineId = NewType("FulfillmentOrderLineId", UUID)
ShipmentId = NewType("ShipmentId", UUID)
PickupId = NewType("PickupId", UUID)
ReturnId = NewType("ReturnId", UUID)
ReturnLineId = NewType("ReturnLineId", UUID)
CountId = NewType("CountId", UUID)
CountLineId = NewType("CountLineId", UUID)
PurchaseOrderId = NewType("PurchaseOrderId", UUID)
TransferId = NewType("TransferId", UUID)
TransferLineId = NewType("TransferLineId", UUID)
ReconciliationId = NewType("ReconciliationId", UUID)


class IdKind(StrEnum):
    """Every kind of id that leaves the house, with its prefix."""

    USER = "usr"
    CUSTOMER = "cus"
    CUSTOMER_ADDRESS = "cad"
    CHANNEL = "chn"
    LOCATION = "loc"
    LOCATION_GROUP = "lgr"
    SAFETY_STOCK_RULE = "ssr"
    CATEGORY = "cat"
    COLLECTION = "col"
    PRODUCT = "prd"
    VARIANT = "var"
    CART = "crt"
    CART_LINE = "cln"
    ATTEMPT = "att"
    ORDER = "ord"
    ORDER_LINE = "oln"
    PAYMENT = "pay"
    PAYMENT_TRANSACTION = "ptx"
    HOLD = "hld"
    GIFT_CARD = "gft"
    STORE_CREDIT = "stc"
    INVOICE = "inv"
    FULFILLMENT_ORDER = "ful"
    FULFILLMENT_ORDER_LINE = "fln"
    SHIPMENT = "shp"
    PICKUP = "pck"
    RETURN = "ret"
    RETURN_LINE = "rln"
    COUNT = "cnt"
    COUNT_LINE = "cnl"
    PURCHASE_ORDER = "por"
    SUPPLY = "sup"
    STOCK_FEED = "fed"
    TRANSFER = "trf"
    TRANSFER_LINE = "trl"
    RECONCILIATION = "rec"


_KIND_BY_PREFIX = {kind.value: kind for kind in IdKind}


def new_id() -> UUID:
    """Make a UUIDv7."""
    return UUID(bytes=uuid7().bytes)


def encode(kind: IdKind, value: UUID) -> str:
    """Write an id the way clients see it: `ord_01h…`."""
    return str(TypeID.from_uuid(suffix=value, prefix=kind.value))  # type: ignore[arg-type]  # It reads `.bytes` alone.


def decode(kind: IdKind, text: str, *, field: Sequence[str] = ("id",)) -> UUID:
    """Read a client's id of one kind.

    Raises: Invalid when it is malformed or of another kind.
    """
    found, value = decode_any(text, field=field)
    if found is not kind:
        raise Invalid(
            f"this is the id of another kind of thing; one that begins with {kind.value}_ is needed", field=field
        )
    return value


def decode_any(text: str, *, field: Sequence[str] = ("id",)) -> tuple[IdKind, UUID]:
    """Read a client's id of whatever kind, as `node` does.

    Raises: Invalid when it is malformed or of no known kind.
    """
    try:
        parsed = TypeID.from_string(text)
        # The library hands back uuid_utils' class, which is not a uuid.UUID to the database driver.
        return _KIND_BY_PREFIX[parsed.prefix], UUID(bytes=parsed.uuid.bytes)
    except (TypeIDException, KeyError, ValueError, IndexError):
        raise Invalid(f"{text[:60]!r} is not an id", field=field) from None
