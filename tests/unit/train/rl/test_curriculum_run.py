"""A run through levels, killed and resumed: the same problems, the same weights."""

import pytest
from rich.console import Console
from toy_rl import Begin, build

from fathom.checkpoint.bundle import open_bundle
from fathom.checkpoint.hf.export import save_directory
from fathom.optim.config import AdamWConfig, OptimConfig
from fathom.recipes.countdown.vocabulary import template, tokenizer
from fathom.train.rl import run
from fathom.train.rl.config import EvaluationConfig, ReadinessConfig, RLConfig, SamplingConfig
from fathom.train.rl.curriculum import Curriculum, Level
from fathom.train.rl.run import run_rl
from fathom.train.rl.trainer import Trainer
from fathom.train.run.display import Display
from fathom.train.run.metrics import read
from fathom.train.run.task import TaskConfig


def world(_config):
    levels = [Level("easy", Begin()), Level("hard", Begin(), after="easy"), Level("late", Begin(), after="hard")]
    return Curriculum(levels, window=4, threshold=0.0, floor=0.1)


def test_a_killed_run_goes_on_through_the_same_levels(tmp_path, monkeypatch):
    save_directory(tmp_path / "base", build(), tokenizer=tokenizer(), template=template())
    config = RLConfig(
        name="toy",
        start=str(tmp_path / "base"),
        task=TaskConfig(name="toy"),
        steps=5,
        sampling=SamplingConfig(prompts=6, group=4, max_tokens=5, truncated="mask"),
        optim=OptimConfig(adamw=AdamWConfig(lr=1e-2, weight_decay=0)),
        gate=ReadinessConfig(mode="off"),
        evaluation=EvaluationConfig(every=2, problems=6, samples=2),
        checkpoint={"every": 1},
    )
    monkeypatch.setattr(run, "load_task", world)
    original = Trainer.run_step

    def dies(trainer):
        if trainer.step == 2:
            raise KeyboardInterrupt
        return original(trainer)

    whole, parts = tmp_path / "whole", tmp_path / "parts"
    with Display(Console(quiet=True)) as display:
        run_rl(config, whole, display)
        with monkeypatch.context() as killing:
            killing.setattr(Trainer, "run_step", dies)
            with pytest.raises(KeyboardInterrupt):
                run_rl(config, parts, display)
        run_rl(config, parts, display)
    a, b = (open_bundle(out / "final", dtype="float32").model.state_dict() for out in (whole, parts))
    assert all((a[name] == b[name]).all() for name in a)
    lines, again = ([line for line in read(out) if line["kind"] == "rl"] for out in (whole, parts))
    assert [line["levels"] for line in again] == [line["levels"] for line in lines]
    assert lines[0]["open"] == ["easy", "hard"]
    assert lines[-1]["open"] == ["easy", "hard", "late"]
    assert (parts / "rollouts.jsonl").read_text() == (whole / "rollouts.jsonl").read_text()
    looked = [line for line in read(whole) if line["kind"] == "evaluation"]
    assert [sorted(line["levels"]) for line in looked] == [["easy", "hard", "late"]] * 3
