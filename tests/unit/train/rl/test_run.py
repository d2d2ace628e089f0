"""A run from a checkpoint to a finished model: begun, killed, resumed, refused."""

import io
import json
import shutil

import pytest
from rich.console import Console
from safetensors.torch import load_file
from toy_rl import build

from fathom.base.errors import CheckpointError, ConfigError
from fathom.checkpoint.bundle import open_bundle
from fathom.checkpoint.hf.export import save_directory
from fathom.checkpoint.store.store import Store
from fathom.optim.config import AdamWConfig, OptimConfig
from fathom.recipes.countdown.vocabulary import template, tokenizer
from fathom.tasks.task import VerdictError
from fathom.train.rl.config import EvaluationConfig, ReadinessConfig, RLConfig, SamplingConfig
from fathom.train.rl.readiness import Finding
from fathom.train.rl.run import run_rl
from fathom.train.rl.trainer import Trainer
from fathom.train.run.display import Display
from fathom.train.run.metrics import read, read_description
from fathom.train.run.task import TaskConfig

TASK = TaskConfig(name="zero-countdown-3")


@pytest.fixture
def start(tmp_path):
    path = tmp_path / "base"
    save_directory(path, build(), tokenizer=tokenizer(), template=template())
    return str(path)


@pytest.fixture
def display():
    with Display(Console(quiet=True)) as shown:
        yield shown


def config(start, **changes):
    settings = {
        "name": "toy",
        "start": start,
        "task": TASK,
        "steps": 4,
        "sampling": SamplingConfig(prompts=2, group=2, max_tokens=6),
        "optim": OptimConfig(adamw=AdamWConfig(lr=1e-3, weight_decay=0)),
        "gate": ReadinessConfig(mode="off"),
        "evaluation": EvaluationConfig(every=2, problems=2, samples=2),
        "checkpoint": {"every": 2},
    }
    return RLConfig.model_validate(settings | changes)


def test_a_run_leaves_metrics_rollouts_and_a_model(start, display, tmp_path):
    out = tmp_path / "run"
    assert run_rl(config(start), out, display)
    lines = read(out)
    assert [line["step"] for line in lines if line["kind"] == "rl"] == [1, 2, 3, 4]
    assert [line["step"] for line in lines if line["kind"] == "evaluation"] == [2, 4]
    assert all(line["ratio_max"] == 1.0 for line in lines if line["kind"] == "rl")
    shown = [json.loads(line) for line in (out / "rollouts.jsonl").read_text().splitlines()]
    assert [line["step"] for line in shown] == [1, 1, 2, 2, 3, 3, 4, 4]
    assert {len(line["completions"]) for line in shown} == {2}
    assert open_bundle(out / "final", dtype="float32").tokenizer.vocab_size == tokenizer().vocab_size
    assert run_rl(config(start), out, display)  # says that nothing is left to do
    assert read(out) == lines


def test_a_killed_run_resumes_to_the_same_weights(start, display, tmp_path, monkeypatch):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    doubting = config(start, gate=ReadinessConfig(problems=2, samples=2))
    monkeypatch.setattr(
        "fathom.train.rl.run.check_readiness", lambda *_: [Finding("doubtful", "few are right", "wait")]
    )
    run_rl(doubting, whole, display)
    original = Trainer.run_step

    def dies(trainer):
        if trainer.step == 3:  # a checkpoint lies behind step 2, metrics and rollouts of step 3 are written
            raise KeyboardInterrupt
        return original(trainer)

    monkeypatch.setattr(Trainer, "run_step", dies)
    with pytest.raises(KeyboardInterrupt):
        run_rl(doubting, parts, display)
    monkeypatch.undo()
    assert [line["step"] for line in read(parts) if line["kind"] == "rl"] == [1, 2, 3]
    run_rl(doubting, parts, display)
    a, b = (open_bundle(out / "final", dtype="float32").model.state_dict() for out in (whole, parts))
    assert all((a[name] == b[name]).all() for name in a)
    assert [line["step"] for line in read(parts) if line["kind"] == "rl"] == [1, 2, 3, 4]
    assert (parts / "rollouts.jsonl").read_text() == (whole / "rollouts.jsonl").read_text()
    assert [read_description(out)["findings"] for out in (whole, parts)] == [["few are right: wait"]] * 2


