"""A `tokenizers` tokenizer from the vocabulary of a GGUF file, built directly from its lists.

Two kinds are read: ``gpt2`` (byte-level BPE, with merges) and ``llama`` (SentencePiece BPE, with scores instead). The
first token of a served model waits for this, so nothing goes through JSON and every list is read once.

Normal and unused tokens are ordinary vocabulary. Control and user-defined tokens are matched in the text first; only
control tokens are special.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers

from fathom.base.errors import TokenizerError
from fathom.text.tokenizer.pretokenizers import pre_tokenization

UNKNOWN, CONTROL, USER_DEFINED = 2, 3, 4  # tokenizer.ggml.token_type; 1 normal, 5 unused, 6 byte

_PREFIX = "tokenizer.ggml."


def backend_from_gguf(metadata: Mapping[str, Any]) -> Tokenizer:
    """The tokenizer of GGUF metadata. Raises TokenizerError for a vocabulary that is missing, of another kind, or with
    inconsistent lists."""
    kind = metadata.get(_PREFIX + "model")
    if kind == "gpt2":
        backend = _byte_level(metadata)
    elif kind == "llama":
        backend = _sentencepiece(metadata)
    else:
        described = f"a vocabulary of kind {kind!r}" if kind else "no vocabulary"
        raise TokenizerError(f"the GGUF file holds {described}", "use a file with a 'gpt2' or 'llama' vocabulary")
    _add_tokens(backend, metadata)
    return backend


def _list(metadata: Mapping[str, Any], key: str) -> Sequence[Any]:
    values = metadata.get(_PREFIX + key)
    if values is None or isinstance(values, str) or len(values) == 0:
        raise TokenizerError(f"the GGUF file has no {_PREFIX}{key}", "download the file again, or convert it again")
    return values


def _vocabulary(metadata: Mapping[str, Any]) -> dict[str, int]:
    tokens = _list(metadata, "tokens")
    vocabulary = {token: index for index, token in enumerate(tokens)}
    if len(vocabulary) < len(tokens):  # a duplicate token: encoding uses its first id
        vocabulary = {}
        for index, token in enumerate(tokens):
            vocabulary.setdefault(token, index)
    return vocabulary


def _byte_level(metadata: Mapping[str, Any]) -> Tokenizer:
    words = pre_tokenization(str(metadata.get(_PREFIX + "pre", "default")))
    merges = [tuple(merge.split(" ", 1)) for merge in _list(metadata, "merges")]
    try:
        model = models.BPE(_vocabulary(metadata), merges, ignore_merges=words.whole_words)
    except Exception as error:  # tokenizers raises bare Exceptions
        raise _mismatch(error) from error
    backend = Tokenizer(model)
    if normalizer := words.normalizer():
        backend.normalizer = normalizer
    backend.pre_tokenizer = words.pre_tokenizer()
    backend.decoder = decoders.ByteLevel()
    return backend


def _sentencepiece(metadata: Mapping[str, Any]) -> Tokenizer:
    vocabulary = _vocabulary(metadata)
    scores = _list(metadata, "scores")
    if len(scores) < len(vocabulary):
        raise _mismatch(f"{len(scores)} scores for {len(vocabulary)} tokens")
    unknown = metadata.get(_PREFIX + "unknown_token_id", 0)
    try:
        model = models.BPE(
            vocabulary,
            list(_merges_by_score(vocabulary, scores)),
            unk_token=_list(metadata, "tokens")[unknown],
            fuse_unk=True,
            byte_fallback=True,
        )
    except Exception as error:  # tokenizers raises bare Exceptions
        raise _mismatch(error) from error
    backend = Tokenizer(model)
    steps: list[decoders.Decoder] = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    spaces: list[normalizers.Normalizer] = [normalizers.Replace(" ", "▁")]
    if metadata.get(_PREFIX + "add_space_prefix", True):
        spaces.insert(0, normalizers.Prepend("▁"))
        steps.append(decoders.Strip(content=" ", left=1, right=0))
    backend.normalizer = normalizers.Sequence(spaces)
    backend.decoder = decoders.Sequence(steps)
    return backend


def _merges_by_score(vocabulary: Mapping[str, int], scores: Sequence[float]) -> Iterator[tuple[str, str]]:
    """The merges of a SentencePiece vocabulary: it merges the pair whose result has the best score, so merges are
    ranked by that score, and pairs with the same result by the ids of their halves, as transformers converts them.
    """
    ranked: list[tuple[float, int, int, str, str]] = []
    for token, index in vocabulary.items():
        for cut in range(1, len(token)):
            left, right = vocabulary.get(token[:cut]), vocabulary.get(token[cut:])
            if left is not None and right is not None:
                ranked.append((-scores[index], left, right, token[:cut], token[cut:]))
    ranked.sort(key=lambda merge: merge[:3])
    return ((left, right) for *_, left, right in ranked)


def _add_tokens(backend: Tokenizer, metadata: Mapping[str, Any]) -> None:
    types = metadata.get(_PREFIX + "token_type")
    if types is None:
        return
    added = [
        AddedToken(token, special=kind != USER_DEFINED, normalized=False)
        for token, kind in zip(_list(metadata, "tokens"), types, strict=False)
        if kind in (UNKNOWN, CONTROL, USER_DEFINED) and token
    ]
    backend.add_tokens(added)


def _mismatch(cause: object) -> TokenizerError:
    return TokenizerError(f"the vocabulary in the GGUF file does not fit together: {cause}", "download the file again")
