"""The schema as this house runs it: documents from one store, errors masked in one place."""

from typing import Any

import strawberry
from graphql import GraphQLError
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

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Leave errors to `ErrorMasking`."""
