"""Real weights of a published model, Qwen2.5-Coder-0.5B-Instruct: chat, fill-in-the-middle, a tool call, llama.cpp."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_server import LiveServer, live_server
from openai import OpenAI
from real_weights import qwen_coder

from fathom.checkpoint.bundle import open_bundle
from fathom.engine.config import EngineConfig
from fathom.engine.core import EngineCore
from fathom.engine.request import Chunk, Request, SamplingParams
from fathom.server.models.loading import loader
from fathom.server.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

RECORDED = Path(__file__).parents[1] / "fixtures" / "llama_cpp_qwen2.5_coder.json"
HOLE = "<|fim_prefix|>def add(a, b):\n    return <|fim_suffix|>\n\nprint(add(1, 2))\n<|fim_middle|>"
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


@pytest.fixture(scope="module")
def weights() -> Path:
    return qwen_coder()


@pytest.fixture(scope="module")
def server(weights: Path) -> Iterator[LiveServer]:
    with live_server(loader(Settings(model=str(weights), max_context=2048)), keepalive=0.5) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: LiveServer) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=600) as client:
        yield client


@pytest.fixture(scope="module")
def model(client: OpenAI) -> str:
    return client.models.list().data[0].id


def test_it_answers(client: OpenAI, model: str) -> None:
    question = [{"role": "user", "content": "What is the capital of France? Answer in one word."}]
    answer = client.chat.completions.create(model=model, messages=question, temperature=0, max_tokens=16)
    assert "Paris" in (answer.choices[0].message.content or "")
    assert answer.choices[0].finish_reason == "stop"


def test_a_filled_hole_ends_where_llama_cpp_ends_it(client: OpenAI, model: str) -> None:
    """The vocabulary's end of text is not the file's eos token, yet it ends a completion."""
    answer = client.completions.create(model=model, prompt=HOLE, temperature=0, max_tokens=96)
    assert answer.choices[0].text == "a + b\n\nprint(add(5, 3))"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 13


def test_a_suffix_fills_the_same_hole(client: OpenAI, model: str) -> None:
    before, after = "def add(a, b):\n    return ", "\n\nprint(add(1, 2))\n"
    answer = client.completions.create(model=model, prompt=before, suffix=after, temperature=0, max_tokens=96)
    assert answer.choices[0].text == "a + b\n\nprint(add(5, 3))"


@pytest.mark.parametrize("choice", ["auto", "required"])
def test_it_calls_a_tool(client: OpenAI, model: str, choice: str) -> None:
    question = [{"role": "user", "content": "What is the weather in Rome? Use the tool."}]
    answer = client.chat.completions.create(
        model=model, messages=question, tools=[WEATHER], tool_choice=choice, temperature=0, max_tokens=64
    )
    assert answer.choices[0].finish_reason == "tool_calls"
    (call,) = answer.choices[0].message.tool_calls or []
    assert call.function.name == "get_weather"
    assert json.loads(call.function.arguments) == {"city": "Rome"}


def test_its_likeliest_tokens_are_those_of_llama_cpp(weights: Path) -> None:
    """Recorded greedy continuations, each token predicted from llama.cpp's own text before it.

    llama.cpp rounds activations to 8 bits and we do not, so that near ties may fall the other way.
    """
    recorded = json.loads(RECORDED.read_text())
    bundle = open_bundle(weights, optimize=True)
    agreed = total = 0
    for entry in recorded["continuations"]:
        core = EngineCore(bundle.model, None, EngineConfig(num_pages=64))
        tokens = (*entry["prompt"], *entry["tokens"])
        core.add(Request(tokens, SamplingParams(max_tokens=1, logprobs=1, temperature=0), prompt_logprobs=True))
        scored = []
        while core.has_work:
            for output in core.step():
                assert isinstance(output.value, Chunk)
                scored += output.value.prompt_logprobs
        ours = [one.top[0][0] for one in scored[-len(entry["tokens"]) :]]
        agreed += sum(a == b for a, b in zip(ours, entry["tokens"], strict=True))
        total += len(ours)
    assert total == 20 * 32
    assert agreed / total > 0.97, agreed
