"""A tiny random model of each kind of attention, and a vocabulary of bytes."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from tiny_models import MLA, dense_config, moe_config

from fathom.engine.config import EngineConfig
from fathom.engine.core import EngineCore
from fathom.engine.request import Chunk, Request
from fathom.model.transformer import Transformer

BYTES = 256
THINK_END, EOS, PAD = 256, 257, 258


class ByteStream:
    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def push(self, token_id: int) -> str:
        return self._decoder.decode(ByteVocabulary.token_bytes(token_id)) if token_id < EOS else ""

    def flush(self) -> str:
        return self._decoder.decode(b"", final=True)


class ByteVocabulary:
    """Token i is byte i; then </think>, the end token, and one more special token."""

    vocab_size = 259
    eos_ids = frozenset({EOS})
    special_ids = frozenset({EOS, PAD})

    @staticmethod
    def token_bytes(token_id: int) -> bytes:
        return bytes([token_id]) if token_id < BYTES else (b"</think>", b"<eos>", b"<pad>")[token_id - BYTES]

    def encode(self, text: str) -> list[int]:
        return list(text.encode())

    def detokenizer(self, *, continues: bool = False) -> ByteStream:
        return ByteStream()


_SIZES = {"vocab_size": 264, "max_position": 256, "init_std": 0.3}
_CONFIGS = {
    "gqa": dense_config(**_SIZES),
    "mla": moe_config(**_SIZES, attention=MLA.model_copy(update={"q_lora_rank": None})),
}


def build(kind: str) -> Transformer:
    torch.manual_seed(0)
    return Transformer(_CONFIGS[kind]).eval().requires_grad_(False)


@pytest.fixture(scope="session", params=["gqa", "mla"])
def model(request: pytest.FixtureRequest) -> Transformer:
    return build(request.param)


@pytest.fixture(scope="session")
def gqa() -> Transformer:
    return build("gqa")


@pytest.fixture(scope="session")
def mla() -> Transformer:
    return build("mla")


@pytest.fixture(scope="session")
def vocabulary() -> ByteVocabulary:
    return ByteVocabulary()


@dataclass
class Completion:
    """All chunks of one completion, joined."""

    tokens: tuple[int, ...] = ()
    text: str = ""
    logprobs: tuple = ()
    prompt_logprobs: tuple = ()
    reason: str | None = None
    cached: int = 0

    def take(self, chunk: Chunk) -> None:
        assert self.reason is None, "a chunk after the last"
        self.tokens += chunk.token_ids
        self.text += chunk.text
        self.logprobs += chunk.logprobs
        self.prompt_logprobs += chunk.prompt_logprobs
        self.reason = chunk.finish_reason
        self.cached = chunk.cached_tokens


def drive(core: EngineCore, *requests: Request) -> list[list[Completion]]:
    """Add all requests and step to the end, with integrity checked after each step; completions of each request."""
    done = {request.id: [Completion() for _ in range(request.sampling.n)] for request in requests}
    for request in requests:
        core.add(request)
        core.check_integrity()
    while core.has_work:
        outputs = core.step()
        core.check_integrity()
        assert outputs or core.has_work
        for output in outputs:
            if not isinstance(output.value, Chunk):
                raise output.value
            done[output.request_id][output.value.index].take(output.value)
    return [done[request.id] for request in requests]


@pytest.fixture(scope="session")
def run() -> Callable[..., list[list[Completion]]]:
    return drive


@pytest.fixture(scope="session")
def greedy() -> Callable[[Transformer, tuple[int, ...], int], list[int]]:
    """The reference loop: a full forward for every token."""

    @torch.inference_mode()
    def loop(model: Transformer, prompt: tuple[int, ...], count: int) -> list[int]:
        tokens = list(prompt)
        for _ in range(count):
            tokens.append(int(model(torch.tensor([tokens]))[0, -1].argmax()))
        return tokens[len(prompt) :]

    return loop


@pytest.fixture(scope="session")
def small() -> EngineConfig:
    """Pages of 4, chunks of 8, few pages: chunking, preemption and prefix reuse all occur."""
    return EngineConfig(page_size=4, num_pages=24, max_batch_tokens=8, max_sequences=4, seed=0)
