"""A JSON schema as a document: where its subschemas are, what its references lead to, how large it may be.

References follow draft 2020-12: JSON pointers, ``$id`` as a base, ``$anchor`` (in drafts 6 and 7 an ``$id`` that is a
fragment), all within the document. What ``$dynamicRef`` and ``$recursiveRef`` mean depends on the path of evaluation;
they are not followed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

from fathom.base.errors import SchemaError
from fathom.base.json_path import JsonPath

MAX_DEPTH = 32
"""Schemas within schemas. OpenAI allows 10; the grammar engine's own JSON parser ends at 128 brackets."""
MAX_SUBSCHEMAS = 20_000

TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")

Schema = dict[str, Any]

MAPS = ("$defs", "definitions", "properties", "patternProperties", "dependentSchemas")
LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
SINGLES = (
    "items",
    "additionalItems",
    "additionalProperties",
    "propertyNames",
    "contains",
    "not",
    "if",
    "then",
    "else",
    "unevaluatedItems",
    "unevaluatedProperties",
)


def subschemas(schema: Any) -> Iterator[tuple[JsonPath, Any]]:
    """The schemas directly inside ``schema``, with their paths from it."""
    if not isinstance(schema, dict):
        return
    for keyword, value in schema.items():
        if keyword in MAPS and isinstance(value, dict):
            yield from (((keyword, name), child) for name, child in value.items())
        elif (keyword in LISTS or keyword == "items") and isinstance(value, list):
            yield from (((keyword, index), child) for index, child in enumerate(value))
        elif keyword in SINGLES:
            yield (keyword,), value


class SchemaDocument:
    """Raises SchemaError for a document that is nested too deeply or has too many subschemas."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self._bases: dict[JsonPath, str] = {}  # of the subschemas that have an $id
        self._resources: dict[str, JsonPath] = {"": ()}  # by absolute URI
        self._anchors: dict[tuple[str, str], JsonPath] = {}  # by the URI of the resource, and the name
        self._index()

    def at(self, path: JsonPath) -> Any:
        """The value at ``path``, which must exist."""
        value = self.root
        for step in path:
            value = value[step]
        return value

    def resolve(self, reference: str, path: JsonPath) -> JsonPath:
        """The path of what ``reference``, at ``path``, leads to. Raises SchemaError if it leads nowhere."""
        base = self._base(path)
        uri, fragment = (base, reference[1:]) if reference.startswith("#") else urldefrag(_join(base, reference))
        resource = self._resources.get(uri)
        if resource is None:
            message = f"the reference {shorten(reference)} is to another document"
            raise SchemaError(message, "copy what it names into $defs", path)
        fragment = unquote(fragment)
        if fragment.startswith("/"):
            target = self._follow(resource, fragment)
        else:
            target = self._anchors.get((uri, fragment)) if fragment else resource
        if target is None:
            raise SchemaError(f"the reference {shorten(reference)} leads nowhere", "define what it names", path)
        return target

    def _index(self) -> None:
        pending: list[tuple[JsonPath, Any, int]] = [((), self.root, 1)]
        count = 0
        while pending:
            path, schema, depth = pending.pop()
            count += 1
            if depth > MAX_DEPTH:
                raise nesting_error(path)
            if count > MAX_SUBSCHEMAS:
                raise SchemaError(f"the schema has more than {MAX_SUBSCHEMAS} subschemas", "send a smaller one", ())
            if isinstance(schema, dict):
                self._register(schema, path)
            pending += ((path + step, child, depth + 1) for step, child in subschemas(schema))

    def _register(self, schema: dict[str, Any], path: JsonPath) -> None:
        base = self._base(path)
        if isinstance(identifier := schema.get("$id"), str):
            uri, fragment = urldefrag(_join(base, identifier))
            if fragment:
                self._anchors.setdefault((base, fragment), path)
            else:
                base = self._bases[path] = uri
                self._resources.setdefault(uri, path)
        for keyword in ("$anchor", "$dynamicAnchor"):
            if isinstance(anchor := schema.get(keyword), str):
                self._anchors.setdefault((base, anchor), path)

    def _base(self, path: JsonPath) -> str:
        """The URI of the innermost resource that holds ``path``."""
        return next((base for end in range(len(path), -1, -1) if (base := self._bases.get(path[:end]))), "")

    def _follow(self, start: JsonPath, pointer: str) -> JsonPath | None:
        """The path of a JSON pointer (RFC 6901) from ``start``; None if nothing is there."""
        path, value = start, self.at(start)
        for token in pointer[1:].split("/"):
            step: str | int = token.replace("~1", "/").replace("~0", "~")
            if isinstance(value, list) and token.isdecimal() and int(token) < len(value):
                step = int(token)
            elif not (isinstance(value, dict) and step in value):
                return None
            path, value = (*path, step), value[step]
        return path


def nesting_error(path: JsonPath) -> SchemaError:
    return SchemaError(f"the schema nests more than {MAX_DEPTH} levels deep", "flatten it", path)


def shorten(text: str) -> str:
    """A quoted name for a message, not longer than a line."""
    return repr(text if len(text) <= 80 else f"{text[:77]}...")


def _join(base: str, reference: str) -> str:
    """The absolute form; urllib joins no schemes that it does not know (``urn:``)."""
    if reference.startswith("#"):
        return urldefrag(base)[0] + reference
    try:
        return urljoin(base, reference)
    except ValueError:  # not a URI
        return reference


def describe(value: Any) -> str:
    """The kind of a JSON value, for a message."""
    if isinstance(value, bool):
        return "true or false"
    for kind, name, empty in ((str, "a string", "an empty string"), (list, "a list", "an empty list")):
        if isinstance(value, kind):
            return name if value else empty
    if isinstance(value, dict):
        return "an object" if value else "an empty object"
    if isinstance(value, int | float):
        return "a number"
    return "null" if value is None else type(value).__name__
