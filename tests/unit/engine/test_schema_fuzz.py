"""Random JSON schemas: each is compiled or refused as the request's fault, and what a compiled one admits is valid.

An independent validator judges the values, against the schema as it was sent.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fathom.base.errors import RequestError
from fathom.engine.grammar import GrammarCompiler, GrammarMatcher
from fathom.engine.request import GrammarSpec

EOS = 257
NAMES = ("a", "b", "ä", 'q"', "$ref", "")
POINTERS = ("#", "#/$defs/x", "#/$defs/y", "#/properties/a", "#/allOf/0", "#nowhere", "other.json", "#/$defs/x/items")
FORMATS = ("date", "email", "password", "uuid", "int32")
PREFERRED = frozenset(b'{}[]":,0123456789truefalsnab')
PATTERNS = ("^a", "b$", "^[a-c]{1,3}$", "(?=x)", "(", "\\d+", "^\\p{L}$", "a|b")

values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, 2**60, "a", "", "ä", 1e300]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=2),
    max_leaves=3,
)
types = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])
wrong = values | st.sampled_from([10**7, -1, 1.5, "any", True, [], {}, [3]])
names = st.lists(st.sampled_from(NAMES), max_size=2)


def keywords(inner: st.SearchStrategy[Any]) -> dict[str, st.SearchStrategy[Any]]:
    maps = st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    lists = st.lists(inner, min_size=1, max_size=3)
    counts = ("minProperties", "maxProperties", "minItems", "maxItems", "minLength", "maxLength")
    bounds = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    return {
        "type": types | st.lists(types, min_size=1, max_size=3),
        "enum": st.lists(values, min_size=1, max_size=3),
        "const": values,
        "properties": maps,
        "patternProperties": st.dictionaries(st.sampled_from(PATTERNS), inner, max_size=2),
        "additionalProperties": inner,
        "propertyNames": inner,
        "required": names,
        **dict.fromkeys(counts, st.integers(0, 3)),
        **dict.fromkeys(bounds, st.integers(-5, 5) | st.sampled_from([0.5, -0.1, 1e20])),
        "multipleOf": st.sampled_from([1, 2, 0.5, 0.1]),
        **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), lists),
        **dict.fromkeys(("not", "if", "then", "contains", "unevaluatedProperties", "additionalItems"), inner),
        "items": inner | lists,
        "pattern": st.sampled_from(PATTERNS),
        "format": st.sampled_from(FORMATS),
        "uniqueItems": st.booleans(),
        "dependentRequired": st.dictionaries(st.sampled_from(NAMES), names, max_size=2),
        "dependencies": st.dictionaries(st.sampled_from(NAMES), inner | names, max_size=1),
        "$ref": st.sampled_from(POINTERS),
        "$defs": st.fixed_dictionaries({"x": inner, "y": inner}),
        "$id": st.sampled_from(["other.json", "#nowhere", "urn:x:y", "http://["]),
        "$anchor": st.just("nowhere"),
        **dict.fromkeys(("title", "nullable", "x-guidance", "discriminator"), values),
    }


@st.composite
def objects(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> dict[str, Any]:
    """A schema of a few keywords; now and then with a value of the wrong kind."""
    choices = keywords(inner)
    chosen = draw(st.lists(st.sampled_from(sorted(choices)), max_size=5, unique=True))
    return {name: draw(choices[name] if draw(st.integers(0, 30)) else wrong) for name in chosen}


schemas = objects(st.recursive(st.booleans() | objects(st.booleans()), objects, max_leaves=5))


@pytest.fixture(scope="module")
def compiler(vocabulary) -> GrammarCompiler:
    return GrammarCompiler(vocabulary)


def walk(matcher: GrammarMatcher, choose: Callable[[list[int]], int]) -> str | None:
    """A random text of a grammar; None if it is not finished soon."""
    data = bytearray()
    for _ in range(120):
        allowed = [token for token in matcher.allowed_tokens().nonzero()[0].tolist() if token < 128 or token == EOS]
        if not allowed:
            return None
        token = EOS if EOS in allowed and len(data) > 20 else choose(allowed)
        if token == EOS:
            return data.decode()
        matcher.accept(token)
        data.append(token)
    return None


def accepted(schema: Any) -> jsonschema_rs.Validator | None:
    """The validator; None for what it does not take for a schema."""
    try:
        return jsonschema_rs.Draft202012Validator(schema)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError):
        return None


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(schema=schemas, seed=st.integers(0, 2**32))
def test_a_schema_is_enforced_or_refused(compiler, schema, seed):
    random_choice = random.Random(seed).choice
    validator = accepted(schema)
    outcome = attempt(compiler, schema, lambda tokens: random_choice([t for t in tokens if t in PREFERRED] or tokens))
    if isinstance(outcome, RequestError):
        assert not any(word in str(outcome) for word in ("llguidance", "Parser", "Pointer", "%json", "x-guidance"))
    elif outcome is not None and validator is not None:
        validator.validate(json.loads(outcome, parse_float=finite))


def finite(text: str) -> float:
    """A number of JSON as a double; the validator knows no infinity."""
    return max(-sys.float_info.max, min(float(text), sys.float_info.max))


def attempt(
    compiler: GrammarCompiler, schema: dict[str, Any], choose: Callable[[list[int]], int]
) -> str | RequestError | None:
    """A text that the schema admits, or the error of the request."""
    try:
        return walk(compiler.compile(GrammarSpec("json_schema", schema)).start(), choose)
    except RequestError as error:
        return error
