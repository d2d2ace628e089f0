"""How many regular expressions one value must fit at once.

The grammar engine looks for a text that fits all of them before it compiles a schema, in a time that doubles with each:
nineteen take seconds, thirty would not end. Alternatives (``anyOf`` alone) cost nothing of the kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fathom.base.errors import SchemaError
from fathom.base.json_path import JsonPath
from fathom.engine.json_schema.document import subschemas
from fathom.engine.json_schema.recursion import PREFIX, references

MAX_PATTERNS = 8


def check_patterns(root: Any, definitions: Mapping[str, Any], places: Mapping[str, JsonPath]) -> None:
    """Raises SchemaError where more than `MAX_PATTERNS` apply to one value. The schemas are in normal form, and no
    definition refers to itself with nothing in between; ``places`` has the path of each, and of the root under "".
    """
    counts: dict[str, tuple[int, int]] = {}
    for name in definitions:
        _count_definition(name, definitions, counts)
    for name, schema in {"": root, **definitions}.items():
        pending = [schema]
        while pending:
            one = pending.pop()
            if _count(one, counts)[0] > MAX_PATTERNS:
                message = f"a value has to fit more than {MAX_PATTERNS} patterns at once"
                raise SchemaError(message, "join them into fewer patterns", places[name])
            pending += [child for _, child in subschemas(one)]


def _count_definition(start: str, definitions: Mapping[str, Any], counts: dict[str, tuple[int, int]]) -> None:
    """Add the counts of a definition and of those that it refers to, these first; a chain of them may be long."""
    pending = [start]
    while pending:
        needed = [name for name in references(definitions[pending[-1]]) if name not in counts]
        if needed:
            pending += needed
        else:
            name = pending.pop()
            counts[name] = _count(definitions[name], counts)


def _count(schema: Any, counts: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    """Patterns and formats of the value that ``schema`` applies to: those that are tried together, and all. Those of
    alternatives are tried one by one, unless they meet others. ``counts`` are those of definitions.
    """
    if not isinstance(schema, dict):
        return 0, 0
    own = ("pattern" in schema) + ("format" in schema)
    parts = [(own, own), *(_count(branch, counts) for branch in schema.get("allOf", ()))]
    if "$ref" in schema:
        parts.append(counts[schema["$ref"].removeprefix(PREFIX)])
    if alternatives := [_count(branch, counts) for branch in schema.get("anyOf", ())]:
        parts.append((max(together for together, _ in alternatives), sum(total for _, total in alternatives)))
    total = sum(total for _, total in parts)
    alone = [together for together, total in parts if total]
    return (alone[0] if len(alone) == 1 else total), total
