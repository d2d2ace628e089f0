import json
import random
import re

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fathom.base.errors import GenerationError, RequestError, TokenizerError
from fathom.checkpoint.gguf.model import GGUFModel
from fathom.checkpoint.resolve import resolve
from fathom.engine.constrain import Grammars, SpelledVocabulary
from fathom.engine.core import EngineCore
from fathom.engine.request import GrammarSpec, Request, SamplingParams
from fathom.text.tokenizer import Tokenizer

POINT = {
    "type": "object",
    "properties": {"x": {"type": "integer"}, "y": {"type": "boolean"}},
    "required": ["x"],
    "additionalProperties": False,
}
THINK_END, EOS = 256, 257


@pytest.fixture(scope="module")
def grammars(vocabulary):
    return Grammars(vocabulary)


def characters(constraint):
    return "".join(chr(token) for token in constraint.allowed_tokens().nonzero()[0] if token < 128)


def feed(constraint, text):
    for byte in text.encode():
        assert constraint.allowed_tokens()[byte]
        constraint.accept(byte)


def test_only_what_the_schema_allows_may_come_next(grammars):
    constraint = grammars.compile(GrammarSpec("json_schema", POINT))
    assert characters(constraint) == "{"
    feed(constraint, '{"x":')
    assert characters(constraint) == "\t\n\r -0123456789"
    feed(constraint, "7")
    assert not constraint.allowed_tokens()[EOS]
    feed(constraint, "}")
    assert constraint.complete
    assert constraint.allowed_tokens().nonzero()[0].tolist() == [EOS]


def test_blanks_inside_json_are_bounded(grammars):
    constraint = grammars.compile(GrammarSpec("json_object"))
    feed(constraint, "{" + " " * 32)
    assert " " not in characters(constraint)


def test_each_completion_has_a_state_of_its_own(grammars):
    first, second = (grammars.compile(GrammarSpec("json_object")) for _ in range(2))
    feed(first, "{")
    assert characters(second) == "{"


@pytest.mark.parametrize(
    ("text", "rest"),
    [("hm </think>", ""), ("</thi</think>", ""), ("</think>\n\n", ""), ('</think> {"x', '"')],
)
def test_the_rules_wait_for_what_they_come_after(grammars, text, rest):
    constraint = grammars.compile(GrammarSpec("json_schema", POINT, after="</think>"), frozenset({258}))
    begun, marker, end = text.partition("</think>")
    for byte in (begun + marker).encode():
        assert constraint.allowed_tokens()[[97, THINK_END]].all()
        assert not constraint.allowed_tokens()[[EOS, 258]].any()  # it may not leave before it has answered
        constraint.accept(byte)
    if end.strip():
        feed(constraint, end.strip())
    assert characters(constraint) == (rest or "{")


def test_a_token_may_carry_text_past_the_marker(vocabulary):
    class Greedy(type(vocabulary)):
        @staticmethod
        def token_bytes(token_id):
            return b'k>\n{"x' if token_id == 258 else type(vocabulary).token_bytes(token_id)

    constraint = Grammars(Greedy()).compile(GrammarSpec("json_schema", POINT, after="</think>"))
    for token in [*b"</thin", 258]:
        constraint.accept(token)
    assert characters(constraint) == '"'


def test_lark_and_regular_expressions(grammars):
    constraint = grammars.compile(GrammarSpec("regex", "[ab]{2}"))
    feed(constraint, "ab")
    assert constraint.complete
    constraint = grammars.compile(GrammarSpec("lark", 'start: "yes" | "no"'))
    assert characters(constraint) == "ny"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (GrammarSpec("json_schema", {"type": "frob"}), "invalid json_schema grammar: Invalid type: frob; correct the"),
        (GrammarSpec("json_schema", {"$ref": "#/x"}), "invalid json_schema grammar: Pointer '/x' does not exist"),
        (GrammarSpec("json_schema", ["no"]), "a JSON schema is an object, not list"),
        (GrammarSpec("json_schema", {"const": {1, 2}}), "the JSON schema is not JSON: .*set"),
        (GrammarSpec("lark", "start: foo"), 'unknown name: "foo"'),
        (GrammarSpec("lark", None), "a lark grammar is text, not NoneType"),
        (GrammarSpec("regex", "("), "unclosed group"),
    ],
)
def test_what_cannot_be_followed_is_refused_in_the_parsers_words(grammars, spec, message):
    with pytest.raises(RequestError, match=message):
        grammars.compile(spec)


def test_a_schema_nested_without_end_is_refused(grammars):
    schema = {}
    for _ in range(100_000):
        schema = {"items": schema}
    with pytest.raises(RequestError, match="the JSON schema is not JSON"):
        grammars.compile(GrammarSpec("json_schema", schema))


