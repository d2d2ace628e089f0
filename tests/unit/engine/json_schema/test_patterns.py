"""The bound on regular expressions that one value must fit at once."""

from __future__ import annotations

from typing import Any

import pytest

from fathom.base.errors import SchemaError
from fathom.engine.json_schema.normalize import normalize
from fathom.engine.json_schema.patterns import MAX_PATTERNS

MANY = [{"type": "string", "pattern": f"^[a-z]*{number}[a-z]*$"} for number in range(MAX_PATTERNS + 1)]


@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": MANY},
        {"type": "object", "properties": {"a": {"allOf": MANY}}},
        {"allOf": [MANY[0], {"allOf": MANY[1:]}]},
        {"allOf": [{"$ref": "#/$defs/half"}, *MANY[4:]], "$defs": {"half": {"allOf": MANY[:4]}}},
        {"allOf": [{"anyOf": [{"allOf": MANY[:5]}, {"type": "null"}]}, *MANY[5:]]},
        {"allOf": [{"anyOf": MANY[:5]}, {"anyOf": MANY[5:]}]},
        {"$ref": "#/$defs/a", "$defs": {"a": {"type": "array", "items": {"allOf": MANY}}}},
    ],
)
def test_too_many_at_once_are_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(SchemaError, match="a value has to fit more than 8 patterns at once; join them"):
        normalize(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": MANY[1:]},
        {"anyOf": MANY},
        {"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"anyOf": MANY}}},
        {"type": "object", "properties": {f"p{number}": schema for number, schema in enumerate(MANY)}},
        {"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/a"}}, MANY[0]]}}},
    ],
)
def test_others_are_not(schema: dict[str, Any]) -> None:
    normalize(schema)


def test_a_long_chain_is_counted_once() -> None:
    last = 2000
    chain = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(last)}
    normalize({"$ref": "#/$defs/d0", "$defs": {**chain, f"d{last}": {"type": "integer"}}})
