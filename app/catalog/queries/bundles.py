"""Statements about what bundles are made of."""

from collections.abc import Collection, Sequence
from uuid import UUID

from app.catalog import models  # noqa: F401  # The statements below are about these tables.
from app.catalog.rules import Component
from app.kernel.db import UnitOfWork
from app.kernel.sql import Session, rows, statement

_COMPONENT = "component.bundle_id, component.component_id AS variant_id, component.quantity"
_LIST_BUNDLES = rows(
    f"""
    SELECT {_COMPONENT} FROM bundle_components AS component JOIN variants AS variant ON variant.id = component.component_id
    WHERE component.bundle_id = ANY(:ids::uuid[]) ORDER BY component.bundle_id, variant.sku
    """,
    Component,
)
_LIST_TOUCHING = rows(
    f"""
    SELECT {_COMPONENT} FROM bundle_components AS component
    WHERE bundle_id = ANY(:ids::uuid[]) OR component_id = ANY(:ids::uuid[])
    """,
    Component,
)
_DELETE_COMPONENTS = statement("DELETE FROM bundle_components WHERE bundle_id = ANY(:ids::uuid[])")
_INSERT_COMPONENTS = statement(
    """
    INSERT INTO bundle_components (bundle_id, component_id, quantity)
    SELECT * FROM unnest(:bundles::uuid[], :components::uuid[], :quantities::int[])
    """
)


async def list_bundles(session: Session, *, variant_ids: Collection[UUID]) -> dict[UUID, list[Component]]:
    """Say what these variants are made of, by SKU; one that is no bundle is not answered."""
    found: dict[UUID, list[Component]] = {}
    for component in await _LIST_BUNDLES.all(session, ids=list(variant_ids)):
        found.setdefault(component.bundle_id, []).append(component)
    return found


async def list_touching(session: Session, *, variant_ids: Collection[UUID]) -> list[Component]:
    """List the components of bundles that these variants are, or are in."""
    return await _LIST_TOUCHING.all(session, ids=list(variant_ids))


async def replace_components(uow: UnitOfWork, *, bundle_ids: Collection[UUID], components: Sequence[Component]) -> None:
    """Let bundles be made of these components alone."""
    await _DELETE_COMPONENTS.run(uow, ids=list(bundle_ids))
    await _INSERT_COMPONENTS.run(
        uow,
        bundles=[component.bundle_id for component in components],
        components=[component.variant_id for component in components],
        quantities=[component.quantity for component in components],
    )
