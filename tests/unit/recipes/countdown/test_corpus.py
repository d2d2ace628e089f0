"""Traces as samples: what is learned is what a solver writes, and the end."""

import json

import pytest

from fathom.base.errors import DataError
from fathom.recipes.countdown.corpus import corpus
from fathom.recipes.countdown.vocabulary import tokenizer


def test_the_question_is_given_and_the_attempt_is_learned():
    vocabulary = tokenizer()
    samples = list(corpus(50))
    assert len(samples) == 50
    for sample in samples:
        learned = sample.learned
        assert learned == [False] * 10 + [True] * (len(sample.ids) - 10)
        assert vocabulary.decode(sample.ids[:10], skip_special=False).endswith("<｜Assistant｜><think>\n")
        assert sample.ids[-1] == 1
        assert "</think>" in vocabulary.decode(sample.ids[10:])
        assert len(sample.ids) <= 160


def test_habits_are_options():
    guesses = list(corpus(50, guess=1.0))
    assert max(len(sample.ids) for sample in guesses) == 10 + 9


def test_plain_text_stands_between_the_traces(tmp_path):
    texts = ["Der Fluss war breit.", "Two fish 42."]
    (tmp_path / "texts.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    samples = list(corpus(9, text=str(tmp_path / "texts.jsonl"), every=3))
    told = [vocabulary_text(sample) for sample in samples[3::4]]
    assert told == [texts[0], texts[1], texts[0]]
    assert samples[3].learned is None or all(samples[3].learned)
    assert samples[:3] == list(corpus(3))


def test_a_source_without_text_is_an_error(tmp_path):
    (tmp_path / "texts.jsonl").write_text("")
    with pytest.raises(DataError):
        list(corpus(3, text=str(tmp_path / "texts.jsonl"), every=3))


def vocabulary_text(sample):
    return tokenizer().decode(sample.ids)
