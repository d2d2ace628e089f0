"""From sources to shards in one pass: read, sift, tokenize, write, and say what was dropped.

Everything that decides the result is kept in the index of the shards: where the text came from, with hashes, what was
skipped as broken, what each step dropped, with examples. The same sources and options give the same shards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from fathom.base.errors import DataError
from fathom.base.progress import Report as Progress
from fathom.base.progress import silent
from fathom.data.chats import chat_samples
from fathom.data.decontaminate import Contamination
from fathom.data.dedup import ExactDuplicates, NearDuplicates
from fathom.data.document import Document
from fathom.data.filters import Quality
from fathom.data.fim import FillInMiddle
from fathom.data.record import MAX_SKIPPED, Skips, Source, documents
from fathom.data.report import Judge, Report, Sieve
from fathom.data.shards import ShardWriter
from fathom.data.store import Sample
from fathom.data.tokenize import tokenized
from fathom.text.conversation import Chat
from fathom.text.tokenizer import Tokenizer

_EVERY = 1000


@dataclass(frozen=True, slots=True)
class Options:
    """``near`` is the similarity from which texts count as the same, None keeps near copies. ``fim_rate`` is the share
    of documents that are rearranged to fill in a middle. ``limit`` stops after so many kept documents."""

    field: str = "text"
    quality: Quality | None = None
    exact: bool = True
    near: float | None = 0.8
    contamination: Contamination | None = None
    bos: bool = True
    fim_rate: float = 0.0
    seed: int = 0
    max_skipped: int = MAX_SKIPPED
    limit: int | None = None

    def steps(self) -> list[tuple[str, Judge]]:
        """The steps in order, the cheap ones first. They remember what they saw: one list a preparation."""
        near = None if self.near is None else NearDuplicates(self.near, seed=self.seed)
        steps: list[tuple[str, Judge | None]] = [
            ("quality", self.quality),
            ("duplicate", ExactDuplicates() if self.exact else None),
            ("evaluation", self.contamination),
            ("duplicate", near),
        ]
        return [(name, judge) for name, judge in steps if judge is not None]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What came of it. ``documents`` and ``tokens`` are those in the shards."""

    directory: Path
    documents: int
    tokens: int
    report: Report
    skips: Skips


def clean(sources: Sequence[Source], options: Options, skips: Skips, report: Report) -> Iterator[Document]:
    """The documents that are worth learning from, in the order of the sources."""
    every = chain.from_iterable(documents(source, skips, field=options.field) for source in sources)
    return islice(filter(Sieve(options.steps(), report).keeps, every), options.limit)


def prepare(
    sources: Sequence[Source],
    tokenizer: Tokenizer,
    directory: str | Path,
    options: Options | None = None,
    progress: Progress = silent,
) -> Prepared:
    """Write the shards of a pretraining set. Raises DataError for sources that cannot be read, that are too broken, or
    of which nothing is left, and then writes nothing."""
    options = options or Options()
    fim = FillInMiddle.of(tokenizer, rate=options.fim_rate, seed=options.seed) if options.fim_rate else None
    report = Report()

    def samples(skips: Skips) -> Iterator[Sample]:
        return tokenized(clean(sources, options, skips, report), tokenizer, bos=options.bos, fim=fim)

    return _write(sources, tokenizer, Path(directory), samples, report, options, progress)


def prepare_chats(
    sources: Sequence[Source],
    chat: Chat,
    directory: str | Path,
    options: Options | None = None,
    progress: Progress = silent,
) -> Prepared:
    """Write the shards of a set of conversations, in which only what the assistant says is learned. The steps judge
    what all sides of a conversation say; ``limit`` counts samples."""
    options = options or Options()
    report = Report()

    def samples(skips: Skips) -> Iterator[Sample]:
        sieve = Sieve(options.steps(), report)
        every = chain.from_iterable(chat_samples(source, chat, skips, sieve.keeps) for source in sources)
        return islice(every, options.limit)

    return _write(sources, chat.tokenizer, Path(directory), samples, report, options, progress)


def _write(
    sources: Sequence[Source],
    tokenizer: Tokenizer,
    directory: Path,
    samples: Callable[[Skips], Iterator[Sample]],
    report: Report,
    options: Options,
    progress: Progress,
) -> Prepared:
    skips = Skips(options.max_skipped)
    with ShardWriter(directory, tokenizer=tokenizer.fingerprint, vocab_size=tokenizer.vocab_size) as writer:
        for sample in _told(samples(skips), writer, progress):
            writer.add(sample)
        if not writer.documents:
            raise _nothing(sources, report, skips)
        writer.about = _about(sources, report, skips, options.contamination)
    return Prepared(directory, writer.documents, writer.tokens, report, skips)


def _told(samples: Iterable[Sample], writer: ShardWriter, progress: Progress) -> Iterator[Sample]:
    """The samples, with a word every thousand."""
    for number, sample in enumerate(samples):
        if number % _EVERY == 0:
            progress(f"{number:,} documents, {writer.tokens:,} tokens", None)
        yield sample


def _about(sources: Sequence[Source], report: Report, skips: Skips, evaluation: Contamination | None) -> dict[str, Any]:
    return {
        "sources": [source.describe() for source in sources],
        "skipped": [f"{where}: {reason}" for where, reason in skips.items],
        "report": report.as_dict(),
        "evaluation": None
        if evaluation is None
        else {
            "compared": dict(evaluation.items),
            "too_short": {name: count for name, count in evaluation.unchecked.items() if count},
            "absent": evaluation.absent,
        },
    }


def _nothing(sources: Sequence[Source], report: Report, skips: Skips) -> DataError:
    read = f"{report.documents:,} documents read, {len(skips.items):,} broken"
    why = "; ".join(f"{reason} ({count:,})" for reason, count in report.dropped.most_common(3))
    names = ", ".join(source.name for source in sources)
    return DataError(
        f"nothing is left of {names}: {read}" + (f", dropped: {why}" if why else f" ({skips})" if skips.items else ""),
        "check the field that holds the text, or ask less of it",
    )
