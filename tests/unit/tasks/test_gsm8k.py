"""GSM8K: numbers after ####, strict and lenient grading."""

from fractions import Fraction
from pathlib import Path

import pytest
from file_tasks import collection, only, rewards

from fathom.base.errors import ConfigError
from fathom.tasks.gsm8k import HUB, Gsm8k


def test_an_item(tmp_path: Path) -> None:
    solution = "Each has 4 legs: 300*4=<<300*4=1200>>1200\n#### 1,200"
    task = Gsm8k(collection(tmp_path, {"question": "How many legs have 300 dogs?", "answer": solution}))
    item = only(task)
    assert item.id == "gsm8k/456c08f40c5da0b3"
    assert item.answer == Fraction(1200)
    assert str(item.prompt).endswith("User: How many legs have 300 dogs? Assistant:")
    assert rewards(task, item, "<think>4*300</think><answer>1200</answer>") == (1.0, 1.0)
    assert rewards(task, item, "<think>4*300</think><answer>$1,200.00</answer>") == (1.0, 1.0)
    assert rewards(task, item, "<think>4*300</think><answer>1200 legs</answer>") == (0.0, 1.0)
    assert rewards(task, item, "<think>4*300</think><answer>300 or 1200</answer>") == (0.0, 1.0)
    assert rewards(task, item, "It is 1200.") == (0.0, 1.0)
    assert rewards(task, item, "<think>1200</think><answer>12</answer>") == (0.0, 0.0)


def test_the_default_is_the_data_set_on_the_hub() -> None:
    assert Gsm8k().collection == HUB


def test_a_record_without_a_number_is_skipped(tmp_path: Path) -> None:
    bad = {"question": "?", "answer": "#### many"}
    good = {"question": "How many?", "answer": "#### -7"}
    assert only(Gsm8k(collection(tmp_path, bad, good))).answer == -7


def test_numbers_as_answers(tmp_path: Path) -> None:
    assert only(Gsm8k(collection(tmp_path, {"question": "6*7?", "answer": 42}))).answer == 42
    assert only(Gsm8k(collection(tmp_path, {"question": "Half?", "answer": 0.5}))).answer == Fraction(1, 2)


def test_an_empty_split_says_why(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        only(Gsm8k(collection(tmp_path, {"question": "?", "answer": None})))
    assert error.value.message == "the test split of gsm8k is empty"
    assert error.value.remedy.endswith("of which no record can be used: problems.jsonl:1: it has no 'answer'")


@pytest.mark.parametrize(
    "answer", ["18.", "$18", "\\$18", "18%", "$ 18", "**18**", "18 dollars", "\\boxed{18}", "1.8e1"]
)
def test_what_people_write_around_a_number(tmp_path: Path, answer: str) -> None:
    task = Gsm8k(collection(tmp_path, {"question": "?", "answer": 18}))
    assert rewards(task, only(task), f"<think></think><answer>{answer}</answer>") == (1.0, 1.0)
