"""Translation that chat and text completions share: sampling parameters, usage, log-probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from fathom import __version__
from fathom.engine.request import TokenLogprob
from fathom.server.api.openai.schemas.base import GenerationBody, UsageBody
from fathom.server.api.openai.schemas.chat import TokenLogprobOut
from fathom.server.generation.jobs import SamplingOverrides
from fathom.server.models.served_model import ServedVocabulary
from fathom.types import Usage

FINGERPRINT = f"fathom-{__version__}"
LOGPROB_FLOOR = -9999.0  # what OpenAI sends for log 0, which JSON cannot write


def sampling_overrides(body: GenerationBody) -> SamplingOverrides:
    """The sampling parameters that the body names."""
    named = SamplingOverrides.__annotations__.keys() & type(body).model_fields.keys() - {"stop", "logprobs"}
    chosen = {name: getattr(body, name) for name in named if getattr(body, name) is not None}
    if body.stop is not None:
        chosen["stop"] = (body.stop,) if isinstance(body.stop, str) else tuple(body.stop)
    return cast(SamplingOverrides, chosen)


def wants_usage(body: GenerationBody) -> bool:
    return bool(body.stream_options and body.stream_options.include_usage)


def usage_body(usage: Usage) -> UsageBody:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_cache_hit_tokens": usage.cached_tokens,
        "prompt_cache_miss_tokens": usage.prompt_tokens - usage.cached_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def token_text(vocabulary: ServedVocabulary, token_id: int) -> str:
    """One token as text; an incomplete character shows as U+FFFD, and its ``bytes`` are exact."""
    return vocabulary.token_bytes(token_id).decode("utf-8", "replace")


def token_logprobs(vocabulary: ServedVocabulary, logprobs: Sequence[TokenLogprob]) -> list[TokenLogprobOut]:
    out: list[TokenLogprobOut] = []
    for entry in logprobs:
        pairs = [(entry.token_id, entry.logprob), *entry.top]
        chosen, *top = [
            {
                "token": token_text(vocabulary, token_id),
                "logprob": max(logprob, LOGPROB_FLOOR),
                "bytes": list(vocabulary.token_bytes(token_id)),
            }
            for token_id, logprob in pairs
        ]
        out.append({**chosen, "top_logprobs": top})  # type: ignore[typeddict-item]
    return out
