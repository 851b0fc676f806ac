"""Descriptions taken from where they are written: docstrings of types, of resolvers, and below attributes.

A string below an attribute documents it, for readers of the source and for those of the schema alike.
"""

import ast
import inspect
import sys
from collections.abc import Mapping
from functools import cache
from itertools import pairwise

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema

Docs = Mapping[str, str]


def describe(schema: GraphQLSchema, *, arguments: Docs) -> None:
    """Fill in every description of a schema built by Strawberry that is not given in its own place.

    `arguments` describes arguments by name, for those that mean the same wherever they stand.
    """
    for graphql_type in schema.type_map.values():
        definition = (graphql_type.extensions or {}).get("strawberry-definition")
        if definition is None:
            continue
        if isinstance(graphql_type, GraphQLEnumType):
            _describe_enum(graphql_type, definition.wrapped_cls)
        elif isinstance(graphql_type, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            _describe_fields(graphql_type, definition, arguments)


def _describe_enum(graphql_type: GraphQLEnumType, origin: type) -> None:
    graphql_type.description = graphql_type.description or _summary(origin)
    docs = _attribute_docs(origin)
    for name, value in graphql_type.values.items():
        value.description = value.description or docs.get(name)


def _describe_fields(
    graphql_type: GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType, definition: object, arguments: Docs
) -> None:
    origin: type = definition.origin  # type: ignore[attr-defined]
    graphql_type.description = graphql_type.description or _summary(origin)
    docs: dict[str, str] = {}
    for base in reversed(origin.__mro__):
        docs.update(_attribute_docs(base))
    for field in graphql_type.fields.values():
        strawberry_field = (field.extensions or {}).get("strawberry-definition")
        if strawberry_field is None:
            continue
        resolver = getattr(strawberry_field, "base_resolver", None)
        written = docs.get(strawberry_field.python_name)
        if written is None and resolver is not None and resolver.wrapped_func.__doc__:
            written = inspect.cleandoc(resolver.wrapped_func.__doc__)
        field.description = field.description or written
        for name, argument in getattr(field, "args", {}).items():
            argument.description = argument.description or arguments.get(name)


def _summary(origin: type) -> str | None:
    # A dataclass without a docstring gets its signature for one; that describes nothing to a client.
    doc = origin.__dict__.get("__doc__")
    return inspect.cleandoc(doc) if doc and not doc.startswith(f"{origin.__name__}(") else None


@cache
def _module_docs(module: str) -> dict[str, dict[str, str]]:
    source = inspect.getsource(sys.modules[module])
    return {node.name: _docs_below(node.body) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)}


def _docs_below(body: list[ast.stmt]) -> dict[str, str]:
    docs = {}
    for statement, following in pairwise(body):
        if isinstance(statement, ast.AnnAssign):
            target: ast.expr = statement.target
        elif isinstance(statement, ast.Assign):
            target = statement.targets[0]
        else:
            continue
        if (
            isinstance(target, ast.Name)
            and isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
            and isinstance(following.value.value, str)
        ):
            docs[target.id] = inspect.cleandoc(following.value.value)
    return docs


def _attribute_docs(origin: type) -> dict[str, str]:
    if not origin.__module__.startswith(("app.", "schema.")):
        return {}
    return _module_docs(origin.__module__).get(origin.__name__, {})
