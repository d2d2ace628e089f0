"""``fathom data``: train and compare vocabularies, and prepare documents or conversations as token shards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from fathom.base import progress
from fathom.base.errors import ConfigError, FathomError

if TYPE_CHECKING:
    from fathom.data.filters.decontaminate import ContaminationFilter, EvaluationItem
    from fathom.data.prepare import Prepared
    from fathom.data.sources.source import DataSource
    from fathom.tasks.task import Item
    from fathom.text.tokenizer.compression import Compression

app = typer.Typer(
    name="data",
    help="Train vocabularies, and prepare documents or conversations for training.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

MOST_ITEMS = 1000
"""Items taken from one evaluation set; procedural ones are endless."""

Sources = Annotated[
    list[str],
    typer.Argument(
        help="Files or directories (JSON, tables, text, parquet), or hf:OWNER/NAME. FILE@sha256:… pins a file."
    ),
]
Field = Annotated[str, typer.Option(help="The field of a record that holds its text.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Documents to stop after.")]
Skipped = Annotated[int, typer.Option(min=0, help="Broken records to skip before stopping.")]


@app.command("prepare")
def prepare(
    sources: Sources,
    out: Annotated[Path, typer.Option(help="The directory to write.")],
    tokenizer: Annotated[str, typer.Option(help="The vocabulary: a directory, or a local model.")],
    chat: Annotated[bool, typer.Option("--chat", help="Records are conversations; train on answers only.")] = False,
    field: Field = "text",
    web: Annotated[bool, typer.Option("--web", help="Drop low-quality web text (rules of Gopher and C4).")] = False,
    near: Annotated[
        float, typer.Option(min=0, max=1, help="Similarity from which a text is a near copy; 1 keeps all.")
    ] = 0.8,
    against: Annotated[
        list[str] | None,
        typer.Option(help="Evaluation sets to keep out: tasks or files. Default: all; none: no check."),
    ] = None,
    fim: Annotated[
        float, typer.Option(min=0, max=1, help="Share of documents rearranged for fill-in-the-middle.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Seed of all random choices.")] = 0,
    max_skipped: Skipped = 100,
    limit: Limit = None,
) -> None:
    """Write documents, or conversations, as token shards, and print what was dropped and why."""
    from fathom.cli import vocabularies
    from fathom.data import prepare as stage
    from fathom.data.filters.quality import Quality
    from fathom.data.sources.open import open_source
    from fathom.text.conversation import Chat

    console = Console(stderr=True)
    opened = [open_source(name) for name in sources]
    vocabulary, template = vocabularies.load(tokenizer)
    with progress.bar(console) as report:
        options = stage.Options(
            field=field,
            quality=Quality() if web else None,
            near=near if near < 1 else None,
            contamination=contamination(against, console, report),
            fim_rate=fim,
            seed=seed,
            max_skipped=max_skipped,
            limit=limit,
        )
        done = (
            stage.prepare_chats(opened, Chat(vocabulary, template), out, options, report)
            if chat
            else stage.prepare(opened, vocabulary, out, options, report)
        )
    console.print(summary(done))
    typer.echo(out)


@app.command("tokenizer")
def tokenizer(
    sources: Sources,
    out: Annotated[Path, typer.Option(help="The directory to write.")],
    size: Annotated[int, typer.Option(min=300, help="Ids in the vocabulary, special tokens included.")] = 8192,
    field: Field = "text",
    max_skipped: Skipped = 100,
    limit: Limit = None,
) -> None:
    """Train a vocabulary: byte-level BPE with DeepSeek-V3's pre-tokenizer and the tokens of the R1 chat format."""
    from fathom.text.tokenizer import bpe

    if (out / "tokenizer.json").exists():
        raise ConfigError(f"{out} already holds a vocabulary", "choose another directory, or delete it first")
    console = Console(stderr=True)
    with progress.bar(console) as report:
        report("training", None)
        trained = bpe.train(texts(sources, field, max_skipped, limit), size)
        bpe.save(trained, out)
    if trained.vocab_size < size:
        console.print(f"the vocabulary has {trained.vocab_size:,} ids, not {size:,}: no other pair occurs twice")
    typer.echo(out)


