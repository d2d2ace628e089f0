"""Bytes of text per token, by which vocabularies are compared.

Bytes, not characters, so that scripts are comparable. Compare on texts that none of the vocabularies was trained on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer as Backend
from tokenizers import decoders, models

from fathom.base.errors import TokenizerError
from fathom.text.tokenizer.pretokenizers import pre_tokenization
from fathom.text.tokenizer.special import SpecialIds
from fathom.text.tokenizer.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class Compression:
    """One vocabulary on one set of texts. ``text_bytes`` counts UTF-8."""

    name: str
    vocab_size: int
    text_bytes: int
    tokens: int

    @property
    def bytes_per_token(self) -> float:
        return self.text_bytes / max(1, self.tokens)


def compare(texts: Iterable[str], tokenizers: Mapping[str, Tokenizer]) -> list[Compression]:
    """The vocabularies' results, best first. Special tokens in the texts are encoded as ordinary text."""
    sizes = dict.fromkeys(tokenizers, 0)
    total = 0
    for text in texts:
        total += len(text.encode("utf-8", "replace"))
        for name, tokenizer in tokenizers.items():
            sizes[name] += len(tokenizer.encode(text, special=False))
    lines = [Compression(name, tokenizers[name].vocab_size, total, size) for name, size in sizes.items()]
    return sorted(lines, key=lambda line: (line.tokens, line.name))


def load_gpt2(vocabulary: Path, merges: Path) -> Tokenizer:
    """GPT-2's tokenizer from the two files it was published as, encoder.json and vocab.bpe."""
    try:
        backend = Backend(models.BPE.from_file(str(vocabulary), str(merges)))
    except Exception as error:  # tokenizers raises bare Exceptions
        raise TokenizerError(f"{vocabulary} and {merges} cannot be read: {error}", "fetch the files again") from error
    backend.pre_tokenizer = pre_tokenization("gpt-2").pre_tokenizer()
    backend.decoder = decoders.ByteLevel()
    end: int | None = backend.token_to_id("<|endoftext|>")
    return Tokenizer(backend, SpecialIds(end, frozenset(() if end is None else (end,)), adds_bos=False))
