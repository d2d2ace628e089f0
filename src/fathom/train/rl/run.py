"""A run of reinforcement learning in a directory, new or resumed.

DIR/run.json          configuration, model, machine, and findings of the readiness check
DIR/metrics.jsonl     a line for each step (``rl``) and for each evaluation
DIR/rollouts.jsonl    a few completions of every step with their verdicts, to browse
DIR/checkpoints/      the state to resume from
DIR/final/            the finished model
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fathom.base.device import pick_device
from fathom.base.distributed import ALONE, World
from fathom.checkpoint.bundle import Bundle, open_bundle
from fathom.evals.metrics import evaluate, metrics, summary
from fathom.evals.runner import build_grader, build_sampler
from fathom.model.transformer import Transformer
from fathom.tasks.rewards import build_rewards
from fathom.train.rl.config import RLConfig, TrainerConfig
from fathom.train.rl.extent import describe_problems, describe_run
from fathom.train.rl.loop import Examine, RolloutLoop
from fathom.train.rl.policy_optimization import policy_trainer
from fathom.train.rl.readiness import Finding, check_readiness
from fathom.train.rl.sampler import AsyncSampler, DynamicSampler, Sampler
from fathom.train.rl.trainer import Trainer
from fathom.train.run.display import Display
from fathom.train.run.metrics import Recorder
from fathom.train.run.recipe import find
from fathom.train.run.session import RunSession, seed_process
from fathom.train.run.task import load_task
from fathom.train.run.trainee import Trainee
from fathom.train.supervised.adapter import save_adapter
from fathom.train.supervised.lora import adapt, merge


def run_rl(config: RLConfig, out: Path, display: Display, world: World = ALONE) -> bool:
    """Run ``config`` into ``out``, or resume it; False where it was stopped before its end.

    Raises ConfigError where the base is not ready (`fathom.train.rl.readiness`) or ``out`` holds another run.
    """

    def examine(trainer: Trainer, recorder: Recorder) -> list[Finding]:
        return _examine(config, trainer, recorder, display)

    return train_on_rollouts(config, out, display, lambda bundle: prepare(config, bundle, world), examine, world)


def train_on_rollouts(
    config: TrainerConfig,
    out: Path,
    display: Display,
    prepare: Callable[[Bundle], Trainer],
    examine: Examine = lambda _trainer, _recorder: [],
    world: World = ALONE,
) -> bool:
    """Every run on sampled completions: ``prepare`` makes the trainer of a model, ``examine`` judges the base before
    the first step. Every rank of ``world`` calls this.

    Raises ConfigError where ``out`` holds another run, and what both raise.
    """
    seed_process(config)
    bundle = open_bundle(config.start, dtype="float32", device=str(world.device(config.device)))
    trainee = Trainee(bundle.model, bundle.tokenizer, bundle.template, generation=bundle.generation)
    session = RunSession(config, out, trainee, display, world)
    trainer = prepare(bundle)
    display.say(describe_run(config))
    if note := describe_problems(trainer):
        display.say(note)

    def export() -> None:
        if config.lora is not None:
            if world.is_main:
                save_adapter(out, bundle.model, config.lora, config.start)
            merge(bundle.model)
        session.save_final(config.save_dtype)

    return session.run(RolloutLoop(config, trainer, session, examine), export)


def make_trainable(config: TrainerConfig, model: Transformer) -> Transformer:
    """``model`` with gradients for all weights, or for the low-rank updates that it gets."""
    if config.lora is None:
        return model.requires_grad_(True)
    adapt(model, config.lora)
    return model


def prepare(config: RLConfig, bundle: Bundle, world: World = ALONE) -> Trainer:
    """A trainer for the model of ``bundle``, whose completions our engine samples."""
    model = make_trainable(config, bundle.model)
    sampling = config.sampling
    task, rewards = load_task(config.task), build_rewards(config.rewards, find)
    grader = build_grader(bundle, task, sequences=sampling.sequences, world=world, rewards=rewards)
    sampler: Sampler | None = None
    if sampling.overlap:
        device = next(model.parameters()).device if sampling.device is None else pick_device(sampling.device)

        def sampler_of(copy: Transformer) -> DynamicSampler:
            rollouts = build_sampler(bundle, copy, sampling.sequences)
            return DynamicSampler(grader.with_sampler(rollouts), sampling, config.seed)

        sampler = AsyncSampler(model, device, sampler_of, world)
    return policy_trainer(model, grader, config, sampler=sampler, world=world)


def _examine(config: RLConfig, trainer: Trainer, recorder: Recorder, display: Display) -> list[Finding]:
    """Whether the base is ready; also the run's first evaluation."""
    gate = config.gate
    if gate.mode == "off":
        return []
    problems = len(trainer.held_out_items(gate.problems))
    fewer = f" (gate.problems is {gate.problems}: there are no more)" if problems < gate.problems else ""
    display.say(f"evaluating the base first: {gate.samples} completions of each of {problems} held-out problems{fewer}")
    groups = trainer.sample_held_out(gate.problems, gate.samples, config.sampling.temperature)
    recorder.record("gate", 0, metrics(groups))
    evaluation = evaluate(groups)
    display.say(f"the base: {summary(evaluation)}")
    findings = check_readiness(evaluation, gate)
    for finding in findings:
        display.say(f"warning: {finding.what}; {finding.advice}")
    return findings