def test_low_rank_updates_are_sampled_with_and_merged(start, display, tmp_path):
    asked = config(start, lora={"rank": 2}, save_dtype="bfloat16", steps=3, checkpoint={"every": 1})
    assert run_rl(asked, tmp_path / "run", display)
    lines = [line for line in read(tmp_path / "run") if line["kind"] == "rl"]
    assert all(line["engine_gap"] < 1e-4 for line in lines)  # the engine sees the updates
    assert json.loads((tmp_path / "run/final/config.json").read_text())["dtype"] == "bfloat16"
    assert (tmp_path / "run/adapter/adapter_model.safetensors").is_file()
    state = load_file(tmp_path / "run/checkpoints/step-00000003/state.safetensors")
    assert not [name for name in state if name.endswith("original")]
    shutil.rmtree(tmp_path / "run/final")
    shutil.rmtree(tmp_path / "run/checkpoints/step-00000003")
    before = load_file(tmp_path / "run/adapter/adapter_model.safetensors")
    assert run_rl(asked, tmp_path / "run", display)
    after = load_file(tmp_path / "run/adapter/adapter_model.safetensors")
    assert all((before[name] == after[name]).all() for name in before)


def test_low_rank_updates_of_another_base_are_refused(start, display, tmp_path):
    asked = config(start, lora={"rank": 2})
    run_rl(asked, tmp_path / "run", display)
    save_directory(tmp_path / "base", build(1), tokenizer=tokenizer(), template=template())
    with pytest.raises(CheckpointError, match="have changed since; give start the model of the run"):
        run_rl(asked, tmp_path / "run", display)


def test_low_rank_updates_are_not_sampled_ahead(start):
    sampling = SamplingConfig(prompts=2, group=2, max_tokens=6, overlap=1)
    with pytest.raises(ValueError, match=r"with lora there is none: set sampling\.overlap=0"):
        config(start, lora={}, sampling=sampling)


LONG = """
from toy_rl import Begin, Item


class Long(Begin):
    \"\"\"Three problems, one of which the context cannot hold.\"\"\"

    def items(self, split, *, seed=0, limit=None):
        return iter([Item("a", "24", None), Item("b", "24 " * 70, None), Item("c", "25", None)][:limit])
"""


def test_a_question_that_the_context_cannot_hold_is_left_out_and_counted(start, tmp_path):
    (tmp_path / "long.py").write_text(LONG)
    written = io.StringIO()
    with Display(Console(file=written, width=1000)) as display:
        asked = config(start, task={"name": f"{tmp_path}/long.py:Long"}, gate=ReadinessConfig(problems=6, samples=2))
        gate = pytest.MonkeyPatch()
        gate.setattr("fathom.train.rl.run.check_readiness", lambda *_: [])
        assert run_rl(asked, tmp_path / "run", display)
        gate.undo()
    printed = written.getvalue()
    assert "4 steps of 2 problems × 2 completions of at most 6 tokens; peak learning rate 0.001\n" in printed
    assert (
        "1 of 3 training problems are left out: with completions of 6 tokens they exceed the context of 64" in printed
    )
    assert "of each of 2 held-out problems (gate.problems is 6: there are no more)" in printed
    shown = [json.loads(line)["id"] for line in (tmp_path / "run/rollouts.jsonl").read_text().splitlines()]
    assert shown == ["a", "c"] * 4
    lines = [line for line in read(tmp_path / "run") if line["kind"] == "rl"]
    assert {line["too_long"] for line in lines} == {1}


