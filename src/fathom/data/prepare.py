"""From sources to shards in one pass: read, sift, tokenize, write, and say what was dropped.

Everything that decides the result is kept in the index of the shards: where the text came from, with hashes, what was
skipped as broken, what each step dropped, with examples. The same sources and options give the same shards, also where
the work was killed and the same command went on (`fathom.data.journal`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import chain, islice
from pathlib import Path
from typing import Any

from fathom.base.errors import DataError
from fathom.base.lock import exclusive
from fathom.base.progress import Report as Progress
from fathom.base.progress import silent
from fathom.data.filters.chain import FilterChain, Judge, PreparationReport
from fathom.data.filters.decontaminate import Contamination
from fathom.data.filters.dedup import ExactDuplicates, NearDuplicates
from fathom.data.filters.quality import Quality
from fathom.data.journal import Journal, watch_sources
from fathom.data.samples.conversations import chat_samples
from fathom.data.samples.documents import tokenize_documents
from fathom.data.samples.fim import FillInMiddle
from fathom.data.shards.store import Sample
from fathom.data.shards.writer import ShardWriter
from fathom.data.sources.source import BEGINNING, MAX_SKIPPED, DataSource, Position, Skips, documents
from fathom.text.conversation import Chat
from fathom.text.tokenizer.tokenizer import Tokenizer

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

    @property
    def fingerprint(self) -> str:
        """Changes when the result may."""
        known = None if self.contamination is None else self.contamination.fingerprint
        return repr(replace(self, contamination=None)) + str(known)

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
    report: PreparationReport
    skips: Skips


def prepare(
    sources: Sequence[DataSource],
    tokenizer: Tokenizer,
    directory: str | Path,
    options: Options | None = None,
    progress: Progress = silent,
) -> Prepared:
    """Write the shards of a pretraining set. Raises DataError for sources that cannot be read, that are too broken, or
    of which nothing is left, and then writes nothing."""
    options = options or Options()
    fim = FillInMiddle.of(tokenizer, rate=options.fim_rate, seed=options.seed) if options.fim_rate else None

    def samples(left: Sequence[DataSource], work: _Work) -> Iterator[Sample]:
        every = chain.from_iterable(documents(source, work.skips, field=options.field) for source in left)
        first = work.report.kept
        kept = islice(filter(work.sieve.keeps, every), None if options.limit is None else options.limit - first)
        return tokenize_documents(kept, tokenizer, bos=options.bos, fim=fim, first=first)

    return _write(sources, tokenizer, Path(directory), "documents", samples, options, progress)


def prepare_chats(
    sources: Sequence[DataSource],
    chat: Chat,
    directory: str | Path,
    options: Options | None = None,
    progress: Progress = silent,
) -> Prepared:
    """Write the shards of a set of conversations, in which only what the assistant says is learned. The steps judge
    what all sides of a conversation say; ``limit`` counts samples."""
    options = options or Options()

    def samples(left: Sequence[DataSource], work: _Work) -> Iterator[Sample]:
        every = chain.from_iterable(chat_samples(source, chat, work.skips, work.sieve.keeps) for source in left)
        return islice(every, None if options.limit is None else options.limit - work.writer.documents)

    template = chat.template.source if chat.template is not None else ""
    return _write(sources, chat.tokenizer, Path(directory), f"chats {template}", samples, options, progress)


class _Work:
    """What a preparation has in hand: everything that its journal must know of."""

    def __init__(self, writer: ShardWriter, options: Options, journal: Journal) -> None:
        self.writer = writer
        self.report = PreparationReport()
        self.skips = Skips(options.max_skipped)
        self.sieve = FilterChain(options.steps(), self.report)
        self.start = (0, BEGINNING)
        self._journal = journal
        self._saved = 0

    def resume(self) -> bool:
        """Take up what the journal knows; False where a beginning has to be made."""
        found = self._journal.load()
        if found is None or not self.writer.resume(found[0]["writer"], found[1]):
            self._journal.remove()
            return False
        state, parts = found
        self.report.recall(state["report"])
        self.skips.items += [(where, reason) for where, reason in state["skips"]]
        for number, judge in enumerate(self.sieve.memories):
            for part in parts:
                judge.recall(part[f"seen{number}"])
        self.start = (state["source"], Position(*state["position"]))
        self._saved = self.writer.tokens
        return True

    def dealt_with(self, source: int, behind: Position) -> None:
        """Every record of source number ``source`` before ``behind`` has been; now and then that is written down."""
        if self.writer.tokens - self._saved < self._journal.every:
            return
        self._saved = self.writer.tokens
        seen = {f"seen{number}": judge.fresh() for number, judge in enumerate(self.sieve.memories)}
        state = {
            "source": source,
            "position": [behind.file, behind.row],
            "report": self.report.state(),
            "skips": self.skips.items,
            "writer": self.writer.state(),
        }
        self._journal.save(state, self.writer.pending_arrays() | seen)


def _write(
    sources: Sequence[DataSource],
    tokenizer: Tokenizer,
    directory: Path,
    kind: str,
    samples: Callable[[Sequence[DataSource], _Work], Iterator[Sample]],
    options: Options,
    progress: Progress,
) -> Prepared:
    """``kind`` is what else decides the result."""
    writer = ShardWriter(directory, tokenizer=tokenizer.fingerprint, vocab_size=tokenizer.vocab_size, resumable=True)
    described = [source.describe() for source in sources]
    key = sha256(json.dumps([kind, tokenizer.fingerprint, options.fingerprint, described]).encode()).hexdigest()
    journal = Journal(directory.with_name(directory.name + ".journal"), key)
    with exclusive(directory.with_name(f".{directory.name}.lock"), str(directory)):
        work = _Work(writer, options, journal)
        if work.resume():
            progress(f"going on behind {writer.documents:,} documents", None)
        try:
            with writer:
                left = watch_sources(sources, *work.start, work.dealt_with)
                for sample in _with_progress(samples(left, work), writer, progress):
                    writer.add(sample)
                if not writer.documents:
                    raise _nothing(sources, work.report, work.skips)
                writer.about = _about(described, work.report, work.skips, options.contamination)
        except Exception:  # not what interrupts: then the same command goes on
            journal.remove()
            raise
        journal.remove()
    return Prepared(directory, writer.documents, writer.tokens, work.report, work.skips)


def _with_progress(samples: Iterable[Sample], writer: ShardWriter, progress: Progress) -> Iterator[Sample]:
    """The samples, with a word every thousand."""
    for number, sample in enumerate(samples, writer.documents):
        if number % _EVERY == 0:
            progress(f"{number:,} documents, {writer.tokens:,} tokens", None)
        yield sample


def _about(
    sources: Sequence[Mapping[str, Any]], report: PreparationReport, skips: Skips, evaluation: Contamination | None
) -> dict[str, Any]:
    return {
        "sources": list(sources),
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


def _nothing(sources: Sequence[DataSource], report: PreparationReport, skips: Skips) -> DataError:
    read = f"{report.documents:,} documents read, {len(skips.items):,} broken"
    why = "; ".join(f"{reason} ({count:,})" for reason, count in report.dropped.most_common(3))
    names = ", ".join(source.name for source in sources)
    return DataError(
        f"nothing is left of {names}: {read}" + (f", dropped: {why}" if why else f" ({skips})" if skips.items else ""),
        "check the field that holds the text, or ask less of it",
    )
