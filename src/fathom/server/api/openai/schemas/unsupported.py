"""Fields of other servers and of OpenAI that would change the answer, and that are not supported: refused by name.

Other unknown fields are ignored, as OpenAI's servers and compatible ones do. Ignoring these would answer another
question than the one asked. A neutral value, which asks for nothing, is accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from fathom.server.errors import invalid

NOTHING: tuple[Any, ...] = (False, 0, "", [], {})


class UnsupportedField(NamedTuple):
    """Why, with what to do instead; and the ``neutral`` values beside null."""

    reason: str
    neutral: tuple[Any, ...] = NOTHING


_GRAMMAR = "send response_format to /v1/chat/completions instead"
_SAMPLER = "this sampling method is not supported; leave it out"
_LENGTH = "send max_tokens instead"

UNSUPPORTED: Mapping[str, UnsupportedField] = {
    # OpenAI
    "functions": UnsupportedField("deprecated by OpenAI; send tools instead"),
    "function_call": UnsupportedField("deprecated by OpenAI; send tool_choice instead", (*NOTHING, "none", "auto")),
    "audio": UnsupportedField("this server speaks text only; leave it out"),
    "modalities": UnsupportedField("this server speaks text only; leave it out", (*NOTHING, ["text"])),
    "prediction": UnsupportedField("predicted outputs are not supported; leave it out"),
    "web_search_options": UnsupportedField("searching the web is not supported here; leave it out"),
    # vLLM, SGLang
    "guided_json": UnsupportedField(_GRAMMAR),
    "guided_regex": UnsupportedField(_GRAMMAR),
    "guided_choice": UnsupportedField(_GRAMMAR),
    "guided_grammar": UnsupportedField(_GRAMMAR),
    "structured_outputs": UnsupportedField(_GRAMMAR),
    "regex": UnsupportedField(_GRAMMAR),
    "ebnf": UnsupportedField(_GRAMMAR),
    "use_beam_search": UnsupportedField("beam search is not supported; leave it out"),
    "allowed_token_ids": UnsupportedField("send logit_bias with 100 for these tokens instead"),
    "bad_words": UnsupportedField("send logit_bias with -100 for their tokens instead"),
    "logits_processors": UnsupportedField("processors of logits are not supported; leave it out"),
    "prompt_logprobs": UnsupportedField("send echo with logprobs to /v1/completions instead"),
    "return_tokens_as_token_ids": UnsupportedField("send return_token_ids instead"),
    "include_stop_str_in_output": UnsupportedField("a stop string is never part of the text; leave it out"),
    "skip_special_tokens": UnsupportedField("special tokens are no text; send return_token_ids to see them", (True,)),
    "truncate_prompt_tokens": UnsupportedField("a prompt is never cut; shorten it"),
    # llama.cpp, text-generation-inference, transformers
    "grammar": UnsupportedField(_GRAMMAR),
    "json_schema": UnsupportedField(_GRAMMAR),
    "n_predict": UnsupportedField(_LENGTH, (*NOTHING, -1)),
    "max_new_tokens": UnsupportedField(_LENGTH),
    "repeat_penalty": UnsupportedField("send repetition_penalty instead", (1,)),
    "no_repeat_ngram_size": UnsupportedField(_SAMPLER),
    "penalty_alpha": UnsupportedField(_SAMPLER),
    "typical_p": UnsupportedField(_SAMPLER, (1,)),
    "tfs_z": UnsupportedField(_SAMPLER, (1,)),
    "top_a": UnsupportedField(_SAMPLER),
    "mirostat": UnsupportedField(_SAMPLER),
    "mirostat_mode": UnsupportedField(_SAMPLER),
    "dynatemp_range": UnsupportedField(_SAMPLER),
    "xtc_probability": UnsupportedField(_SAMPLER),
    "dry_multiplier": UnsupportedField(_SAMPLER),
}

UNSUPPORTED_IN_CHAT: Mapping[str, UnsupportedField] = {
    "best_of": UnsupportedField("send n and choose, or /v1/completions", (*NOTHING, 1)),
    "echo": UnsupportedField("only /v1/completions echoes its prompt"),
    "suffix": UnsupportedField("only /v1/completions fills in the middle"),
    "documents": UnsupportedField("put the documents into a message"),
    "chat_template": UnsupportedField("a conversation is rendered by the template of the model; leave it out"),
}

UNSUPPORTED_IN_COMPLETIONS: Mapping[str, UnsupportedField] = {
    "response_format": UnsupportedField("only /v1/chat/completions takes it", (*NOTHING, {"type": "text"})),
    "tools": UnsupportedField("only /v1/chat/completions takes them"),
}


def check_unsupported(body: Any, fields: Mapping[str, UnsupportedField]) -> None:
    """Raise a 422 for the first of ``fields`` that ``body`` sets to something."""
    if not isinstance(body, Mapping):
        return
    for name, field in fields.items():
        value = body.get(name)
        if value is not None and value not in field.neutral:
            raise invalid(f"{name}: {field.reason}", name)
