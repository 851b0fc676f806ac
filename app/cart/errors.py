"""Refusals of carts."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from app.kernel.errors import DomainError, ErrorCode, IllegalTransition, Invalid, NotFound


class CartNotFound(NotFound):
    """There is no such cart, or the caller may not see it."""


class CartNotActive(IllegalTransition):
    """The cart was ordered, merged into another or has expired; it changes no more."""


class ChannelClosed(IllegalTransition):
    """The channel sells nothing any more."""


class RecoveryLinkWrong(NotFound):
    """The recovery link opens no cart."""


class RecoveryLinkReplaced(IllegalTransition):
    """A newer recovery link was made for the cart; the older one opens it no more."""


class RecoveryLinkExpired(IllegalTransition):
    """The recovery link was good for some days, which are over."""


class TooManyLines(Invalid):
    """The cart would have more lines than one may have."""


class TooManyUnits(Invalid):
    """The line would have more units than one may have."""


class VariantNotSold(Invalid):
    """The variant has no price in the channel."""


class DeliveryUnavailable(DomainError):
    """These lines cannot be delivered or handed over this way."""

    code: ClassVar[ErrorCode] = ErrorCode.DELIVERY_UNAVAILABLE


class SlotFull(DomainError):
    """The pickup slot has no place left."""

    code: ClassVar[ErrorCode] = ErrorCode.SLOT_FULL


class PromotionCodeInvalid(DomainError):
    """No promotion runs under this code."""

    code: ClassVar[ErrorCode] = ErrorCode.PROMOTION_CODE_INVALID


class PaymentPending(DomainError):
    """A payment for this cart is under way and its result not yet known."""

    code: ClassVar[ErrorCode] = ErrorCode.PAYMENT_PENDING

    def __init__(self, attempt_id: UUID, *, field: Sequence[str] = ()) -> None:
        super().__init__("a payment for this cart is under way; wait for its result", field=field)
        self.attempt_id = attempt_id
