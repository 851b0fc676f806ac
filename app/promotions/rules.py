"""What promotions take off, without a database.

The order in which promotions act, which is part of the shop's promise: first the one automatic promotion on goods that
takes most off; then codes, percentages before amounts, higher before lower, and by the alphabet where they are equal.
Each takes from what the ones before it left. Free delivery stands apart: it takes off delivery and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.kernel.ids import ChannelId
from app.kernel.money import allocate, round_half_away
from app.promotions.states import PromotionKind

LONGEST_CODE = 64
_KIND_ORDER = {PromotionKind.PERCENT_OFF: 0, PromotionKind.AMOUNT_OFF: 1, PromotionKind.FREE_DELIVERY: 2}


@dataclass(frozen=True, slots=True)
class Promotion:
    """A condition and what is taken off. Without a code it applies by itself. `ends_at` is exclusive."""

    id: UUID
    channel_id: ChannelId
    name: str
    code: str | None
    kind: PromotionKind
    percent: int | None
    amount_minor: int | None
    from_subtotal_minor: int
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionInput:
    """A promotion as somebody writes it, before it has an id."""

    name: str
    code: str | None
    kind: PromotionKind
    percent: int | None = None
    amount_minor: int | None = None
    from_subtotal_minor: int = 0
    starts_at: datetime
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Goods:
    """What promotions are applied to: the subtotal of each line, in the order in which a last penny is given out."""

    subtotals_minor: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reduction:
    """What one promotion takes off each line. For free delivery nothing: it is `frees_delivery`."""

    name: str
    code: str | None
    parts_minor: tuple[int, ...]
    frees_delivery: bool = False

    @property
    def amount_minor(self) -> int:
        """What it takes off goods in all."""
        return sum(self.parts_minor)


def normal_code(text: str) -> str:
    """Write a code as it is kept: codes are compared without regard to case or spaces around them."""
    return text.strip().upper()


def reductions(goods: Goods, promotions: Sequence[Promotion]) -> list[Reduction]:
    """Say what each promotion takes off, in the order in which they act. Those that take nothing off are left out.

    A promotion's condition is about the subtotal before any of them. Parts of a discount are proportional to what is
    left of the lines, by largest remainder.
    """
    subtotal = sum(goods.subtotals_minor)
    met = sorted((promotion for promotion in promotions if subtotal >= promotion.from_subtotal_minor), key=_rank)
    on_goods = [promotion for promotion in met if promotion.kind is not PromotionKind.FREE_DELIVERY]
    automatic = [promotion for promotion in on_goods if promotion.code is None]
    # max answers the first of equals, and they are ranked.
    best = [max(automatic, key=lambda promotion: _amount(promotion, subtotal, subtotal))] if automatic else []
    left = list(goods.subtotals_minor)
    found = []
    for promotion in (*best, *(promotion for promotion in on_goods if promotion.code is not None)):
        amount = _amount(promotion, subtotal, sum(left))
        if amount == 0:
            continue
        parts = allocate(amount, left)
        left = [remaining - part for remaining, part in zip(left, parts, strict=True)]
        found.append(Reduction(promotion.name, promotion.code, tuple(parts)))
    freeing = next((promotion for promotion in met if promotion.kind is PromotionKind.FREE_DELIVERY), None)
    if freeing is not None:
        found.append(Reduction(freeing.name, freeing.code, (0,) * len(left), frees_delivery=True))
    return found


def _amount(promotion: Promotion, subtotal: int, left: int) -> int:
    """A percentage is of the whole subtotal, whatever was taken off before; nothing takes more than is left."""
    if promotion.percent is not None:
        return min(left, round_half_away(subtotal * promotion.percent, 100))
    return min(left, promotion.amount_minor or 0)


def _rank(promotion: Promotion) -> tuple[int, int, str, str]:
    size = promotion.percent or promotion.amount_minor or 0
    # An automatic promotion comes before a code that does the same, so that the code is not shown as what did it.
    return _KIND_ORDER[promotion.kind], -size, promotion.code or "", promotion.name
