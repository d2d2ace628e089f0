"""BOS and EOS token ids, from the files beside tokenizer.json or from GGUF metadata.

Each version of `transformers` stored them elsewhere: special_tokens_map.json, tokenizer_config.json (a string or an
object), generation_config.json and config.json (ids; EOS may be a list). generation_config.json takes precedence,
because the model's authors generate with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fathom.base.errors import TokenizerError


@dataclass(frozen=True, slots=True)
class SpecialIds:
    """``adds_bos``: text outside any chat template is expected to start with ``bos``. ``named_eos`` is the end token
    that tokenizer_config.json names, one of ``eos``; templates write its text.
    """

    bos: int | None
    eos: frozenset[int]
    adds_bos: bool
    named_eos: int | None = None


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file, empty if there is no file; raises TokenizerError if it is not an object."""
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TokenizerError(f"{path} cannot be read: {error}", "download the file again") from error
    if not isinstance(value, dict):
        raise TokenizerError(f"{path} does not hold a JSON object", "download the file again")
    return value


def special_ids_from_directory(
    directory: Path, id_of: Callable[[str], int | None], prefix: Sequence[int] = ()
) -> SpecialIds:
    """``prefix`` are the ids that the post-processor of tokenizer.json puts before a text: that of Llama 3 has bos, and
    tokenizer_config.json says nothing. ``add_bos_token`` there takes precedence.
    """
    tokenizer = read_json(directory / "special_tokens_map.json") | read_json(directory / "tokenizer_config.json")
    model = read_json(directory / "config.json") | read_json(directory / "generation_config.json")
    named_bos, named_eos = (_resolve_token(tokenizer.get(key), id_of) for key in ("bos_token", "eos_token"))
    listed_bos = _ids(model.get("bos_token_id"))
    eos = _ids(model.get("eos_token_id")) | ({named_eos} if named_eos is not None else set())
    bos = named_bos if named_bos is not None else next(iter(listed_bos), None)
    adds_bos = tokenizer.get("add_bos_token")
    if adds_bos is None:
        adds_bos = bos in prefix[:1]
    return SpecialIds(bos, frozenset(eos), adds_bos=bos is not None and bool(adds_bos), named_eos=named_eos)


def special_ids_from_gguf(metadata: Mapping[str, Any]) -> SpecialIds:
    """Where the file does not say whether bos is added, it is as in llama.cpp: by the kind of vocabulary and its
    pre-tokenizer.
    """
    prefix = "tokenizer.ggml."
    bos = next(iter(_ids(metadata.get(prefix + "bos_token_id"))), None)
    ends = [_ids(metadata.get(f"{prefix}{name}_token_id")) for name in ("eos", "eot", "eom")]
    default = metadata.get(prefix + "model") == "llama" or metadata.get(prefix + "pre") in _PRE_WITH_BOS
    adds_bos = bos is not None and bool(metadata.get(prefix + "add_bos_token", default))
    return SpecialIds(bos, frozenset().union(*ends), adds_bos, named_eos=next(iter(ends[0]), None))


_PRE_WITH_BOS = frozenset({"llama3", "llama-v3", "llama-bpe", "falcon3", "pixtral", "tekken"})

_END_TEXTS = frozenset({
    "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<end_of_turn>", "<|endoftext|>", "</s>",
    "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|end_of_text|>", "<end_of_utterance>", "<|fim_pad|>",
    "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]", "<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>",
    "<|file_sep|>",
})  # fmt: skip
_CONTROL_TYPES = (2, 3, 4)  # tokenizer.ggml.token_type: unknown, control, user-defined


def end_ids_from_gguf(metadata: Mapping[str, Any]) -> frozenset[int]:
    """Tokens that end a completion by their text, as in llama.cpp: files name one end, and a model may produce
    another, as Qwen2.5-Coder does after filling in the middle. Ordinary vocabulary never counts.
    """
    tokens, types = metadata.get("tokenizer.ggml.tokens", ()), metadata.get("tokenizer.ggml.token_type", ())
    return frozenset(
        index
        for index, (token, kind) in enumerate(zip(tokens, types, strict=False))
        if kind in _CONTROL_TYPES and token in _END_TEXTS
    )


def token_text(value: Any) -> str | None:
    """The text of a token in tokenizer_config.json: a string, or an object with the string as ``content``."""
    if isinstance(value, Mapping):
        value = value.get("content")
    return value if isinstance(value, str) and value else None


def _resolve_token(value: Any, id_of: Callable[[str], int | None]) -> int | None:
    text = token_text(value)
    return id_of(text) if text is not None else None


def _ids(value: Any) -> set[int]:
    values = value if isinstance(value, list) else [value]
    return {int(item) for item in values if isinstance(item, int) and not isinstance(item, bool) and item >= 0}
