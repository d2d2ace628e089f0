import copy
import dataclasses
import random

import pytest
import torch

from fathom.base.errors import GenerationError, OverloadedError, RequestError
from fathom.engine.config import EngineConfig
from fathom.engine.core import EngineCore
from fathom.engine.request import Request, SamplingParams
from fathom.engine.sampler import SampledTokens
from fathom.quant.prepare import prepare

GREEDY = SamplingParams(temperature=0, max_tokens=12)


def prompts(count, *, seed=0, low=1, high=30):
    rng = random.Random(seed)
    return [tuple(rng.randrange(256) for _ in range(rng.randint(low, high))) for _ in range(count)]


def test_paging_chunking_prefix_cache_and_preemption_keep_results(model, small, run, greedy):
    core = EngineCore(model, None, small)
    asked = [beginning + end for beginning in prompts(7) for end in ((), (7, 8, 9))]
    answers = run(core, *(Request(prompt, GREEDY) for prompt in asked))
    assert core.preemptions > 0
    assert core.stats().cached_tokens > 0
    for prompt, (answer,) in zip(asked, answers, strict=True):
        assert list(answer.tokens) == greedy(model, prompt, 12)
        assert answer.reason == "length"
    assert core.stats().pages_free == core.stats().pages_total


def test_a_repeated_prompt_is_cached_except_its_last_page(gqa, small, run):
    core = EngineCore(gqa, None, small)
    prompt = tuple(range(12))  # three full pages: the last holds the token that must be computed again
    (first,), (second,) = run(core, Request(prompt, GREEDY))[0], run(core, Request(prompt, GREEDY))[0]
    assert (first.cached, second.cached) == (0, 8)
    assert first.tokens == second.tokens
    (salted,) = run(core, Request(prompt, GREEDY, cache_salt="another user"))[0]
    assert salted.cached == 0
    assert salted.tokens == first.tokens


def test_completions_of_one_prompt_share_its_pages(gqa, small, run):
    core = EngineCore(gqa, None, small)
    prompt = tuple(range(17))
    core.add(Request(prompt, SamplingParams(n=4, seed=1, max_tokens=6)))
    while core.stats().running < 4:
        core.step()
        core.check_integrity()
    stats = core.stats()
    assert stats.pages_total - stats.pages_free <= 4 + 4 * 2  # four shared, at most two each of their own
    answers = run(EngineCore(gqa, None, small), Request(prompt, SamplingParams(n=4, seed=1, max_tokens=6)))[0]
    assert len({answer.tokens for answer in answers}) == 4


@pytest.mark.parametrize(
    ("prompt", "starts_text", "continues"),
    [((7, 8), False, True), ((258, 7), False, True), ((258,), False, False), ((7, 8), True, False)],
)
def test_a_completion_continues_the_text_of_its_prompt(
    gqa, small, vocabulary, prompt, starts_text, continues, monkeypatch
):
    """After special tokens alone, or where the request says so, it is a text of its own."""
    asked = []
    monkeypatch.setattr(vocabulary, "detokenizer", lambda *, continues: asked.append(continues))
    EngineCore(gqa, vocabulary, small).add(Request(prompt, GREEDY, starts_text=starts_text))
    assert asked == [continues]


def test_a_seeded_completion_does_not_depend_on_the_batch(model, small, run):
    sampling = SamplingParams(seed=5, n=2, max_tokens=16, temperature=0.9, top_p=0.9, top_k=50, presence_penalty=0.3)
    request = Request(prompts(1, seed=3)[0], sampling)
    alone = run(EngineCore(model, None, small), request)[0]
    crowd = [Request(prompt, SamplingParams(max_tokens=20)) for prompt in prompts(9, seed=4)]
    core = EngineCore(model, None, dataclasses.replace(small, seed=9))
    together = run(core, *crowd[:5], request, *crowd[5:])[5]
    assert core.preemptions > 0
    assert [a.tokens for a in alone] == [a.tokens for a in together]


