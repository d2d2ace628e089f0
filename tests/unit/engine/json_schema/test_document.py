"""References within a schema, and its limits."""

from __future__ import annotations

import pytest

from fathom.base.errors import SchemaError
from fathom.engine.json_schema.document import MAX_DEPTH, SchemaDocument, describe, subschemas

P = {"type": "object"}


@pytest.mark.parametrize(
    ("root", "reference", "path"),
    [
        ({"$defs": {"P": P}}, "#/$defs/P", ("$defs", "P")),
        ({"definitions": {"P": P}}, "#/definitions/P", ("definitions", "P")),
        ({"$defs": {"a/b~c d": P}}, "#/$defs/a~1b~0c%20d", ("$defs", "a/b~c d")),
        ({"properties": {"x": P}}, "#/properties/x", ("properties", "x")),
        ({"anyOf": [P, P]}, "#/anyOf/1", ("anyOf", 1)),
        ({"components": {"P": P}}, "#/components/P", ("components", "P")),
        (P, "#", ()),
        ({"$id": "https://example.org/a.json", "$defs": {"P": P}}, "a.json#/$defs/P", ("$defs", "P")),
        ({"$id": "https://example.org/a.json", "$defs": {"P": {"$id": "b.json"}}}, "b.json", ("$defs", "P")),
        ({"$id": "Node"}, "Node", ()),
        ({"$id": "urn:example:root", "$defs": {"P": P}}, "#/$defs/P", ("$defs", "P")),
        ({"$defs": {"P": {"$anchor": "here"}}}, "#here", ("$defs", "P")),
        ({"definitions": {"P": {"$id": "#here"}}}, "#here", ("definitions", "P")),  # drafts 6 and 7
    ],
)
def test_what_a_reference_at_the_root_leads_to(root, reference, path):
    assert SchemaDocument(root).resolve(reference, ("$ref",)) == path


def test_a_reference_is_relative_to_the_innermost_resource():
    inner = {"$id": "https://example.org/inner", "$defs": {"P": P}, "items": {"$ref": "#/$defs/P"}}
    document = SchemaDocument({"$defs": {"P": {}, "I": inner}})
    assert document.resolve("#/$defs/P", ("$defs", "I", "items", "$ref")) == ("$defs", "I", "$defs", "P")
    assert document.resolve("#/$defs/P", ("items", "$ref")) == ("$defs", "P")


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("#/$defs/Q", "properties.a.\\$ref: the reference '#/\\$defs/Q' leads nowhere; define what it names"),
        ("#nowhere", "leads nowhere"),
        ("#/anyOf/7", "leads nowhere"),
        ("https://example.org/schema", "is to another document; copy what it names into \\$defs"),
        ("http://[broken", "is to another document"),
    ],
)
def test_references_that_cannot_be_followed(reference, message):
    document = SchemaDocument({"$defs": {"P": P}, "anyOf": [P]})
    with pytest.raises(SchemaError, match=message) as error:
        document.resolve(reference, ("properties", "a", "$ref"))
    assert error.value.path == ("properties", "a", "$ref")


def nested(levels: int) -> dict:
    schema: dict = {"type": "integer"}
    for _ in range(levels - 1):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


def test_the_limit_of_nesting():
    SchemaDocument(nested(MAX_DEPTH))
    with pytest.raises(SchemaError, match=f"the schema nests more than {MAX_DEPTH} levels deep; flatten it"):
        SchemaDocument(nested(MAX_DEPTH + 1))
    with pytest.raises(SchemaError, match="levels deep"):
        SchemaDocument(nested(100_000))


def test_the_limit_of_subschemas():
    with pytest.raises(SchemaError, match="more than 20000 subschemas"):
        SchemaDocument({"properties": {str(i): {} for i in range(20_000)}})


def test_subschemas_are_at_places_for_schemas_only():
    schema = {"properties": {"const": {}}, "items": [True, {}], "not": {}, "const": {"not": {}}, "default": {}}
    assert [path for path, _ in subschemas(schema)] == [("properties", "const"), ("items", 0), ("items", 1), ("not",)]


def test_kinds_of_values():
    values = [None, True, 1, 1.5, "x", "", [], [1], {}, {"a": 1}]
    assert [describe(value) for value in values] == [
        "null",
        "true or false",
        "a number",
        "a number",
        "a string",
        "an empty string",
        "an empty list",
        "a list",
        "an empty object",
        "an object",
    ]
