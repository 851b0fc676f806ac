"""Commands on promotions."""

from collections.abc import Sequence
from dataclasses import replace

from app.kernel.db import UnitOfWork
from app.kernel.errors import Invalid
from app.kernel.ids import ChannelId
from app.kernel.permissions import Permission
from app.promotions import queries
from app.promotions.rules import LONGEST_CODE, PromotionInput, normal_code
from app.promotions.states import PromotionKind

_WHOLE_PERCENT = 100


async def put_promotions(uow: UnitOfWork, *, channel_id: ChannelId, promotions: Sequence[PromotionInput]) -> None:
    """Let promotions run in a channel, replacing those of the same code, or for automatic ones of the same name.

    Raises: Forbidden; Invalid naming the field.
    """
    uow.actor.require(Permission.CATALOG_WRITE)
    kept = [
        replace(promotion, code=None if promotion.code is None else normal_code(promotion.code))
        for promotion in promotions
    ]
    for i, promotion in enumerate(kept):
        _check(promotion, ("promotions", str(i)))
    await queries.insert_or_replace(uow, channel_id=channel_id, promotions=kept)


def _check(promotion: PromotionInput, at: tuple[str, ...]) -> None:
    if promotion.code is not None and not 0 < len(promotion.code) <= LONGEST_CODE:
        raise Invalid(f"a code has 1 to {LONGEST_CODE} characters", field=(*at, "code"))
    percent, amount = promotion.percent, promotion.amount_minor
    if (promotion.kind is PromotionKind.PERCENT_OFF) != (percent is not None) or not 1 <= (
        percent or 1
    ) <= _WHOLE_PERCENT:
        raise Invalid("from 1 to 100, and for PERCENT_OFF alone", field=(*at, "percent"))
    if (promotion.kind is PromotionKind.AMOUNT_OFF) != (amount is not None) or (amount is not None and amount <= 0):
        raise Invalid("above zero, and for AMOUNT_OFF alone", field=(*at, "amount"))
    if promotion.from_subtotal_minor < 0:
        raise Invalid("zero or above", field=(*at, "fromSubtotal"))
    if promotion.ends_at is not None and promotion.ends_at <= promotion.starts_at:
        raise Invalid("after the start", field=(*at, "endsAt"))
