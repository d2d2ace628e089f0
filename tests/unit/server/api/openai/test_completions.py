"""Text completions: prompts of every kind, refused parameters, and responses against the declared schema."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from pydantic import TypeAdapter
from scripted import ByteTokenizer, Script, ScriptedEngine, scripted_model

from fathom.server.api.live_response import Milestone
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
    [
        ({"suffix": "x", "echo": True}, "echo"),
        ({"best_of": 2, "n": 3}, "best_of"),
        ({"best_of": 2, "stream": True}, "best_of"),
        ({"min_tokens": 4, "max_tokens": 2}, "min_tokens"),
    ],
)
def test_unsupported_parameters_are_refused(body, param):
    with pytest.raises(ApiError) as error:
        job_of(CompletionRequest.model_validate({"prompt": "x"} | body))
    assert error.value.problem.param == param


def test_max_tokens_is_16_unless_given():
    assert job_of(CompletionRequest.model_validate({"prompt": "x"})).sampling["max_tokens"] == 16
    assert job_of(CompletionRequest.model_validate({"prompt": "x", "max_tokens": 3})).sampling["max_tokens"] == 3


async def last_part(parts):
    """The one part with bytes, after the milestones."""
    *milestones, last = [part async for part in parts]
    assert milestones[0] is Milestone.ACCEPTED
    assert set(milestones[1:]) == {Milestone.STARTED}
    return last


class LikelierLater(ScriptedEngine):
    """Choice ``i`` has log-probabilities of ``i`` - 3."""

    async def submit(self, request):
        chunks = await super().submit(request)

        async def likelier():
            async for chunk in chunks:
                entries = tuple(replace(entry, logprob=chunk.index - 3.0) for entry in chunk.logprobs)
                yield replace(chunk, logprobs=entries)

        return likelier()


async def test_the_best_choices_of_each_prompt():
    served = replace(scripted_model(), engine=LikelierLater([Script("a"), Script("b")]))
    body = CompletionRequest.model_validate({"prompt": ["x", "y"], "best_of": 3, "n": 2, "logprobs": 0})
    completion = json.loads(await last_part(write(complete(served, job_of(body)), body, served)))
    assert [(choice["index"], choice["text"]) for choice in completion["choices"]] == [
        *((0, "a#2"), (1, "a#1"), (2, "b#2"), (3, "b#1"))
    ]
    assert completion["choices"][0]["logprobs"]["token_logprobs"] == [-1.0] * 3


class Spaced(ByteTokenizer):
    """Adds a bos token, and drops the first space of a text, as SentencePiece vocabularies do."""

    adds_bos = True

    def encode(self, text, *, bos=False, special=True):
        return [0] * bos + list(text.strip().encode())

    def token_bytes(self, token_id):
        return b"<s>" if token_id == 0 else super().token_bytes(token_id)


async def test_offsets_of_a_prompt_count_in_its_text():
    served = replace(scripted_model(Script("zz")), tokenizer=Spaced())
    body = CompletionRequest.model_validate({"prompt": ["é ", " "], "echo": True, "logprobs": 0, "max_tokens": 1})
    completion = json.loads(await last_part(write(complete(served, job_of(body)), body, served)))
    first, second = completion["choices"]
    assert (first["text"], second["text"]) == ("é z", " z")
    assert first["logprobs"]["text_offset"] == [0, 0, 0, 2]
    assert first["logprobs"]["tokens"] == ["<s>", "�", "�", "z"]
    assert first["logprobs"]["token_logprobs"] == [None, -0.5, -0.5, -0.5]
    assert second["logprobs"]["text_offset"] == [0, 1]


async def test_responses_match_the_declared_schema():
    served = scripted_model(Script("x</think>y"))
    text = CompletionRequest.model_validate({"prompt": "x", "logprobs": 1, "return_token_ids": True})
    whole = await last_part(write(complete(served, job_of(text)), text, served))
    completion = TypeAdapter(Completion).validate_python(json.loads(whole), strict=True)
    assert completion["choices"][0]["text"] == "x</think>y"
    assert completion["choices"][0]["logprobs"]["text_offset"] == list(range(len("x</think>y_")))


async def test_a_stream_adds_up_to_the_whole_text():
    served = scripted_model(Script("abc"))
    body = CompletionRequest.model_validate(
        {"prompt": ["x", "y"], "echo": True, "stream_options": {"include_usage": True}}
    )
    accepted, *events, done = [part async for part in stream(complete(served, job_of(body)), body, served)]
    assert accepted is Milestone.ACCEPTED
    assert done == b"data: [DONE]\n\n"
    chunks = [json.loads(part.removeprefix(b"data: ")) for part in events]
    for chunk in chunks:
        TypeAdapter(Completion).validate_python(chunk, strict=True)
    texts = ["", ""]
    for choice in [choice for chunk in chunks for choice in chunk["choices"]]:
        texts[choice["index"]] += choice["text"]
    assert texts == ["xabc", "yabc"]
    assert chunks[-1]["usage"]["prompt_tokens"] == 2
