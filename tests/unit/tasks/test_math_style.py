"""Problems with boxed answers: expected answers, prompts, strict and lenient grading."""

from pathlib import Path

import pytest
from file_tasks import collection, only, rewards

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
