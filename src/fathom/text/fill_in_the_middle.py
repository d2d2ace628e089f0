"""Prompts that ask for the text between a prefix and a suffix (arXiv 2207.14255, prefix-suffix-middle).

A model can do this if it was trained on three tokens of its vocabulary, which are looked up by their text.
"""

from __future__ import annotations

from typing import Protocol

from fathom.base.errors import RequestError

TOKENS = (  # before the prefix, before the suffix, before the middle
    ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),  # Qwen2.5-Coder, CodeGemma, Granite
    ("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),  # StarCoder
    ("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"),  # DeepSeek-Coder, DeepSeek-V2 and V3
)


class FimVocabulary(Protocol):
    """The part of a tokenizer that this needs."""

    def encode(self, text: str, *, bos: bool = False) -> list[int]: ...

    def token_id(self, token: str) -> int | None: ...


def fim_prompt(vocabulary: FimVocabulary, prefix: str | tuple[int, ...], suffix: str, *, bos: bool) -> list[int]:
    """Token ids of the prompt. Raises RequestError where the vocabulary has no tokens for it."""
    for texts in TOKENS:
        before_prefix, before_suffix, before_middle = map(vocabulary.token_id, texts)
        if before_prefix is not None and before_suffix is not None and before_middle is not None:
            first = vocabulary.encode("", bos=bos)
            start = prefix if isinstance(prefix, tuple) else vocabulary.encode(prefix)
            return [*first, before_prefix, *start, before_suffix, *vocabulary.encode(suffix), before_middle]
    raise RequestError("this model cannot fill in between a prompt and a suffix", "leave suffix out", "suffix")
