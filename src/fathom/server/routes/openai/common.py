"""What chat and text completions share on the wire: names, sampling choices, usage, logprobs, server-sent events."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

from fathom import __version__
from fathom.engine.request import TokenLogprob
from fathom.server.backend import Backend, ServedVocabulary
from fathom.server.errors import ApiError, Problem
from fathom.server.generation import Choices
from fathom.server.schemas.openai.base import GenerationBody, UsageBody
from fathom.server.schemas.openai.chat import TokenLogprobOut
from fathom.types import Usage

FINGERPRINT = f"fathom-{__version__}"
DONE = b"data: [DONE]\n\n"
FLOOR = -9999.0  # OpenAI's stand-in for log 0, which JSON cannot write

THINKING_OF_ALIAS = {"deepseek-chat": False, "deepseek-reasoner": True}
"""The names of the R1-era API. They mean the served model, so that a client of that API changes its base URL only."""


def encode(body: Any) -> bytes:
    """JSON in UTF-8. A lone surrogate cannot be written in it and becomes a question mark."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def event(body: Any) -> bytes:
    """One server-sent event."""
    return b"data: " + encode(body) + b"\n\n"


def check_model(name: str | None, backend: Backend) -> None:
    """Raise a 404 unless ``name`` means the served model; a missing name does."""
    if name is None or name == backend.name or name in backend.aliases or name in THINKING_OF_ALIAS:
        return
    message = f"the model {name!r} is not served here; ask for {backend.name!r}, or leave the model out"
    raise ApiError(Problem(404, message, code="model_not_found", param="model"))


def choices_of(body: GenerationBody) -> Choices:
    """The sampling parameters that the body names."""
    named = Choices.__annotations__.keys() & type(body).model_fields.keys() - {"stop", "logprobs"}
    chosen = {name: getattr(body, name) for name in named if getattr(body, name) is not None}
    if body.stop is not None:
        chosen["stop"] = (body.stop,) if isinstance(body.stop, str) else tuple(body.stop)
    return cast(Choices, chosen)


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
    """The token alone as text; half a character shows as U+FFFD, and its ``bytes`` are exact."""
    return vocabulary.token_bytes(token_id).decode("utf-8", "replace")


def token_logprobs(vocabulary: ServedVocabulary, logprobs: Sequence[TokenLogprob]) -> list[TokenLogprobOut]:
    out: list[TokenLogprobOut] = []
    for entry in logprobs:
        pairs = [(entry.token_id, entry.logprob), *entry.top]
        chosen, *top = [
            {
                "token": token_text(vocabulary, token_id),
                "logprob": max(logprob, FLOOR),
                "bytes": list(vocabulary.token_bytes(token_id)),
            }
            for token_id, logprob in pairs
        ]
        out.append({**chosen, "top_logprobs": top})  # type: ignore[typeddict-item]
    return out
