"""What is asked and answered about bundles."""

import strawberry

from schema.catalog.types import ProductVariant
from schema.core.errors import UserError


@strawberry.input
class BundleComponentInput:
    """Units of a variant in one bundle."""

    variant_id: strawberry.ID
    """The component: neither a bundle itself, nor named twice."""
    quantity: int
    """Units of it in one bundle; from 1 to 1,000."""


@strawberry.input
class BundlePutInput:
    """What a variant shall be made of."""

    variant_id: strawberry.ID
    """The bundle: a variant that was never stocked itself, and is in no other bundle."""
    components: list[BundleComponentInput]
    """All its components, 50 at most; empty, it is no bundle any more."""
    idempotency_key: str
    """The client's own name for this attempt."""


@strawberry.type
class BundlePayload:
    """The answer to a mutation about a bundle."""

    variant: ProductVariant | None
    """The bundle as it is now; null when refused."""
    errors: list[UserError]
    """Why it was refused."""