def test_holes_in_the_ids_and_no_end_token(vocabulary):
    class Sparse(type(vocabulary)):
        eos_ids = frozenset()

        @staticmethod
        def token_bytes(token_id):
            if token_id == 200:
                raise TokenizerError("no such token")
            return type(vocabulary).token_bytes(token_id)

    spelled = SpelledVocabulary(Sparse(), frozenset())
    assert spelled.tokens[200] == b""
    assert spelled.ends == [259]
    constraint = Grammars(Sparse()).compile(GrammarSpec("regex", "a"))
    feed(constraint, "a")
    assert constraint.complete


def schemas():
    leaves = st.sampled_from(
        [
            {"type": "integer", "minimum": -5, "maximum": 99},
            {"type": "boolean"},
            {"type": "null"},
            {"enum": ["red", "green", 3]},
            {"type": "string", "maxLength": 4},
            {"type": "string", "pattern": "^[a-c]{1,3}$"},
        ]
    )

    def objects(inner):
        return st.dictionaries(st.sampled_from(["a", "b", "é"]), inner, max_size=3).map(
            lambda p: {"type": "object", "properties": p, "required": sorted(p), "additionalProperties": False}
        )

    def arrays(inner):
        return inner.map(lambda item: {"type": "array", "items": item, "maxItems": 2})

    return st.recursive(leaves, lambda inner: objects(inner) | arrays(inner), max_leaves=4)


@settings(max_examples=25, deadline=None)
@given(schema=schemas(), seed=st.integers(0, 2**32))
def test_what_a_random_model_writes_is_valid(gqa, vocabulary, small, run, schema, seed):
    core = EngineCore(gqa, vocabulary, small)
    sampling = SamplingParams(seed=seed, max_tokens=80, temperature=2.0, n=2, ignore_eos=bool(seed % 2))
    noise = [Request((seed % 250, i), SamplingParams(max_tokens=60)) for i in range(3)]  # takes the pages away
    request = Request((1, 2, 3), sampling, GrammarSpec("json_schema", schema))
    for answer in run(core, *noise[:1], request, *noise[1:])[1]:
        if answer.reason == "stop":
            jsonschema_rs.validate(schema, json.loads(answer.text))


def test_a_grammar_that_gives_up_ends_its_own_request_only(gqa, vocabulary, small, monkeypatch):
    def give_up(self):
        raise GenerationError("the grammar failed: too complex")

    core = EngineCore(gqa, vocabulary, small)
    bound, free = Request((1, 2), SamplingParams(seed=1), GrammarSpec("regex", "a+")), Request((1, 2), SamplingParams())
    core.add(bound)
    core.add(free)
    monkeypatch.setattr("fathom.engine.constrain.Constraint.allowed", give_up)
    outputs = dict(core.step())
    assert str(outputs[bound.id]) == "the grammar failed: too complex"
    assert outputs[free.id].token_ids
    core.check_integrity()


@pytest.fixture(scope="module")
def smollm2():
    return Tokenizer.from_gguf(GGUFModel(resolve(None).path).metadata)


@pytest.fixture(scope="module")
def real_grammars(smollm2):
    return Grammars(smollm2)


@settings(max_examples=15, deadline=None)
@given(schema=schemas(), seed=st.integers(0, 2**32))
def test_any_walk_through_a_real_vocabulary_is_valid(smollm2, real_grammars, schema, seed):
    """Tokens of many characters, some of half a character: whatever is allowed leads to valid JSON."""
    constraint = real_grammars.compile(GrammarSpec("json_schema", schema))
    choice, detokenizer, text = random.Random(seed), smollm2.detokenizer(), ""
    for _ in range(200):
        token = choice.choice(constraint.allowed_tokens().nonzero()[0].tolist())
        constraint.accept(token)
        text += detokenizer.push(token)
        if token in smollm2.eos_ids or constraint.complete:
            jsonschema_rs.validate(schema, json.loads(text + detokenizer.flush()))
            return


def test_thinking_first_then_an_object(gqa, vocabulary, small, run):
    sampling = SamplingParams(seed=2, max_tokens=200, top_p=0.5, n=3)
    request = Request((1, 2, 3), sampling, GrammarSpec("regex", "[0-9]{2}", after="e"))
    answers = run(EngineCore(gqa, vocabulary, small), request)[0]
    ended = [answer.text for answer in answers if answer.reason == "stop"]
    assert ended
    assert all(re.fullmatch(r"[^e]*e[0-9]{2}", text, re.DOTALL) for text in ended)
