"""Levels: when they open, what is drawn, and that all of it comes back after a kill."""

import copy
import json
from collections import Counter
from dataclasses import dataclass

import pytest
from toy_rl import Begin, build, grader

from fathom.base.errors import ConfigError
from fathom.evals.metrics import evaluate_levels, metrics
from fathom.optim.config import AdamWConfig, OptimConfig
from fathom.tasks.task import LEVEL, Item, Task, Verdict
from fathom.train.rl.config import RLConfig, SamplingConfig
from fathom.train.rl.curriculum import Adaptive, Curriculum, Level
from fathom.train.rl.policy_optimization import policy_trainer
from fathom.train.run.task import TaskConfig


class Count:
    """Problems 0, 1, 2 …; right is the number itself. ``held`` of them are held out."""

    def __init__(self, name="count", held=3, train=10**9):
        self.name = name
        self.held = held
        self.train = train

    def items(self, split, *, seed=0, limit=None):
        last = self.train if split == "train" else self.held
        for number in range(last if limit is None else min(limit, last)):
            yield Item(f"{split}{number + seed}", str(number), number)

    def verify(self, item, completion):
        right = completion == f"{self.name}{item.answer}"
        return Verdict(float(right), right, True)

    def verify_lenient(self, item, completion):
        return self.verify(item, completion.strip())


@dataclass
class Sampled:
    """A group of ``size`` completions of which ``correct`` are correct."""

    level: str
    correct: int
    size: int = 4

    @property
    def item(self):
        return Item("x", "x", 0, {LEVEL: self.level})

    @property
    def members(self):
        return range(self.size)


def ladder(**options):
    levels = [Level("a", Count("a")), Level("b", Count("b"), after="a"), Level("c", Count("c"), after="b")]
    return Curriculum(levels, **({"window": 4, "threshold": 0.5, "floor": 0.1} | options))


def test_it_is_a_task_and_adapts():
    assert isinstance(ladder(), Task)
    assert isinstance(ladder(), Adaptive)
    assert not isinstance(Count(), Adaptive)


def test_a_level_opens_when_the_one_before_it_is_passed_over_a_whole_window():
    one = ladder()
    assert one.open == ["a"]
    assert one.observe([Sampled("a", 4), Sampled("a", 4), Sampled("a", 4)])["open"] == ["a"]  # 3 groups of 4
    assert one.observe([Sampled("a", 0)])["open"] == ["a", "b"]  # 12 of 16
    assert one.observe([Sampled("a", 0)] * 4)["open"] == ["a", "b"]  # forgotten, but open it stays
    assert one.observe([Sampled("b", 1), Sampled("b", 2), Sampled("b", 2), Sampled("b", 2)])["open"] == ["a", "b"]
    assert one.observe([Sampled("b", 2)])["open"] == ["a", "b", "c"]  # 8 of 16 is just enough


def test_only_one_level_opens_at_a_time():
    one = ladder(threshold=0.0)
    assert one.observe([Sampled("a", 0)] * 4)["open"] == ["a", "b"]
    assert one.observe([])["open"] == ["a", "b"]


def test_what_is_undecided_is_drawn_and_the_floor_is_kept():
    one = ladder()
    one.load({"open": ["a", "b", "c"], "seen": {"a": [[4, 4]] * 4, "b": [[2, 4]] * 4, "c": []}})
    # (undecided + 1) / (groups + 2): 1/6, 5/6 and 1/2 of a sum of 9/6; 0.7 beyond the floors is theirs to divide
    assert one.shares() == pytest.approx({"a": 0.1 + 0.7 / 9, "b": 0.1 + 0.7 * 5 / 9, "c": 0.1 + 0.7 * 3 / 9})
    counts = Counter(item.metadata[LEVEL] for item in one.items("train", seed=5, limit=9000))
    assert counts["a"] / 9000 == pytest.approx(0.178, abs=0.02)
    assert counts["b"] / 9000 == pytest.approx(0.489, abs=0.02)


def test_a_trickle_of_closed_levels_stays_in_the_draw():
    one = ladder(trickle=0.05)
    assert one.open == ["a"]
    assert one.shares() == pytest.approx({"a": 0.9, "b": 0.05, "c": 0.05})
    observed = one.observe([Sampled("a", 4), Sampled("a", 4), Sampled("c", 1), Sampled("a", 4)])
    assert observed["open"] == ["a"]  # what was drawn of a closed level opens nothing
    assert observed["levels"]["c"] == {"share": 0.05, "pass@1": 0.25, "recent": 0.25, "undecided": pytest.approx(2 / 3)}


def test_a_floor_that_leaves_nothing_divides_evenly():
    one = ladder(floor=0.9)
    one.load({"open": ["a", "b"], "seen": {"a": [[4, 4]] * 4, "b": [], "c": []}})
    assert one.shares() == {"a": 0.5, "b": 0.5}


def test_half_solved_problems_teach_nothing_where_the_other_half_is_hopeless():
    one = ladder()
    one.load({"open": ["a"], "seen": {"a": [[4, 4], [0, 4], [4, 4], [0, 4]], "b": [], "c": []}})
    assert one.pass_rate("a") == 0.5
    assert one.mixed_group_probability("a") == pytest.approx(1 / 6)


