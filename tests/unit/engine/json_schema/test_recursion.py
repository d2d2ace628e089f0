"""Schemas that refer to themselves."""

from __future__ import annotations

import pytest

from fathom.base.errors import SchemaError
from fathom.engine.json_schema.normalize import normalize

NODE = {"type": "object", "properties": {"next": {"$ref": "#/$defs/N"}}}


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"allOf": [{"$ref": "#"}]},
        {"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"$ref": "#/$defs/A"}}},
        {"$ref": "#/$defs/A", "$defs": {"A": {"anyOf": [{"type": "null"}, {"oneOf": [{"$ref": "#/$defs/A"}]}]}}},
    ],
)
def test_a_reference_that_leads_back_to_itself_is_refused(schema):
    with pytest.raises(SchemaError, match="the reference leads back to itself"):
        normalize(schema)


@pytest.mark.parametrize(
    "schema",
    [
        False,
        {"$ref": "#/$defs/N", "$defs": {"N": {**NODE, "required": ["next"]}}},
        {"type": "array", "minItems": 1, "items": {"$ref": "#"}},
        {"type": "object", "required": ["a"], "additionalProperties": False},
        {
            "$ref": "#/$defs/A",
            "$defs": {
                "A": {"type": "object", "properties": {"b": {"$ref": "#/$defs/B"}}, "required": ["b"]},
                "B": {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "required": ["a"]},
            },
        },
    ],
)
def test_a_schema_that_no_finite_value_fits_is_refused(schema):
    with pytest.raises(SchemaError, match="no finite value fits this schema"):
        normalize(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/N", "$defs": {"N": NODE}},
        {"$ref": "#/$defs/N", "$defs": {"N": {**NODE, "required": ["next"], "type": ["object", "null"]}}},
        {"type": "array", "items": {"$ref": "#"}},
        {"type": "array", "prefixItems": [{}], "minItems": 1, "items": {"$ref": "#"}},
        {"type": "object", "properties": {"a": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}, "required": ["a"]},
        {"const": 1, "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
    ],
)
def test_recursion_that_ends_is_well(schema):
    assert normalize(schema)
