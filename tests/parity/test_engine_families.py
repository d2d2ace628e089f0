"""The engine's greedy tokens on the tiny model of every family equal those of transformers' ``generate`` (float32):
several sequences at once, in chunks, with a prefix that they share; past windows, and past LongRoPE's short length.
Log-probabilities of dense models are the same to the last bit alone and in a batch.
"""

from __future__ import annotations

import pytest
import torch
import transformers
from transformers_bridge import Pair, build, randomized

from fathom.engine.config import EngineConfig
from fathom.engine.core import EngineCore
from fathom.engine.request import Chunk, Request, SamplingParams, TokenLogprob
from fathom.model.config import GQAConfig, ModelConfig, SlidingWindow
from fathom.model.presets import PRESETS
from fathom.quant.prepare import prepare

NEW = 30
MODELS = {name: config for name, config in PRESETS.items() if name.startswith("tiny-")} | {
    "tiny-mistral with a window": PRESETS["tiny-mistral"].model_copy(
        update={"window": SlidingWindow(size=10, layers=(0, 1))}
    ),
    "tiny-qwen2-moe with a dense layer": PRESETS["tiny-qwen2-moe"].model_copy(
        update={"moe": PRESETS["tiny-qwen2-moe"].moe.model_copy(update={"dense_layers": (0,)})}
    ),
}


def is_dense(config: ModelConfig) -> bool:
    return config.moe is None and isinstance(config.attention, GQAConfig)


def prompts(vocabulary: int) -> list[list[int]]:
    generator = torch.Generator().manual_seed(3)
    shared = torch.randint(vocabulary, (20,), generator=generator).tolist()
    ends = [torch.randint(vocabulary, (length,), generator=generator).tolist() for length in (3, 25, 50, 9)]
    return [shared + ends[0], shared + ends[1], shared + ends[2], ends[3]]


def completions(core: EngineCore, given: list[list[int]]) -> list[list[TokenLogprob]]:
    sampling = SamplingParams(temperature=0, max_tokens=NEW, ignore_eos=True, logprobs=0)
    requests = [Request(tuple(prompt), sampling) for prompt in given]
    tokens: dict[str, list[TokenLogprob]] = {request.id: [] for request in requests}
    for request in requests:
        core.add(request)
    while core.has_work:
        for request_id, value in core.step():
            assert isinstance(value, Chunk), value
            tokens[request_id] += value.logprobs
        core.check_integrity()
    return [tokens[request.id] for request in requests]


def engine_tokens(core: EngineCore, given: list[list[int]]) -> list[list[int]]:
    return [[token.token_id for token in completion] for completion in completions(core, given)]


@torch.inference_mode()
def generated(pair: Pair, prompt: list[int]) -> list[int]:
    settings = transformers.GenerationConfig(max_new_tokens=NEW, do_sample=False, pad_token_id=0)
    pair.theirs.generation_config.eos_token_id = None
    tokens = torch.tensor([prompt])
    out = pair.theirs.generate(tokens, attention_mask=torch.ones_like(tokens), generation_config=settings)
    return out[0, len(prompt) :].tolist()


@pytest.mark.parametrize("name", MODELS)
def test_greedy_tokens_are_those_of_transformers(name: str) -> None:
    pair = build(MODELS[name], seed=5)
    given = prompts(pair.ours.config.vocab_size)
    expected = [generated(pair, prompt) for prompt in given]
    model = prepare(pair.ours, "float32")
    config = EngineConfig(page_size=8, max_batch_tokens=24, max_sequences=4, num_pages=64)
    core = EngineCore(model, None, config)
    assert engine_tokens(core, given) == expected
    assert engine_tokens(core, given) == expected  # from the prefix cache
    steps = EngineConfig(page_size=8, max_batch_tokens=24, max_sequences=4, num_scheduler_steps=8)
    assert engine_tokens(EngineCore(model, None, steps), given) == expected


@pytest.mark.parametrize("name", [name for name, config in MODELS.items() if is_dense(config)])
def test_log_probabilities_do_not_depend_on_the_batch(name: str) -> None:
    model = prepare(randomized(MODELS[name], seed=5), "float32")
    given = prompts(model.config.vocab_size)
    config = EngineConfig(page_size=8, max_batch_tokens=256, max_sequences=4, num_pages=64, prefix_cache=False)
    together = completions(EngineCore(model, None, config), given)
    assert together == [completions(EngineCore(model, None, config), [prompt])[0] for prompt in given]