def test_logprobs_are_the_models_own(gqa, small, run):
    prompt = prompts(1, seed=6)[0]
    sampling = SamplingParams(seed=1, max_tokens=8, logprobs=3, temperature=0.5, top_k=5, frequency_penalty=1.0)
    (answer,) = run(EngineCore(gqa, None, small), Request(prompt, sampling))[0]
    tokens = prompt + answer.tokens
    expected = gqa(torch.tensor([tokens]))[0, len(prompt) - 1 : -1].log_softmax(-1)
    assert len(answer.logprobs) == 8
    for row, token, logprob in zip(expected, answer.tokens, answer.logprobs, strict=True):
        best = row.topk(3)
        assert logprob.token_id == token
        assert logprob.logprob == pytest.approx(row[token].item(), abs=1e-4)
        assert [t for t, _ in logprob.top] == best.indices.tolist()
        assert [p for _, p in logprob.top] == pytest.approx(best.values.tolist(), abs=1e-4)


def test_prompt_logprobs_score_every_token_but_the_first(model, small, run):
    prompt = prompts(1, seed=7, low=25)[0]  # several chunks
    core = EngineCore(model, None, small)
    run(core, Request(prompt, GREEDY))  # fills the prefix cache, which scoring must not use
    request = Request(prompt, SamplingParams(temperature=0, max_tokens=1, logprobs=2), prompt_logprobs=True)
    (answer,) = run(core, request)[0]
    expected = model(torch.tensor([prompt]))[0, :-1].log_softmax(-1)
    assert [score.token_id for score in answer.prompt_logprobs] == list(prompt[1:])
    chosen = expected.gather(1, torch.tensor(prompt[1:])[:, None])[:, 0]
    assert [score.logprob for score in answer.prompt_logprobs] == pytest.approx(chosen.tolist(), abs=1e-4)
    assert all(len(score.top) == 2 for score in answer.prompt_logprobs)


def test_a_prompt_is_scored_without_a_completion(model, small, run):
    core = EngineCore(model, None, dataclasses.replace(small, max_context=32))
    prompt = prompts(1, seed=7, low=32, high=32)[0]  # as long as the context
    asked = SamplingParams(max_tokens=0, logprobs=0, n=2)
    first, second = run(core, Request(prompt, asked, prompt_logprobs=True))[0]
    expected = model(torch.tensor([prompt]))[0, :-1].log_softmax(-1).gather(1, torch.tensor(prompt[1:])[:, None])[:, 0]
    assert [score.logprob for score in first.prompt_logprobs] == pytest.approx(expected.tolist(), abs=1e-4)
    assert [(one.tokens, one.text, one.logprobs, one.reason) for one in (first, second)] == [((), "", (), "length")] * 2
    assert core.stats().pages_free == core.stats().pages_total
    with pytest.raises(RequestError, match="the prompt has 32 tokens"):
        core.add(Request(prompt, SamplingParams(max_tokens=1)))


def test_a_biased_completion_does_not_depend_on_the_batch(model, small, run):
    sampling = SamplingParams(seed=5, n=2, max_tokens=16, logit_bias=((7, 6.0), (9, 6.0), (11, -100)))
    request = Request(prompts(1, seed=3)[0], sampling)
    alone = run(EngineCore(model, None, small), request)[0]
    crowd = [Request(prompt, SamplingParams(max_tokens=20, logit_bias=((3, 100),))) for prompt in prompts(9, seed=4)]
    core = EngineCore(model, None, dataclasses.replace(small, seed=9))
    results = run(core, *crowd[:5], request, *crowd[5:])
    assert core.preemptions > 0
    assert [a.tokens for a in alone] == [a.tokens for a in results[5]]
    assert {token for answers in (*results[:5], *results[6:]) for one in answers for token in one.tokens} == {3}


@pytest.mark.parametrize("scheme", ["none", "float32"])
def test_a_model_prepared_for_inference_says_the_same(model, small, run, greedy, scheme):
    prepared = prepare(copy.deepcopy(model), scheme)
    asked = prompts(4, seed=8)
    answers = run(EngineCore(prepared, None, small), *(Request(prompt, GREEDY) for prompt in asked))
    assert [list(answer.tokens) for (answer,) in answers] == [greedy(model, prompt, 12) for prompt in asked]


