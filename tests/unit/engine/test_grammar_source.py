"""Sources of grammars, and what clients are answered where the grammar engine refuses one."""

from __future__ import annotations

import datetime
import decimal
import enum
import ipaddress
import json
import logging
import pathlib
import re
import uuid
from typing import Annotated, Any, Literal

import pydantic
import pytest

from fathom.base.errors import RequestError, SchemaError
from fathom.engine.grammar import GrammarCompiler
from fathom.engine.grammar_source import MAX_SOURCE, grammar_text
from fathom.engine.json_schema.normalize import FORMATS
from fathom.engine.request import GrammarSpec


@pytest.fixture(scope="module")
def compiler(vocabulary):
    return GrammarCompiler(vocabulary)


def compile_schema(compiler, schema):
    return compiler.compile(GrammarSpec("json_schema", schema)).start()


def nested(levels: int) -> dict:
    schema: dict = {"type": "integer"}
    for _ in range(levels - 1):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    return schema


def wide(depth: int, prefix: str = "k") -> dict:
    """``anyOf`` five wide, each branch with a required key of its own."""
    if not depth:
        return {"type": "string"}
    names = [f"{prefix}{index}" for index in range(5)]
    return {"anyOf": [{"type": "object", "properties": {n: wide(depth - 1, n)}, "required": [n]} for n in names]}


def many_ways(depth: int) -> dict:
    """Branches that multiply with those beside them."""
    schema: dict = {"type": "object", "properties": {f"p{depth}": {"type": "string"}}, "required": [f"p{depth}"]}
    if depth:
        schema["anyOf"] = [many_ways(depth - 1) for _ in range(5)]
    return schema


@pytest.mark.parametrize("schema", [nested(32), wide(3), many_ways(3), {"enum": [f"v{i}" for i in range(5_000)]}])
def test_large_schemas_are_answered(compiler, schema):
    assert compile_schema(compiler, schema).allowed_tokens().any()


@pytest.mark.parametrize(
    ("schema", "path", "message"),
    [
        (nested(95), ("properties", "a") * 32, "nests more than 32 levels deep"),
        (
            {"type": "string", "allOf": [{"pattern": f"(a|b){{{length}}}.*c"} for length in range(1, 7)]},
            (),
            "its patterns are too complex together",
        ),
        ({"$ref": "#"}, (), "the reference leads back to itself"),
        (["no"], (), "a JSON schema is an object, not a list"),
        ({"const": {1, 2}}, (), "the JSON schema is not JSON: .*set"),
        ({"items": {"pattern": "(?=a)"}}, ("items",), "its pattern has look-around, back-references or a mistake"),
        ({"anyOf": [{"type": "null"}, {"pattern": "("}]}, ("anyOf", 1), "its pattern has look-around"),
        (
            {"properties": {"a": {"type": "integer", "minimum": 4, "maximum": 2}}, "type": "object", "required": ["a"]},
            ("properties", "a"),
            "no value fits it",
        ),
        ({"type": "string", "const": 3}, (), "no value fits it"),
        ({"type": "number", "minimum": 1e-300}, (), "has too many digits or brackets"),
        ({"type": "number", "multipleOf": 1e-300}, (), "its numbers have too many digits"),
        ({"patternProperties": {"^a": {}, "b$": {}}}, (), "its patternProperties overlap"),
        (
            {"type": "object", "properties": {"a": {}, "b": {}, "c": {}}, "minProperties": 2},
            (),
            "it counts properties of which some are optional",
        ),
    ],
)
def test_schemas_that_no_grammar_can_hold(compiler, schema, path, message):
    with pytest.raises(SchemaError, match=message) as error:
        compile_schema(compiler, schema)
    assert error.value.path == path


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Cat(pydantic.BaseModel):
    kind: Literal["cat"]


class Dog(pydantic.BaseModel):
    kind: Literal["dog"]
    friend: Everything | None = None


class Everything(pydantic.BaseModel):
    """The kinds of fields that people give to output types."""

    model_config = pydantic.ConfigDict(extra="forbid")

    secret: pydantic.SecretStr
    path: pathlib.Path
    url: pydantic.HttpUrl
    key: uuid.UUID
    at: datetime.datetime
    duration: datetime.timedelta
    price: decimal.Decimal
    ip: ipaddress.IPv4Address
    data: bytes
    color: Color
    by_color: dict[Color, int]
    by_id: dict[uuid.UUID, float]
    pair: tuple[int, str]
    several: list[Everything] = pydantic.Field(max_length=3)
    pet: Annotated[Cat | Dog, pydantic.Field(discriminator="kind")]
    code: Annotated[str, pydantic.StringConstraints(pattern=r"^[A-Z]{2}\d+$")]
    share: Annotated[float, pydantic.Field(gt=0, lt=1, multiple_of=0.25)]
    anything: Any = None


@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_the_fields_of_pydantic_models(compiler, mode):
    assert compile_schema(compiler, Everything.model_json_schema(mode=mode)).allowed_tokens().any()


