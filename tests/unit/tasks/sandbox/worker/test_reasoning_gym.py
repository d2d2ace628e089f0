"""Problems and scores of reasoning-gym, as the helper process computes them."""

import pytest

pytest.importorskip("reasoning_gym")

from fathom.tasks.sandbox.worker.reasoning_gym import answer


def request(what: str, **more: object) -> dict[str, object]:
    return {"what": what, "dataset": "leg_counting", "options": {"max_animals": 3}, "seed": 7, **more}


def test_names() -> None:
    names = answer({"what": "names"})
    assert names == sorted(names)
    assert "leg_counting" in names


def test_a_problem_is_scored_by_its_own_answer() -> None:
    problem = answer(request("item", index=0))
    assert problem.keys() == {"question", "answer"}
    assert answer(request("score", index=0, answer=problem["answer"])) == 1.0
    assert answer(request("score", index=0, answer="nothing")) < 1.0


def test_chunks_continue_each_other() -> None:
    beyond = answer(request("item", index=501))
    assert beyond == answer(request("item", index=1) | {"seed": 507})


def test_problems_depend_on_the_seed() -> None:
    assert answer(request("item", index=0)) != answer(request("item", index=0) | {"seed": 8})
