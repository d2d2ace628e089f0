"""Problems with boxed answers: expected answers, prompts, strict and lenient grading."""

from pathlib import Path
from typing import Any

import pytest
from file_tasks import collection, only, rewards

from fathom.base.errors import ConfigError
from fathom.tasks.math_style import MathStyle


def test_an_item(tmp_path: Path) -> None:
    pytest.importorskip("math_verify")
    record = {"problem": "Find $x$.", "solution": "So $x=\\boxed{\\frac{1}{2}}$.", "level": "Level 1"}
    task = MathStyle(collection(tmp_path, record), label="math-500")
    item = only(task)
    assert item.answer == "\\frac{1}{2}"
    assert item.metadata == {"level": "Level 1"}
    assert isinstance(item.prompt, tuple)
    assert item.prompt[0].content == (
        "Find $x$.\nPlease reason step by step, and put your final answer within \\boxed{}."
    )
    assert rewards(task, item, "<think>\\boxed{3}</think>So \\boxed{0.5}.") == (1.0, 1.0)
    assert rewards(task, item, "\\boxed{0.5}") == (1.0, 1.0)
    assert rewards(task, item, "\\boxed{0.5} or \\boxed{2}") == (0.0, 0.0)
    assert rewards(task, item, "\\boxed{2} or \\boxed{0.5}") == (0.0, 1.0)
    assert rewards(task, item, "\\boxed{1-\\frac12}") == (0.0, 1.0)
    task.verifier.close()


def test_an_answer_beside_the_problem(tmp_path: Path) -> None:
    pytest.importorskip("math_verify")
    task = MathStyle(collection(tmp_path, {"question": "?", "answer": 204}, {"problem": "!", "solution": "no box"}))
    assert only(task).answer == "204"


@pytest.mark.parametrize(
    ("record", "answer"),
    [
        ({"answer": None, "solution": "\\boxed{3}"}, "3"),
        ({"answer": float("nan"), "solution": "$\\boxed 3$"}, "3"),
        ({"answer": "", "solution": "\\boxed{3}"}, "3"),
        ({"answer": 42}, "42"),
        ({"answer": 0.5}, "0.5"),
        ({"answer": 1e22}, "10000000000000000000000"),
        ({"answer": ["3"]}, "3"),
        ({"answer": ["3", 4]}, "3, 4"),
    ],
)
def test_answers_of_records(tmp_path: Path, record: dict[str, Any], answer: str) -> None:
    pytest.importorskip("math_verify")
    assert only(MathStyle(collection(tmp_path, {"problem": "p", **record}))).answer == answer


@pytest.mark.parametrize("answer", [None, float("nan"), float("inf"), True, {"value": 3}, [], ["3", None], [[3]], " "])
def test_a_record_without_an_answer_is_skipped(tmp_path: Path, answer: Any) -> None:
    pytest.importorskip("math_verify")
    with pytest.raises(ConfigError, match=r"of which no record can be used: problems\.jsonl:1: it"):
        only(MathStyle(collection(tmp_path, {"problem": "p", "answer": answer})))