def test_max_tokens_is_cut_by_the_context(gqa, small, run):
    core = EngineCore(gqa, None, dataclasses.replace(small, max_context=20))
    (answer,) = run(core, Request(tuple(range(15)), SamplingParams(temperature=0)))[0]
    assert len(answer.tokens) == 5
    assert answer.reason == "length"


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (Request(()), "the prompt is empty"),
        (Request((1,) * 96), "the prompt has 96 tokens, the context holds 96"),
        (Request((1, 264)), "token id outside 0 … 263"),
        (Request((1, -1)), "token id outside"),
        (Request((1,), SamplingParams(n=1000)), "n is 1000, the engine holds 260 completions"),
        (
            Request((1,), SamplingParams(logit_bias=((264, 1),))),
            "logit_bias holds the token 264; name tokens from 0 to 263",
        ),
        (Request((1,), SamplingParams(stop=("x",))), "stop strings and grammars need a tokenizer"),
    ],
)
def test_requests_that_can_never_be_served_are_refused(gqa, small, request_, message):
    core = EngineCore(gqa, None, small)
    with pytest.raises(RequestError, match=message):
        core.add(request_)
    assert not core.has_work


def test_a_full_queue_refuses(gqa, small):
    core = EngineCore(gqa, None, dataclasses.replace(small, max_queue=1))
    for _ in range(5):
        core.add(Request((1, 2), GREEDY))
    with pytest.raises(OverloadedError, match="the queue is full; try again later"):
        core.add(Request((1, 2), GREEDY))


def test_cancellation_frees_pages(gqa, small):
    core = EngineCore(gqa, None, small)
    requests = [Request(prompt, SamplingParams(n=2)) for prompt in prompts(6, low=9)]
    for request in requests:
        core.add(request)
    for request in requests:
        core.step()
        core.cancel(request.id)
        core.check_integrity()
    assert not core.has_work
    assert core.stats().pages_free == core.stats().pages_total
    core.cancel("unknown")


def test_non_finite_logits_end_one_request_and_leave_no_nan(gqa, small, run, greedy):
    core = EngineCore(gqa, None, small)
    healthy, poisoned = Request((1, 2, 3), GREEDY), Request((9,) * 9, GREEDY)
    row = gqa.embed.weight[9].clone()
    try:
        gqa.embed.weight[9] = float("nan")
        core.add(healthy)
        core.add(poisoned)
        outputs = [*core.step(), *core.step()]
        core.check_integrity()
    finally:
        gqa.embed.weight[9] = row
    failed = [output for output in outputs if isinstance(output.value, GenerationError)]
    assert [output.request_id for output in failed] == [poisoned.id]
    assert "not finite" in str(failed[0].value)
    run_on = [core.step()[0].value for _ in range(10)]
    assert run_on[-1].finish_reason == "length"
    (again,) = run(core, Request((9,) * 9, GREEDY))[0]
    assert again.cached == 0
    assert list(again.tokens) == greedy(gqa, (9,) * 9, 12)


def test_a_failed_step_ends_its_requests_and_the_engine_continues(gqa, small, run, monkeypatch):
    core = EngineCore(gqa, None, dataclasses.replace(small, max_sequences=1))
    first, second = Request((1, 2, 3), GREEDY), Request((4, 5), GREEDY)
    core.add(first)
    core.add(second)

    def out_of_memory(*_):
        raise torch.OutOfMemoryError("out of memory")

    with monkeypatch.context() as patch:
        patch.setattr(gqa, "hidden_states", out_of_memory)
        outputs = core.step()
    core.check_integrity()
    assert [output.request_id for output in outputs] == [first.id]
    assert str(outputs[0].value) == "a step of the model failed; its log says why"
    assert isinstance(outputs[0].value.__cause__, torch.OutOfMemoryError)
    chunks = [output.value for _ in range(12) for output in core.step()]
    assert chunks[-1].finish_reason == "length"
    assert not core.has_work


def test_stop_tokens_end_a_completion_and_stay_out_of_its_text(gqa, small, vocabulary, run, greedy):
    prompt = prompts(1, seed=11)[0]
    tokens = greedy(gqa, prompt, 12)
    stop = tokens[5]
    at = tokens.index(stop)
    core = EngineCore(gqa, vocabulary, small)
    sampling = dataclasses.replace(GREEDY, stop_token_ids=(stop,))
    (answer,) = run(core, Request(prompt, sampling))[0]
    assert list(answer.tokens) == tokens[: at + 1]
    assert answer.text == bytes(tokens[:at]).decode(errors="replace")
    assert answer.reason == "stop"


