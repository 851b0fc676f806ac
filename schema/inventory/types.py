"""The refusal that says what is left."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import strawberry

from app.inventory.errors import OutOfStock, Shortage
from app.kernel.errors import BrokenInvariant
from app.kernel.ids import IdKind
from schema.catalog.loaders import VariantById
from schema.catalog.types import ProductVariant
from schema.core.context import Info
from schema.core.errors import UserError, written_by
from schema.core.ids import public_id


@strawberry.type
class OutOfStockError(UserError):
    """Returned when fewer units can be promised than were asked for."""

    variant_key: strawberry.Private[UUID]
    requested: int
    """Units asked for, over all lines."""
    available: int
    """Units that can still be promised."""
    line_ids: list[strawberry.ID]
    """The lines of the cart that come short, as it would be delivered now; empty where no cart is asked for."""

    @strawberry.field
    async def variant(self, info: Info) -> ProductVariant:
        """What there is too little of."""
        row = await info.context.load(VariantById, self.variant_key)
        if row is None:
            raise BrokenInvariant(f"variant {self.variant_key} is gone")
        return ProductVariant.of(row, None)


def shortages_of(shortages: Iterable[Shortage]) -> list[OutOfStockError]:
    """Show what there is too little of for a cart."""
    return [_one(shortage, (), of_cart=True) for shortage in shortages]


def _written(error: OutOfStock) -> Sequence[UserError]:
    return [_one(shortage, error.field, of_cart=error.of_cart) for shortage in error.shortages]


def _one(shortage: Shortage, field: Sequence[str], *, of_cart: bool) -> OutOfStockError:
    return OutOfStockError(
        code=OutOfStock.code,
        message=f"{shortage.available} of {shortage.requested} units can be promised",
        field=list(field) or None,
        variant_key=shortage.variant_id,
        requested=shortage.requested,
        available=shortage.available,
        line_ids=[public_id(IdKind.CART_LINE, line_id) for line_id in shortage.line_ids] if of_cart else [],
    )


written_by(OutOfStock, _written)
