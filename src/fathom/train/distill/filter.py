"""Filter of traces: which are trained on, and the reason for each that is not.

After R1 (section 2.3.3): correct ones only, readable ones only, without duplicates, a few of each problem. A trace is
dropped for the first reason that applies. The result depends on the
traces alone, not on the order in which they arrived.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fathom.base.errors import DataError
from fathom.data.filters.dedup import ExactDuplicates
from fathom.data.shards.store import Sample
from fathom.data.sources.source import Document
from fathom.tasks.task import Item
from fathom.tasks.verifiers.language import language_share
from fathom.train.distill.config import FilterConfig
from fathom.train.distill.sample import SampleBuilder
from fathom.train.distill.traces import Trace
from fathom.types import Message

_ENDINGS: Mapping[str, str] = {"length": "cut off", "filtered": "cut off by a filter", "refused": "refused"}


@dataclass(slots=True)
class FilterResult:
    """``kept`` with their samples; ``dropped`` counts the reasons."""

    kept: list[tuple[Trace, Sample]] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)

    def metrics(self, traces: Sequence[Trace]) -> dict[str, Any]:
        """What is recorded of the traces, by the names of the report."""
        return {
            "asked": len(traces),
            "right": sum(one.correct for one in traces) / max(1, len(traces)),
            "kept": len(self.kept),
            "problems": len({one.problem for one in traces}),
            "problems_kept": len({one.problem for one, _ in self.kept}),
            "teacher_tokens": sum(one.answer.tokens or 0 for one in traces),
            "kept_tokens": sum(len(sample.ids) for _, sample in self.kept),
            "dropped": dict(self.dropped.most_common()),
        }

    def __str__(self) -> str:
        dropped = ", ".join(f"{count} {reason}" for reason, count in self.dropped.most_common())
        return f"{len(self.kept)} of {len(self.kept) + self.dropped.total()} answers are learned" + (
            f"; dropped: {dropped}" if dropped else ""
        )


def filter_traces(
    traces: Iterable[Trace], items: Sequence[Item], builder: SampleBuilder, config: FilterConfig, longest: int
) -> FilterResult:
    """``longest`` is the number of tokens, problem included, that fit a row and the student's context."""
    result = FilterResult()
    copies: dict[int, ExactDuplicates] = {}
    of_problem: Counter[int] = Counter()
    for one in sorted(traces, key=lambda trace: (trace.problem, trace.sample)):
        reason = _text_problem(one, config)
        sample = None if reason else builder.sample(items[one.problem], one.answer.message)
        if sample is not None:
            reason = _length_problem(sample, config, longest) or _duplicate_reason(one, copies)
        if reason is None and of_problem[one.problem] == config.per_problem:
            reason = "more than enough of one problem"
        if reason is not None or sample is None:
            result.dropped[reason or ""] += 1
            continue
        of_problem[one.problem] += 1
        result.kept.append((one, sample))
    return result


def _text_problem(one: Trace, config: FilterConfig) -> str | None:
    """The reason to drop the text of a trace, or None."""
    message = one.answer.message
    if one.answer.ending in _ENDINGS:
        return _ENDINGS[one.answer.ending]
    if not message.content.strip():
        return "without an answer"
    if not one.correct:
        return "wrong"
    return _style_problem(message, config)


def _style_problem(message: Message, config: FilterConfig) -> str | None:
    thoughts = message.reasoning or ""
    if config.thinking and not thoughts.strip():
        return "without thoughts"
    whole = f"{thoughts}\n\n{message.content}"
    if config.language is not None and language_share(whole, config.language) < config.language_share:
        return "in other languages"
    if config.paragraph is not None and any(len(part) > config.paragraph for part in whole.split("\n\n")):
        return "long paragraphs"
    if not config.code_blocks and "```" in thoughts:
        return "code in thoughts"
    return None


def _length_problem(sample: Sample, config: FilterConfig, longest: int) -> str | None:
    assert sample.learned is not None
    if len(sample.ids) > longest:
        return "longer than a row"
    learned = sum(sample.learned)
    if learned < config.min_tokens:
        return "too short"
    return "too long" if config.max_tokens is not None and learned > config.max_tokens else None


def _duplicate_reason(one: Trace, copies: dict[int, ExactDuplicates]) -> str | None:
    seen = copies.setdefault(one.problem, ExactDuplicates())
    message = one.answer.message
    text = f"{message.reasoning or ''}\n{message.content}"
    return seen(Document(text, f"{one.problem}/{one.sample}", one.id))


def nothing_left_error(result: FilterResult) -> DataError:
    """The error of a run whose traces all were dropped."""
    remedies = {
        "cut off": "raise data.max_tokens",
        "longer than a row": "raise batch.length",
        "wrong": "read traces.jsonl: where answers look right, the task may ask for another form (its answer_format)",
    }
    most = result.dropped.most_common(1)[0][0] if result.dropped else ""
    return DataError(f"nothing is left to train on: {result}", remedies.get(most, "loosen data.filter"))
