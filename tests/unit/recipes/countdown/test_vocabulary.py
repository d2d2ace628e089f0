"""One token a number, any text at all, and what transformers reads is what we read."""

import random

import pytest

from fathom.recipes.countdown.corpus import speedrun_problems
from fathom.recipes.countdown.errors import SPEEDRUN_RATES
from fathom.recipes.countdown.search import search_expression
from fathom.recipes.countdown.vocabulary import SIZE, chat, tokenizer
from fathom.text.tokenizer.tokenizer import Tokenizer
from fathom.types import Conversation, Message


def pieces(text):
    vocabulary = tokenizer()
    return [vocabulary.decode([index], skip_special=False) for index in vocabulary.encode(text)]


def test_a_question_is_ten_tokens_and_opens_the_thinking():
    prompt = chat().render(Conversation((Message("user", "24 from 3 5 11"),)))
    assert prompt.thinking
    assert [tokenizer().decode([index], skip_special=False) for index in prompt.ids] == [
        "<｜begin▁of▁sentence｜>", "<｜User｜>", "24", " from", " 3", " 5", " 11", "<｜Assistant｜>", "<think>", "\n",
    ]  # fmt: skip


def test_only_the_last_question_is_asked():
    turns = [
        Message("user", "48 from 12 1 3"),
        Message("assistant", "( 12 + 3 ) * 1"),
        Message("user", "24 from 3 5 11"),
    ]
    assert chat().render(Conversation(tuple(turns))) == chat().render(Conversation((turns[-1],)))


def test_a_line_of_a_trace_is_fourteen_tokens():
    line = " 12 * 8 = 96, 11 + big - 85 * big\n"
    assert pieces(line) == [
        " 12", " *", " 8", " =", " 96", ",", " 11", " +", " big", " -", " 85", " *", " big", "\n",
    ]  # fmt: skip
    assert pieces(" 7 !\n</think> ( 12 - 8 ) * 7") == [
        " 7", " !", "\n", "</think>", " (", " 12", " -", " 8", " )", " *", " 7",
    ]  # fmt: skip


@pytest.mark.parametrize("number", range(100))
def test_every_number_is_one_token_twice(number):
    alone, spaced = tokenizer().encode(str(number)), tokenizer().encode(f" {number}")
    assert len(alone) == len(spaced) == 1
    assert alone != spaced


@pytest.mark.parametrize("text", ["What is the weather?", "1234 from 5", "日本語 🙂\n\n  x", ""])
def test_any_text_is_spelled_and_read_back(text):
    vocabulary = tokenizer()
    assert vocabulary.decode(vocabulary.encode(text)) == text


def test_the_corpus_is_read_back_and_fits_the_embedding():
    vocabulary = tokenizer()
    assert vocabulary.vocab_size <= SIZE
    for item in speedrun_problems().items("train", limit=100):
        attempt = search_expression(item, SPEEDRUN_RATES, random.Random(0))
        ids = vocabulary.encode(attempt)
        assert vocabulary.decode(ids) == attempt
        assert max(ids) < SIZE


def test_saved_it_is_the_same_to_us_and_to_transformers(tmp_path):
    transformers = pytest.importorskip("transformers")
    vocabulary = tokenizer()
    vocabulary.save(tmp_path)
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    text = "<｜User｜>24 from 3 5 9<｜Assistant｜><think>\n 9 - 3 = 6, 5 + 11\n</think> hm<｜end▁of▁sentence｜>"
    assert Tokenizer.from_directory(tmp_path).encode(text) == vocabulary.encode(text)
    assert theirs.encode(text, add_special_tokens=False) == vocabulary.encode(text)
    assert Tokenizer.from_directory(tmp_path).eos_ids == frozenset({1})


def test_a_completion_is_shown_as_thinking_and_answer():
    core = chat()
    prompt = core.render(Conversation((Message("user", "17 from 9 5 3"),)))
    message = core.parse(" 9 + 5 = 14, 3 + 17 !\n</think> ( 9 + 5 ) + 3", prompt)
    assert message == Message("assistant", " ( 9 + 5 ) + 3", " 9 + 5 = 14, 3 + 17 !")
