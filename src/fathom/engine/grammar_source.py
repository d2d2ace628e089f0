"""The source texts of grammars, and errors in our words where the grammar engine refuses one.

A schema that is refused is at fault in one place, which the engine's message does not name. So its subschemas are tried
one by one, each as a document of its own, down to the smallest that is refused.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from typing import Any

from llguidance import LLMatcher, LLParserLimits, LLTokenizer

from fathom.base.errors import RequestError, SchemaError
from fathom.base.json_path import JsonPath
from fathom.engine.json_schema.document import describe, subschemas
from fathom.engine.json_schema.normalize import normalize
from fathom.engine.request import GrammarSpec

MAX_SOURCE = 1 << 18
"""Characters of a grammar, after everything that only describes was left out. Compiled, it may take 100 MB."""

LIMITS = LLParserLimits(max_items_in_row=10_000, step_max_items=100_000, verbose_errors=False)
"""More than the engine's own, which a thousand properties exceed; a step still takes some ten milliseconds."""

_WHITESPACE = r"[\x20\x0A\x0D\x09]{1,32}"
_FREE_LAYOUT = {"whitespace_pattern": _WHITESPACE}
_FIXED_LAYOUT = {"whitespace_flexible": False, "key_separator": ": ", "item_separator": ", "}
_MOST_TRIALS = 300
_SMALLER = "send smaller schemas"

_REASONS = (
    ("nsatisfiable|No options", "no value fits it"),
    ("integer range|float range|multipleOf", "its numbers have too many digits"),
    ("nested parentheses", "a number or a pattern in it has too many digits or brackets"),
    ("patternProperties|disjoint", "its patternProperties overlap, which no grammar can express"),
    ("[mM](in|ax)Properties", "it counts properties of which some are optional, which no grammar can express"),
    ("Unable to determine", "its patterns are too complex together"),
    ("circular", "a reference that leads back to it has further keywords beside it"),
    ("[rR]egex|look|pattern|repetition|parse error", "its pattern has look-around, back-references or a mistake"),
    (
        "too large|too big|too complex|exceed|limit|fuel|items|states",
        "it is too large, or allows too many ways to go on",
    ),
)
"""What the grammar engine's messages say, in our words."""

_log = logging.getLogger(__name__)


def grammar_text(spec: GrammarSpec) -> str:
    """The text that the grammar engine compiles. Raises RequestError for a value of the wrong type or a text that is
    too long, SchemaError for a schema that cannot be enforced."""
    if spec.kind in ("json_object", "json_schema"):
        schema = {"type": "object"} if spec.kind == "json_object" else spec.value
        source = LLMatcher.grammar_from_json_schema(_schema_text(schema, _FREE_LAYOUT))
    elif not isinstance(spec.value, str):
        raise RequestError(f"a {spec.kind} grammar is text, not {type(spec.value).__name__}", "pass a string")
    elif spec.kind == "lark":
        rules = [f"{name}: %json {_rule_text(name, schema)}\n" for name, schema in spec.schemas.items()]
        source = LLMatcher.grammar_from_lark("".join([spec.value, *rules]))
    else:
        source = LLMatcher.grammar_from_regex(spec.value)
    if len(source) > MAX_SOURCE:
        problem = f"the grammar has {len(source):,} characters, at most {MAX_SOURCE:,} are compiled"
        raise (SchemaError(problem, _SMALLER, ()) if spec.kind == "json_schema" else RequestError(problem, _SMALLER))
    return source


def problem_of(matcher: LLMatcher) -> str:
    """The error of a fresh matcher, or of its first step, where some grammars turn out to be too large; "" if none."""
    if not matcher.is_error():
        matcher = matcher.deep_copy()
        matcher.compute_bitmask()
    return matcher.get_error() if matcher.is_error() else ""


def grammar_error(spec: GrammarSpec, problem: str, parser: LLTokenizer) -> RequestError:
    """The error for a grammar that the engine refuses with ``problem``."""
    if spec.kind == "regex" or (spec.kind == "lark" and not spec.schemas):
        return RequestError(f"invalid {spec.kind} grammar: {problem}", "correct the grammar")
    _log.info("a grammar was refused: %s", problem)
    schemas = spec.schemas if spec.kind == "lark" else {"": spec.value}
    for rule, schema in schemas.items():
        blame = _Blame(schema, parser)
        if blame.reason(()):
            path = blame.smallest(())
            return SchemaError(f"the schema cannot be compiled: {blame.reason(path)}", "simplify it here", path, rule)
    return RequestError(f"the schemas cannot be compiled together: {_reason(problem)}", "offer fewer tools at once")


class _Blame:
    """Finds the smallest subschema that cannot be compiled."""

    def __init__(self, schema: Any, parser: LLTokenizer) -> None:
        self._schema = schema
        self._parser = parser
        self._trials = 0

    def reason(self, path: JsonPath) -> str:
        """Why the subschema at ``path`` cannot be compiled on its own; "" if it can."""
        self._trials += 1
        source = LLMatcher.grammar_from_json_schema(_dump(normalize(self._schema, path)))
        problem = problem_of(LLMatcher(self._parser, source, log_level=0, limits=LIMITS))
        return _reason(problem) if problem else ""

    def smallest(self, path: JsonPath) -> JsonPath:
        """The path of the smallest one within the one at ``path``, as far as the number of trials allows."""
        value = self._schema
        for step in path:
            value = value[step]
        for child, _ in subschemas(value):
            if self._trials >= _MOST_TRIALS:
                break
            if self._fails(path + child):
                return self.smallest(path + child)
        return path

    def _fails(self, path: JsonPath) -> bool:
        try:
            return bool(self.reason(path))
        except SchemaError:  # unsatisfiable on its own, which is well where it is optional
            return False


def _reason(problem: str) -> str:
    return next((ours for theirs, ours in _REASONS if re.search(theirs, problem)), "the grammar engine refuses it")


def _rule_text(rule: str, schema: Any) -> str:
    try:
        return _schema_text(schema, _FIXED_LAYOUT)
    except SchemaError as error:
        raise error.within(rule) from None


def _schema_text(schema: Any, layout: Mapping[str, Any]) -> str:
    if not isinstance(schema, dict):
        raise SchemaError(f"a JSON schema is an object, not {describe(schema)}", "pass a dictionary", ())
    return _dump({"x-guidance": layout, **normalize(schema)})


def _dump(schema: Any) -> str:
    try:
        return json.dumps(schema, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise SchemaError(f"the JSON schema is not JSON: {error}", "use plain JSON values", ()) from error