@app.command("compare")
def compare(
    sources: Sources,
    tokenizer: Annotated[
        list[str] | None, typer.Option(help="Vocabularies beside SmolLM2's, DeepSeek-V3's and GPT-2's.")
    ] = None,
    field: Field = "text",
    max_skipped: Skipped = 100,
    limit: Limit = 1000,
) -> None:
    """Compare vocabularies by bytes of text per token, on texts that none of them was trained on."""
    from fathom.cli import vocabularies
    from fathom.text.tokenizer.compression import compare as measure

    console = Console(stderr=True)
    compared = {name: vocabularies.load(name)[0] for name in tokenizer or ()}
    for name in vocabularies.REFERENCES:
        try:
            compared[name] = vocabularies.load(name)[0]
        except FathomError as error:
            console.print(f"without {name}: {error}", highlight=False, markup=False)
    with progress.bar(console) as report:
        report("encoding", None)
        lines = measure(texts(sources, field, max_skipped, limit), compared)
    Console().print(ranking(lines))


def texts(names: Iterable[str], field: str, max_skipped: int, limit: int | None) -> Iterator[str]:
    """The texts of all sources, at most ``limit``."""
    from fathom.data.sources.open import open_source
    from fathom.data.sources.source import Skips, documents

    skips = Skips(max_skipped)
    every = chain.from_iterable(documents(open_source(name), skips, field=field) for name in names)
    return (document.text for document in islice(every, limit))


def contamination(against: list[str] | None, console: Console, report: progress.Report) -> ContaminationFilter | None:
    """The filter for evaluation items; prints in one line which evaluation sets could not be read."""
    from fathom.data.filters.decontaminate import ContaminationFilter
    from fathom.tasks.registry import evaluations

    if against == ["none"]:
        return None
    checked = ContaminationFilter()
    for name in against or evaluations():
        report(f"evaluation set {name}", None)
        try:
            checked.add(name, list(evaluation_items(name)))
        except FathomError as error:
            if against:
                raise
            checked.absent[name] = error.message
    if checked.absent:
        console.print(_absent_line(checked.absent), highlight=False, markup=False, soft_wrap=True)
    unchecked = ", ".join(f"{count:,} of {name}" for name, count in checked.unchecked.items() if count)
    if unchecked:
        console.print(f"too short to check: {unchecked}", highlight=False)
    return checked


def _absent_line(absent: Mapping[str, str]) -> str:
    """Which evaluation sets could not be read, with the reason for the first; the index of the shards has them all."""
    reason = next(iter(absent.values()))
    return f"not checked against {', '.join(absent)}: {reason} (it matters only where you will measure on these)"


def evaluation_items(name: str) -> Iterator[EvaluationItem]:
    """The questions of a registered task, or of a file of questions and answers."""
    from fathom.data.filters.decontaminate import EvaluationItem
    from fathom.data.sources.open import open_source
    from fathom.tasks import registry

    if name in registry.TASKS or name.startswith(registry.FAMILY):
        for item in registry.get(name).items("test", limit=MOST_ITEMS):
            yield EvaluationItem(question_text(item), str(item.answer))
    else:
        yield from _questions(open_source(name))


def question_text(item: Item) -> str:
    """The question of an item, without the system prompt."""
    if isinstance(item.prompt, str):
        return item.prompt
    return "\n".join(message.content for message in item.prompt if message.role == "user")


def _questions(source: DataSource) -> Iterator[EvaluationItem]:
    from fathom.data.filters.decontaminate import EvaluationItem
    from fathom.data.samples.conversations import ANSWERS, QUESTIONS
    from fathom.data.sources.source import Skips

    def first(data: Any, names: Iterable[str]) -> str:
        return next((str(data[name]) for name in names if data.get(name) not in (None, "")), "")

    skips = Skips()
    for record in source.records(skips):
        question = first(record.data, (*QUESTIONS, "text"))
        if question:
            yield EvaluationItem(question, first(record.data, ANSWERS))
        else:
            skips.add(record.where, "it has no question")


def summary(done: Prepared) -> Table:
    """The counts of a preparation as a table."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(f"{done.report.documents:,}", "documents read")
    for reason, count in done.report.dropped.most_common():
        table.add_row(
            f"− {count:,}", f"{reason} (such as {', '.join(name for name, _ in done.report.examples[reason])})"
        )
    if done.skips.items:
        table.add_row(f"{len(done.skips.items):,}", f"broken: {done.skips}")
    table.add_row(f"{done.documents:,}", f"samples written, {done.tokens:,} tokens")
    return table


def ranking(lines: Iterable[Compression]) -> Table:
    """Vocabularies as a table, best first."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("vocabulary", no_wrap=True)
    for title in ("ids", "tokens", "bytes/token"):
        table.add_column(title, justify="right", no_wrap=True)
    for line in lines:
        table.add_row(line.name, f"{line.vocab_size:,}", f"{line.tokens:,}", f"{line.bytes_per_token:.2f}")
    return table
