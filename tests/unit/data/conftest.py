"""Vocabularies: a real one, and a small one of the R1 format."""

from __future__ import annotations

import pytest

from fathom.checkpoint.gguf.reader import GGUFReader
from fathom.checkpoint.resolve import find_embedded
from fathom.text.conversation import Chat
from fathom.text.template.template import ChatTemplate
from fathom.text.tokenizer import bpe
from fathom.text.tokenizer.tokenizer import Tokenizer


@pytest.fixture(scope="session")
def smollm() -> Tokenizer:
    return Tokenizer.from_gguf(dict(GGUFReader(find_embedded()).metadata))


@pytest.fixture(scope="session")
def smollm_chat(smollm: Tokenizer) -> Chat:
    return Chat(smollm, ChatTemplate.from_gguf(dict(GGUFReader(find_embedded()).metadata)))


@pytest.fixture(scope="session")
def r1_chat() -> Chat:
    return Chat(bpe.train(["some words to think about, and some to say"] * 9, 320), bpe.chat_template())
