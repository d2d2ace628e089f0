"""``oneOf``: branches that are told apart, and one that is narrowed so that they are."""

from __future__ import annotations

import pytest

from fathom.base.errors import SchemaError
from fathom.engine.json_schema.exclusive import replace_one_of
from fathom.engine.json_schema.normalize import normalize


def tagged(tag: str, **more: object) -> dict:
    return {"type": "object", "properties": {"kind": {"const": tag}}, "required": ["kind"], **more}


@pytest.mark.parametrize(
    "branches",
    [
        [{"type": "string"}, {"type": ["number", "null"]}],
        [{"const": 1}, {"const": 2}, {"enum": ["1", True]}],
        [{"enum": ["a", "b"]}, {"type": "integer"}],
        [tagged("cat"), tagged("dog")],
        [tagged("cat"), {"$ref": "#/$defs/dog"}],
        [{"allOf": [{"$ref": "#/$defs/dog"}]}, tagged("cat")],
        [{"anyOf": [tagged("a"), tagged("b")]}, tagged("c")],
        [tagged("cat"), {"type": "object", "additionalProperties": False}],
        [False, {}],
    ],
)
def test_branches_that_are_apart_become_any_of(branches):
    normal = normalize({"oneOf": branches, "$defs": {"dog": tagged("dog")}})
    assert "oneOf" not in normal
    assert len(normal["anyOf"]) == len(branches)


def test_a_branch_is_narrowed_by_what_the_other_requires():
    by_id = {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}
    by_name = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    assert normalize({"oneOf": [by_id, by_name]})["anyOf"] == [
        {**by_id, "properties": {"id": {"type": "integer"}, "name": False}},
        by_name,
    ]


def test_the_keywords_beside_it_count():
    schema = {"type": "object", "properties": {"a": {}, "b": {}}, "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}
    assert normalize(schema)["anyOf"] == [{"required": ["a"], "properties": {"b": False}}, {"required": ["b"]}]


@pytest.mark.parametrize(
    "branches",
    [
        [{"type": "number"}, {"type": "integer"}],
        [{"const": 1}, {"const": 1.0}],
        [{}, {"type": "null"}],
        [tagged("cat"), tagged("cat")],
        [{"required": ["a"]}, {"required": ["b"]}],  # a string would fit both
        [{"const": [1]}, {"const": [2]}],
    ],
)
def test_branches_that_may_overlap_are_refused(branches):
    with pytest.raises(SchemaError, match="a value may fit both branch 0 and branch 1; use anyOf, or a property with"):
        normalize({"oneOf": branches})


def test_it_goes_beside_an_any_of():
    schema = {"anyOf": [{}], "oneOf": [{"type": "null"}, {"type": "string"}]}
    replace_one_of(schema, {}, ())
    assert schema == {"anyOf": [{}], "allOf": [{"anyOf": [{"type": "null"}, {"type": "string"}]}]}


def test_the_number_of_branches_is_bounded():
    with pytest.raises(SchemaError, match="more than 100 branches"):
        normalize({"oneOf": [{"const": i} for i in range(101)]})
