"""What a document goes on to ask of what a field answers, so that one statement can bring it along."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    value_from_ast_untyped,
)
from strawberry.types.nodes import get_variable_values

from schema.core.context import Info


def selected(info: Info, *paths: Sequence[str]) -> "Iterator[Selected]":
    """Find the fields that a document selects below this one, by paths of field names, whatever it calls them.

    One that is skipped by a directive is found too: whoever looks ahead must not depend on what is found.
    """
    raw = info._raw_info  # noqa: SLF001  # Strawberry's own view of selections converts all of them at each call.
    fragments = {name: fragment.selection_set for name, fragment in raw.fragments.items()}
    variables: Mapping[str, object] = get_variable_values(raw)
    for path in paths:
        for node in raw.field_nodes:
            for field in _below(node.selection_set, path, fragments):
                yield Selected(field, variables)


class Selected:
    """A field that a document selects."""

    __slots__ = ("_node", "_variables")

    def __init__(self, node: FieldNode, variables: Mapping[str, object]) -> None:
        self._node = node
        self._variables = variables

    def argument(self, name: str) -> object:
        """Read an argument as the document has it: lists, mappings by GraphQL's names, and plain values."""
        for argument in self._node.arguments or ():
            if argument.name.value == name:
                return _value(argument.value, self._variables)
        return None


@dataclass(frozen=True, slots=True)
class CameAlong:
    """A field's answer that was found out together with its object, and the arguments that it is the answer to."""

    arguments: Mapping[str, object]
    answer: object


def answer_what_came_along(schema: GraphQLSchema, type_name: str, field_name: str) -> None:
    """Let a field of objects with `came_along` answer that, where it is asked with the same arguments.

    Arguments are compared as the document has them: to make Python objects of the lines of a cart for each of a hundred
    stores would cost more than to find the stores.
    """
    parent = schema.type_map[type_name]
    assert isinstance(parent, GraphQLObjectType)
    field = parent.fields[field_name]
    resolve = field.resolve
    assert resolve is not None

    def answer(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        came_along: CameAlong | None = source.came_along
        if came_along is not None:
            given = {name: value for name, value in arguments.items() if value is not None}
            if came_along.arguments == given:
                return came_along.answer
        return resolve(source, info, **arguments)

    field.resolve = answer


def _below(
    selections: SelectionSetNode | None, path: Sequence[str], fragments: Mapping[str, SelectionSetNode]
) -> Iterator[FieldNode]:
    for selection in selections.selections if selections else ():
        match selection:
            case FieldNode() if selection.name.value == path[0]:
                if len(path) == 1:
                    yield selection
                else:
                    yield from _below(selection.selection_set, path[1:], fragments)
            case InlineFragmentNode():
                yield from _below(selection.selection_set, path, fragments)
            case FragmentSpreadNode():
                # A fragment that contains itself was refused when the document was validated.
                yield from _below(fragments.get(selection.name.value), path, fragments)


def _value(node: ValueNode, variables: Mapping[str, object]) -> object:
    match node:
        case VariableNode():
            return variables.get(node.name.value)
        case ListValueNode():
            return [_value(item, variables) for item in node.values]
        case ObjectValueNode():
            return {field.name.value: _value(field.value, variables) for field in node.fields}
        case _:
            return value_from_ast_untyped(node)
