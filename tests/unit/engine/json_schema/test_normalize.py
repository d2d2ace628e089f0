"""Schemas as people write them, in the form that is compiled."""

from __future__ import annotations

import pytest

from fathom.base.errors import SchemaError
from fathom.engine.json_schema.normalize import normalize

STRING, NUMBER = {"type": "string"}, {"type": "number"}


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": ["string", "null"], "minLength": 1, "maxLength": 9, "pattern": "^a"},
        {"type": "object", "properties": {"a": {"enum": [1, "x", None, [2], {"b": True}]}}, "required": ["a"]},
        {"type": "object", "additionalProperties": STRING, "patternProperties": {"^x": True}, "maxProperties": 4},
        {"type": "array", "prefixItems": [STRING], "items": False, "minItems": 1, "maxItems": 2},
        {"anyOf": [STRING, {"allOf": [NUMBER]}], "const": None},
        {"type": "number", "minimum": 0, "exclusiveMaximum": 1.5, "multipleOf": 0.5},
        {"type": "string", "format": "date-time"},
    ],
)
def test_what_the_engine_knows_stays(schema):
    assert normalize(schema) == schema


@pytest.mark.parametrize(
    ("schema", "normal"),
    [
        # annotations, keywords of other systems, formats that are not enforced
        (
            {"$schema": "x", "title": "T", "description": "d", "default": 1, "examples": [1], "deprecated": True},
            {},
        ),
        ({"type": "string", "nullable": True, "x-order": 1, "discriminator": {}, "example": "a"}, STRING),
        ({"x-guidance": {"whitespace_flexible": True}, "type": "string"}, STRING),
        ({"type": "string", "format": "password"}, STRING),
        ({"type": "string", "format": "path", "writeOnly": True}, STRING),
        ({"type": "integer", "format": "int64"}, {"type": "integer"}),
        ({"type": "string", "contentEncoding": "base64", "contentSchema": {"not": {}}}, STRING),
        # a null is a field left out, but for a constant
        ({"type": "object", "required": None, "properties": None, "enum": None}, {"type": "object"}),
        ({"const": None}, {"const": None}),
        # keywords that say nothing
        ({"uniqueItems": False, "propertyNames": STRING, "unevaluatedProperties": True, "then": {"not": {}}}, {}),
        ({"propertyNames": True, "additionalProperties": STRING}, {"additionalProperties": STRING}),
        ({"type": "array", "maxItems": 1, "uniqueItems": True}, {"type": "array", "maxItems": 1}),
        ({"contains": STRING, "minContains": 0}, {}),
        ({"dependentRequired": {}, "not": False}, {}),
        # names of properties
        (
            {"propertyNames": {"enum": ["a", "b"]}, "additionalProperties": NUMBER},
            {
                "properties": {"a": NUMBER, "b": NUMBER},
                "additionalProperties": False,
            },
        ),
        (
            {"properties": {"a": STRING, "c": STRING}, "propertyNames": {"const": "a"}},
            {
                "properties": {"a": STRING, "c": STRING},
                "allOf": [{"properties": {"c": False}}],
                "additionalProperties": False,
            },
        ),
        (
            {"propertyNames": {"pattern": "^x"}, "additionalProperties": NUMBER},
            {"patternProperties": {"^x": NUMBER}, "additionalProperties": False},
        ),
        (
            {"propertyNames": {"type": "string", "minLength": 1}},
            {"patternProperties": {"^[\\s\\S]{1,}$": True}, "additionalProperties": False},
        ),
        # older drafts
        (
            {"items": [STRING, NUMBER], "additionalItems": False},
            {"prefixItems": [STRING, NUMBER], "items": False},
        ),
        ({"items": STRING, "additionalItems": False}, {"items": STRING}),
        ({"minimum": 3, "exclusiveMinimum": True}, {"minimum": 3, "exclusiveMinimum": 3}),
        ({"maximum": 3, "exclusiveMaximum": False}, {"maximum": 3}),
        ({"minLength": 2.0}, {"minLength": 2}),
        ({"maximum": 2**64 - 1, "minimum": -(2**63)}, {"maximum": 2**53, "minimum": -(2**53)}),
        ({"maxLength": 10**30}, {}),
        # what another keyword can say
        ({"type": "object", "unevaluatedProperties": False}, {"type": "object", "additionalProperties": False}),
        (
            {"dependentRequired": {"a": ["b"]}},
            {"allOf": [{"anyOf": [{"properties": {"a": False}}, {"required": ["b"]}]}]},
        ),
        (
            {"dependencies": {"a": {"minProperties": 2}}},
            {"allOf": [{"anyOf": [{"properties": {"a": False}}, {"minProperties": 2}]}]},
        ),
        (
            {"not": {"type": ["null", "number"]}},
            {"allOf": [{"type": ["boolean", "string", "array", "object"]}]},
        ),
        (
            {"type": "object", "not": {"required": ["a"]}},
            {"type": "object", "allOf": [{"properties": {"a": False}}]},
        ),
        (
            {"properties": {"a": STRING, "b": NUMBER}, "minProperties": 1},
            {"properties": {"a": STRING, "b": NUMBER}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
        ),
        (
            {"properties": {"a": STRING}, "minProperties": 1, "maxProperties": 1, "additionalProperties": False},
            {"properties": {"a": STRING}, "required": ["a"], "additionalProperties": False},
        ),
        (
            {"properties": {"a": STRING, "b": NUMBER}, "required": ["b", "c"], "minProperties": 2},
            {"properties": {"a": STRING, "b": NUMBER}, "required": ["b", "c"]},
        ),
        (
            {"properties": {"a": STRING, "b": NUMBER}, "required": ["c"], "minProperties": 2},
            {"properties": {"a": STRING, "b": NUMBER}, "required": ["c", "a", "b"]},
        ),
        ({"oneOf": [STRING, NUMBER]}, {"anyOf": [STRING, NUMBER]}),
        ({"oneOf": [STRING, NUMBER], "anyOf": [STRING]}, {"anyOf": [STRING], "allOf": [{"anyOf": [STRING, NUMBER]}]}),
    ],
)
def test_the_normal_form(schema, normal):
    assert normalize(schema) == normal


def test_every_reference_is_to_a_definition_at_the_root():
    schema = {
        "$id": "https://example.org/root",
        "type": "object",
        "properties": {
            "who": {"$ref": "#/$defs/P"},
            "again": {"allOf": [{"$ref": "#/definitions/P"}], "description": "d"},
            "like": {"$ref": "#/properties/who"},
            "all": {"$ref": "#"},
        },
        "$defs": {"P": {"$anchor": "p", "type": "object"}, "unused": {"type": "frob"}},
        "definitions": {"P": {"$ref": "root#p"}},
    }
    normal = normalize(schema)
    root = {key: value for key, value in normal.items() if key != "$defs"}
    assert root["properties"] == {
        "who": {"$ref": "#/$defs/d0"},
        "again": {"allOf": [{"$ref": "#/$defs/d1"}]},
        "like": {"$ref": "#/$defs/d2"},
        "all": {"$ref": "#/$defs/d3"},
    }
    assert normal["$defs"] == {
        "d0": {"type": "object"},
        "d1": {"$ref": "#/$defs/d0"},
        "d2": {"$ref": "#/$defs/d0"},
        "d3": root,
    }


def test_a_part_of_a_schema_takes_the_definitions_along():
    schema = {"properties": {"a": {"$ref": "#/$defs/P"}}, "$defs": {"P": STRING}}
    assert normalize(schema, ("properties", "a")) == {"$ref": "#/$defs/d0", "$defs": {"d0": STRING}}


@pytest.mark.parametrize(
    ("schema", "path", "message"),
    [
        ({"properties": {"a": {"if": {}, "then": STRING}}}, ("properties", "a", "then"), "no grammar can enforce this"),
        ({"items": {"uniqueItems": True}}, ("items", "uniqueItems"), "leave it out, or say it in the description"),
        ({"contains": STRING}, ("contains",), "no grammar"),
        ({"not": {"const": 1}}, ("not",), "no grammar"),
        ({"not": {"type": "integer"}}, ("not",), "no grammar"),
        ({"allOf": [{}], "unevaluatedProperties": False}, ("unevaluatedProperties",), "no grammar"),
        ({"propertyNames": {"minLength": 2, "pattern": "a"}}, ("propertyNames",), "no grammar"),
        (
            {"unevaluatedProperties": False, "propertyNames": {"enum": ["a"]}},  # "a" is not evaluated: it may not come
            ("unevaluatedProperties",),
            "no grammar",
        ),
        ({"$dynamicRef": "#x"}, ("$dynamicRef",), "no grammar"),
        ({"type": "strong"}, ("type",), "the type 'strong' is none of JSON's; choose among null, boolean"),
        ({"type": "STRING"}, ("type",), "none of JSON's"),
        ({"type": []}, ("type",), "the type an empty list is none"),
        ({"type": 3}, ("type",), "the type a number is none"),
        ({"properties": []}, ("properties",), "this is an empty list; write an object of schemas"),
        ({"properties": {"a": 3}}, ("properties", "a"), "this is a number, and no schema; write an object, true"),
        ({"properties": {"a": {"required": True}}}, ("properties", "a", "required"), "write a list of strings"),
        ({"enum": []}, ("enum",), "this is an empty list; write a list of values, at least one"),
        ({"anyOf": []}, ("anyOf",), "write a list of schemas, at least one"),
        ({"$ref": 3}, ("$ref",), "write a reference"),
        ({"$ref": "#/x"}, ("$ref",), "leads nowhere"),
        ({"minLength": -1}, ("minLength",), "this is a number; write a whole number, at least 0"),
        ({"minimum": 2**60}, ("minimum",), "is too large"),
        ({"exclusiveMaximum": -1e20}, ("exclusiveMaximum",), "is too large"),
        ({"minItems": 10**12}, ("minItems",), "is too large"),
        ({"properties": {str(i): {} for i in range(2_001)}}, ("properties",), "more than 2,000 properties"),
        ({"multipleOf": 0}, ("multipleOf",), "write a number above 0"),
        ({"maximum": "9"}, ("maximum",), "this is a string; write a number"),
        ({"pattern": 3}, ("pattern",), "write a regular expression"),
        (
            {"const": 2**53 + 1},
            ("const",),
            "this number is too large; choose one up to 2\\*\\*53, or a string",
        ),
        ({"enum": [1, [2**60]]}, ("enum", 1), "is too large"),
        ({"oneOf": [NUMBER, {"type": "integer"}]}, ("oneOf",), "a value may fit both branch 0 and branch 1"),
    ],
)
def test_what_cannot_be_enforced_is_refused_with_its_path(schema, path, message):
    with pytest.raises(SchemaError, match=message) as error:
        normalize(schema)
    assert error.value.path == path


def test_constants_are_bounded_in_depth():
    value: list = []
    for _ in range(50):
        value = [value]
    with pytest.raises(SchemaError, match="levels deep"):
        normalize({"const": value})
