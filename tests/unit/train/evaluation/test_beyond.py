"""The stage `beyond` from end to end."""

import json

from rich.console import Console
from toy_rl import Begin, build

from fathom.checkpoint.hf.export import save_directory
from fathom.recipes.countdown.vocabulary import template, tokenizer
from fathom.train.evaluation import beyond as module
from fathom.train.evaluation.beyond import ALL, UNSOLVED, BeyondConfig, beyond
from fathom.train.rl.curriculum import Curriculum, Level
from fathom.train.run.display import Display
from fathom.train.run.metrics import read
from fathom.train.run.task import TaskConfig


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

    monkeypatch.setattr(module, "load_task", world)
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
