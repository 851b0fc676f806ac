"""The schema as this house runs it: documents from one store, errors masked in one place."""

from collections.abc import Callable
from typing import Any

import strawberry
from graphql import GraphQLError, GraphQLObjectType, GraphQLSchema
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types import ExecutionContext

from schema.core.errors import ErrorMasking
from schema.core.limits import Documents, PreparedDocuments


class ShopSchema(strawberry.Schema):
    """A schema with its store of documents. What goes wrong in it is logged where it is masked, and nowhere else."""

    def __init__(self, *, documents: Documents, **parts: Any) -> None:
        self.documents = documents

        class Prepared(PreparedDocuments):
            """Strawberry makes extensions anew for each operation, so the store hangs on their class."""

        Prepared.documents = documents
        super().__init__(extensions=[ErrorMasking, Prepared], **parts)
        _read_attributes(self._schema)

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Leave errors to `ErrorMasking`."""


def _read_attributes(schema: GraphQLSchema) -> None:
    """Read fields that are attributes of their objects at once, as most are, and not by way of what others might need."""
    for kind in schema.type_map.values():
        if not isinstance(kind, GraphQLObjectType):
            continue
        for field in kind.fields.values():
            if getattr(field.resolve, "_is_default", False):
                field.resolve = _attribute(field.extensions[GraphQLCoreConverter.DEFINITION_BACKREF].python_name)


def _attribute(name: str) -> Callable[[object, object], object]:
    def read(source: object, _info: object) -> object:
        return getattr(source, name)

    return read
