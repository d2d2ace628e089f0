"""GGUF metadata of two tiny vocabularies, byte-level and SentencePiece."""

from __future__ import annotations

from typing import Any

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6


def byte_level_metadata(**changes: Any) -> dict[str, Any]:
    """Twelve tokens: enough for `hi hi`, two control tokens and a thinking tag."""
    tokens = ["h", "i", "Ġ", "hi", "Ġhi", "<|end|>", "<think>", "<|python_tag|>", "Ã", "©", "Ċ", "<|start|>"]
    special = {5: CONTROL, 6: USER_DEFINED, 7: CONTROL, 11: CONTROL}
    metadata = {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [special.get(index, NORMAL) for index in range(len(tokens))],
        "tokenizer.ggml.merges": ["h i", "Ġ hi"],
        "tokenizer.ggml.bos_token_id": 11,
        "tokenizer.ggml.eos_token_id": 5,
        **{f"tokenizer.ggml.{key}": value for key, value in changes.items()},
    }
    return {key: value for key, value in metadata.items() if value is not None}


def sentencepiece_metadata(**changes: Any) -> dict[str, Any]:
    pieces = ["▁", "h", "i", "▁h", "hi", "▁hi", "<user>"]
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *pieces]
    types = [UNKNOWN, CONTROL, CONTROL, *[BYTE] * 256, *[NORMAL] * 6, USER_DEFINED]
    scores = [0.0] * 259 + [-5.0, -6.0, -7.0, -1.0, -3.0, -2.0, 0.0]
    return {
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": types,
        "tokenizer.ggml.scores": scores,
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.unknown_token_id": 0,
        **{f"tokenizer.ggml.{key}": value for key, value in changes.items()},
    }
