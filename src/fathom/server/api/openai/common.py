"""Translation that chat and text completions share: sampling parameters, usage, log-probabilities."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from fathom import __version__
from fathom.base.errors import TokenizerError
from fathom.engine.request import TokenLogprob
from fathom.server.api.openai.schemas.base import GenerationBody, UsageBody
from fathom.server.api.openai.schemas.chat import TokenLogprobOut
from fathom.server.errors import invalid
from fathom.server.generation.jobs import SamplingOverrides
from fathom.server.models.served_model import ServedVocabulary
from fathom.types import Usage

FINGERPRINT = f"fathom-{__version__}"
LOGPROB_FLOOR = -9999.0  # what OpenAI sends for log 0, which JSON cannot write


def sampling_overrides(body: GenerationBody) -> SamplingOverrides:
    """The sampling parameters that the body names."""
    named = SamplingOverrides.__annotations__.keys() & type(body).model_fields.keys() - {"logprobs"}
    chosen = {name: getattr(body, name) for name in named if getattr(body, name) is not None}
    if body.stop is not None:
        chosen["stop"] = (body.stop,) if isinstance(body.stop, str) else tuple(body.stop)
    if body.top_k is not None:
        chosen["top_k"] = max(body.top_k, 0)
    if body.stop_token_ids is not None:
        chosen["stop_token_ids"] = tuple(body.stop_token_ids)
    if body.logit_bias is not None:
        chosen["logit_bias"] = tuple({int(token): bias for token, bias in body.logit_bias.items()}.items())
    if body.max_tokens is not None:
        chosen["max_tokens"] = token_limit(body.max_tokens)
    return cast(SamplingOverrides, chosen)


def token_limit(most: int) -> int | None:
    """``max_tokens`` as the engine has it: None for the -1 of other servers, which is no limit but the context's."""
    return None if most == -1 else most


def check_min_tokens(sampling: SamplingOverrides) -> None:
    """Raise a 422 where fewer tokens are allowed than there must be."""
    least, most = sampling.get("min_tokens", 0), sampling.get("max_tokens")
    if most is not None and least > most:
        raise invalid(f"min_tokens {least} is more than max_tokens {most}", "min_tokens")


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


def token_bytes(vocabulary: ServedVocabulary, token_id: int) -> bytes:
    """The bytes of one token; none for an id of a padded vocabulary, which no tokenizer knows."""
    try:
        return vocabulary.token_bytes(token_id)
    except TokenizerError:
        return b""


def token_text(vocabulary: ServedVocabulary, token_id: int) -> str:
    """One token as text; an incomplete character shows as U+FFFD, and its ``bytes`` are exact."""
    return token_bytes(vocabulary, token_id).decode("utf-8", "replace")


def token_logprobs(vocabulary: ServedVocabulary, logprobs: Iterable[TokenLogprob]) -> list[TokenLogprobOut]:
    out: list[TokenLogprobOut] = []
    for entry in logprobs:
        pairs = [(entry.token_id, entry.logprob), *entry.top]
        chosen, *top = [
            {
                "token": token_text(vocabulary, token_id),
                "logprob": max(logprob, LOGPROB_FLOOR),
                "bytes": list(token_bytes(vocabulary, token_id)),
            }
            for token_id, logprob in pairs
        ]
        out.append({**chosen, "top_logprobs": top})  # type: ignore[typeddict-item]
    return out
