"""What kinds of promotion there are."""

from enum import StrEnum


class PromotionKind(StrEnum):
    """What a promotion takes off."""

    PERCENT_OFF = "PERCENT_OFF"
    AMOUNT_OFF = "AMOUNT_OFF"
    FREE_DELIVERY = "FREE_DELIVERY"
