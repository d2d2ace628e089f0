"""Multi-step decoding equals single steps, and applies only to requests for tokens alone."""

import pytest
import torch

from fathom.base.errors import GenerationError
from fathom.engine.config import EngineConfig
from fathom.engine.core import EngineCore
from fathom.engine.multi_step import can_multi_step
from fathom.engine.request import Chunk, Request, SamplingParams
from fathom.engine.sampler import uniform, uniforms

ENDS = frozenset(range(0, 264, 20))
ROOMY = {"page_size": 4, "num_pages": 200, "max_batch_tokens": 32, "max_sequences": 16, "eos_ids": ENDS}
CROWDED = {"page_size": 4, "num_pages": 14, "max_batch_tokens": 8, "max_sequences": 4, "eos_ids": ENDS}


def requests(**changes):
    asked = {"max_tokens": 21, "logprobs": 0, "n": 3, "temperature": 1.0} | changes
    prompts = ((5, 6, 7, 8, 9), (5, 6, 7, 8, 1, 2), (3,))
    return [Request(p, SamplingParams(seed=i, **asked), id=str(i)) for i, p in enumerate(prompts)]


def together(completions):
    return [(one.tokens, one.reason) for group in completions for one in group]


@pytest.mark.parametrize("temperature", [1.0, 0.3, 0.0, 1e-46])
@pytest.mark.parametrize("room", [ROOMY, CROWDED], ids=["roomy", "crowded"])
def test_multi_step_equals_single_steps(model, run, room, temperature):
    single = EngineCore(model, None, EngineConfig(**room))
    several = EngineCore(model, None, EngineConfig(**room, num_scheduler_steps=7))
    expected = run(single, *requests(temperature=temperature))
    results = run(several, *requests(temperature=temperature))
    assert together(results) == together(expected)
    assert temperature < 1 or {one.reason for group in results for one in group} == {"stop", "length"}
    for group, wanted in zip(results, expected, strict=True):
        for one, other in zip(group, wanted, strict=True):
            torch.testing.assert_close(
                torch.tensor([item.logprob for item in one.logprobs]),
                torch.tensor([item.logprob for item in other.logprobs]),
                atol=1e-5,
                rtol=0,
            )
            assert [item.token_id for item in one.logprobs] == list(one.tokens)
    assert several.stats().generated_tokens == single.stats().generated_tokens
    assert (several.preemptions > 0) == (room is CROWDED)


def test_temperatures_may_differ_within_a_batch(model, run):
    mixed = [*requests(temperature=0.0)[:1], *requests()[1:]]
    single, several = (EngineCore(model, None, EngineConfig(**ROOMY, num_scheduler_steps=steps)) for steps in (1, 30))
    assert together(run(several, *mixed)) == together(run(single, *mixed))


def chunks(core, *asked):
    for request in asked:
        core.add(request)
    results = []
    while core.has_work:
        results += [output.value for output in core.step()]
    return results


def test_a_request_gets_many_tokens_a_chunk(gqa):
    core = EngineCore(gqa, None, EngineConfig(**ROOMY | {"eos_ids": frozenset({263})}, num_scheduler_steps=64))
    sizes = [len(chunk.token_ids) for chunk in chunks(core, requests(n=1)[0])]
    assert sizes == [1, 20]


@pytest.mark.parametrize(
    "asked",
    [
        {"logprobs": 2},
        {"top_p": 0.9},
        {"top_k": 5},
        {"min_p": 0.1},
        {"repetition_penalty": 1.1},
        {"presence_penalty": 1},
        {"logit_bias": ((5, 1.0),)},
        {"min_tokens": 21},
    ],
)
def test_other_requests_take_single_steps(gqa, asked):
    core = EngineCore(gqa, None, EngineConfig(**ROOMY, num_scheduler_steps=64))
    assert {len(chunk.token_ids) for chunk in chunks(core, requests(**asked)[0])} == {1}


def test_steps_are_taken_at_once_after_min_tokens(gqa, run):
    single, several = (EngineCore(gqa, None, EngineConfig(**ROOMY, num_scheduler_steps=steps)) for steps in (1, 64))
    asked = requests(min_tokens=5)
    assert together(run(several, *asked)) == together(run(single, *asked))
    assert all(len(one.tokens) >= 5 for group in run(several, *asked) for one in group)


def test_text_takes_single_steps(gqa, vocabulary):
    core = EngineCore(gqa, vocabulary, EngineConfig(**ROOMY, num_scheduler_steps=64))
    assert {len(chunk.token_ids) for chunk in chunks(core, requests()[0])} == {1}


def test_different_end_tokens_take_single_steps(gqa, run):
    core = EngineCore(gqa, None, EngineConfig(**ROOMY, num_scheduler_steps=64))
    own = Request((5, 6, 7), SamplingParams(temperature=0, max_tokens=9, stop_token_ids=(1, 2)), id="own")
    other = Request((5, 6, 7), SamplingParams(temperature=0, max_tokens=9, ignore_eos=True), id="other")
    (one,), (two,) = run(core, own, other)
    assert one.tokens == two.tokens[: len(one.tokens)]


def test_a_prompt_takes_a_single_step(gqa):
    core = EngineCore(gqa, None, EngineConfig(**ROOMY, num_scheduler_steps=64))
    core.add(requests(n=1)[0])
    assert not can_multi_step(core._scheduler.schedule()[0].sequence)


def test_non_finite_logits_end_the_request(gqa, monkeypatch):
    core = EngineCore(gqa, None, EngineConfig(**ROOMY, num_scheduler_steps=64))
    plain, calls = gqa.logits, []

    def sick(hidden):
        calls.append(len(hidden))
        return plain(hidden) * (float("nan") if len(calls) > 4 else 1)

    monkeypatch.setattr(gqa, "logits", sick)
    results = chunks(core, requests(n=1)[0])
    assert isinstance(results[-1], GenerationError)
    assert sum(len(chunk.token_ids) for chunk in results if isinstance(chunk, Chunk)) == 4
    core.check_integrity()


def test_uniforms_are_those_of_single_steps():
    seeds, indices, positions = [0, 7, 2**64 + 3, 12345678901234567890], [0, 1, 2, 3], [0, 5, 100, 9999]
    results = uniforms(seeds, indices, positions, 3)
    expected = [
        [uniform(s, i, p + step) for s, i, p in zip(seeds, indices, positions, strict=True)] for step in range(3)
    ]
    assert results.tolist() == expected
