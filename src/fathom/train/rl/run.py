"""A whole run of reinforcement learning in a directory, whether it begins or goes on.

DIR/run.json          configuration, model, machine, and what the doctor found
DIR/metrics.jsonl     a line a step (``rl``), and one each evaluation
DIR/rollouts.jsonl    a few completions of every step with their verdicts, to browse
DIR/checkpoints/      the state, to go on from
DIR/final/            the finished model
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

import fathom
from fathom.base import cpu
from fathom.base.device import pick_device, pick_dtype
from fathom.base.distributed import ALONE, World
from fathom.checkpoint.bundle import Bundle, open_bundle
from fathom.checkpoint.store.store import Store
from fathom.evals.grading import Grader, Group
from fathom.evals.metrics import evaluate, metrics, summary
from fathom.evals.rollout import EngineSampler
from fathom.model import counts
from fathom.model.transformer import Transformer
from fathom.tasks.rewards import PLAIN, RewardConfig
from fathom.text.conversation import Chat
from fathom.train.rl.config import RLConfig, StepsConfig, TaskConfig
from fathom.train.rl.cost import Cost
from fathom.train.rl.doctor import Finding, check_readiness
from fathom.train.rl.prefetch import AsyncSampler
from fathom.train.rl.steps import Steps
from fathom.train.rl.tasks import task_of
from fathom.train.rl.trainer import Trainer
from fathom.train.run import rng
from fathom.train.run.config import RunConfig
from fathom.train.run.display import Display
from fathom.train.run.export import FINAL, save_final
from fathom.train.run.hardware_peak import peak_flops
from fathom.train.run.metrics import ROLLOUTS, Recorder, describe, last_described
from fathom.train.run.stopping import asked_to_stop
from fathom.train.run.supervised import TOKENIZER, check_tokenizer, find_resumable

SHOWN = 4
"""Groups of each step whose completions are kept for readers."""


def train(config: RLConfig, out: Path, display: Display, world: World = ALONE) -> bool:
    """Run ``config`` into ``out``, or go on there; False where it was stopped before its end.

    Raises ConfigError where the base is not ready (`fathom.train.rl.doctor`) or ``out`` holds another run.
    """

    def examine(trainer: Steps, recorder: Recorder) -> list[Finding]:
        return _examine(config, trainer, recorder, display)

    return run_session(config, out, display, lambda bundle: prepare(config, bundle, world), examine, world)


def run_session(
    config: StepsConfig,
    out: Path,
    display: Display,
    prepare: Callable[[Bundle], Steps],
    examine: Callable[[Steps, Recorder], list[Finding]] = lambda _trainer, _recorder: [],
    world: World = ALONE,
) -> bool:
    """Every run in steps: ``prepare`` makes the trainer of a model, ``examine`` looks at a base before its first step.
    Every rank of ``world`` calls this, and the first writes.

    Raises ConfigError where ``out`` holds another run, and what both raise.
    """
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    rng.seed(config.seed)
    store = Store(out, config.checkpoint.keep, display.say, lambda folder: bundle.tokenizer.save(folder / TOKENIZER))
    if world.is_main:
        store.clean()
    saved = find_resumable(store, config)
    bundle = open_bundle(config.start, dtype="float32", device=str(world.device(config.device)))
    trainer = prepare(bundle)
    spent = 0.0
    if saved is not None:
        check_tokenizer(saved, bundle.tokenizer)
        state = saved.read()
        trainer.load(state["trainer"])
        spent = float(state["seconds"])
    if trainer.step >= config.steps and (out / FINAL).is_dir():
        display.say(f"nothing is left to do: {out / FINAL} is there")
        return True
    world.check_equal("the last checkpoint", trainer.step)
    world.broadcast(trainer.model)
    recorder = Recorder(out, step=trainer.step, spent=spent, writes=world.is_main)
    if world.is_main:
        _keep_rollouts_up_to(out / ROLLOUTS, trainer.step)
    if saved is None:
        findings = [f"{finding.what}: {finding.advice}" for finding in examine(trainer, recorder)]
    else:
        findings = last_described(out).get("findings", [])
    about = {**run_facts(config, bundle, world), "updates": config.steps, "findings": findings}
    cost = Cost(bundle.config)
    if world.is_main:
        describe(out, about)
    display.begin(config.steps, trainer.step, spent, peak=about["peak_flops"])
    with asked_to_stop() as stopping:
        while trainer.step < config.steps and not world.any(stopping() or _late(config, recorder)):
            _step(config, trainer, recorder, display, cost, out if world.is_main else None)
            if trainer.step % config.checkpoint.every == 0 and world.is_main:
                _save(config, trainer, recorder, store)
        if trainer.step % config.checkpoint.every and world.is_main:
            _save(config, trainer, recorder, store)
        if world.any(stopping()) and trainer.step < config.steps:
            display.say(f"stopped after step {trainer.step} of {config.steps}; the same command goes on")
            return False
    if not world.is_main:
        return True
    save_final(out, trainer.model, bundle.tokenizer, bundle.template)
    display.say(f"the finished model lies in {out / FINAL}")
    return True


def prepare(config: RLConfig, bundle: Bundle, world: World = ALONE) -> Trainer:
    """A trainer for the model of ``bundle``, whose completions our engine samples."""
    sampling = config.sampling
    grader = grader_of(bundle, config.task, sequences=sampling.sequences, world=world, rewards=config.rewards)
    twin = None
    if sampling.overlap:
        device = next(bundle.model.parameters()).device if sampling.device is None else pick_device(sampling.device)
        twin = AsyncSampler(
            bundle.model, device, lambda model: grader.with_source(_source(bundle, model, sampling.sequences))
        )
    return Trainer(bundle.model.requires_grad_(True), grader, config, world=world, twin=twin)


def grader_of(
    bundle: Bundle,
    task: TaskConfig,
    *,
    sequences: int = 512,
    world: World = ALONE,
    rewards: RewardConfig = PLAIN,
) -> Grader:
    """Problems of ``task`` for the model of ``bundle``."""
    source = _source(bundle, bundle.model, sequences)
    chat = Chat(bundle.tokenizer, bundle.template) if bundle.template is not None else None
    return Grader(task_of(task), source, bundle.tokenizer, chat, world, rewards)


def _source(bundle: Bundle, model: Transformer, sequences: int) -> EngineSampler:
    ends = bundle.generation.eos_ids or bundle.tokenizer.eos_ids
    return EngineSampler(model, eos_ids=frozenset(ends), max_context=bundle.config.max_position, sequences=sequences)


def run_facts(config: RunConfig, bundle: Bundle, world: World = ALONE) -> Mapping[str, Any]:
    """What ``run.json`` says of the model and the machine."""
    size = counts.count(bundle.config)
    device = next(bundle.model.parameters()).device
    precision = pick_dtype(config.precision, device)
    return {
        "stage": config.stage,
        "name": config.name,
        "config": config.model_dump(mode="json"),
        "model": bundle.config.model_dump(mode="json"),
        "parameters": size.parameters,
        "active_parameters": size.active_parameters,
        "mtp_parameters": size.mtp_parameters,
        "precision": str(precision).removeprefix("torch."),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else cpu.detect().name,
        "threads": torch.get_num_threads(),
        "peak_flops": peak_flops(device, precision) * world.size,
        "ranks": world.size,
        "versions": {"fathom": fathom.__version__, "torch": torch.__version__, "python": platform.python_version()},
    }


def _examine(config: RLConfig, trainer: Steps, recorder: Recorder, display: Display) -> list[Finding]:
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


def _step(
    config: StepsConfig, trainer: Steps, recorder: Recorder, display: Display, cost: Cost, out: Path | None
) -> None:
    """``out`` None: another rank writes."""
    line, groups = trainer.run_step()
    seconds = line["sampling_seconds"] + line["update_seconds"]
    line["flops"] = cost.flops(groups, line["learned_tokens"])
    line["tokens_per_second"] = line["sampled_tokens"] / max(1e-9, seconds)
    if trainer.step % config.log_every == 0 or trainer.step == config.steps:
        display.show(recorder.record(config.stage, trainer.step, line))
    if out is not None:
        with (out / ROLLOUTS).open("a", encoding="utf-8") as file:
            file.writelines(_browsable(trainer.step, group) for group in groups[:SHOWN])
    every = config.evaluation.every
    if every and (trainer.step % every == 0 or trainer.step == config.steps):
        asked = config.evaluation
        found = metrics(trainer.evaluation(asked.problems, asked.samples, asked.temperature))
        display.show(recorder.record("evaluation", trainer.step, found | {"temperature": asked.temperature}))


def _save(config: StepsConfig, trainer: Steps, recorder: Recorder, store: Store) -> None:
    state = {"trainer": trainer.state(), "seconds": recorder.seconds}
    store.save(trainer.step, config.model_dump(mode="json"), state)


def _late(config: StepsConfig, recorder: Recorder) -> bool:
    return config.max_minutes is not None and recorder.seconds > config.max_minutes * 60


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
