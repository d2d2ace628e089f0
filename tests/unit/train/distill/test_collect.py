"""Collection of a teacher's answers: which problems are posed, and how answers are graded."""

import sys

import pytest
from toy_rl import Begin

from fathom.base.errors import ConfigError
from fathom.recipes.countdown.vocabulary import template, tokenizer
from fathom.tasks.task import Item
from fathom.train.distill import collect
from fathom.train.distill.config import DistillConfig
from fathom.train.distill.sample import SampleBuilder
from fathom.train.distill.teacher import Ask, TeacherAnswer
from fathom.train.run.task import TaskConfig, load_task
from fathom.types import Message

TASK = TaskConfig(name="zero-countdown-3")
BUILDER = SampleBuilder(tokenizer(), template())


def config(**data):
    teacher = {"kind": "endpoint", "base_url": "http://127.0.0.1:1/v1", "model": "t", "key_variable": None}
    return DistillConfig.model_validate(
        {"name": "toy", "start": "student", "data": {"teacher": teacher, "task": TASK} | data, "epochs": 1}
    )


def test_held_out_problems_are_never_posed():
    task = load_task(TASK)
    posed = {item.id for item in collect.problems(task, 300, 0)}
    assert len(posed) == 300
    for split in ("validation", "test"):
        assert not posed & {item.id for item in task.items(split)}


def test_a_task_with_fewer_problems_gives_all_of_them():
    class Few:
        name = "few"

        def items(self, split, *, seed=0, limit=None):
            while True:
                yield from (Item(name, name, 1) for name in "abc")

    assert [item.id for item in collect.problems(Few(), 100, 0)] == ["a", "b", "c"]


def test_a_problem_must_leave_room_for_an_answer():
    items = [Item("p", (Message("user", "24 from 3 5 9"),), 24), Item("long", (Message("user", "24 " * 60),), 24)]
    assert collect.fitting(items, BUILDER, 64) == items[:1]
    assert collect.fitting(items, BUILDER, 256) == items
    with pytest.raises(ConfigError, match="the task poses no training problem"):
        collect.fitting([], BUILDER, 64)
    with pytest.raises(ConfigError, match=r"problem 'p' alone has \d+ tokens, of 6 that fit a row of the student"):
        collect.fitting(items, BUILDER, 6)


@pytest.mark.parametrize(
    ("answer", "correct", "detail"),
    [
        (TeacherAnswer(Message("assistant", "7")), True, ""),
        (TeacherAnswer(Message("assistant", "no")), False, ""),
        (TeacherAnswer(Message("assistant", "7"), "length"), False, ""),
        (TeacherAnswer(Message("assistant"), "refused", detail="400: no"), False, "400: no"),
        (TeacherAnswer(Message("assistant", "7", reasoning="</think>")), False, "the reasoning contains </think>"),
    ],
)
def test_only_whole_answers_are_graded(answer, correct, detail):
    item = next(Begin().items("train"))
    trace = collect.grade(Ask(3, 1, item), answer, Begin(), BUILDER)
    assert (trace.problem, trace.sample, trace.id, trace.answer) == (3, 1, item.id, answer)
    assert trace.correct == correct
    assert detail in trace.detail


def test_settings_of_an_answer_are_those_that_it_depends_on():
    settings = collect.answer_settings(config())
    assert settings == collect.answer_settings(config(filter={"min_tokens": 7}, max_refused=3))
    assert settings != collect.answer_settings(config(samples=7))
    assert "concurrency" not in settings["data"]["teacher"]


def test_without_httpx_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "httpx", None)
    monkeypatch.delitem(sys.modules, "fathom.train.distill.endpoint", raising=False)
    with pytest.raises(ConfigError, match=r"needs httpx; pip install \"fathom-lm\[train\]\""):
        collect.teacher(config(), [])
