"""The session around a training loop, with a loop that only counts."""

from __future__ import annotations

import io
import json
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from tiny_runs import tiny_model

from fathom.base.distributed import World
from fathom.base.errors import ConfigError
from fathom.checkpoint.bundle import open_bundle
from fathom.checkpoint.store.store import Saved, Store
from fathom.model.transformer import Transformer
from fathom.text.tokenizer import bpe
from fathom.train.run.config import RunConfig
from fathom.train.run.display import Display
from fathom.train.run.metrics import Recorder, read
from fathom.train.run.session import RunSession, find_resumable, seed_process
from fathom.train.run.trainee import Trainee, load_tokenizer


def config(**changes: Any) -> RunConfig:
    return RunConfig(**{"stage": "count", "name": "counting", **changes})


def trainee() -> Trainee:
    tokenizer, template = load_tokenizer("bytes")
    return Trainee(Transformer(tiny_model().model_copy(update={"vocab_size": 320})), tokenizer, template)


class Counter:
    """A trainer that counts to ``total``; after the step ``interrupt_at`` the process is asked to stop."""

    def __init__(self, session: RunSession, total: int = 4, interrupt_at: int | None = None) -> None:
        self.session = session
        self.model = session.trainee.model
        self.step = 0
        self.total = total
        self.interrupt_at = interrupt_at

    def resume(self, saved: Saved) -> float:
        self.step = saved.read()["step"]
        return 100.0

    def is_finished(self, seconds: float) -> bool:
        return self.step >= self.total

    def describe(self, recorder: Recorder) -> Mapping[str, Any]:
        return {"updates": self.total, "since": recorder.seconds}

    def run(self, recorder: Recorder, stopping: Callable[[], bool]) -> None:
        while not self.is_finished(0) and not stopping():
            self.step += 1
            recorder.record("count", self.step, {})
            if self.step == self.interrupt_at:
                os.kill(os.getpid(), signal.SIGTERM)
        self.session.store.save(self.step, self.session.config.model_dump(mode="json"), {"step": self.step})


def run(out: Path, settings: RunConfig | None = None, **changes: Any) -> tuple[bool, str]:
    """Whether the run was finished, and what the display printed."""
    printed = io.StringIO()
    with Display(Console(file=printed, width=1000)) as display:
        session = RunSession(settings or config(), out, trainee(), display)
        finished = session.run(Counter(session, **changes), session.save_final)
    return finished, printed.getvalue()


def test_a_new_run_describes_trains_and_exports(tmp_path: Path) -> None:
    finished, printed = run(tmp_path)
    assert finished
    assert printed == f"the finished model is {tmp_path / 'final'}\n"
    facts = json.loads((tmp_path / "run.json").read_text())
    assert (facts["stage"], facts["updates"], facts["ranks"]) == ("count", 4, 1)
    assert [line["step"] for line in read(tmp_path)] == [1, 2, 3, 4]
    assert open_bundle(str(tmp_path / "final"), dtype="float32").config.vocab_size == 320


def test_a_stopped_run_resumes(tmp_path: Path) -> None:
    finished, printed = run(tmp_path, interrupt_at=2)
    assert not finished
    assert printed == "stopped after update 2 of 4; the same command resumes it\n"
    assert not (tmp_path / "final").exists()
    finished, printed = run(tmp_path)
    assert finished
    assert "update 2" in printed
    assert json.loads((tmp_path / "run.json").read_text())["since"] == pytest.approx(100, abs=50)
    assert [line["step"] for line in read(tmp_path)] == [1, 2, 3, 4]


def test_a_stop_after_the_last_update_still_exports(tmp_path: Path) -> None:
    assert run(tmp_path, interrupt_at=4)[0]
    assert (tmp_path / "final").is_dir()


def test_a_finished_run_has_nothing_to_do_unless_its_model_is_missing(tmp_path: Path) -> None:
    run(tmp_path)
    assert run(tmp_path) == (True, f"nothing is left to do: {tmp_path / 'final'} is there\n")
    (tmp_path / "final").rename(tmp_path / "elsewhere")
    assert run(tmp_path)[0]
    assert (tmp_path / "final").is_dir()


def test_time_before_the_first_update_counts_where_the_trainee_says_since_when(tmp_path: Path) -> None:
    with Display(Console(quiet=True)) as display:
        timed = trainee()
        timed.since = -1e9
        session = RunSession(config(), tmp_path, timed, display)
        session.run(Counter(session), session.save_final)
    assert json.loads((tmp_path / "run.json").read_text())["since"] > 1e9


def test_only_rank_0_writes(tmp_path: Path) -> None:
    with Display(Console(quiet=True)) as display:
        session = RunSession(config(), tmp_path, trainee(), display, World(1, 2, 1))
        session.save_final()
    assert not list(tmp_path.iterdir())


def test_a_run_of_another_configuration_is_refused_with_its_keys(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save(1, config(seed=1, log_every=3).model_dump(mode="json"), {})
    with pytest.raises(ConfigError, match=r"holds a run of another configuration \(seed: 1 → 0\); choose another"):
        find_resumable(store, config())
    saved = find_resumable(store, config(seed=1, log_every=10))  # log_every is free to change
    assert saved is not None
    assert saved.step == 1


def test_another_tokenizer_is_refused(tmp_path: Path) -> None:
    run(tmp_path)
    other = trainee()
    other.tokenizer = bpe.train(["some words of some text"], 300)
    with Display(Console(quiet=True)) as display, pytest.raises(ConfigError, match=r"the tokenizer has changed since"):
        RunSession(config(), tmp_path, other, display)


def test_seeds_and_threads_follow_the_configuration() -> None:
    before = torch.get_num_threads()
    try:
        seed_process(config(seed=3, threads=1))
        first = torch.rand(2)
        assert torch.get_num_threads() == 1
        seed_process(config(seed=3))
        assert torch.equal(first, torch.rand(2))
    finally:
        torch.set_num_threads(before)
