"""Distillation in a directory, in either form, new or resumed.

DIR/traces.jsonl    every answer of the teacher, with its verdict (traces only)
DIR/kept.jsonl      those that are trained on, as conversations that `fathom train sft` reads as well (traces only)

and the files of every run: `fathom.train.supervised.run` and `fathom.train.rl.run`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fathom.base.distributed import ALONE, World
from fathom.base.errors import ConfigError
from fathom.base.json_lines import json_line
from fathom.checkpoint.bundle import Bundle, open_bundle
from fathom.data.shards.store import MemoryStore
from fathom.evals.runner import build_grader
from fathom.tasks.task import Item
from fathom.train.distill import collect
from fathom.train.distill.config import DistillConfig, LocalConfig, OnPolicyConfig
from fathom.train.distill.distiller import check, distillation_trainer
from fathom.train.distill.filter import FilterResult, filter_traces, nothing_left_error
from fathom.train.distill.sample import SampleBuilder
from fathom.train.distill.traces import TraceFile
from fathom.train.rl.run import make_trainable, train_on_rollouts
from fathom.train.rl.trainer import Trainer
from fathom.train.run import rng
from fathom.train.run.display import Display
from fathom.train.run.metrics import replace_text
from fathom.train.run.stopping import stop_on_signal
from fathom.train.run.task import load_task
from fathom.train.supervised.dataset import pack
from fathom.train.supervised.run import load_trainee, train

KEPT = "kept.jsonl"


def distill(config: DistillConfig, out: Path, display: Display, world: World = ALONE) -> bool:
    """Traces, their verification, then fine-tuning; False where it was stopped before its end.

    Raises ConfigError, DataError or GenerationError, each with its remedy; answers until then are kept.
    """
    student = load_trainee(config, world)
    samples = SampleBuilder(student.tokenizer, student.template)
    longest = min(config.batch.length, student.model.config.max_position)
    task = load_task(config.data.task)
    posed = collect.problems(task, config.data.problems, config.data.seed)
    if len(posed) < config.data.problems:
        display.say(f"{task.name} has {len(posed)} training problems, not {config.data.problems}")
    items = collect.fitting(posed, samples, longest)
    if len(items) < len(posed):
        display.say(
            f"{len(posed) - len(items)} of {len(posed)} problems are left out: they leave no room for an answer in a "
            f"row of {longest} tokens"
        )
    file = TraceFile(out, collect.answer_settings(config))
    _check_problems(file, items)
    if world.size > 1 and len(file.traces) < len(items) * config.data.samples:
        raise ConfigError(
            "answers of the teacher are missing, and several processes do not ask for them",
            "run the same command as one process until training begins, then as several",
        )
    with stop_on_signal() as stopping:
        if not collect.collect(config, file, items, task, samples, display, stopping):
            return False
    traces = [file.traces[key] for key in sorted(file.traces)]
    result = filter_traces(traces, items, samples, config.data.filter, longest)
    display.say(str(result))
    if not result.kept:
        raise nothing_left_error(result)
    if world.is_main:
        _write_kept(out / KEPT, result, items)
    rng.seed(config.seed)  # what follows is the same whether or not answers were collected just now
    student.since = time.monotonic()  # the teacher's time does not count as the student's
    rows = pack(config, MemoryStore(sample for _, sample in result.kept), display.say)
    return train(config, student, rows, out, display, before={"traces": result.metrics(traces)}, world=world)


def distill_on_policy(config: OnPolicyConfig, out: Path, display: Display, world: World = ALONE) -> bool:
    """On-policy distillation: the student samples, the teacher scores; False where it was stopped before its end.

    Raises ConfigError where the two do not fit (`fathom.train.distill.distiller.check`).
    """
    named = config.teacher
    assert isinstance(named, LocalConfig)  # the configuration sees to it

    def prepare(student: Bundle) -> Trainer:
        dtype = "float32" if named.dtype == "auto" else named.dtype
        teacher = open_bundle(named.path, dtype=dtype, device=str(world.device(config.device)))
        check(student, teacher)
        model = make_trainable(config, student.model)
        grader = build_grader(student, load_task(config.task), sequences=config.sampling.sequences, world=world)
        return distillation_trainer(model, teacher.model, grader, config, world)

    return train_on_rollouts(config, out, display, prepare, world=world)


def _check_problems(file: TraceFile, items: Sequence[Item]) -> None:
    """Raises ConfigError where the task does not pose the problems that were answered."""
    for one in file.traces.values():
        if one.problem >= len(items) or items[one.problem].id != one.id:
            raise ConfigError(
                f"{file.path} answers problem {one.id!r}, which the task no longer poses at this number",
                "choose another --out, or the version of the task that posed it",
            )


def _write_kept(path: Path, result: FilterResult, items: Sequence[Item]) -> None:
    """Write what is trained on, whole or not at all."""
    messages = ((items[one.problem], one.answer.message) for one, _ in result.kept)
    records = (_record(item, message.content, message.reasoning) for item, message in messages)
    replace_text(path, "".join(map(json_line, records)))


def _record(item: Item, content: str, reasoning: str | None) -> dict[str, Any]:
    if isinstance(item.prompt, str):
        return {"id": item.id, "prompt": item.prompt, "reasoning_content": reasoning, "completion": content}
    prompt = [{"role": message.role, "content": message.content} for message in item.prompt]
    thought = {} if reasoning is None else {"reasoning_content": reasoning}
    return {"id": item.id, "messages": [*prompt, {"role": "assistant", **thought, "content": content}]}
