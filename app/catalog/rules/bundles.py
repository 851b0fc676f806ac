"""Bundles: variants that are made of others and have no stock of their own. They do not nest."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.catalog.errors import NestedBundle
from app.kernel.errors import Invalid

MOST_COMPONENTS = 50
MOST_UNITS = 1_000


@dataclass(frozen=True, slots=True)
class Component:
    """Units of a variant in one bundle."""

    bundle_id: UUID
    variant_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class ComponentInput:
    """So many units of a variant, by its SKU."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleInput:
    """What a variant, by its SKU, shall be made of; of nothing, it is no bundle any more."""

    sku: str
    components: tuple[ComponentInput, ...]


def check_bundles(bundles: Sequence[BundleInput]) -> None:
    """Refuse what no bundle can be made of.

    Raises: Invalid naming the element and its field.
    """
    skus: set[str] = set()
    for i, bundle in enumerate(bundles):
        at = ("bundles", str(i))
        _check_new(bundle.sku, skus, (*at, "sku"))
        if len(bundle.components) > MOST_COMPONENTS:
            raise Invalid(f"at most {MOST_COMPONENTS}", field=(*at, "components"))
        named: set[str] = set()
        for n, component in enumerate(bundle.components):
            field = (*at, "components", str(n))
            _check_new(component.sku, named, (*field, "sku"))
            if component.sku == bundle.sku:
                raise NestedBundle("a bundle is no component of itself", field=(*field, "sku"))
            if not 1 <= component.quantity <= MOST_UNITS:
                raise Invalid(f"from 1 to {MOST_UNITS}", field=(*field, "quantity"))


def check_nesting(bundles: Sequence[BundleInput], ids: Mapping[str, UUID], *, others: Collection[Component]) -> None:
    """Refuse bundles within bundles; `ids` are those of the SKUs that are named, `others` the bundles that are not put.

    Raises: NestedBundle naming the element.
    """
    made = {other.bundle_id for other in others} | {ids[bundle.sku] for bundle in bundles if bundle.components}
    parts = {other.variant_id for other in others}
    parts |= {ids[component.sku] for bundle in bundles for component in bundle.components}
    for i, bundle in enumerate(bundles):
        at = ("bundles", str(i))
        for n, component in enumerate(bundle.components):
            if ids[component.sku] in made:
                message = f"{component.sku[:60]!r} is a bundle itself, and bundles do not nest"
                raise NestedBundle(message, field=(*at, "components", str(n), "sku"))
        if bundle.components and ids[bundle.sku] in parts:
            message = f"{bundle.sku[:60]!r} is a component of another bundle, and bundles do not nest"
            raise NestedBundle(message, field=(*at, "sku"))


def _check_new(sku: str, seen: set[str], field: tuple[str, ...]) -> None:
    if sku in seen:
        raise Invalid(f"{sku[:60]!r} stands here twice", field=field)
    seen.add(sku)
