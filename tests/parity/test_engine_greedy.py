"""The engine's greedy output on a real model equals transformers' ``generate``, token for token (float32)."""

from __future__ import annotations

import pytest
import torch
import transformers
from transformers_bridge import CLASSES, copy_to_theirs, their_keys

from fathom.checkpoint.bundle import Bundle, open_bundle
from fathom.engine.config import EngineConfig
from fathom.engine.core import EngineCore
from fathom.engine.request import Chunk, Request, SamplingParams

PROMPTS = (
    "The capital of France is",
    "Once upon a time, in a small village by the sea,",
    "def fibonacci(n):\n",
    "Water boils at",
    "Dear Sir or Madam,\n\nI am writing to",
    "1, 2, 4, 8, 16,",
    "Q: Why is the sky blue?\nA:",
    "The three primary colours are",
    "import numpy as np\n\nx = np.",
    "In 1969,",
    "To make pancakes, first",
    "La capitale de l'Italie est",
    "E = mc",
    "Photosynthesis is the process by which",
    "<|im_start|>user\nWho are you?<|im_end|>\n<|im_start|>assistant\n",
    "<|im_start|>user\nWrite a haiku about rain.<|im_end|>\n<|im_start|>assistant\n",
    "SELECT name FROM users WHERE",
    "The opposite of hot is",
    "Theorem. There are infinitely many primes.\nProof.",
    "My favourite book is The Hobbit, because",
)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return open_bundle(None, dtype="float32")


@pytest.fixture(scope="module")
def theirs(bundle: Bundle) -> transformers.PreTrainedModel:
    config_class, model_class = CLASSES[bundle.config.family]
    model = model_class(config_class(**their_keys(bundle.config), attn_implementation="sdpa"))
    copy_to_theirs(bundle.model.state_dict(), model)
    model.generation_config.eos_token_id = None  # both go on past an end token
    return model.eval()


def ours(bundle: Bundle, prompts: list[list[int]], count: int) -> list[list[int]]:
    """All prompts at once, in chunks, over few pages: the engine at work, not a lone loop."""
    config = EngineConfig(page_size=16, max_batch_tokens=24, max_sequences=8, num_pages=48)
    core = EngineCore(bundle.model, bundle.tokenizer, config)
    sampling = SamplingParams(temperature=0, max_tokens=count, ignore_eos=True)
    requests = [Request(tuple(prompt), sampling) for prompt in prompts]
    tokens: dict[str, list[int]] = {request.id: [] for request in requests}
    for request in requests:
        core.add(request)
    while core.has_work:
        for request_id, value in core.step():
            assert isinstance(value, Chunk)
            tokens[request_id] += value.token_ids
        core.check_integrity()
    return [tokens[request.id] for request in requests]


@torch.inference_mode()
def generated(model: transformers.PreTrainedModel, prompts: list[list[int]], count: int) -> list[list[int]]:
    """One left-padded batch."""
    width = max(map(len, prompts))
    tokens = torch.tensor([[0] * (width - len(prompt)) + prompt for prompt in prompts])
    mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts])
    settings = transformers.GenerationConfig(max_new_tokens=count, do_sample=False, pad_token_id=0)
    out = model.generate(tokens, attention_mask=mask, generation_config=settings)
    return out[:, width:].tolist()


@pytest.mark.parametrize(
    ("count", "length"), [(2, 12), pytest.param(20, 64, marks=pytest.mark.slow)], ids=["few", "all"]
)
def test_greedy_output_is_transformers(
    bundle: Bundle, theirs: transformers.PreTrainedModel, count: int, length: int
) -> None:
    prompts = [bundle.tokenizer.encode(text) for text in PROMPTS[:count]]
    assert ours(bundle, prompts, length) == generated(theirs, prompts, length)
