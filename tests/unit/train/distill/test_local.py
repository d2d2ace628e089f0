"""A local teacher: rounds of problems, sampled by the engine."""

import pytest
import torch
from toy_rl import CONFIG, build

from fathom.base.errors import ConfigError
from fathom.checkpoint.bundle import open_bundle
from fathom.checkpoint.hf.export import save_directory
from fathom.tasks.task import Item
from fathom.text.tokenizer import bpe
from fathom.train.distill.local import LocalTeacher
from fathom.train.distill.teacher import Ask
from fathom.types import Message


@pytest.fixture
def bundle(tmp_path):
    torch.manual_seed(3)
    tokenizer = bpe.train([], bpe.MIN_VOCAB_SIZE)
    save_directory(tmp_path / "teacher", build(3), tokenizer=tokenizer, template=bpe.chat_template())
    return open_bundle(tmp_path / "teacher", dtype="float32")


ITEMS = [Item("a", "1+1=", 2), Item("b", (Message("user", "1+1"),), 2), Item("c", "2+1=", 3)]


def teacher(bundle, **changes):
    settings = {"samples": 2, "max_tokens": 5, "temperature": 1.0, "seed": 0, "sequences": 4} | changes
    return LocalTeacher(bundle, ITEMS, **settings)


def asks(*places):
    return [Ask(problem, sample, ITEMS[problem]) for problem, sample in places]


def test_it_answers_texts_and_conversations(bundle):
    answers = [one for _, one in teacher(bundle).answers(asks((0, 0), (1, 0)), lambda: False)]
    assert [answer.ending in ("stop", "length") for answer in answers] == [True, True]
    assert all(1 <= answer.tokens <= 5 for answer in answers)


def test_an_answer_does_not_depend_on_which_others_are_missing(bundle, monkeypatch):
    monkeypatch.setattr("fathom.train.distill.local.ROUND", 2)
    places = [(problem, sample) for problem in range(3) for sample in range(2)]
    whole = {(ask.problem, ask.sample): one for ask, one in teacher(bundle).answers(asks(*places), lambda: False)}
    assert set(whole) == set(places)
    for place in places:
        ((_, answer),) = teacher(bundle).answers(asks(place), lambda: False)
        assert answer == whole[place]


def test_stopping_starts_no_further_round(bundle, monkeypatch):
    monkeypatch.setattr("fathom.train.distill.local.ROUND", 1)
    stops = iter([False, True])
    answered = [ask.problem for ask, _ in teacher(bundle).answers(asks((0, 0), (2, 0)), lambda: next(stops))]
    assert answered == [0]


def test_a_problem_and_its_answer_must_fit_the_context(bundle):
    assert CONFIG.max_position == 64
    with pytest.raises(ConfigError, match=r"an answer of 61 exceed the teacher's context of 64; lower data.max_tokens"):
        list(teacher(bundle, max_tokens=61).answers(asks((0, 0)), lambda: False))


def test_one_problem_that_is_too_long_is_refused_and_the_others_answered(bundle, monkeypatch):
    monkeypatch.setitem(globals(), "ITEMS", [*ITEMS, Item("d", "1+" * 31 + "1=", 32)])
    answers = {ask.item.id: one for ask, one in teacher(bundle).answers(asks((0, 0), (3, 0)), lambda: False)}
    assert answers["a"].ending in ("stop", "length")
    assert answers["d"].ending == "refused"
    assert answers["d"].detail == "a problem of 64 tokens and an answer of 5 exceed the teacher's context of 64"
