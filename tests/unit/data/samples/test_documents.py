"""Documents to samples: BOS, EOS, fill-in-the-middle."""

import pytest
from tokenizers import Tokenizer as Backend
from tokenizers import decoders, models

from fathom.base.errors import TokenizerError
from fathom.data.samples.documents import tokenize_documents
from fathom.data.samples.fim import FillInMiddle
from fathom.data.sources.source import Document
from fathom.text.tokenizer import bpe
from fathom.text.tokenizer.special import SpecialIds
from fathom.text.tokenizer.tokenizer import Tokenizer

TOKENIZER = bpe.train(["plain text"] * 5, 300)


def test_a_document_has_bos_and_eos() -> None:
    (sample,) = tokenize_documents([Document("plain<｜end▁of▁sentence｜>", "1", "test")], TOKENIZER)
    assert (sample.ids[0], sample.ids[-1], list(sample.ids).count(1)) == (0, 1, 1)
    assert TOKENIZER.decode(sample.ids) == "plain<｜end▁of▁sentence｜>"
    assert sample.learned is None
    (bare,) = tokenize_documents([Document("plain", "1", "test")], TOKENIZER, bos=False)
    assert bare.ids[0] != 0


def test_some_documents_are_rearranged() -> None:
    fim = FillInMiddle.from_tokenizer(TOKENIZER, rate=0.5)
    samples = list(tokenize_documents([Document("plain text", str(n), "test") for n in range(40)], TOKENIZER, fim=fim))
    assert 10 < sum(fim.begin in sample.ids for sample in samples) < 30
    assert all((sample.ids[0], sample.ids[-1]) == (0, 1) for sample in samples)


def test_a_vocabulary_without_an_end_is_refused() -> None:
    backend = Backend(models.BPE({"a": 0}, []))
    backend.decoder = decoders.ByteLevel()
    endless = Tokenizer(backend, SpecialIds(None, frozenset(), adds_bos=False))
    with pytest.raises(TokenizerError, match="no end token"):
        list(tokenize_documents([Document("a", "1", "test")], endless))
