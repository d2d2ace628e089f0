"""A completion that is resumed from any of its tokens goes on as if nothing had interrupted it."""

import dataclasses

import pytest

from fathom.base.errors import ContextLengthError, GenerationError, RequestError
from fathom.engine.core import EngineCore
from fathom.engine.request import AnswerStop, GrammarSpec, Request, SamplingParams

PROMPT = (72, 101, 108, 108, 111)
LETTERS = tuple((token, 7.0) for token in b"abc")
EURO = tuple((token, 100) for token in "€a".encode())  # three bytes a character, in any order
EOS, THINK_END = 257, 256

CASES = {
    "greedy": SamplingParams(temperature=0, max_tokens=14),
    "sampled": SamplingParams(seed=3, max_tokens=14, temperature=0.8, top_p=0.9, top_k=40, min_p=0.01),
    "penalties": SamplingParams(
        seed=4, max_tokens=14, repetition_penalty=1.3, frequency_penalty=0.7, presence_penalty=0.4, logit_bias=LETTERS
    ),
    "min_tokens": SamplingParams(seed=5, max_tokens=14, min_tokens=9, logit_bias=((EOS, 60.0),)),
    "parts of characters": SamplingParams(seed=6, max_tokens=14, logit_bias=EURO),
    "stop string": SamplingParams(seed=7, max_tokens=40, logit_bias=tuple((t, 100) for t in b"ab"), stop=("abba",)),
    "end token": SamplingParams(seed=8, max_tokens=40, min_tokens=5, logit_bias=((EOS, 100), (97, 100))),
}


def check_every_cut(core, run, request):
    (whole,) = run(core, request)[0]
    for cut in range(1, len(whole.tokens) + 1):
        (resumed,) = run(core, dataclasses.replace(request, completion=whole.tokens[:cut], id=f"cut {cut}"))[0]
        assert (resumed.tokens, resumed.text, resumed.reason) == (whole.tokens, whole.text, whole.reason), cut
    return whole


@pytest.mark.parametrize("name", CASES)
def test_every_cut_of_a_completion_resumes_to_the_same_tokens_and_text(model, small, vocabulary, run, name):
    core = EngineCore(model, vocabulary, small)
    whole = check_every_cut(core, run, Request(PROMPT, CASES[name]))
    assert len(whole.tokens) > 3
    assert core.stats().pages_free == core.stats().pages_total


def test_a_grammar_goes_on_in_the_state_that_its_tokens_led_to(model, small, vocabulary, run):
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    request = Request(PROMPT, SamplingParams(seed=1, max_tokens=30), GrammarSpec("json_schema", schema))
    whole = check_every_cut(EngineCore(model, vocabulary, small), run, request)
    assert "".join(whole.text.split()).startswith('{"n":')


def test_a_grammar_waits_for_the_end_of_the_thinking_across_the_cut(model, small, vocabulary, run):
    sampling = SamplingParams(seed=2, max_tokens=30, logit_bias=((THINK_END, 8.0),))
    request = Request(PROMPT, sampling, GrammarSpec("regex", "yes|no", after="</think>"))
    whole = check_every_cut(EngineCore(model, vocabulary, small), run, request)
    assert whole.text.endswith(("</think>yes", "</think>no"))


def test_stop_strings_of_the_answer_count_after_a_cut_in_the_thinking(model, small, vocabulary, run):
    bias = (*((token, 100) for token in b"ab"), (THINK_END, 100))
    sampling = SamplingParams(seed=12, max_tokens=40, logit_bias=bias)
    request = Request(PROMPT, sampling, answer_stop=AnswerStop(("ba", "ab"), "", "</think>"))
    whole = check_every_cut(EngineCore(model, vocabulary, small), run, request)
    assert whole.reason == "stop"
    assert any(stop in whole.text.split("</think>")[0] for stop in ("ab", "ba"))


def test_the_first_chunk_holds_the_tokens_so_far_and_their_text(gqa, small, vocabulary):
    core = EngineCore(gqa, vocabulary, small)
    core.add(Request(PROMPT, SamplingParams(seed=1, max_tokens=9, logit_bias=LETTERS), completion=(97, 98)))
    chunk = core.step()[0].value
    assert (chunk.text, chunk.token_ids, chunk.spans, chunk.finish_reason) == ("ab", (97, 98), ((0, 1), (1, 2)), None)


def test_what_was_complete_ends_without_a_step_of_the_model(gqa, small, vocabulary, monkeypatch):
    core = EngineCore(gqa, vocabulary, small)
    monkeypatch.setattr(core._runner, "step", None)
    core.add(Request(PROMPT, SamplingParams(max_tokens=9), completion=(97, EOS, 98), id="ended"))
    core.add(Request(PROMPT, SamplingParams(max_tokens=2), completion=(97, 226), id="full"))
    assert core.has_work
    ended, full = (output.value for output in core.step())
    assert (ended.text, ended.token_ids, ended.finish_reason) == ("a", (97, EOS), "stop")
    assert (full.text, full.finish_reason) == ("a�", "length")
    assert not core.has_work


def test_a_resumed_request_can_be_cancelled_or_fail_before_its_first_step(gqa, small, vocabulary):
    core = EngineCore(gqa, vocabulary, small)
    core.add(Request(PROMPT, SamplingParams(max_tokens=9), completion=(97,), id="cancelled"))
    core.add(Request(PROMPT, SamplingParams(max_tokens=1), completion=(97,), id="complete"))
    core.cancel("cancelled")
    assert [output.request_id for output in core.fail_all(GenerationError("a bug"))] == ["complete"]
    assert not core.has_work


def test_tokens_that_no_grammar_or_model_gave_are_refused(gqa, small, vocabulary):
    core = EngineCore(gqa, vocabulary, small)
    core.add(Request(PROMPT, SamplingParams(max_tokens=9), GrammarSpec("regex", "yes"), completion=(97,)))
    assert isinstance(core.step()[0].value, RequestError)
    with pytest.raises(RequestError, match="without a token"):
        core.add(Request(PROMPT, completion=(vocabulary.vocab_size,)))
    with pytest.raises(RequestError, match="one completion"):
        core.add(Request(PROMPT, SamplingParams(n=2), completion=(97,)))
    with pytest.raises(ContextLengthError, match="holds 96 with"):
        core.add(Request(PROMPT, completion=(97,) * 92))
    assert not core.has_work