def test_end_tokens_of_the_config_replace_the_tokenizers(gqa, small, vocabulary, run, greedy):
    prompt = prompts(1, seed=11)[0]
    tokens = greedy(gqa, prompt, 12)
    core = EngineCore(gqa, vocabulary, dataclasses.replace(small, eos_ids=frozenset({tokens[3]})))
    (ended,) = run(core, Request(prompt, GREEDY))[0]
    (went_on,) = run(core, Request(prompt, dataclasses.replace(GREEDY, ignore_eos=True)))[0]
    assert list(ended.tokens) == tokens[: tokens.index(tokens[3]) + 1]
    assert list(went_on.tokens) == tokens


def test_the_cache_is_never_larger_than_what_is_useful(gqa):
    core = EngineCore(gqa, None, EngineConfig(max_sequences=2, page_size=16, max_context=100))
    assert core.stats().pages_total == 14
    assert core.max_context == 100


def test_new_weights_do_not_use_cached_prefixes(model, small, run, greedy):
    changing = copy.deepcopy(model)
    core = EngineCore(changing, None, small)
    prompt = tuple(range(20))
    run(core, Request(prompt, GREEDY))
    with torch.no_grad():
        for parameter in changing.parameters():
            parameter.mul_(1.1)
    core.forget_prefixes()
    core.check_integrity()
    ((answer,),) = run(core, Request(prompt, GREEDY))
    assert answer.cached == 0
    assert list(answer.tokens) == greedy(changing, prompt, 12)
    assert core.stats().pages_free == core.stats().pages_total


def test_prefixes_cannot_be_dropped_with_a_request_in_flight(gqa, small):
    core = EngineCore(gqa, None, small)
    core.add(Request((1, 2, 3), GREEDY))
    core.step()
    with pytest.raises(GenerationError, match="in flight"):
        core.forget_prefixes()
    core.check_integrity()


def run_speculating(core, request, monkeypatch, draft):
    """Chunks of ``request`` where each step brings its own token and ``draft``, as a speculative one would."""
    step = core._runner.step

    def speculate(work, steps, limit):
        single = step(work, 1, limit)
        sampled = [one and SampledTokens([*one.token_ids, *draft[: steps - 1]]) for one in single.sampled]
        return single._replace(sampled=sampled)

    monkeypatch.setattr(core._runner, "step", speculate)
    monkeypatch.setattr(core, "_steps_at_once", lambda work: core._scheduler.reserve(work, 1 + len(draft)))
    core.add(request)
    chunks = []
    while core.has_work:
        chunks += [output.value for output in core.step()]
        core.check_integrity()
    return chunks


@pytest.mark.parametrize("draft", [(65,), (65, 66), (65, 66, 67, 68)])
def test_a_step_may_bring_several_tokens_a_sequence(gqa, vocabulary, small, monkeypatch, draft):
    core = EngineCore(gqa, vocabulary, small)
    request = Request((1, 2, 3), SamplingParams(seed=1, max_tokens=11, ignore_eos=True))
    chunks = run_speculating(core, request, monkeypatch, draft)
    width = 1 + len(draft)
    assert [len(chunk.token_ids) for chunk in chunks[:-1]] == [width] * ((11 - 1) // width)
    assert sum(len(chunk.token_ids) for chunk in chunks) == 11
    assert all(chunk.token_ids[1:] == draft[: len(chunk.token_ids) - 1] for chunk in chunks)
    assert [chunk.finish_reason for chunk in chunks] == [None] * (len(chunks) - 1) + ["length"]
    assert core.stats().generated_tokens == 11


def test_tokens_of_a_step_after_the_end_are_dropped(gqa, vocabulary, small, monkeypatch):
    core = EngineCore(gqa, vocabulary, small)
    request = Request((1, 2, 3), SamplingParams(seed=1, stop=("B",), max_tokens=50))
    (chunk,) = run_speculating(core, request, monkeypatch, (65, 66, 67))
    assert chunk.token_ids[1:] == (65, 66)
    assert chunk.text.endswith("A")
    assert chunk.finish_reason == "stop"
    assert core.stats().pages_free == core.stats().pages_total