NUMBERS = ("1", "-0.5", "+.5", "7.", "", ".", "-", "+.", "1e3", "--1")
ADDRESSES = ("a@b.co", "a.b'c+d@x-y.z.org", "o'@b.co", ".a@b.co", "a..b@c.de", "a.@b.co", "a@b..co", "a@b", "@b.co", "")
DURATIONS = ("P1W", "P1Y2M3D", "P2M", "P3D", "PT1H", "PT1M", "PT1.5S", "P1YT2H3M", "P1D", "PT1H2S", "P2MT0,5S")
NO_DURATIONS = ("P", "PT", "P1YT", "P1W1D", "P1D1W", "P1D2M", "PT1S1M", "PT1.5H", "1D", "P1H")


@pytest.mark.parametrize(
    ("schema", "texts"),
    [
        ({"pattern": r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$"}, NUMBERS),  # pydantic 2.12, a Decimal
        (  # zod 4, z.email()
            {
                "pattern": r"^(?!\.)(?!.*\.\.)([A-Za-z0-9_'+\-\.]*)[A-Za-z0-9_+-]@"
                r"([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$",
            },
            ADDRESSES,
        ),
        (  # zod 4, z.iso.duration()
            {
                "pattern": r"^P(?:(\d+W)|(?!.*W)(?=\d|T\d)(\d+Y)?(\d+M)?(\d+D)?"
                r"(T(?=\d)(\d+H)?(\d+M)?(\d+([.,]\d+)?S)?)?)$",
            },
            DURATIONS + NO_DURATIONS,
        ),
    ],
    ids=["decimal", "email", "duration"],
)
def test_common_patterns_with_look_around_are_replaced_by_equal_ones(compiler, schema, texts):
    fitting = [text for text in texts if re.search(schema["pattern"], text)]
    assert fitting
    assert len(fitting) < len(texts)
    for text in texts:
        matcher = compile_schema(compiler, {"type": "string", **schema})
        fits = all(_accepts(matcher, byte) for byte in json.dumps(text).encode())
        assert fits == (text in fitting), text


def test_a_pattern_may_stand_beside_the_format_that_it_describes(compiler):
    """As zod writes both."""
    pattern = r"^(?!\.)(?!.*\.\.)([A-Za-z0-9_'+\-\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$"
    matcher = compile_schema(compiler, {"type": "string", "format": "email", "pattern": pattern})
    assert all(_accepts(matcher, byte) for byte in b'"a.b@c.org"')


def _accepts(matcher, byte: int) -> bool:
    allowed = bool(matcher.allowed_tokens()[byte])
    if allowed:
        matcher.accept(byte)
    return allowed


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_listed_format_is_enforced(compiler, name):
    schema = {"type": "string", "format": name}
    matcher = compile_schema(compiler, schema)
    matcher.accept(ord('"'))
    assert not matcher.allowed_tokens()[ord('"')]  # the empty string has no such format


def test_a_long_chain_of_definitions(compiler):
    """The grammar engine follows it by recursion: on a common stack this many end the process."""
    chain = {
        f"{i}": {"type": "object", "properties": {"a": {"$ref": f"#/$defs/{i + 1}"}}, "required": ["a"]}
        for i in range(1500)
    }
    matcher = compile_schema(compiler, {"$ref": "#/$defs/0", "$defs": {**chain, "1500": {"type": "null"}}})
    assert all(_accepts(matcher, byte) for byte in b'{"a":{"a":')


def test_a_grammar_has_a_largest_size():
    with pytest.raises(RequestError, match=f"at most {MAX_SOURCE:,} are compiled; send smaller schemas"):
        grammar_text(GrammarSpec("json_schema", {"const": "x" * MAX_SOURCE}))


def test_descriptions_do_not_count(compiler):
    assert compile_schema(compiler, {"type": "null", "description": "x" * MAX_SOURCE})


def test_a_name_in_a_schema_cannot_change_the_grammar(compiler):
    schema = {"type": "object", "properties": {'a": 1}\nstart: "x"': {"type": "null"}}, "additionalProperties": False}
    spec = GrammarSpec("lark", "start: a\n", schemas={"a": schema})
    matcher = compiler.compile(spec).start()
    for byte in json.dumps({'a": 1}\nstart: "x"': None}).encode():
        assert matcher.allowed_tokens()[byte]
        matcher.accept(byte)
    assert matcher.is_complete


def test_the_engines_own_words_are_logged_only(compiler, caplog):
    caplog.set_level(logging.INFO, "fathom.engine.grammar_source")
    with pytest.raises(SchemaError) as error:
        compile_schema(compiler, {"type": "string", "pattern": "(?!secret)"})
    assert "secret" not in str(error.value)
    assert "a grammar was refused: " in caplog.text


def test_tools_that_are_too_large_together(compiler, monkeypatch):
    spec = GrammarSpec("lark", "start: a\n", schemas={"a": {"type": "null"}})
    monkeypatch.setattr("fathom.engine.grammar.problem_of", lambda matcher: "grammar is too large")
    with pytest.raises(RequestError, match=r"cannot be compiled together: it is too large, .*; offer fewer tools"):
        compiler.compile(spec)
