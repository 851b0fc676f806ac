"""Why a description of the catalogue is refused."""

from app.kernel.errors import Conflict, Invalid


class UnknownCategory(Invalid):
    """No category has this slug."""


class CategoryLoop(Invalid):
    """A category would stand below itself."""


class UnknownVariant(Invalid):
    """No variant has this SKU."""


class NestedBundle(Conflict):
    """A bundle would be a component of a bundle."""


class TooManyVariants(Invalid):
    """A product has at most 250 variants."""
