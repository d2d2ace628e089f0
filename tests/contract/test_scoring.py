"""Log-likelihoods, as lm-evaluation-harness' ``local-completions`` asks for them, equal those of transformers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import torch
from live_server import LiveServer, live_server
from openai import OpenAI
from scripted import instantly
from tiny_models import dense_config, write_tokenizer
from transformers_bridge import Pair, build

from fathom.engine.config import EngineConfig
from fathom.engine.engine import Engine
from fathom.server.models.served_model import ServedModel
from fathom.text.tokenizer.tokenizer import Tokenizer

QUESTIONS = [
    ("The capital of France is", " Paris"),
    ("The capital of France is", " the moon"),
    ("Two times two is é", "\U0001f600 four"),
    ("th", "e"),
    ("A much longer text, which takes several chunks of the prompt and several pages of the cache:", " the end"),
]


@dataclass
class Scored:
    server: LiveServer
    pair: Pair
    tokenizer: Tokenizer


@pytest.fixture(scope="module")
def scored(tmp_path_factory) -> Iterator[Scored]:
    directory = tmp_path_factory.mktemp("tokenizer")
    write_tokenizer(directory)
    tokenizer = Tokenizer.from_directory(directory)
    pair = build(dense_config(vocab_size=264, init_std=0.3))
    engine = Engine(
        pair.ours, tokenizer, EngineConfig(page_size=4, num_pages=256, max_batch_tokens=16, max_sequences=4)
    )
    engine.start()
    served = ServedModel("tiny", engine, tokenizer, None, engine.max_context)
    with live_server(instantly(served)) as server:
        yield Scored(server, pair, tokenizer)


@pytest.fixture(scope="module")
def client(scored) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{scored.server.url}/v1", api_key="none", max_retries=0, timeout=60) as client:
        yield client


@torch.inference_mode()
def reference(scored: Scored, context: list[int], continuation: list[int]) -> tuple[float, bool]:
    """The sum of log-probabilities of the continuation, and whether it is the greedy one."""
    ids = torch.tensor([context + continuation])
    logprobs = scored.pair.theirs(ids).logits[0, len(context) - 1 : -1].double().log_softmax(-1)
    chosen = logprobs.gather(1, ids[0, len(context) :, None])
    return float(chosen.sum()), bool((logprobs.argmax(-1) == ids[0, len(context) :]).all())


def likelihood(choice, context: int, dropped: int) -> tuple[float, bool]:
    """As ``LocalCompletionsAPI.parse_logprobs`` has it; ``dropped`` entries at the end were generated."""
    part = slice(context, len(choice.logprobs.tokens) - dropped)
    logprobs, tops = choice.logprobs.token_logprobs[part], choice.logprobs.top_logprobs[part]
    return sum(logprobs), all(own == max(top.values()) for own, top in zip(logprobs, tops, strict=True))


@pytest.mark.parametrize("max_tokens", [0, 1])
@pytest.mark.parametrize("ends", [False, True])
def test_likelihoods_of_token_ids_in_batches(scored, client, max_tokens, ends):
    encoded = [(scored.tokenizer.encode(context), scored.tokenizer.encode(rest)) for context, rest in QUESTIONS]
    (end,) = scored.tokenizer.eos_ids
    answer = client.completions.create(
        model="tiny",
        prompt=[context + rest for context, rest in encoded],
        temperature=0,
        max_tokens=max_tokens,
        logprobs=1,
        seed=1234,
        echo=True,
        logit_bias={str(end): 100} if ends else None,
    )
    choices = sorted(answer.choices, key=lambda choice: choice.index)
    for choice, (context, rest) in zip(choices, encoded, strict=True):
        total, greedy = likelihood(choice, len(context), max_tokens)
        expected = reference(scored, context, rest)
        assert (total, greedy) == (pytest.approx(expected[0], abs=1e-4), expected[1])
        assert len(choice.logprobs.tokens) == len(context) + len(rest) + max_tokens


def test_greedy_continuations_are_known_as_such(scored, client):
    prompt = scored.tokenizer.encode("Once upon")
    more = client.completions.create(
        model="tiny",
        prompt=prompt,
        max_tokens=4,
        temperature=0,
        extra_body={"return_token_ids": True, "ignore_eos": True},
    )
    ids = more.choices[0].token_ids
    answer = client.completions.create(model="tiny", prompt=[*prompt, *ids], max_tokens=0, logprobs=1, echo=True)
    assert likelihood(answer.choices[0], len(prompt), 0)[1]
    assert reference(scored, prompt, ids)[1]


def test_a_text_is_scored_and_cut_by_its_offsets(scored, client):
    context, rest = QUESTIONS[2]
    answer = client.completions.create(model="tiny", prompt=context + rest, max_tokens=0, logprobs=0, echo=True)
    choice = answer.choices[0]
    assert choice.text == context + rest
    total = sum(
        logprob
        for logprob, offset in zip(choice.logprobs.token_logprobs, choice.logprobs.text_offset, strict=True)
        if offset >= len(context)
    )
    ids = scored.tokenizer.encode(context + rest)
    before = sum(offset < len(context) for offset in choice.logprobs.text_offset)
    assert total == pytest.approx(reference(scored, ids[:before], ids[before:])[0], abs=1e-4)
    assert answer.usage.completion_tokens == 0


def test_a_rolling_likelihood_of_a_whole_context(scored, client):
    ids = (scored.tokenizer.encode("the quick brown fox. ") * 20)[: scored.server.model.max_context]
    assert len(ids) == 128
    answer = client.completions.create(model="tiny", prompt=ids, max_tokens=0, logprobs=0, echo=True)
    first, *rest = answer.choices[0].logprobs.token_logprobs
    assert first is None
    assert sum(rest) == pytest.approx(reference(scored, ids[:1], ids[1:])[0], abs=1e-3)
