"""What one process and two must do alike. Each part trains something into a directory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from tiny_runs import counting, tiny, tiny_config, tiny_model
from toy_rl import build, grader

from fathom.base.distributed import World
from fathom.checkpoint.store.store import Store
from fathom.data.shards.store import Sample
from fathom.optim.config import AdamWConfig, OptimConfig, ScheduleConfig
from fathom.train.components.balance import Balance
from fathom.train.rl.config import RLConfig, SamplingConfig
from fathom.train.rl.policy_optimization import policy_trainer
from fathom.train.run.display import Display
from fathom.train.run.metrics import Recorder
from fathom.train.run.task import TaskConfig
from fathom.train.supervised.config import BatchConfig, GeneratedData, LossConfig, PretrainConfig
from fathom.train.supervised.loop import Loop
from fathom.train.supervised.run import load_trainee, train

TOTAL = 6

SMOOTH = AdamWConfig(lr=1e-2, eps=1e-2, weight_decay=0)
"""So that an update follows the gradient: with a small eps Adam turns the sign of a rounding error into a full step."""


def gradients(place: Path, world: World) -> None:
    """The gradient of one update, before an optimizer sees it."""
    config = tiny_config(batch=BatchConfig(rows=4, length=32, micro_rows=1), loss=LossConfig(balance=0.1, z=0.01))
    model, source = tiny(config, world)
    loop = Loop(model, config, source, TOTAL, world=world)
    loop.optimizers.step = lambda _factor: 1.0  # type: ignore[method-assign]
    loop.update(Balance(model, world), statistics=True)
    write(place, world, {name: p.grad for name, p in model.named_parameters() if p.grad is not None})


def whole(place: Path, world: World) -> None:
    """A run from its beginning to its end."""
    finish(place, world)


def begun(place: Path, world: World) -> None:
    """The first four updates of six."""
    config = run_config()
    trainee = load_trainee(config, world)
    _, source = tiny(config, world)
    asked = iter([False] * 4 + [True])
    loop = Loop(trainee.model, config, source, TOTAL, store=Store(place), world=world)
    loop.run(Recorder(place, writes=world.is_main), lambda: next(asked))


def finish(place: Path, world: World) -> None:
    """What is left of a run."""
    config = run_config()
    trainee = load_trainee(config, world)
    rows = counting(config.batch.length)
    assert train(config, trainee, rows, place, Display(Console(quiet=True)), world=world)


def reinforced(place: Path, world: World) -> None:
    """Two steps of reinforcement learning, of two updates each; groups with equal rewards are replaced."""
    config = RLConfig(
        name="toy",
        start="toy",
        task=TaskConfig(name="toy"),
        steps=2,
        sampling=SamplingConfig(prompts=5, group=4, max_tokens=10, rounds=2),
        optim=OptimConfig(adamw=SMOOTH, schedule=ScheduleConfig(kind="constant")),
        updates=2,
        micro_tokens=60,
    )
    model = build()
    trainer = policy_trainer(model, grader(model, world=world), config, world=world)
    lines = [trainer.run_step()[0] for _ in range(config.steps)]
    write(place, world, dict(model.named_parameters()), lines)


def run_config() -> PretrainConfig:
    """Three rows at first, which two ranks cannot share; an average of the weights."""
    model = tiny_model().model_copy(update={"vocab_size": 320})
    return tiny_config(
        model=model,
        steps=TOTAL,
        batch=BatchConfig(rows=4, length=32, micro_rows=2, ramp_from=3, ramp_until=0.5),
        optim=OptimConfig(adamw=SMOOTH, ema=0.9),
        threads=1,
        checkpoint={"every": 2},
        validation=GeneratedData(function=f"{__file__}:held_out"),
    )


def held_out() -> Iterator[Sample]:
    """Validation data of the run."""
    for start in range(30):
        yield Sample([(start + i) % 60 for i in range(5 + start % 7)])


def write(place: Path, world: World, tensors: dict[str, torch.Tensor], lines: Any = None) -> None:
    """For the test to read: the tensors of each rank, and what was measured."""
    place.mkdir(parents=True, exist_ok=True)
    torch.save({name: tensor.detach() for name, tensor in tensors.items()}, place / f"{world.rank}.pt")
    if world.is_main:
        (place / "lines.json").write_text(json.dumps(lines))
