"""The corpus: what a solver writes, how often solvers fail, and that nothing held out is in it."""

import random
from collections import Counter
from itertools import islice

import pytest

from fathom.recipes.countdown.traces import SolverErrors, ZeroCountdown, question, solve, traces
from fathom.tasks.task import Item, Task

PERFECT = SolverErrors(guess=0, patience=(1, 1), slip=0, overlook=0, imagine=0)
TASK = ZeroCountdown()


def item(target, *numbers):
    return Item("test", question_of(target, numbers), target, {"numbers": numbers})


def question_of(target, numbers):
    return f"{target} from {' '.join(map(str, numbers))}"


def test_a_patient_solver_without_slips_writes_every_line_and_always_succeeds():
    first = solve(item(17, 9, 5, 3), PERFECT, random.Random(3))
    assert first.completion == (
        " 5 - 3 = 2, 9 + 11 - 7 * 18\n 9 * 3 = 27, 5 + 32 - 22 * big\n 9 + 5 = 14, 3 + 17 !\n</think> ( 9 + 5 ) + 3"
    )
    found = list(islice(traces(PERFECT), 400))
    assert all(TASK.verify(one.item, one.completion).correct for one in found)
    assert max(one.lines for one in found) == 9


def test_the_default_habits_leave_room_to_learn():
    found = list(islice(traces(SolverErrors()), 3000))
    right = {kind: [] for kind in ("guess", "hit", "imagined", "gave up")}
    for one in found:
        verdict = TASK.verify(one.item, one.completion)
        assert verdict.well_formed
        right[one.kind].append(verdict.correct)
    share = {kind: sum(verdicts) / len(verdicts) for kind, verdicts in right.items()}
    everyone = sum(sum(verdicts) for verdicts in right.values()) / len(found)
    assert 0.25 < everyone < 0.45
    assert share["guess"] < 0.15
    assert share["imagined"] < 0.05
    assert share["hit"] > 0.95


@pytest.mark.parametrize("split", ["validation", "test"])
def test_no_held_out_numbers_are_in_the_corpus(split):
    held_out = {tuple(sorted(one.metadata["numbers"])) for one in TASK.items(split)}
    seen = {tuple(sorted(one.item.metadata["numbers"])) for one in islice(traces(SolverErrors()), 5000)}
    assert held_out
    assert held_out.isdisjoint(seen)


def test_the_same_seed_gives_the_same_corpus():
    one, same, other = (list(islice(traces(SolverErrors(), seed=seed), 20)) for seed in (1, 1, 2))
    assert one == same
    assert one != other


@pytest.mark.parametrize(("habit", "kind"), [({"guess": 1.0}, "guess"), ({"patience": (0, 0)}, None)])
def test_a_habit_taken_to_its_end(habit, kind):
    kinds = Counter(one.kind for one in islice(traces(SolverErrors(**habit)), 200))
    lines = {one.lines for one in islice(traces(SolverErrors(**habit)), 200)}
    if kind:
        assert kinds == {kind: 200}
        assert lines == {0}
    else:
        assert lines <= {0, 1}


def test_slips_and_imagined_hits_are_written_down_as_they_happen():
    slipping = PERFECT.model_copy(update={"slip": 1.0, "patience": (0.0, 0.0), "imagine": 1.0})
    trace = solve(item(17, 9, 5, 3), slipping, random.Random(0))
    assert (trace.kind, trace.lines) == ("imagined", 1)
    assert trace.completion.count("!") == 1
    assert trace.completion.split("</think>")[0].endswith(" !\n")


def test_it_is_a_task_asked_as_a_user_types():
    assert isinstance(TASK, Task)
    first = next(iter(TASK.items("test")))
    assert first.prompt[0].content == question(first) == question_of(first.answer, first.metadata["numbers"])
    solution = f" </think> {first.metadata['solution']}"
    assert TASK.verify(first, solution).reward == 1
    assert TASK.verify(first, "</think> 1 + 1").reward == 0
    assert TASK.verify(first, first.metadata["solution"]).reward == 0
    assert TASK.lenient(first, first.metadata["solution"]).correct
