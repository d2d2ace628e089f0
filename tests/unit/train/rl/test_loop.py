"""The loop over rollouts, driven as a session drives it."""

import pytest
from rich.console import Console
from toy_rl import build, grader

from fathom.checkpoint.store.store import Store
from fathom.optim.config import AdamWConfig, OptimConfig
from fathom.recipes.countdown.vocabulary import template, tokenizer
from fathom.tasks.task import VerdictError
from fathom.train.rl.config import EvaluationConfig, RLConfig, SamplingConfig
from fathom.train.rl.loop import RolloutLoop
from fathom.train.rl.policy_optimization import policy_trainer
from fathom.train.rl.readiness import Finding
from fathom.train.run.display import Display
from fathom.train.run.metrics import Recorder, read
from fathom.train.run.session import RunSession
from fathom.train.run.task import TaskConfig
from fathom.train.run.trainee import Trainee

CONFIG = RLConfig(
    name="toy",
    start="toy",
    task=TaskConfig(name="toy"),
    steps=3,
    sampling=SamplingConfig(prompts=2, group=2, max_tokens=4),
    optim=OptimConfig(adamw=AdamWConfig(lr=1e-3, weight_decay=0)),
    evaluation=EvaluationConfig(every=2, problems=2, samples=2),
    checkpoint={"every": 2},
)


@pytest.fixture
def loop(tmp_path):
    def examine(_trainer, _recorder):
        return [Finding("doubtful", "few are right", "wait")]

    model = build()
    with Display(Console(quiet=True)) as display:
        session = RunSession(CONFIG, tmp_path, Trainee(model, tokenizer(), template()), display)
        yield RolloutLoop(CONFIG, policy_trainer(model, grader(model), CONFIG), session, examine)


def test_a_new_run_describes_what_speaks_against_its_base(loop, tmp_path):
    assert loop.describe(Recorder(tmp_path)) == {"updates": 3, "findings": ["few are right: wait"]}


def test_steps_are_logged_evaluated_and_saved(loop, tmp_path):
    loop.run(Recorder(tmp_path), lambda: False)
    assert (loop.step, loop.total, loop.is_finished(0.0)) == (3, 3, True)
    lines = read(tmp_path)
    assert [line["step"] for line in lines if line["kind"] == "rl"] == [1, 2, 3]
    assert [line["step"] for line in lines if line["kind"] == "evaluation"] == [2, 3]
    assert all(line["flops"] > 0 and line["tokens_per_second"] > 0 for line in lines if line["kind"] == "rl")
    assert len((tmp_path / "rollouts.jsonl").read_text().splitlines()) == 2 * 3
    assert Store(tmp_path).latest().step == 3


def test_it_stops_where_it_is_asked_to_and_saves(loop, tmp_path):
    asked = iter([False, True])
    loop.run(Recorder(tmp_path), lambda: next(asked))
    assert loop.step == 1
    assert Store(tmp_path).latest().step == 1


def test_what_was_learned_is_saved_before_a_task_fails(loop, tmp_path, monkeypatch):
    original = loop.trainer.run_step

    def fails():
        if loop.step == 1:
            raise VerdictError("verify of the task toy raised KeyError", "correct it")
        return original()

    monkeypatch.setattr(loop.trainer, "run_step", fails)
    with pytest.raises(VerdictError, match="raised KeyError"):
        loop.run(Recorder(tmp_path), lambda: False)
    assert Store(tmp_path).latest().step == 1  # and a checkpoint is due at step 2 alone


def test_time_ends_a_run(loop):
    loop.config = CONFIG.model_copy(update={"max_minutes": 1.0})
    assert not loop.is_finished(59.0)
    assert loop.is_finished(61.0)
