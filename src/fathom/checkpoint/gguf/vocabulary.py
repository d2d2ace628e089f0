"""A ``tokenizer.json`` → the ``tokenizer.ggml.*`` keys of a GGUF file, for byte-level BPE.

GGUF stores no expression for splitting text into words, only the name of a pre-tokenizer. It is identified by its
behaviour: the tokenizer splits a text that tells the known ones apart, and the name is that of the one that splits it
equally. Where none does, no file is written, since a wrong name changes tokens silently.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer as Backend

from fathom.base.errors import TokenizerError
from fathom.text.tokenizer.pretokenizers import PRE_TOKENIZATIONS, PreTokenization
from fathom.text.tokenizer.tokenizer import Tokenizer

_NORMAL, _CONTROL, _USER_DEFINED, _UNUSED = 1, 3, 4, 5

_PROBE = (
    "Hello world's I'LL WE'RE 12345 1a 3.14159\n\n\t  x = foo(bar)[0];  \r\n// häßlich ЖЗ 日本語テスト漢字 한국어 "
    "e\u0301cole Ａ１ camelCaseHTTP _under-score ... !!?word «q» ①Ⅷ €5 हिन्दी  \n  end   "
)


def vocabulary_from_directory(directory: Path, vocab_size: int) -> dict[str, Any]:
    """The vocabulary of a model directory, padded to ``vocab_size`` ids.

    Raises TokenizerError for a missing or broken tokenizer.json, a kind other than byte-level BPE, or a
    pre-tokenizer that has no name.
    """
    tokenizer = Tokenizer.from_directory(directory)
    file = directory / "tokenizer.json"
    described = json.loads(file.read_text(encoding="utf-8"))
    model = described.get("model", {})
    backend = Backend.from_file(str(file))
    if model.get("type") != "BPE" or model.get("byte_fallback"):
        raise TokenizerError(f"{file} is no byte-level BPE", "convert this model with llama.cpp's own converter")
    metadata: dict[str, Any] = {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": _pre_tokenizer_name(backend, bool(model.get("ignore_merges")), file),
        **_tokens(model["vocab"], described.get("added_tokens", []), vocab_size, file),
        "tokenizer.ggml.merges": [m if isinstance(m, str) else " ".join(m) for m in model["merges"]],
        "tokenizer.ggml.add_bos_token": tokenizer.adds_bos,
    }
    if tokenizer.bos_id is not None:
        metadata["tokenizer.ggml.bos_token_id"] = tokenizer.bos_id
    for key, token in zip(("eos", "eot", "eom"), sorted(tokenizer.eos_ids), strict=False):
        metadata[f"tokenizer.ggml.{key}_token_id"] = token
    return metadata


def _tokens(vocab: dict[str, int], added: list[dict[str, Any]], size: int, file: Path) -> dict[str, Any]:
    tokens, types = [f"[PAD{index}]" for index in range(size)], [_UNUSED] * size
    entries = [(token, index, _NORMAL) for token, index in vocab.items()]
    entries += [(t["content"], t["id"], _CONTROL if t.get("special") else _USER_DEFINED) for t in added]
    for token, index, kind in entries:
        if not 0 <= index < size:
            raise TokenizerError(
                f"{file} has the token id {index}, the model only {size}", "use the tokenizer that belongs to the model"
            )
        tokens[index], types[index] = token, kind
    return {"tokenizer.ggml.tokens": tokens, "tokenizer.ggml.token_type": types}


def _pre_tokenizer_name(backend: Backend, whole_words: bool, file: Path) -> str:
    words = _split(backend.normalizer, backend.pre_tokenizer)
    for name, known in PRE_TOKENIZATIONS.items():
        if known.whole_words == whole_words and _split_as(known) == words:
            return name
    raise TokenizerError(
        f"{file} splits text into words in a way that has no name in GGUF",
        "convert this model with llama.cpp's own converter",
    )


def _split_as(known: PreTokenization) -> list[str]:
    return _split(known.normalizer(), known.pre_tokenizer())


def _split(normalizer: Any, words: Any) -> list[str]:
    text = normalizer.normalize_str(_PROBE) if normalizer is not None else _PROBE
    return [piece for piece, _ in words.pre_tokenize_str(text)] if words is not None else [text]
