"""The corpus of the longer recipe: what is in it, what is not, and how often its solvers fail."""

import random

import pytest

from fathom.base.errors import ConfigError
from fathom.recipes.countdown.lessons import LESSONS, lessons, levels
from fathom.recipes.countdown.manner import SearchErrors
from fathom.recipes.countdown.vocabulary import tokenizer
from fathom.tasks.task import Task
from fathom.train.rl.curriculum import Curriculum

OWN = ("three-12", "three-20", "four-12", "four-20", "chain-3", "chain-5")
"""Levels that need no other package."""


def test_levels_open_in_an_order_and_some_are_never_read_about():
    assert sum(lesson.share for lesson in LESSONS.values()) == pytest.approx(1)
    assert [name for name, lesson in LESSONS.items() if not lesson.share] == ["four-20", "chain-5", "gcd-3"]
    chosen = levels(OWN)
    assert all(isinstance(level.task, Task) for level in chosen)
    assert Curriculum(chosen).open == ["three-12", "chain-3"]
    assert Curriculum(levels(("four-20",))).open == ["four-20"]
    with pytest.raises(ConfigError, match="there is no level 'five'"):
        levels(("five",))


@pytest.mark.parametrize(
    ("name", "low", "high"), [("three-12", 0.3, 0.45), ("four-12", 0.03, 0.12), ("chain-3", 0.25, 0.5)]
)
def test_solvers_fail_as_they_should(name, low, high):
    lesson = LESSONS[name]
    task = lesson.task()
    rng = random.Random(0)
    verdicts = [task.verify(item, lesson.solver(item, lesson.manner, rng)) for item in task.items("train", limit=300)]
    assert all(verdict.well_formed for verdict in verdicts)
    assert low < sum(verdict.correct for verdict in verdicts) / 300 < high


def test_the_question_is_given_the_attempt_learned_and_the_same_seed_gives_the_same():
    shares = {"three-12": 0.5, "chain-3": 0.5, "four-12": 0.0}
    found = list(lessons(40, seed=1, shares=shares))
    assert [sample.ids for sample in found] == [sample.ids for sample in lessons(40, seed=1, shares=shares)]
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
        for sample in lessons(60, shares={"equations": 0.4, "gcd": 0.2, "three-12": 0.2, "chain-3": 0.2})
    )
    for word in ("gcd ", "x", " from", "= "):
        assert word in text


def test_a_manner_slips_and_knows_no_number_beyond_its_largest():
    careful = SearchErrors(slip=0)
    assert (careful.with_error(42, random.Random(0)), careful.with_error(400, random.Random(0))) == (42, 100)
    assert SearchErrors(slip=1).with_error(1, random.Random(0)) in (0, 2, 3, 11)
