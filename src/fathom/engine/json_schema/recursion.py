"""Schemas that refer to themselves: whether a reference leads anywhere, and whether a finite value can fit.

Both hold for schemas in normal form, whose references are ``#/$defs/name``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from fathom.base.errors import SchemaError
from fathom.base.json_path import JsonPath
from fathom.engine.json_schema.document import TYPES, Schema, subschemas

PREFIX = "#/$defs/"


def check_references(definitions: Mapping[str, Any], places: Mapping[str, JsonPath]) -> None:
    """Raises SchemaError for definitions that refer to each other, or to themselves, with nothing in between."""
    finished: set[str] = set()
    for start in definitions:
        trail: dict[str, None] = {}
        pending = [(start, False)]
        while pending:
            name, done = pending.pop()
            if done:
                finished.add(trail.popitem()[0])
            elif name in trail:
                message = "the reference leads back to itself"
                raise SchemaError(message, "describe a value before the schema refers to itself", places[name])
            elif name not in finished:
                trail[name] = None
                pending += [(name, True), *((target, False) for target in references(definitions[name]))]


def references(schema: Any) -> Iterator[str]:
    """The definitions that apply to the very value that ``schema`` applies to."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"].removeprefix(PREFIX)
        for keyword in ("allOf", "anyOf", "oneOf"):
            for branch in schema.get(keyword, ()):
                yield from references(branch)


def check_satisfiable(root: Any, definitions: Mapping[str, Any], path: JsonPath) -> None:
    """Raises SchemaError where every value would have to contain another without end, or none is admitted."""
    users = _users(definitions)
    finite: set[str] = set()
    unknown = set(definitions)
    while unknown:
        more = {name for name in unknown if _is_finite(definitions[name], finite)}
        finite |= more
        unknown = {user for name in more for user in users[name]} - finite
    if not _is_finite(root, finite):
        raise SchemaError(
            "no finite value fits this schema", "let the recursion, or what is never true, be optional", path
        )


def _users(definitions: Mapping[str, Any]) -> Mapping[str, set[str]]:
    """The definitions that refer to each one, at any depth."""
    users: defaultdict[str, set[str]] = defaultdict(set)
    for name, schema in definitions.items():
        pending = [schema]
        while pending:
            part = pending.pop()
            if isinstance(part, dict) and "$ref" in part:
                users[part["$ref"].removeprefix(PREFIX)].add(name)
            pending += (child for _, child in subschemas(part))
    return users


def _is_finite(schema: Any, finite: set[str]) -> bool:
    """Whether a finite value may fit, of definitions that are known to have one."""
    if isinstance(schema, bool):
        return schema
    if "$ref" in schema and schema["$ref"].removeprefix(PREFIX) not in finite:
        return False
    if not all(_is_finite(branch, finite) for branch in schema.get("allOf", ())):
        return False
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema and not any(_is_finite(branch, finite) for branch in schema[keyword]):
            return False
    if "const" in schema or "enum" in schema:
        return True
    types = schema.get("type", TYPES)
    return any(_is_finite_as(kind, schema, finite) for kind in ([types] if isinstance(types, str) else types))


def _is_finite_as(kind: str, schema: Schema, finite: set[str]) -> bool:
    if kind == "array":
        first, least = schema.get("prefixItems", []), schema.get("minItems", 0)
        needed = [*first[:least], *([schema.get("items", True)] if least > len(first) else [])]
    elif kind == "object":
        needed = [_property(schema, name) for name in schema.get("required", ())]
    else:
        needed = []
    return all(_is_finite(each, finite) for each in needed)


def _property(schema: Schema, name: str) -> Any:
    declared = schema.get("properties", {})
    if name in declared or schema.get("patternProperties"):
        return declared.get(name, True)
    return schema.get("additionalProperties", True)
