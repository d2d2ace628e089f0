"""Trained vocabularies: round trips, DeepSeek's pre-tokenization and ids, saved directories."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fathom.base.errors import TokenizerError
from fathom.text import r1
from fathom.text.conversation import Chat
from fathom.text.template.template import ChatTemplate
from fathom.text.tokenizer import bpe
from fathom.text.tokenizer.tokenizer import Tokenizer

TEXTS = ["the cat sat on the mat, the rat ran", "12 + 345 = 357", "das Haus, das große Haus", "三つの猫、三つの犬"] * 5
TOKENIZER = bpe.train(TEXTS, 400)


@given(st.text())
def test_every_text_is_decoded_as_encoded(text: str) -> None:
    clean = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert TOKENIZER.decode(TOKENIZER.encode(text, special=False)) == clean


def test_ids_are_ordered_as_in_deepseeks_vocabulary() -> None:
    assert [TOKENIZER.token_id(token) for token in r1.FIRST_TOKENS] == [0, 1, 2]
    size = TOKENIZER.vocab_size
    assert [TOKENIZER.token_id(token) for token in r1.LAST_TOKENS] == list(range(size - len(r1.LAST_TOKENS), size))
    assert (TOKENIZER.bos_id, TOKENIZER.eos_ids) == (0, {1})
    assert size <= 400


def test_frequent_words_become_tokens() -> None:
    assert TOKENIZER.token_id("Ġthe") is not None
    assert len(TOKENIZER.encode(" the")) == 1


def test_digits_are_grouped_in_threes_and_words_keep_their_space() -> None:
    many = bpe.train(["1234567 12345 hello hello hello"] * 50, 400)
    pieces = [many.decode([i]) for i in many.encode("1234567 hello")]
    assert pieces == ["123", "456", "7", " hello"]


def test_special_tokens_are_one_id_each() -> None:
    ids = TOKENIZER.encode("<think>12</think><｜end▁of▁sentence｜>")
    assert [TOKENIZER.token_text(i) for i in (ids[0], ids[-2], ids[-1])] == ["<think>", "</think>", r1.EOS]
    assert TOKENIZER.decode(ids) == "<think>12</think>"


def test_extra_tokens_are_matched_whole() -> None:
    extended = bpe.train(TEXTS, 400, extra_tokens=["<step>"])
    assert len(extended.encode("<step>")) == 1
    assert extended.decode(extended.encode("a<step>b")) == "ab"


def test_training_is_repeatable() -> None:
    assert bpe.train(TEXTS, 400).fingerprint == TOKENIZER.fingerprint
    assert bpe.train(TEXTS, 290).fingerprint != TOKENIZER.fingerprint


def test_a_vocabulary_that_is_too_small_is_refused() -> None:
    with pytest.raises(TokenizerError, match=r"a vocabulary of 100 cannot hold every byte; ask for at least 275"):
        bpe.train(TEXTS, 100)
    assert bpe.train(TEXTS, bpe.MIN_VOCAB_SIZE).vocab_size == bpe.MIN_VOCAB_SIZE == 275


def test_a_lone_surrogate_does_not_end_the_training() -> None:
    assert bpe.train(["a\ud800b"] * 3, 300).vocab_size >= bpe.MIN_VOCAB_SIZE


def test_the_saved_directory_is_complete(tmp_path: Path) -> None:
    bpe.save(TOKENIZER, tmp_path)
    again = Tokenizer.from_directory(tmp_path)
    assert again.fingerprint == TOKENIZER.fingerprint
    assert (again.bos_id, again.eos_ids, again.adds_bos) == (0, {1}, False)
    template = ChatTemplate.from_directory(tmp_path)
    assert template is not None
    assert (template.text, template.bos, template.eos) == (r1.TEMPLATE, r1.BOS, r1.EOS)
    assert Chat(again, template).dialect.thinks


def test_transformers_opens_the_directory(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    bpe.save(TOKENIZER, tmp_path)
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    text = "the cat <think>12 + 345</think> 三つの猫"
    assert theirs.encode(text, add_special_tokens=False) == TOKENIZER.encode(text)
    assert (theirs.bos_token_id, theirs.eos_token_id, theirs.pad_token_id) == (0, 1, 2)
    said = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}, {"role": "user", "content": "?"}]
    rendered = theirs.apply_chat_template(said, tokenize=False, add_generation_prompt=True)
    assert rendered == f"{r1.BOS}<｜User｜>hi<｜Assistant｜>ho{r1.EOS}<｜User｜>?<｜Assistant｜><think>\n"
