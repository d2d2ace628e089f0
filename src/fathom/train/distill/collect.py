"""Collection of a teacher's answers, resumed until every problem has its samples."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from fathom.base.device import pick_device
from fathom.base.errors import ConfigError, DataError, TokenizerError
from fathom.checkpoint.bundle import open_bundle
from fathom.tasks.splits import MAX_IDLE_DRAWS
from fathom.tasks.task import Item, Task, grade_strictly
from fathom.train.distill.config import DistillConfig, EndpointConfig, TraceData
from fathom.train.distill.local import LocalTeacher
from fathom.train.distill.sample import SampleBuilder, prompt_tokens
from fathom.train.distill.teacher import Ask, Teacher, TeacherAnswer
from fathom.train.distill.traces import Trace, TraceFile
from fathom.train.run.display import Display
from fathom.types import Message

_UNASKED = {"filter": True, "max_refused": True}
_FREE = ("concurrency", "timeout", "attempts", "key_variable", "sequences")


def problems(task: Task, number: int, seed: int) -> list[Item]:
    """So many different training problems, or as many as there are. Held-out ones are never among them."""
    items: dict[str, Item] = {}
    idle = 0
    for item in task.items("train", seed=seed):
        idle = idle + 1 if item.id in items else 0
        items.setdefault(item.id, item)
        if len(items) == number or idle == MAX_IDLE_DRAWS:
            break
    return list(items.values())


def fitting(items: Sequence[Item], builder: SampleBuilder, longest: int) -> list[Item]:
    """The problems that leave room for an answer in a row of the student: a sample of each is built before an answer is
    paid for. Raises ConfigError where there is none, TokenizerError where the student's template refuses one.
    """
    if not items:
        raise ConfigError("the task poses no training problem", "give it some, or choose another task")
    tokens = [prompt_tokens(builder.sample(item, Message("assistant", "?"))) for item in items]
    kept = [item for item, size in zip(items, tokens, strict=True) if size + 1 < longest]
    if not kept:
        raise ConfigError(
            f"problem {items[0].id!r} alone has {tokens[0]} tokens, of {longest} that fit a row of the student",
            "raise batch.length up to the student's context, or choose shorter problems",
        )
    return kept


def collect(
    config: DistillConfig,
    file: TraceFile,
    items: Sequence[Item],
    task: Task,
    builder: SampleBuilder,
    display: Display,
    stopping: Callable[[], bool],
) -> bool:
    """Ask for whatever ``file`` lacks; False where that was stopped before its end.

    Raises ConfigError or GenerationError where the teacher cannot be asked, DataError where it refuses too much.
    """
    data = config.data
    missing = [
        Ask(problem, sample, item)
        for problem, item in enumerate(items)
        for sample in range(data.samples)
        if (problem, sample) not in file.traces
    ]
    total = len(items) * data.samples
    if not missing:
        return True
    began, step = time.monotonic(), total - len(missing)
    display.say(f"asking {data.teacher.kind} teacher: {len(missing)} answers of {total} are missing")
    display.begin(total, step)
    refused = sum(one.answer.ending == "refused" for one in file.traces.values())
    for ask, reply in teacher(config, items).answers(missing, stopping):
        file.add(grade(ask, reply, task, builder), problem_text(ask.item))
        refused += reply.ending == "refused"
        if refused > data.max_refused:
            raise DataError(
                f"the teacher refused {refused} requests, the last one so: {reply.detail}",
                "see traces.jsonl; raise data.max_refused where that is to be expected",
            )
        step += 1
        if step % max(1, total // 20) == 0 or step == total:
            right = sum(one.correct for one in file.traces.values()) / len(file.traces)
            display.show(
                {"step": step, "seconds": time.monotonic() - began, "right": right, "refused": refused or None}
            )
    if step < total:
        display.say(f"stopped after {step} answers of {total}; the same command resumes")
    return step == total


def teacher(config: DistillConfig, items: Sequence[Item]) -> Teacher:
    """Open the teacher that the configuration names."""
    data = config.data
    if isinstance(data.teacher, EndpointConfig):
        return _open_endpoint(data.teacher, data)
    named = data.teacher
    return LocalTeacher(
        open_bundle(named.path, dtype=named.dtype, device=str(pick_device(config.device))),
        items,
        samples=data.samples,
        max_tokens=data.max_tokens,
        temperature=data.temperature,
        seed=data.seed,
        sequences=named.sequences,
    )


def _open_endpoint(config: EndpointConfig, data: TraceData) -> Teacher:
    try:
        from fathom.train.distill.endpoint import Endpoint  # noqa: PLC0415 - its client is optional
    except ModuleNotFoundError as error:
        raise ConfigError("distilling from an endpoint needs httpx", 'pip install "fathom-lm[train]"') from error
    return Endpoint(config, max_tokens=data.max_tokens, temperature=data.temperature)


def grade(ask: Ask, reply: TeacherAnswer, task: Task, builder: SampleBuilder) -> Trace:
    """The trace of an answer: correct where the sample built from it is."""
    correct, detail = False, reply.detail
    if reply.ending == "stop":
        try:
            verdict = grade_strictly(task, ask.item, builder.learned_text(builder.sample(ask.item, reply.message)))
            correct, detail = verdict.correct, verdict.detail
        except (DataError, TokenizerError) as error:
            detail = error.message
    return Trace(ask.problem, ask.sample, ask.item.id, reply, correct, detail)


def problem_text(item: Item) -> str:
    """The text of a problem that people recognize it by."""
    return item.prompt if isinstance(item.prompt, str) else item.prompt[-1].content


def answer_settings(config: DistillConfig) -> dict[str, object]:
    """Everything on which an answer or its verdict depends."""
    data = config.data.model_dump(mode="json", exclude=_UNASKED)
    for key in _FREE:
        data["teacher"].pop(key, None)
    return {
        "data": data,
        "student": {"start": config.start, "tokenizer": config.tokenizer, "template": config.template},
    }
