"""``oneOf`` as ``anyOf``: branches of which no value fits two.

Where two branches cannot be distinguished by constants, types or properties, one of them may be narrowed: it forbids a
property that the other requires. Then every generated value fits exactly one of the original branches.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fathom.base.errors import SchemaError
from fathom.base.json_path import JsonPath
from fathom.engine.json_schema.document import TYPES, Schema
from fathom.engine.json_schema.recursion import PREFIX

_DEEPEST = 3
"""Properties within properties that are compared."""
_MOST_BRANCHES = 100


def replace_one_of(schema: Schema, definitions: Mapping[str, Any], path: JsonPath) -> None:
    """Turn the ``oneOf`` of a schema in normal form into ``anyOf``. Raises SchemaError where two branches overlap."""
    branches = schema.pop("oneOf")
    if len(branches) > _MOST_BRANCHES:
        raise SchemaError(f"this has more than {_MOST_BRANCHES} branches", "use anyOf or enum", path)
    comparison = _Comparison(dict(schema), definitions)
    for right in range(1, len(branches)):
        for left in range(right):
            pair = comparison.separate(branches[left], branches[right])
            if pair is None:
                message = f"a value may fit both branch {left} and branch {right}"
                raise SchemaError(message, "use anyOf, or a property with a const of its own in each branch", path)
            branches[left], branches[right] = pair
    if "anyOf" in schema:
        schema.setdefault("allOf", []).append({"anyOf": branches})
    else:
        schema["anyOf"] = branches


class _Comparison:
    """Compares schemas that apply beside ``shared``."""

    def __init__(self, shared: Schema, definitions: Mapping[str, Any]) -> None:
        self._shared = shared
        self._definitions = definitions

    def separate(self, left: Any, right: Any) -> tuple[Any, Any] | None:
        """The branches, one of them narrowed where that is needed; None where they cannot be distinguished."""
        if self._are_apart(left, right):
            return left, right
        for name in self._names_to_forbid(left, right):
            if self._are_apart(narrow := _forbid(left, name), right):
                return narrow, right
        for name in self._names_to_forbid(right, left):
            if self._are_apart(left, narrow := _forbid(right, name)):
                return left, narrow
        return None

    def _are_apart(self, left: Any, right: Any) -> bool:
        return self._disjoint([self._shared, left], [self._shared, right], _DEEPEST)

    def _names_to_forbid(self, narrowed: Any, other: Any) -> list[str]:
        """Properties that ``other`` requires and ``narrowed`` does not mention."""
        mentioned = {name for part in self._conjuncts([narrowed]) for name in _mentions(part)}
        required = {name: None for part in self._conjuncts([other]) for name in part.get("required", ())}
        return [name for name in required if name not in mentioned]

    def _disjoint(self, left: list[Any], right: list[Any], depth: int) -> bool:
        """Whether no value fits all of ``left`` and all of ``right``."""
        lefts, rights = list(self._conjuncts(left)), list(self._conjuncts(right))
        if _types(lefts).isdisjoint(_types(rights)) or _values_differ(lefts, rights):
            return True
        if depth and self._properties_differ(lefts, rights, depth):
            return True
        return bool(depth) and (
            self._alternatives_differ(lefts, rights, depth) or self._alternatives_differ(rights, lefts, depth)
        )

    def _properties_differ(self, lefts: list[Schema], rights: list[Schema], depth: int) -> bool:
        if _types(lefts) != {"object"} and _types(rights) != {"object"}:
            return False
        names = {name for part in (*lefts, *rights) for name in part.get("required", ())}
        return any(self._disjoint(_property(lefts, name), _property(rights, name), depth - 1) for name in names)

    def _alternatives_differ(self, lefts: list[Schema], rights: list[Schema], depth: int) -> bool:
        """Whether each branch of an ``anyOf`` in ``lefts`` is apart from ``rights``."""
        return any(
            all(self._disjoint([branch], list(rights), depth - 1) for branch in part["anyOf"])
            for part in lefts
            if "anyOf" in part
        )

    def _conjuncts(self, schemas: list[Any]) -> Iterator[Schema]:
        """All schemas that apply together, those behind references and in ``allOf`` too. ``False`` is an empty enum."""
        pending, seen = list(schemas), set()
        while pending:
            schema = pending.pop()
            if isinstance(schema, bool):
                yield {} if schema else {"enum": []}
                continue
            yield schema
            pending += schema.get("allOf", ())
            name = schema.get("$ref", "").removeprefix(PREFIX)
            if name and name not in seen:
                seen.add(name)
                pending.append(self._definitions[name])


def _forbid(branch: Any, name: str) -> Any:
    ban = {"properties": {name: False}}
    if not isinstance(branch, dict) or "$ref" in branch:
        return {"allOf": [branch, ban]}
    return {**branch, "properties": {**branch.get("properties", {}), name: False}}


def _mentions(schema: Schema) -> Iterator[str]:
    yield from schema.get("properties", ())
    yield from schema.get("required", ())


def _property(parts: list[Schema], name: str) -> list[Any]:
    """The schemas of one property."""
    schemas = []
    for part in parts:
        if name in part.get("properties", {}):
            schemas.append(part["properties"][name])
        elif not part.get("patternProperties"):
            schemas.append(part.get("additionalProperties", True))
    return schemas


def _types(parts: list[Schema]) -> set[str]:
    """The types of values that fit all parts; an integer counts as a number."""
    types = set(TYPES) - {"integer"}
    for part in parts:
        stated = part.get("type", TYPES)
        types &= {"number" if kind == "integer" else kind for kind in ([stated] if isinstance(stated, str) else stated)}
        values = _values(part)
        if values is not None:
            types &= {_type_of(value) for value in values}
    return types


def _values(part: Schema) -> list[Any] | None:
    return [part["const"]] if "const" in part else part.get("enum")


def _values_differ(lefts: list[Schema], rights: list[Schema]) -> bool:
    """Whether two lists of constants have none in common. Equal is as in JSON: 1 is 1.0 and not true."""
    listed = [[keys for part in parts if (keys := _keys(part)) is not None] for parts in (lefts, rights)]
    return any(left.isdisjoint(right) for left in listed[0] for right in listed[1])


def _keys(part: Schema) -> set[tuple[str, Any]] | None:
    """The constants of a schema; None where there are none, or lists and objects, which are not compared."""
    values = _values(part)
    if values is None or any(isinstance(value, list | dict) for value in values):
        return None
    return {(_type_of(value), value) for value in values}


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    names = {str: "string", list: "array", dict: "object", type(None): "null"}
    return names.get(type(value), "number")
