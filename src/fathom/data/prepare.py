"""Preparation: from sources to token shards in one pass of reading, filtering, tokenizing and writing.

The index of the shards holds everything that determined the result: the sources with their hashes, the records skipped
as broken, what each filter dropped, with examples. The same sources and options give the same shards, also if the
preparation was interrupted and resumed (`fathom.data.journal`).
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
from fathom.data.filters.chain import Filter, FilterChain, PreparationReport
from fathom.data.filters.decontaminate import ContaminationFilter
from fathom.data.filters.dedup import ExactDuplicates, NearDuplicates
from fathom.data.filters.quality import Quality
from fathom.data.journal import Journal, track_sources
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
    """``near`` is the similarity from which texts are near copies; None keeps them. ``fim_rate`` is the share of
    documents rearranged for fill-in-the-middle. ``limit`` is the number of kept documents to stop after."""

    field: str = "text"
    quality: Quality | None = None
    exact: bool = True
    near: float | None = 0.8
    contamination: ContaminationFilter | None = None
    bos: bool = True
    fim_rate: float = 0.0
    seed: int = 0
    max_skipped: int = MAX_SKIPPED
    limit: int | None = None

    @property
    def fingerprint(self) -> str:
        """A text that differs if the result may differ."""
        contamination = None if self.contamination is None else self.contamination.fingerprint
        return repr(replace(self, contamination=None)) + str(contamination)

    def filters(self) -> list[tuple[str, Filter]]:
        """New filters, the cheap ones first; some have state, so every preparation needs its own."""
        near = None if self.near is None else NearDuplicates(self.near, seed=self.seed)
        filters: list[tuple[str, Filter | None]] = [
            ("quality", self.quality),
            ("duplicate", ExactDuplicates() if self.exact else None),
            ("evaluation", self.contamination),
            ("duplicate", near),
        ]
        return [(name, each) for name, each in filters if each is not None]


@dataclass(frozen=True, slots=True)
class Prepared:
    """The result of a preparation. ``documents`` and ``tokens`` count those in the shards."""

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
    """Write the shards of a pretraining set. Raises DataError, and writes nothing, if a source cannot be read, too many
    records are broken, or nothing is kept."""
    options = options or Options()
    fim = FillInMiddle.from_tokenizer(tokenizer, rate=options.fim_rate, seed=options.seed) if options.fim_rate else None

    def samples(remaining: Sequence[DataSource], state: _State) -> Iterator[Sample]:
        every = chain.from_iterable(documents(source, state.skips, field=options.field) for source in remaining)
        first = state.report.kept
        kept = islice(filter(state.filters.keeps, every), None if options.limit is None else options.limit - first)
        return tokenize_documents(kept, tokenizer, bos=options.bos, fim=fim, first=first)

    return _write(sources, tokenizer, Path(directory), "documents", samples, options, progress)


def prepare_chats(
    sources: Sequence[DataSource],
    chat: Chat,
    directory: str | Path,
    options: Options | None = None,
    progress: Progress = silent,
) -> Prepared:
    """Write the shards of a set of conversations, in which only assistant turns are trained on. The filters see the
    text of all messages; ``limit`` counts samples."""
    options = options or Options()

    def samples(remaining: Sequence[DataSource], state: _State) -> Iterator[Sample]:
        every = chain.from_iterable(
            chat_samples(source, chat, state.skips, state.filters.keeps) for source in remaining
        )
        return islice(every, None if options.limit is None else options.limit - state.writer.documents)

    template = chat.template.text if chat.template is not None else ""
    return _write(sources, chat.tokenizer, Path(directory), f"chats {template}", samples, options, progress)


class _State:
    """The state of a preparation, which its journal saves."""

    def __init__(self, writer: ShardWriter, options: Options, journal: Journal) -> None:
        self.writer = writer
        self.report = PreparationReport()
        self.skips = Skips(options.max_skipped)
        self.filters = FilterChain(options.filters(), self.report)
        self.start = (0, BEGINNING)
        self._journal = journal
        self._saved = 0

    def resume(self) -> bool:
        """Restore the journal's state; False if there is none, and the preparation starts from the beginning."""
        saved = self._journal.load()
        if saved is None or not self.writer.resume(saved[0]["writer"], saved[1]):
            self._journal.remove()
            return False
        state, parts = saved
        self.report.restore(state["report"])
        self.skips.items += [(where, reason) for where, reason in state["skips"]]
        for number, stateful in enumerate(self.filters.stateful):
            for part in parts:
                stateful.restore(part[f"seen{number}"])
        self.start = (state["source"], Position(*state["position"]))
        self._saved = self.writer.tokens
        return True

    def advance(self, source: int, position: Position) -> None:
        """All records of source number ``source`` before ``position`` are processed; saves this every so many
        tokens."""
        if self.writer.tokens - self._saved < self._journal.every:
            return
        self._saved = self.writer.tokens
        seen = {f"seen{number}": each.new_state() for number, each in enumerate(self.filters.stateful)}
        state = {
            "source": source,
            "position": [position.file, position.row],
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
    samples: Callable[[Sequence[DataSource], _State], Iterator[Sample]],
    options: Options,
    progress: Progress,
) -> Prepared:
    """Write the samples of ``sources``; ``kind`` identifies what else determines the result."""
    writer = ShardWriter(directory, tokenizer=tokenizer.fingerprint, vocab_size=tokenizer.vocab_size, resumable=True)
    described = [source.describe() for source in sources]
    key = sha256(json.dumps([kind, tokenizer.fingerprint, options.fingerprint, described]).encode()).hexdigest()
    journal = Journal(directory.with_name(directory.name + ".journal"), key)
    with exclusive(directory.with_name(f".{directory.name}.lock"), str(directory)):
        state = _State(writer, options, journal)
        if state.resume():
            progress(f"resuming after {writer.documents:,} documents", None)
        try:
            with writer:
                remaining = track_sources(sources, *state.start, state.advance)
                for sample in _with_progress(samples(remaining, state), writer, progress):
                    writer.add(sample)
                if not writer.documents:
                    raise _nothing_kept(sources, state.report, state.skips)
                writer.about = _about(described, state.report, state.skips, options.contamination)
        except Exception:  # not an interrupt: the same command resumes after it
            journal.remove()
            raise
        journal.remove()
    return Prepared(directory, writer.documents, writer.tokens, state.report, state.skips)


def _with_progress(samples: Iterable[Sample], writer: ShardWriter, progress: Progress) -> Iterator[Sample]:
    """The samples, reporting progress every thousand."""
    for number, sample in enumerate(samples, writer.documents):
        if number % _EVERY == 0:
            progress(f"{number:,} documents, {writer.tokens:,} tokens", None)
        yield sample


def _about(
    sources: Sequence[Mapping[str, Any]],
    report: PreparationReport,
    skips: Skips,
    evaluation: ContaminationFilter | None,
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


def _nothing_kept(sources: Sequence[DataSource], report: PreparationReport, skips: Skips) -> DataError:
    read = f"{report.documents:,} documents read, {len(skips.items):,} broken"
    why = "; ".join(f"{reason} ({count:,})" for reason, count in report.dropped.most_common(3))
    names = ", ".join(source.name for source in sources)
    return DataError(
        f"no document of {names} was kept: {read}"
        + (f", dropped: {why}" if why else f" ({skips})" if skips.items else ""),
        "check the field that holds the text, or relax the filters",
    )
