"""Documents to tokens: what stands before, around and behind the text of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from fathom.base.errors import TokenizerError
from fathom.data.samples.fim import FillInMiddle
from fathom.data.shards.store import Sample
from fathom.data.sources.source import Document
from fathom.text.tokenizer.tokenizer import Tokenizer


def tokenize_documents(
    documents: Iterable[Document],
    tokenizer: Tokenizer,
    *,
    bos: bool = True,
    fim: FillInMiddle | None = None,
    first: int = 0,
) -> Iterator[Sample]:
    """One sample a document: ``bos`` (where the vocabulary has it), the text, the end token. ``first`` is the number of
    the first document, on which what ``fim`` does with it depends.

    A text that spells out a special token stays text: it must not end a document that goes on. Raises TokenizerError
    where the vocabulary has no end token, because documents would run into each other.
    """
    if not tokenizer.eos_ids:
        raise TokenizerError("the vocabulary has no end token", "add eos_token to tokenizer_config.json")
    opening = [tokenizer.bos_id] if bos and tokenizer.bos_id is not None else []
    closing = [min(tokenizer.eos_ids)]
    encode = partial(tokenizer.encode, special=False)
    for number, document in enumerate(documents, first):
        ids = encode(document.text) if fim is None else fim.encode(document.text, number, encode)
        yield Sample([*opening, *ids, *closing])
