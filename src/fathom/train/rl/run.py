"""A whole run of reinforcement learning in a directory, whether it begins or goes on.

DIR/run.json          configuration, model, machine, and what the doctor found
DIR/metrics.jsonl     a line a step (``rl``), and one each evaluation
DIR/rollouts.jsonl    a few completions of every step with their verdicts, to browse
DIR/checkpoints/      the state, to go on from
DIR/final/            the finished model
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fathom.base.device import pick_device
from fathom.base.distributed import ALONE, World
from fathom.checkpoint.bundle import Bundle, open_bundle
from fathom.checkpoint.store.store import Saved
from fathom.evals.grading import Group
from fathom.evals.metrics import evaluate, metrics, summary
from fathom.evals.runner import build_grader, build_sampler
from fathom.model.transformer import Transformer
from fathom.tasks.rewards import build_rewards
from fathom.train.rl.config import RLConfig, TrainerConfig
from fathom.train.rl.doctor import Finding, check_readiness
from fathom.train.rl.metrics import StepCost
from fathom.train.rl.policy_optimization import policy_trainer
from fathom.train.rl.sampler import AsyncSampler, DynamicSampler, Sampler
from fathom.train.rl.trainer import Trainer
from fathom.train.run.display import Display
from fathom.train.run.metrics import ROLLOUTS, Recorder, last_described
from fathom.train.run.recipe import find
from fathom.train.run.session import RunSession, seed_process
from fathom.train.run.task import load_task
from fathom.train.run.trainee import Trainee

SHOWN = 4
"""Groups of each step whose completions are kept for readers."""


def run_rl(config: RLConfig, out: Path, display: Display, world: World = ALONE) -> bool:
    """Run ``config`` into ``out``, or go on there; False where it was stopped before its end.

    Raises ConfigError where the base is not ready (`fathom.train.rl.doctor`) or ``out`` holds another run.
    """

    def examine(trainer: Trainer, recorder: Recorder) -> list[Finding]:
        return _examine(config, trainer, recorder, display)

    return train_on_rollouts(config, out, display, lambda bundle: prepare(config, bundle, world), examine, world)


class RolloutLoop:
    """Runs the steps of ``trainer`` in ``session``: a :class:`fathom.train.run.session.TrainingLoop`.

    ``examine`` looks at the base model before the first step; what it finds is kept in ``run.json``.
    """

    def __init__(
        self,
        config: TrainerConfig,
        trainer: Trainer,
        session: RunSession,
        examine: Callable[[Trainer, Recorder], list[Finding]],
    ) -> None:
        self.config = config
        self.trainer = trainer
        self._session = session
        self._examine = examine
        self._cost = StepCost(trainer.model.config)

    @property
    def model(self) -> Transformer:
        return self.trainer.model

    @property
    def step(self) -> int:
        return self.trainer.step

    @property
    def total(self) -> int:
        return self.config.steps

    def resume(self, saved: Saved) -> float:
        """Restore the trainer; returns the seconds that the run had taken."""
        state = saved.read()
        self.trainer.load(state["trainer"])
        return float(state["seconds"])

    def is_finished(self, seconds: float) -> bool:
        limit = self.config.max_minutes
        return self.step >= self.config.steps or (limit is not None and seconds > limit * 60)

    def describe(self, recorder: Recorder) -> dict[str, Any]:
        """A resumed run keeps the findings that its first process wrote. Lines of ``rollouts.jsonl`` after the
        checkpoint are dropped: they will be written again.
        """
        out = self._session.out
        if self._session.world.is_main:
            _keep_rollouts_up_to(out / ROLLOUTS, self.step)
        if self._session.saved is None:
            findings = [f"{finding.what}: {finding.advice}" for finding in self._examine(self.trainer, recorder)]
        else:
            findings = last_described(out).get("findings", [])
        return {"updates": self.config.steps, "findings": findings}

    def run(self, recorder: Recorder, stopping: Callable[[], bool]) -> None:
        world = self._session.world
        saved = self.step
        while self.step < self.total and not world.any(stopping() or self.is_finished(recorder.seconds)):
            self._step(recorder)
            if self.step % self.config.checkpoint.every == 0:
                self._save(recorder)
                saved = self.step
        if saved != self.step:
            self._save(recorder)

    def _step(self, recorder: Recorder) -> None:
        config, trainer, display = self.config, self.trainer, self._session.display
        line, groups = trainer.run_step()
        seconds = line["sampling_seconds"] + line["update_seconds"]
        line["flops"] = self._cost.flops(groups, line["learned_tokens"])
        line["tokens_per_second"] = line["sampled_tokens"] / max(1e-9, seconds)
        if self.step % config.log_every == 0 or self.step == config.steps:
            display.show(recorder.record(config.stage, self.step, line))
        if self._session.world.is_main:
            with (self._session.out / ROLLOUTS).open("a", encoding="utf-8") as file:
                file.writelines(_browsable(self.step, group) for group in groups[:SHOWN])
        asked = config.evaluation
        if asked.every and (self.step % asked.every == 0 or self.step == config.steps):
            values = metrics(trainer.evaluation(asked.problems, asked.samples, asked.temperature))
            display.show(recorder.record("evaluation", self.step, values | {"temperature": asked.temperature}))

    def _save(self, recorder: Recorder) -> None:
        if self._session.world.is_main:
            state = {"trainer": self.trainer.state(), "seconds": recorder.seconds}
            self._session.store.save(self.step, self.config.model_dump(mode="json"), state)


def train_on_rollouts(
    config: TrainerConfig,
    out: Path,
    display: Display,
    prepare: Callable[[Bundle], Trainer],
    examine: Callable[[Trainer, Recorder], list[Finding]] = lambda _trainer, _recorder: [],
    world: World = ALONE,
) -> bool:
    """A run in steps: ``prepare`` makes the trainer of a model, ``examine`` looks at a base before its first step.
    Every rank of ``world`` calls this.

    Raises ConfigError where ``out`` holds another run, and what both raise.
    """
    seed_process(config)
    bundle = open_bundle(config.start, dtype="float32", device=str(world.device(config.device)))
    session = RunSession(config, out, Trainee(bundle.model, bundle.tokenizer, bundle.template), display, world)
    return session.run(RolloutLoop(config, prepare(bundle), session, examine), session.save_final)


def prepare(config: RLConfig, bundle: Bundle, world: World = ALONE) -> Trainer:
    """A trainer for the model of ``bundle``, whose completions our engine samples."""
    sampling = config.sampling
    task, rewards = load_task(config.task), build_rewards(config.rewards, find)
    grader = build_grader(bundle, task, sequences=sampling.sequences, world=world, rewards=rewards)
    sampler: Sampler | None = None
    if sampling.overlap:
        device = next(bundle.model.parameters()).device if sampling.device is None else pick_device(sampling.device)

        def sampler_of(copy: Transformer) -> DynamicSampler:
            rollouts = build_sampler(bundle, copy, sampling.sequences)
            return DynamicSampler(grader.with_sampler(rollouts), sampling, config.seed)

        sampler = AsyncSampler(bundle.model, device, sampler_of, world)
    return policy_trainer(bundle.model.requires_grad_(True), grader, config, sampler=sampler, world=world)


def _examine(config: RLConfig, trainer: Trainer, recorder: Recorder, display: Display) -> list[Finding]:
    """The doctor's look at the base, which is also the first evaluation."""
    gate = config.gate
    if gate.mode == "off":
        return []
    display.say(f"a look at the base first: {gate.samples} answers to each of {gate.problems} problems")
    groups = trainer.evaluation(gate.problems, gate.samples, config.sampling.temperature)
    recorder.record("gate", 0, metrics(groups))
    found = evaluate(groups)
    display.say(f"the base: {summary(found)}")
    findings = check_readiness(found, gate)
    for finding in findings:
        display.say(f"doubtful: {finding.what}; {finding.advice}")
    return findings


def _browsable(step: int, group: Group) -> str:
    """One line of ``rollouts.jsonl``."""
    prompt = group.item.prompt
    line = {
        "step": step,
        "id": group.item.id,
        "prompt": prompt if isinstance(prompt, str) else prompt[-1].content,
        "completions": [
            {
                "text": member.text,
                "reward": member.reward,
                "correct": member.verdict.correct,
                "lenient": member.lenient,
                "detail": member.verdict.detail,
                "length": member.length,
                "truncated": member.rollout.truncated,
            }
            for member in group.members
        ],
    }
    return json.dumps(line, ensure_ascii=False) + "\n"


def _keep_rollouts_up_to(path: Path, step: int) -> None:
    """Drop what a killed run wrote behind its checkpoint."""
    if path.exists():
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        whole = [line for line in lines if line.endswith("\n") and step and json.loads(line)["step"] <= step]
        path.write_text("".join(whole), encoding="utf-8")