def test_questions_that_are_all_too_long_are_an_error(start, display, tmp_path):
    (tmp_path / "long.py").write_text(LONG.replace('"24"', '"24 " * 70').replace('"25"', '"25 " * 70'))
    with pytest.raises(
        ConfigError, match=r"no training problem of begin fits: .* exceed the context of 64; lower samp"
    ):
        run_rl(config(start, task={"name": f"{tmp_path}/long.py:Long"}), tmp_path / "run", display)


FAILING = """
from toy_rl import Begin, Verdict


class Failing(Begin):
    calls = 0

    def verify(self, item, completion):
        Failing.calls += 1
        return Verdict(float("nan") if Failing.calls > 25 else 1.0, True, True)
"""


def test_a_reward_that_is_no_number_ends_the_run_behind_its_last_step(start, display, tmp_path):
    (tmp_path / "failing.py").write_text(FAILING)
    asked = config(start, task={"name": f"{tmp_path}/failing.py:Failing"}, steps=50, checkpoint={"every": 100})
    with pytest.raises(VerdictError, match="verify of the task 'begin' gave the reward nan for item"):
        run_rl(asked, tmp_path / "run", display)
    assert Store(tmp_path / "run").latest().step >= 1


def test_a_run_that_samples_ahead_leaves_the_same_files(start, display, tmp_path):
    sampling = SamplingConfig(prompts=2, group=2, max_tokens=6, overlap=1, device="cpu")
    assert run_rl(config(start, sampling=sampling), tmp_path / "run", display)
    lines = read(tmp_path / "run")
    assert [line["staleness"] for line in lines if line["kind"] == "rl"] == [0, 1, 1, 1]
    assert open_bundle(tmp_path / "run" / "final", dtype="float32")


RECIPE = """
from toy_rl import Never


def digits(completion):
    \"\"\"The share of digits in the completion.\"\"\"
    text = completion.text.replace(" ", "")
    return sum(character.isdigit() for character in text) / max(1, len(text))
"""


def test_a_reward_of_a_recipe_file_is_trained_on(start, display, tmp_path):
    """The task itself never rewards anything."""
    (tmp_path / "mine.py").write_text(RECIPE)
    asked = config(
        start,
        task={"name": f"{tmp_path}/mine.py:Never"},
        rewards={"functions": {f"{tmp_path}/mine.py:digits": 0.5}},
        steps=15,
        sampling=SamplingConfig(prompts=8, group=8, max_tokens=6),
        optim=OptimConfig(adamw=AdamWConfig(lr=1e-2, weight_decay=0)),
        evaluation=EvaluationConfig(),
    )
    assert run_rl(asked, tmp_path / "run", display)
    lines = [line for line in read(tmp_path / "run") if line["kind"] == "rl"]
    assert all(line["reward_parts"] == {"digits": pytest.approx(line["reward"])} for line in lines)
    assert {line["right"] for line in lines} == {0.0}
    assert lines[-1]["reward"] > lines[0]["reward"] + 0.1


def test_a_run_out_of_time_leaves_a_model_and_a_checkpoint(start, display, tmp_path):
    out = tmp_path / "run"
    assert run_rl(config(start, max_minutes=1e-9), out, display)
    assert open_bundle(out / "final", dtype="float32")
    assert not [line for line in read(out) if line["kind"] == "rl"]


def test_another_configuration_does_not_go_on(start, display, tmp_path):
    run_rl(config(start), tmp_path / "run", display)
    with pytest.raises(ConfigError, match="estimator"):
        run_rl(config(start, estimator="rloo"), tmp_path / "run", display)


def test_a_base_that_is_never_right_is_refused_before_a_step(start, display, tmp_path):
    gate = ReadinessConfig(problems=4, samples=2)
    with pytest.raises(ConfigError, match="none of 8 completions is correct"):
        run_rl(config(start, gate=gate), tmp_path / "run", display)
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_an_unknown_task_is_named(start, display, tmp_path):
    with pytest.raises(ConfigError, match="no task is called 'zero-countdwn'"):
        run_rl(config(start, task=TaskConfig(name="zero-countdwn")), tmp_path / "run", display)
