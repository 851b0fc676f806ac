"""What one document may ask for, and the store of documents that were found good.

A document is measured before it is validated, because validation itself is what a hostile one would make us do. What
is measured: its tokens, how deep it selects, and how many aliases it uses; a field that is asked for again under the
same name counts as an alias, as it costs validation as much.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
    specified_rules,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import validate_document

from schema.core.errors import public_error
from schema.core.texts import refuse_nul, refuse_nul_literals

_LONGEST_KEPT = 32 * 1024
_MOST_KEPT = 1000


class LimitCode(StrEnum):
    """The codes of top-level errors that say which limit a call is beyond; `limit` and `actual` stand beside them."""

    TOKENS_EXCEEDED = "TOKENS_EXCEEDED"
    """The document is too long."""
    DEPTH_EXCEEDED = "DEPTH_EXCEEDED"
    """The document selects too deep."""
    ALIASES_EXCEEDED = "ALIASES_EXCEEDED"
    """The document asks for too much under other names."""
    BODY_TOO_LARGE = "BODY_TOO_LARGE"
    """The request has too many bytes."""
    TIMED_OUT = "TIMED_OUT"
    """The operation took too long and was stopped."""
    RATE_LIMITED = "RATE_LIMITED"
    """The caller calls too often."""


def beyond(code: LimitCode, message: str, *, limit: float, actual: float | None = None) -> GraphQLError:
    """Refuse what is beyond a limit, with the numbers."""
    numbers = {"limit": limit} if actual is None else {"limit": limit, "actual": actual}
    return GraphQLError(message, extensions={"code": code.value, **numbers})


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """The most that one document may ask for."""

    tokens: int
    depth: int
    aliases: int
    introspection: bool


class Documents:
    """Documents that were parsed, measured and validated once, by their text; those used last are kept."""

    def __init__(self, limits: DocumentLimits) -> None:
        self._limits = limits
        self._kept: OrderedDict[str, DocumentNode] = OrderedDict()
        self._latest: tuple[str, DocumentNode] | None = None
        self._rules = specified_rules if limits.introspection else (*specified_rules, NoSchemaIntrospectionCustomRule)

    def parsed(self, text: str) -> DocumentNode:
        """Read a document.

        Raises: GraphQLError for one that is no GraphQL, beyond a limit, or with a text that cannot be kept.
        """
        kept = self._kept.get(text)
        if kept is not None:
            self._kept.move_to_end(text)
            return kept
        if self._latest is not None and self._latest[0] == text:
            # A new document is looked at twice before it is known to be good.
            return self._latest[1]
        try:
            document = parse(text, max_tokens=self._limits.tokens)
        except GraphQLSyntaxError as error:
            if f"more than {self._limits.tokens} tokens" in error.message:
                raise beyond(
                    LimitCode.TOKENS_EXCEEDED,
                    f"a document has at most {self._limits.tokens} tokens",
                    limit=self._limits.tokens,
                ) from None
            raise
        except RecursionError:
            raise GraphQLError("the document is nested too deep to be read") from None
        self._measure(document)
        refuse_nul_literals(document, text)
        self._latest = (text, document)
        return document

    def validated(self, schema: GraphQLSchema, text: str | None, document: DocumentNode) -> Sequence[GraphQLError]:
        """Say what is wrong with a document by the rules of the schema; one with no fault is kept."""
        if text is not None and text in self._kept:
            return ()
        errors = [_of_the_document(error) for error in validate_document(schema, document, tuple(self._rules))]
        if not errors and text is not None and len(text) <= _LONGEST_KEPT:
            self._kept[text] = document
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return errors

    def _measure(self, document: DocumentNode) -> None:
        fragments = {
            definition.name.value: definition.selection_set
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        aliases = sum(
            _aliases(definition.selection_set)
            for definition in document.definitions
            if isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode)
        )
        if aliases > self._limits.aliases:
            raise beyond(
                LimitCode.ALIASES_EXCEEDED,
                f"a document uses at most {self._limits.aliases} aliases or repeated fields; this one uses {aliases}",
                limit=self._limits.aliases,
                actual=aliases,
            )
        depths: dict[str, int] = {}
        depth = max(
            (
                _depth(definition.selection_set, fragments, depths)
                for definition in document.definitions
                if isinstance(definition, OperationDefinitionNode)
            ),
            default=0,
        )
        if depth > self._limits.depth:
            raise beyond(
                LimitCode.DEPTH_EXCEEDED,
                f"a document selects at most {self._limits.depth} levels deep; this one selects {depth}",
                limit=self._limits.depth,
                actual=depth,
            )


class PreparedDocuments(SchemaExtension):
    """Lets every operation of a schema, over HTTP or a socket, use one store of documents."""

    documents: Documents

    def on_parse(self) -> Iterator[None]:
        """Find the document, or read it; look over what it is given."""
        if self.execution_context.query:
            try:
                self.execution_context.graphql_document = self.documents.parsed(self.execution_context.query)
                refuse_nul(self.execution_context.variables)
            except GraphQLError as error:
                # Strawberry hands on what an extension raises as it is, past `ErrorMasking`.
                raise public_error(error) from None
        yield

    def on_validate(self) -> Iterator[None]:
        """Find that the document is valid, or validate it."""
        context = self.execution_context
        assert context.graphql_document is not None
        context.pre_execution_errors = list(
            self.documents.validated(context.schema._schema, context.query, context.graphql_document)  # noqa: SLF001
        )
        yield


def _of_the_document(error: GraphQLError) -> GraphQLError:
    """Take what validation stumbled over, such as a number of thousands of digits, for what it is: not a bug of ours."""
    if error.original_error is None or isinstance(error.original_error, GraphQLError):
        return error
    return GraphQLError("a value is not of the type that is asked for", error.nodes)


def _aliases(selections: SelectionSetNode | None) -> int:
    found = 0
    seen: set[str] = set()
    for selection in selections.selections if selections else ():
        if isinstance(selection, FieldNode):
            name = (selection.alias or selection.name).value
            found += selection.alias is not None or name in seen
            seen.add(name)
        if isinstance(selection, FieldNode | InlineFragmentNode):
            found += _aliases(selection.selection_set)
    return found


def _depth(selections: SelectionSetNode | None, fragments: dict[str, SelectionSetNode], depths: dict[str, int]) -> int:
    """Measure how deep fields are nested. Introspection has a limit of its own among the rules of validation."""
    deepest = 0
    for selection in selections.selections if selections else ():
        if isinstance(selection, FieldNode):
            if not selection.name.value.startswith("__"):
                deepest = max(deepest, 1 + _depth(selection.selection_set, fragments, depths))
        elif isinstance(selection, InlineFragmentNode):
            deepest = max(deepest, _depth(selection.selection_set, fragments, depths))
        elif isinstance(selection, FragmentSpreadNode):
            name = selection.name.value
            if name not in depths:
                # A fragment that contains itself counts as nothing here, and is refused by validation.
                depths[name] = 0
                depths[name] = _depth(fragments.get(name), fragments, depths)
            deepest = max(deepest, depths[name])
    return deepest
