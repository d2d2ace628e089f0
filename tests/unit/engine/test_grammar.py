import json
import random
import re

import jsonschema_rs
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import dense_config

from fathom.base.errors import GrammarError, RequestError, TokenizerError
from fathom.checkpoint.gguf.model import GGUFModel
from fathom.checkpoint.resolve import resolve
from fathom.engine.core import EngineCore
from fathom.engine.grammar import BYTES_PER_CHARACTER, GrammarCompiler, GrammarVocabulary
from fathom.engine.grammar_source import grammar_text
from fathom.engine.request import GrammarSpec, Request, SamplingParams
from fathom.model.transformer import Transformer
from fathom.text.tokenizer.tokenizer import Tokenizer

POINT = {
    "type": "object",
    "properties": {"x": {"type": "integer"}, "y": {"type": "boolean"}},
    "required": ["x"],
    "additionalProperties": False,
}
THINK_END, EOS = 256, 257


@pytest.fixture(scope="module")
def compiler(vocabulary):
    return GrammarCompiler(vocabulary)


def characters(matcher):
    return "".join(chr(token) for token in matcher.allowed_tokens().nonzero()[0] if token < 128)


def feed(matcher, text):
    for byte in text.encode():
        assert matcher.allowed_tokens()[byte]
        matcher.accept(byte)


def test_only_tokens_that_the_schema_allows_may_come_next(compiler):
    matcher = compiler.compile(GrammarSpec("json_schema", POINT)).start()
    assert characters(matcher) == "{"
    feed(matcher, '{"x":')
    assert characters(matcher) == "\t\n\r -0123456789"
    feed(matcher, "7")
    assert not matcher.allowed_tokens()[EOS]
    feed(matcher, "}")
    assert matcher.is_complete
    assert matcher.allowed_tokens().nonzero()[0].tolist() == [EOS]


def test_whitespace_inside_json_is_bounded(compiler):
    matcher = compiler.compile(GrammarSpec("json_object")).start()
    feed(matcher, "{" + " " * 32)
    assert " " not in characters(matcher)


def test_each_completion_has_a_state_of_its_own(compiler):
    compiled = compiler.compile(GrammarSpec("json_object"))
    first, second = compiled.start(), compiled.start()
    feed(first, "{")
    assert characters(second) == "{"


@pytest.mark.parametrize(
    ("text", "rest"),
    [("hm </think>", ""), ("</thi</think>", ""), ("</think>\n\n", ""), ('</think> {"x', '"')],
)
def test_the_grammar_applies_after_its_marker(compiler, text, rest):
    matcher = compiler.compile(GrammarSpec("json_schema", POINT, after="</think>")).start(frozenset({258}))
    begun, marker, end = text.partition("</think>")
    for byte in (begun + marker).encode():
        assert matcher.allowed_tokens()[[97, THINK_END]].all()
        assert not matcher.allowed_tokens()[[EOS, 258]].any()  # no end before an answer
        matcher.accept(byte)
    if end.strip():
        feed(matcher, end.strip())
    assert characters(matcher) == (rest or "{")


def test_a_token_may_carry_text_past_the_marker(vocabulary):
    class Greedy(type(vocabulary)):
        @staticmethod
        def token_bytes(token_id):
            return b'k>\n{"x' if token_id == 258 else type(vocabulary).token_bytes(token_id)

    matcher = GrammarCompiler(Greedy()).compile(GrammarSpec("json_schema", POINT, after="</think>")).start()
    for token in [*b"</thin", 258]:
        matcher.accept(token)
    assert characters(matcher) == '"'


def test_lark_and_regular_expressions(compiler):
    matcher = compiler.compile(GrammarSpec("regex", "[ab]{2}")).start()
    feed(matcher, "ab")
    assert matcher.is_complete
    matcher = compiler.compile(GrammarSpec("lark", 'start: "yes" | "no"')).start()
    assert characters(matcher) == "ny"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (GrammarSpec("lark", "start: foo"), 'unknown name: "foo"'),
        (GrammarSpec("lark", None), "a lark grammar is text, not NoneType"),
        (GrammarSpec("regex", "("), "unclosed group"),
    ],
)
def test_invalid_grammars_of_programs_are_refused_with_the_parsers_message(compiler, spec, message):
    with pytest.raises(RequestError, match=message):
        compiler.compile(spec)


def test_a_lark_grammar_may_use_schemas_as_rules(compiler):
    spec = GrammarSpec(
        "lark", 'start: "<" a "|" b ">"\n', schemas={"a": POINT, "b": {"$ref": "#/$defs/b", "$defs": {"b": POINT}}}
    )
    matcher = compiler.compile(spec).start()
    feed(matcher, '<{"x": 1}|{"x": 2, "y": true}')
    assert characters(matcher) == ">"


def test_a_grammar_that_fails_in_the_middle_of_a_completion(compiler, monkeypatch):
    matcher = compiler.compile(GrammarSpec("regex", "a")).start()
    monkeypatch.setattr(matcher, "_matcher", FailedMatcher())
    with pytest.raises(GrammarError, match="the grammar allows too many ways to go on from here; simplify the schema"):
        matcher.allowed_tokens()


class FailedMatcher:
    def compute_bitmask(self):
        return b""

    def is_error(self):
        return True

    def get_error(self):
        return "Parser Error: Current row has 30001 items <state>"


