from pathlib import Path

import pytest

from fathom.base.errors import ConfigError
from fathom.data.sources.source import Position, Record
from fathom.tasks import collection
from fathom.tasks.countdown import Countdown
from fathom.tasks.registry import TASKS, evaluations, get
from fathom.tasks.task import Task
from fathom.tasks.verifiers.countdown import Rules
from fathom.tasks.verifiers.format import AnswerFormat


def test_every_name_has_a_task() -> None:
    assert get("countdown", count=4).name == "countdown-4"
    assert get("countdown-3").name == "countdown-3"
    assert get("arithmetic", length=7).name == "arithmetic-7"
    assert isinstance(get("countdown-4"), Task)


def test_an_unknown_name_suggests_the_closest() -> None:
    with pytest.raises(ConfigError, match="no task is called 'countdwn'; did you mean 'countdown'"):
        get("countdwn")
    with pytest.raises(ConfigError, match=f"there are {', '.join(sorted(TASKS))}"):
        get("poetry")


def test_an_unknown_option_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="task 'arithmetic' has no option 'lenght'; its options are length, largest"):
        get("arithmetic", lenght=3)


def test_a_missing_option_is_named() -> None:
    with pytest.raises(
        ConfigError, match="task 'multiple-choice' needs 'collection'; its options are collection, label"
    ):
        get("multiple-choice")


def test_options_come_as_plain_values_from_a_configuration() -> None:
    options = {
        "rules": {"operators": "+-*", "absolute": True},
        "answer_format": {"opened": True},
        "target_range": [1, 9],
    }
    task = get("countdown", **options)
    assert task == Countdown(
        rules=Rules("+-*", absolute=True), answer_format=AnswerFormat(opened=True), target_range=(1, 9)
    )
    with pytest.raises(
        ConfigError, match="option 'rules' has no option 'oprators'; its options are operators, absolute"
    ):
        get("countdown", rules={"oprators": "+"})


def test_a_task_that_reads_a_file(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"question": "?", "answer": "#### 7"}\n')
    task = get("gsm8k", collection={"test": str(tmp_path / "x.jsonl")})
    assert [item.answer for item in task.items("test")] == [7]


def test_evaluation_sets_need_no_options() -> None:
    """What needs a collection, or a data set, says nothing by itself; their named members do."""
    assert evaluations() == sorted(set(TASKS) - {"code", "math", "multiple-choice", "reasoning-gym"})
    assert {"gsm8k", "math-500", "aime-2024", "mmlu", "humaneval", "mbpp"} <= set(evaluations())


def test_a_named_set_is_read_from_its_path_on_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    records = {
        "hf:HuggingFaceH4/MATH-500:test*": {"problem": "1 + 1?", "solution": "It is \\boxed{2}.", "answer": "2"},
        "hf:cais/mmlu:all/test-*": {"question": "Which?", "choices": ["a", "b", "c", "d"], "answer": 2},
    }

    class Fake:
        def __init__(self, word: str) -> None:
            self.word = word

        def records(self, *_: object) -> list[Record]:
            return [Record(records[self.word], "x:1", Position())]

    monkeypatch.setattr(collection, "open_source", Fake)
    assert [item.answer for item in get("math-500").items("test")] == ["2"]
    assert [item.answer for item in get("mmlu").items("test")] == ["C"]


def test_a_data_set_of_reasoning_gym_by_name() -> None:
    pytest.importorskip("reasoning_gym")
    assert get("reasoning-gym/leg_counting").name == "reasoning-gym/leg_counting"
