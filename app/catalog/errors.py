"""Why a description of the catalogue is refused."""

from app.kernel.errors import Invalid


class UnknownCategory(Invalid):
    """No category has this slug."""


class CategoryLoop(Invalid):
    """A category would stand below itself."""


class TooManyVariants(Invalid):
    """A product has at most 250 variants."""