def test_ids_without_a_token_and_no_end_token(vocabulary):
    class Sparse(type(vocabulary)):
        eos_ids = frozenset()

        @staticmethod
        def token_bytes(token_id):
            if token_id == 200:
                raise TokenizerError("no such token")
            return type(vocabulary).token_bytes(token_id)

    table = GrammarVocabulary(Sparse(), frozenset())
    assert table.tokens[200] == b""
    assert table.ends == [259]
    matcher = GrammarCompiler(Sparse()).compile(GrammarSpec("regex", "a")).start()
    feed(matcher, "a")
    assert matcher.is_complete


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
def test_the_output_of_a_random_model_is_valid(gqa, vocabulary, small, run, schema, seed):
    core = EngineCore(gqa, vocabulary, small)
    sampling = SamplingParams(seed=seed, max_tokens=80, temperature=2.0, n=2, ignore_eos=bool(seed % 2))
    noise = [Request((seed % 250, i), SamplingParams(max_tokens=60)) for i in range(3)]  # competes for pages
    request = Request((1, 2, 3), sampling, GrammarSpec("json_schema", schema))
    for answer in run(core, *noise[:1], request, *noise[1:])[1]:
        if answer.reason == "stop":
            jsonschema_rs.validate(schema, json.loads(answer.text))


def test_a_tokenizer_may_have_more_tokens_than_the_model(vocabulary, small, run):
    """An added [PAD] beyond the embedding: forced completions are as without it."""
    torch.manual_seed(0)
    model = Transformer(dense_config(vocab_size=258, max_position=256, init_std=0.3)).eval()  # 259 tokens
    core = EngineCore(model, vocabulary, small)
    request = Request((1, 2), SamplingParams(seed=1, max_tokens=8), GrammarSpec("regex", "a{3}"))
    ((answer,),) = run(core, request)
    assert answer.text == "aaa"


def test_a_failing_grammar_ends_its_own_request_only(gqa, vocabulary, small, monkeypatch):
    def fail(self):
        raise GrammarError("the grammar failed: too complex")

    core = EngineCore(gqa, vocabulary, small)
    bound, free = Request((1, 2), SamplingParams(seed=1), GrammarSpec("regex", "a+")), Request((1, 2), SamplingParams())
    core.add(bound)
    core.add(free)
    monkeypatch.setattr("fathom.engine.grammar.GrammarMatcher.allowed_tokens", fail)
    outputs = dict(core.step())
    assert str(outputs[bound.id]) == "the grammar failed: too complex"
    assert outputs[free.id].token_ids
    core.check_integrity()


@pytest.fixture(scope="module")
def smollm2():
    return Tokenizer.from_gguf(GGUFModel(resolve(None).path).metadata)


@pytest.fixture(scope="module")
def real_compiler(smollm2):
    return GrammarCompiler(smollm2)


@settings(max_examples=15, deadline=None)
@given(schema=schemas(), seed=st.integers(0, 2**32))
def test_any_walk_through_a_real_vocabulary_is_valid(smollm2, real_compiler, schema, seed):
    """Tokens of many characters and of parts of one: every allowed path leads to valid JSON."""
    matcher = real_compiler.compile(GrammarSpec("json_schema", schema)).start()
    choice, detokenizer, text = random.Random(seed), smollm2.detokenizer(), ""
    for _ in range(200):
        token = choice.choice(matcher.allowed_tokens().nonzero()[0].tolist())
        matcher.accept(token)
        text += detokenizer.push(token)
        if token in smollm2.eos_ids or matcher.is_complete:
            jsonschema_rs.validate(schema, json.loads(text + detokenizer.flush()))
            return


def test_thinking_first_then_an_object(gqa, vocabulary, small, run):
    sampling = SamplingParams(seed=2, max_tokens=200, top_p=0.5, n=3)
    request = Request((1, 2, 3), sampling, GrammarSpec("regex", "[0-9]{2}", after="e"))
    answers = run(EngineCore(gqa, vocabulary, small), request)[0]
    ended = [answer.text for answer in answers if answer.reason == "stop"]
    assert ended
    assert all(re.fullmatch(r"[^e]*e[0-9]{2}", text, re.DOTALL) for text in ended)


def test_a_grammar_is_compiled_once_for_all_completions(gqa, vocabulary, small, run, monkeypatch):
    calls, compile_ = [], GrammarCompiler.compile

    def count(self, spec):
        calls.append(spec)
        return compile_(self, spec)

    monkeypatch.setattr(GrammarCompiler, "compile", count)
    request = Request((1, 2, 3), SamplingParams(seed=1, n=3), GrammarSpec("regex", "[0-9]{2}"))
    assert all(re.fullmatch("[0-9]{2}", answer.text) for answer in run(EngineCore(gqa, vocabulary, small), request)[0])
    assert calls == [request.grammar]


def test_the_cache_holds_the_most_recent_grammars_up_to_their_size(vocabulary):
    size = len(grammar_text(GrammarSpec("regex", "a")))
    compiler = GrammarCompiler(vocabulary, cache_bytes=(2 * size + 1) * BYTES_PER_CHARACTER)
    first, second = (compiler.compile(GrammarSpec("regex", pattern)) for pattern in "ab")
    assert compiler.compile(GrammarSpec("regex", "a")).matcher is first.matcher
    compiler.compile(GrammarSpec("regex", "c"))  # drops b, the least recently used
    assert compiler.compile(GrammarSpec("regex", "a")).matcher is first.matcher
    assert compiler.compile(GrammarSpec("regex", "b")).matcher is not second.matcher
    large = GrammarSpec("regex", "x" * 3 * size)
    assert compiler.compile(large).matcher is not compiler.compile(large).matcher  # larger than the whole cache
