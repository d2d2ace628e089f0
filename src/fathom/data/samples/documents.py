"""Documents to samples: BOS, the text, EOS, and fill-in-the-middle."""

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
    """One sample a document: BOS (if ``bos``, and the vocabulary has it), the text, EOS. ``first`` is the number of
    the first document, which determines what ``fim`` does with it.

    The text of a special token is encoded as ordinary text: it must not end a document. Raises TokenizerError if the
    vocabulary has no EOS token, because documents could not be separated.
    """
    if not tokenizer.eos_ids:
        raise TokenizerError("the vocabulary has no end token", "add eos_token to tokenizer_config.json")
    opening = [tokenizer.bos_id] if bos and tokenizer.bos_id is not None else []
    closing = [min(tokenizer.eos_ids)]
    encode = partial(tokenizer.encode, special=False)
    for number, document in enumerate(documents, first):
        ids = encode(document.text) if fim is None else fim.encode(document.text, number, encode)
        yield Sample([*opening, *ids, *closing])
