"""What was taught beyond the base: counted by hand, and once from end to end."""

import json

import pytest
from rich.console import Console
from toy_rl import Begin, build

from fathom.checkpoint.hf.export import save_directory
from fathom.recipes.countdown.vocabulary import template, tokenizer
from fathom.train.rl import beyond as module
from fathom.train.rl import run
from fathom.train.rl.beyond import ALL, UNSOLVED, Beyond, BeyondConfig, Trial, beyond, compare, mcnemar, wilson
from fathom.train.rl.config import TaskConfig
from fathom.train.rl.curriculum import Curriculum, Level
from fathom.train.run.display import Display
from fathom.train.run.metrics import read


def test_what_the_base_never_solved_is_counted_against_its_second_try():
    trials = [
        Trial(first=3, model=0),  # lost
        Trial(first=1, model=2),
        Trial(first=0, model=2, again=0),
        Trial(first=0, model=1, again=1),
        Trial(first=0, model=0, again=1),
        Trial(first=0, model=0, again=0),
        Trial(first=0, model=1, again=0),
    ]
    found = compare(trials, 4)
    assert found == Beyond(
        problems=7,
        samples=4,
        unsolved=5,
        solved=3,
        control=2,
        only_model=2,
        only_control=1,
        pass_1=0.2,
        control_1=0.1,
        lost=1,
    )
    line = found.metrics()
    assert (line["share"], line["control_share"], line["p_value"]) == (0.6, 0.4, 1.0)
    assert line["interval"] == pytest.approx((0.2307, 0.8824), abs=1e-4)


def test_a_base_that_solves_everything_leaves_nothing_to_count():
    line = compare([Trial(1, 1), Trial(2, 2)], 4).metrics()
    assert (line["unsolved"], line["share"], line["interval"], line["p_value"]) == (0, None, (0.0, 1.0), 1.0)


@pytest.mark.parametrize(
    ("successes", "count", "interval"),
    [
        (0, 0, (0.0, 1.0)),
        (0, 10, (0.0, 0.2775)),
        (1, 10, (0.0179, 0.4042)),
        (5, 10, (0.2366, 0.7634)),
        (10, 10, (0.7225, 1.0)),
        (15, 148, (0.0624, 0.1605)),
    ],
)
def test_intervals_of_a_share(successes, count, interval):
    assert wilson(successes, count) == pytest.approx(interval, abs=1e-4)


@pytest.mark.parametrize(
    ("one", "other", "chance"), [(0, 0, 1.0), (5, 0, 0.0625), (0, 5, 0.0625), (8, 2, 0.109375), (3, 3, 1.0)]
)
def test_the_chance_of_uneven_counts(one, other, chance):
    assert mcnemar(one, other) == chance


class Rarely(Begin):
    """Every second problem is never solved; the others where the first character is a digit."""

    name = "rarely"

    def verify(self, item, completion):
        verdict = super().verify(item, completion)
        return type(verdict)(0.0, False, True) if int(item.id.split("/")[-1]) % 2 else verdict


def test_a_line_for_every_level_and_the_problems_to_read(tmp_path, monkeypatch):
    for name, seed in (("base", 0), ("model", 1)):
        save_directory(tmp_path / name, build(seed), tokenizer=tokenizer(), template=template())

    def world(_config):
        return Curriculum([Level("plain", Begin()), Level("rare", Rarely(), after="plain")])

    monkeypatch.setattr(run, "task_of", world)
    monkeypatch.setattr(module, "task_of", world)
    config = BeyondConfig(
        name="toy",
        start=str(tmp_path / "model"),
        base=str(tmp_path / "base"),
        task=TaskConfig(name="toy"),
        problems=8,
        samples=16,
        max_tokens=4,
    )
    with Display(Console(quiet=True)) as display:
        assert beyond(config, tmp_path / "out", display)
    lines = {line["level"]: line for line in read(tmp_path / "out")}
    assert list(lines) == [ALL, "plain", "rare"]
    assert [line["problems"] for line in lines.values()] == [8, 4, 4]
    assert lines["rare"]["unsolved"] >= 2
    assert lines[ALL]["unsolved"] == lines["plain"]["unsolved"] + lines["rare"]["unsolved"]
    shown = [json.loads(line) for line in (tmp_path / "out" / UNSOLVED).read_text().splitlines()]
    assert len(shown) == lines[ALL]["unsolved"]
    for line in shown:
        assert (line["text"] is None) == (line["model"] == 0)
        assert line["again"] is not None
