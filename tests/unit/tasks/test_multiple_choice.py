"""Multiple choice: prompts, ways to give the answer, records that are skipped."""

from pathlib import Path
from typing import Any

import pytest
from file_tasks import collection, only, rewards

from fathom.tasks.multiple_choice import MultipleChoice


def test_an_item(tmp_path: Path) -> None:
    record = {"question": "Which is a fruit?", "choices": ["Stone", "Apple", "Rain"], "answer": "B"}
    task = MultipleChoice(collection(tmp_path, record))
    item = only(task)
    assert item.answer == "B"
    assert "Which is a fruit?\nA. Stone\nB. Apple\nC. Rain\nAnswer with one letter." in str(item.prompt)
    assert rewards(task, item, "<think>hm</think><answer>(B)</answer>") == (1.0, 1.0)
    assert rewards(task, item, "<think>hm</think><answer>A B</answer>") == (0.0, 1.0)
    assert rewards(task, item, "The answer is B.") == (0.0, 1.0)
    assert rewards(task, item, "<think>B</think><answer>D</answer>") == (0.0, 0.0)


@pytest.mark.parametrize("answer", ["B", "b", 1, "Apple"])
def test_forms_of_the_expected_answer(tmp_path: Path, answer: Any) -> None:
    record = {"question": "?", "choices": ["Stone", "Apple"], "answer": answer}
    assert only(MultipleChoice(collection(tmp_path, record))).answer == "B"


def test_shuffled_choices_keep_the_right_one(tmp_path: Path) -> None:
    records = [{"question": f"{n}?", "choices": ["no", "yes", "so", "to"], "answer": 1} for n in range(40)]
    items = list(MultipleChoice(collection(tmp_path, *records), shuffled=True).items("test"))
    assert all(item.metadata["choices"]["ABCD".index(item.answer)] == "yes" for item in items)
    assert {item.answer for item in items} == set("ABCD")


@pytest.mark.parametrize(
    "record",
    [
        {"question": "?", "choices": ["a"], "answer": 0},
        {"question": "?", "choices": ["a", "a"], "answer": 0},
        {"question": "?", "choices": "ab", "answer": 0},
        {"question": "?", "choices": ["a", "b"], "answer": 2},
        {"question": "?", "choices": ["a", "b"], "answer": "C"},
        {"question": "?", "choices": ["a", "b"], "answer": True},
        {"question": "?", "choices": ["a", "b"], "answer": None},
        {"question": "?", "choices": ["a", "b"]},
    ],
)
def test_bad_records_are_skipped(tmp_path: Path, record: Any) -> None:
    good = {"question": "!", "choices": ["a", "b"], "answer": 0}
    assert only(MultipleChoice(collection(tmp_path, record, good))).answer == "A"
