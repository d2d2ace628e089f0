"""What both endpoints share: sampling overrides, usage, log-probabilities."""

from __future__ import annotations

from pydantic import TypeAdapter
from scripted import ByteTokenizer
from vocabularies import byte_level_metadata

from fathom.engine.request import TokenLogprob
from fathom.server.api.openai.common import sampling_overrides, token_bytes, token_logprobs, usage_body, wants_usage
from fathom.server.api.openai.schemas.base import GenerationBody, UsageBody
from fathom.text.tokenizer.tokenizer import Tokenizer
from fathom.types import Usage


def test_usage():
    usage = usage_body(Usage(10, 4, 6, 2))
    assert TypeAdapter(UsageBody).validate_python(usage) == usage
    assert usage["prompt_tokens"] == usage["prompt_cache_hit_tokens"] + usage["prompt_cache_miss_tokens"]
    assert (usage["total_tokens"], usage["completion_tokens_details"]["reasoning_tokens"]) == (16, 2)


def test_an_incomplete_character_and_log_zero():
    (entry,) = token_logprobs(ByteTokenizer(), [TokenLogprob(0xC3, float("-inf"), ((97, -1.0),))])
    assert entry == {
        "token": "�",
        "logprob": -9999.0,
        "bytes": [0xC3],
        "top_logprobs": [{"token": "a", "logprob": -1.0, "bytes": [97]}],
    }


def test_sampling_overrides_are_the_given_fields():
    body = GenerationBody.model_validate({"temperature": 0.5, "top_k": 3, "stop": "x", "n": None, "user": "me"})
    assert sampling_overrides(body) == {"temperature": 0.5, "top_k": 3, "stop": ("x",)}
    assert sampling_overrides(GenerationBody.model_validate({"stop": ["x", "y"]})) == {"stop": ("x", "y")}
    assert sampling_overrides(GenerationBody()) == {}
    body = GenerationBody.model_validate({"top_k": -1, "logit_bias": {"5": 1, "05": 2}, "stop_token_ids": [3, 4.0]})
    assert sampling_overrides(body) == {"top_k": 0, "logit_bias": ((5, 2.0),), "stop_token_ids": (3, 4)}


def test_an_id_without_a_token_has_no_text():
    assert token_bytes(Tokenizer.from_gguf(byte_level_metadata()), 99) == b""


def test_usage_is_streamed_on_request_only():
    assert not wants_usage(GenerationBody())
    assert not wants_usage(GenerationBody.model_validate({"stream_options": {}}))
    assert wants_usage(GenerationBody.model_validate({"stream_options": {"include_usage": True}}))
