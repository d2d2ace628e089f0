"""GSM8K: numbers after ####, strict and lenient grading."""

from fractions import Fraction
from pathlib import Path

from file_tasks import collection, only, rewards

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