def test_what_is_logged_is_what_happened():
    one = ladder()
    first = one.observe([Sampled("a", 1), Sampled("a", 4)])
    assert first == {
        "levels": {"a": {"share": 1.0, "pass@1": 0.625, "recent": 0.625, "undecided": 0.5}},
        "open": ["a"],
    }
    second = one.observe([])
    assert second["levels"]["a"]["pass@1"] is None
    assert second["levels"]["a"]["recent"] == 0.625


def test_the_state_is_plain_and_decides_every_draw():
    one, other = ladder(), ladder()
    one.observe([Sampled("a", 4)] * 3 + [Sampled("a", 1)])
    state = json.loads(json.dumps(one.state()))
    assert state == {"open": ["a", "b"], "seen": {"a": [[4, 4], [4, 4], [4, 4], [1, 4]], "b": [], "c": []}}
    assert list(other.items("train", seed=3, limit=20)) != list(one.items("train", seed=3, limit=20))
    other.load(state)
    assert list(other.items("train", seed=3, limit=20)) == list(one.items("train", seed=3, limit=20))
    assert list(other.items("train", seed=4, limit=20)) != list(one.items("train", seed=3, limit=20))


def test_problems_are_drawn_from_open_levels_and_go_back_to_their_own_verifier():
    one = ladder()
    items = list(one.items("train", seed=0, limit=5))
    assert [(item.id, item.metadata) for item in items[:2]] == [
        ("a/train0", {"level": "a"}),
        ("a/train1", {"level": "a"}),
    ]
    held = list(one.items("test"))
    assert [item.id for item in held[:4]] == ["a/test0", "b/test0", "c/test0", "a/test1"]
    assert one.verify(held[1], "b0").correct
    assert not one.verify(held[1], "a0").correct
    assert not one.verify(held[1], " b0").correct
    assert one.verify_lenient(held[1], " b0").correct


def test_held_out_levels_of_different_sizes_end_one_by_one_and_small_training_sets_begin_anew():
    one = Curriculum([Level("few", Count(held=1, train=2)), Level("more", Count(held=3, train=2))])
    assert [item.id for item in one.items("validation")] == [
        "few/validation0",
        "more/validation0",
        "more/validation1",
        "more/validation2",
    ]
    assert len(list(one.items("train", limit=50))) == 50


@pytest.mark.parametrize(
    ("levels", "words"),
    [
        ([], "without levels"),
        ([Level("a", Count()), Level("a", Count())], "two levels are called 'a'"),
        ([Level("a", Count(), after="b"), Level("b", Count())], "level 'a' opens after 'b'"),
        ([Level("a", Count(), after="a")], "opens after 'a'"),
    ],
)
def test_levels_that_cannot_be_opened_are_refused(levels, words):
    with pytest.raises(ConfigError, match=words):
        Curriculum(levels)


@pytest.mark.parametrize("options", [{"threshold": 1.5}, {"floor": -0.1}, {"trickle": 2}, {"window": 0}])
def test_options_that_cannot_be_are_refused(options):
    with pytest.raises(ConfigError, match="options do not fit; choose shares"):
        ladder(**options)


def trainer():
    model = build()
    levels = [Level("easy", Begin()), Level("hard", Begin(), after="easy")]
    task = Curriculum(levels, window=4, threshold=0.0)
    settings = RLConfig(
        name="toy",
        start="toy",
        task=TaskConfig(name="toy"),
        steps=9,
        sampling=SamplingConfig(prompts=4, group=4, max_tokens=10),
        optim=OptimConfig(adamw=AdamWConfig(lr=1e-2, weight_decay=0)),
    )
    return policy_trainer(model, grader(model, task), settings)


def test_a_resumed_run_draws_the_same_problems():
    straight, first, second = trainer(), trainer(), trainer()
    lines = [straight.run_step() for _ in range(4)]
    assert lines[0][0]["open"] == ["easy", "hard"]
    assert set(lines[1][0]["levels"]) == {"easy", "hard"}
    for _ in range(2):
        first.run_step()
    second.load(copy.deepcopy(first.state()))
    for line, groups in lines[2:]:
        again, sampled = second.run_step()
        assert [group.item.id for group in sampled] == [group.item.id for group in groups]
        assert (again["levels"], again["loss"]) == (line["levels"], line["loss"])


def test_an_evaluation_speaks_of_each_level():
    groups = trainer().sample_held_out(5, 2, 1.0)
    assert {name: found.problems for name, found in evaluate_levels(groups).items()} == {"easy": 3, "hard": 2}
    assert set(metrics(groups)["levels"]["hard"]) >= {"pass@1", "pass@2", "length"}
    plain = grader(build()).sample_and_grade([Item("x", "1", 1)], 1, max_tokens=2, temperature=1.0, seed=0)
    assert "levels" not in metrics(plain)


def test_levels_with_metrics_of_their_own_are_described_by_level():
    class Described(Begin):
        def describe(self, groups):
            return {"sizes": [len(group.members) for group in groups]}

    task = Curriculum([Level("a", Described()), Level("b", Begin()), Level("c", Described())])
    sampler = grader(build(), task)
    groups = sampler.sample_and_grade(list(task.items("test", limit=6)), 2, max_tokens=2, temperature=1.0, seed=0)
    assert task.describe(groups) == {"sizes": {"a": [2, 2], "c": [2, 2]}}
