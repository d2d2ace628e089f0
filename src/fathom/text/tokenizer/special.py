"""BOS and EOS token ids, from the files beside tokenizer.json or from GGUF metadata.

Each version of `transformers` stored them elsewhere: special_tokens_map.json, tokenizer_config.json (a string or an
object), generation_config.json and config.json (ids; EOS may be a list). generation_config.json takes precedence,
because the model's authors generate with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fathom.base.errors import TokenizerError


@dataclass(frozen=True, slots=True)
class SpecialIds:
    """``adds_bos``: text outside any chat template is expected to start with ``bos``."""

    bos: int | None
    eos: frozenset[int]
    adds_bos: bool


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


def special_ids_from_directory(directory: Path, id_of: Callable[[str], int | None]) -> SpecialIds:
    tokenizer = read_json(directory / "special_tokens_map.json") | read_json(directory / "tokenizer_config.json")
    model = read_json(directory / "config.json") | read_json(directory / "generation_config.json")
    named_bos, named_eos = (_resolve_token(tokenizer.get(key), id_of) for key in ("bos_token", "eos_token"))
    listed_bos = _ids(model.get("bos_token_id"))
    eos = _ids(model.get("eos_token_id")) | ({named_eos} if named_eos is not None else set())
    bos = named_bos if named_bos is not None else next(iter(listed_bos), None)
    return SpecialIds(bos, frozenset(eos), adds_bos=bos is not None and bool(tokenizer.get("add_bos_token", False)))


def special_ids_from_gguf(metadata: Mapping[str, Any]) -> SpecialIds:
    prefix = "tokenizer.ggml."
    bos = next(iter(_ids(metadata.get(prefix + "bos_token_id"))), None)
    ends = (_ids(metadata.get(f"{prefix}{name}_token_id")) for name in ("eos", "eot", "eom"))
    # llama.cpp starts a SentencePiece text with bos unless the file says otherwise
    default = metadata.get(prefix + "model") == "llama"
    adds_bos = bos is not None and bool(metadata.get(prefix + "add_bos_token", default))
    return SpecialIds(bos, frozenset().union(*ends), adds_bos)


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
