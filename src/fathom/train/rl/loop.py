"""The training loop over rollouts: steps, log, evaluations, checkpoints (a `fathom.train.run.session.TrainingLoop`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fathom.base.errors import RequestError
from fathom.checkpoint.store.store import Saved
from fathom.evals.metrics import metrics
from fathom.model.transformer import Transformer
from fathom.tasks.task import VerdictError
from fathom.train.rl.config import TrainerConfig
from fathom.train.rl.metrics import StepCost
from fathom.train.rl.readiness import Finding
from fathom.train.rl.rollout_log import RolloutLog
from fathom.train.rl.trainer import Trainer
from fathom.train.run.metrics import Recorder, read_description
from fathom.train.run.session import RunSession

Examine = Callable[[Trainer, Recorder], list[Finding]]


class RolloutLoop:
    """Runs the steps of ``trainer`` in ``session``. ``examine`` judges the base model before the first step; its
    findings are kept in ``run.json``.
    """

    def __init__(
        self,
        config: TrainerConfig,
        trainer: Trainer,
        session: RunSession,
        examine: Examine,
    ) -> None:
        self.config = config
        self.trainer = trainer
        self._session = session
        self._examine = examine
        self._cost = StepCost(trainer.model.config)
        self._rollouts = RolloutLog(session.out, writes=session.world.is_main)

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
        self._rollouts.truncate(self.step)
        if self._session.saved is None:
            findings = [f"{finding.what}: {finding.advice}" for finding in self._examine(self.trainer, recorder)]
        else:
            findings = read_description(self._session.out).get("findings", [])
        return {"updates": self.config.steps, "findings": findings}

    def run(self, recorder: Recorder, stopping: Callable[[], bool]) -> None:
        """Where a task fails, what was learned until then is saved first: the same command goes on there."""
        world = self._session.world
        saved = self.step
        while self.step < self.total and not world.any(stopping() or self.is_finished(recorder.seconds)):
            try:
                self._step(recorder)
            except (VerdictError, RequestError):
                if saved != self.step:
                    self._save(recorder)
                raise
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
        self._rollouts.append(self.step, groups)
        asked = config.evaluation
        if asked.every and (self.step % asked.every == 0 or self.step == config.steps):
            values = metrics(trainer.sample_held_out(asked.problems, asked.samples, asked.temperature))
            display.show(recorder.record("evaluation", self.step, values | {"temperature": asked.temperature}))

    def _save(self, recorder: Recorder) -> None:
        if self._session.world.is_main:
            state = {"trainer": self.trainer.state(), "seconds": recorder.seconds}
            self._session.store.save(self.step, self.config.model_dump(mode="json"), state)
