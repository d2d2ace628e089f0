"""Text completions: prompts of every kind, refused parameters, and responses against the declared schema."""

from __future__ import annotations

import json

import pytest
from pydantic import TypeAdapter
from scripted import Script, scripted_model

from fathom.server.api.openai.completions import job_of, stream, write
from fathom.server.api.openai.schemas.completions import Completion, CompletionRequest
from fathom.server.errors import ApiError
from fathom.server.generation.complete import complete


def test_prompts_of_completions():
    def prompts(prompt: object) -> tuple[object, ...]:
        return job_of(CompletionRequest.model_validate({"prompt": prompt})).prompts

    assert prompts("") == ("",)
    assert prompts(["a", "b"]) == ("a", "b")
    assert prompts([1, 2]) == ((1, 2),)
    assert prompts([[1], [2, 3]]) == ((1,), (2, 3))


@pytest.mark.parametrize(
    ("body", "param"),
    [({"suffix": "x"}, "suffix"), ({"best_of": 2}, "best_of"), ({"echo": True, "logprobs": 1}, "echo")],
)
def test_unsupported_parameters_are_refused(body, param):
    with pytest.raises(ApiError) as error:
        job_of(CompletionRequest.model_validate({"prompt": "x"} | body))
    assert error.value.problem.param == param


def test_max_tokens_is_16_unless_given():
    assert job_of(CompletionRequest.model_validate({"prompt": "x"})).sampling["max_tokens"] == 16
    assert job_of(CompletionRequest.model_validate({"prompt": "x", "max_tokens": 3})).sampling["max_tokens"] == 3


async def test_responses_match_the_declared_schema():
    served = scripted_model(Script("x</think>y"))
    text = CompletionRequest.model_validate({"prompt": "x", "logprobs": 1, "return_token_ids": True})
    (whole,) = [part async for part in write(complete(served, job_of(text)), text, served)]
    completion = TypeAdapter(Completion).validate_python(json.loads(whole), strict=True)
    assert completion["choices"][0]["text"] == "x</think>y"
    assert completion["choices"][0]["logprobs"]["text_offset"] == list(range(len("x</think>y")))


async def test_a_stream_adds_up_to_the_whole_text():
    served = scripted_model(Script("abc"))
    body = CompletionRequest.model_validate(
        {"prompt": ["x", "y"], "echo": True, "stream_options": {"include_usage": True}}
    )
    *events, done = [part async for part in stream(complete(served, job_of(body)), body, served)]
    assert done == b"data: [DONE]\n\n"
    chunks = [json.loads(part.removeprefix(b"data: ")) for part in events]
    for chunk in chunks:
        TypeAdapter(Completion).validate_python(chunk, strict=True)
    texts = ["", ""]
    for choice in [choice for chunk in chunks for choice in chunk["choices"]]:
        texts[choice["index"]] += choice["text"]
    assert texts == ["xabc", "yabc"]
    assert chunks[-1]["usage"]["prompt_tokens"] == 2
