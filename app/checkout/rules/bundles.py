"""Bundles become what they are made of: an order's lines are of variants that have stock, and their money adds up.

So everything after checkout, from picking to returning one of the parts, knows single variants alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from app.checkout.rules.records import Discount, SnapshotLine
from app.kernel.ids import OrderLineId, VariantId, new_id
from app.kernel.money import allocate


@dataclass(frozen=True, slots=True)
class Part:
    """Units of a variant in one bundle, what it is called, and what one unit costs by itself; 0 when it is not sold."""

    variant_id: VariantId
    quantity: int
    sku: str
    product_name: str
    options: tuple[dict[str, str], ...]
    price_minor: int


def unbundled(lines: Sequence[SnapshotLine], parts: Mapping[UUID, Sequence[Part]]) -> list[SnapshotLine]:
    """Write lines of bundles as lines of their parts; other lines stay as they are.

    Price, discounts and tax of a bundle are shared out by what its parts cost by themselves, and add up exactly. Where a
    part's share does not divide by its units, it stands in two lines whose unit prices differ by one minor unit.
    """
    return [
        line
        for whole in lines
        for line in (_shared(whole, parts[whole.variant_id]) if whole.variant_id in parts else [whole])
    ]


def _shared(whole: SnapshotLine, parts: Sequence[Part]) -> list[SnapshotLine]:
    lines = [
        replace(
            whole,
            id=OrderLineId(new_id()),
            variant_id=part.variant_id,
            sku=part.sku,
            product_name=part.product_name,
            options=part.options,
            quantity=units * whole.quantity,
            unit_price_minor=price,
            subtotal_minor=price * units * whole.quantity,
            bundle_id=whole.variant_id,
        )
        for part, units, price in _priced(whole.unit_price_minor, parts)
    ]
    left = [line.subtotal_minor for line in lines]
    discounts: list[list[Discount]] = [[] for _ in lines]
    for discount in whole.discounts:
        # By what is left of each line, so that several discounts together never take off more than a line is worth.
        for i, amount in enumerate(_shares(discount.amount_minor, left)):
            left[i] -= amount
            if amount:
                discounts[i].append(replace(discount, amount_minor=amount))
    taxes = _shares(whole.tax_minor, left)
    untaxed = whole.total_minor == whole.subtotal_minor - whole.discount_minor
    return [
        replace(
            line,
            discount_minor=line.subtotal_minor - left[i],
            discounts=tuple(discounts[i]),
            tax_minor=taxes[i],
            total_minor=left[i] if untaxed else left[i] + taxes[i],
        )
        for i, line in enumerate(lines)
    ]


def _priced(price_minor: int, parts: Sequence[Part]) -> Iterator[tuple[Part, int, int]]:
    """Share a bundle's price out over the units of its parts: (part, units, price of one)."""
    for part, shared in zip(
        parts, _shares(price_minor, [part.price_minor * part.quantity for part in parts]), strict=True
    ):
        price, dearer = divmod(shared, part.quantity)
        if part.quantity > dearer:
            yield part, part.quantity - dearer, price
        if dearer:
            yield part, dearer, price + 1


def _shares(total: int, weights: Sequence[int]) -> list[int]:
    return allocate(total, weights if any(weights) else [1] * len(weights))
