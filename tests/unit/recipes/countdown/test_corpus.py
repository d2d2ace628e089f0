"""Attempts as samples: what is learned is what a solver writes, and the end."""

import json

import pytest

from fathom.base.errors import DataError
from fathom.recipes.countdown.corpus import curriculum_corpus, speedrun_corpus, speedrun_problems
from fathom.recipes.countdown.vocabulary import tokenizer


def test_the_question_is_given_and_the_attempt_is_learned():
    vocabulary = tokenizer()
    samples = list(speedrun_corpus(50))
    assert len(samples) == 50
    for sample in samples:
        learned = sample.learned
        assert learned == [False] * 10 + [True] * (len(sample.ids) - 10)
        assert vocabulary.decode(sample.ids[:10], skip_special=False).endswith("<｜Assistant｜><think>\n")
        assert sample.ids[-1] == 1
        assert "</think>" in vocabulary.decode(sample.ids[10:])
        assert len(sample.ids) <= 160


def test_error_rates_are_options():
    guesses = list(speedrun_corpus(50, guess=1.0))
    assert max(len(sample.ids) for sample in guesses) == 10 + 9


def test_plain_text_stands_between_the_traces(tmp_path):
    texts = ["Der Fluss war breit.", "Two fish 42."]
    (tmp_path / "texts.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    samples = list(speedrun_corpus(9, text=str(tmp_path / "texts.jsonl"), every=3))
    texts_between = [vocabulary_text(sample) for sample in samples[3::4]]
    assert texts_between == [texts[0], texts[1], texts[0]]
    assert samples[3].learned is None or all(samples[3].learned)
    assert samples[:3] == list(speedrun_corpus(3))


def test_a_source_without_text_is_an_error(tmp_path):
    (tmp_path / "texts.jsonl").write_text("")
    with pytest.raises(DataError):
        list(speedrun_corpus(3, text=str(tmp_path / "texts.jsonl"), every=3))


def vocabulary_text(sample):
    return tokenizer().decode(sample.ids)


def test_the_curriculum_s_corpus_is_learned_alike_and_repeatable():
    shares = {"three-12": 0.5, "chain-3": 0.5, "four-12": 0.0}
    found = list(curriculum_corpus(40, seed=1, shares=shares))
    assert [sample.ids for sample in found] == [sample.ids for sample in curriculum_corpus(40, seed=1, shares=shares)]
    vocabulary = tokenizer()
    questions = []
    for sample in found:
        asked = sample.learned.index(True)
        assert all(sample.learned[asked:])
        questions.append(vocabulary.decode(sample.ids[:asked], skip_special=False))
        assert sample.ids[-1] == 1
    assert all("<｜User｜>" in question for question in questions)
    assert 8 < sum(" from" in question for question in questions) < 32


def test_all_levels_are_in_the_corpus():
    pytest.importorskip("reasoning_gym")
    vocabulary = tokenizer()
    text = "\n".join(
        vocabulary.decode(sample.ids)
        for sample in curriculum_corpus(60, shares={"equations": 0.4, "gcd": 0.2, "three-12": 0.2, "chain-3": 0.2})
    )
    for word in ("gcd ", "x", " from", "= "):
        assert word in text


@pytest.mark.parametrize("split", ["validation", "test"])
def test_no_held_out_numbers_are_in_the_corpus(split):
    def numbers(items):
        return {tuple(sorted(item.metadata["numbers"])) for item in items}

    task = speedrun_problems()
    held_out = numbers(task.items(split))
    assert held_out
    assert held_out.isdisjoint(numbers(task.items("train", limit=5000)))
