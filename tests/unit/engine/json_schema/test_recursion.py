"""Schemas that refer to themselves."""

from __future__ import annotations

import pytest

from fathom.base.errors import SchemaError
from fathom.engine.json_schema import recursion
from fathom.engine.json_schema.normalize import normalize
from fathom.engine.json_schema.recursion import check_references, check_satisfiable

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


def test_the_place_of_a_reference_that_leads_back():
    definitions = {"d0": {"type": "null"}, "d1": {"allOf": [{"$ref": "#/$defs/d1"}]}}
    with pytest.raises(SchemaError) as error:
        check_references(definitions, {"d0": ("a",), "d1": ("$defs", "x")})
    assert error.value.path == ("$defs", "x")


def test_definitions_that_are_not_used_may_be_impossible():
    check_satisfiable({"type": "null"}, {"d0": False}, ())


def test_the_work_grows_with_the_definitions_and_not_with_their_square(monkeypatch):
    count, calls, is_finite = 200, 0, recursion._is_finite

    def counted(schema, finite):
        nonlocal calls
        calls += 1
        return is_finite(schema, finite)

    monkeypatch.setattr(recursion, "_is_finite", counted)
    chain = {
        f"{i}": {"type": "object", "properties": {"a": {"$ref": f"#/$defs/{i + 1}"}}, "required": ["a"]}
        for i in range(count)
    }
    check_satisfiable({"$ref": "#/$defs/0"}, {**chain, f"{count}": {"type": "string"}}, ())
    assert calls < 6 * count
