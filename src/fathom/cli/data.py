"""``fathom data``: train a vocabulary, compare it, and turn text or conversations into shards to train on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from fathom.base import progress
from fathom.base.errors import ConfigError, FathomError

if TYPE_CHECKING:
    from fathom.data.filters.decontaminate import Contamination, EvaluationItem
    from fathom.data.prepare import Prepared
    from fathom.data.sources.source import DataSource
    from fathom.tasks.task import Item
    from fathom.text.tokenizer.compression import Compression

app = typer.Typer(
    name="data",
    help="Vocabularies, and text or conversations made ready for training.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

MOST_ITEMS = 1000
"""Items that are taken of one evaluation set; procedural ones have no end."""

Sources = Annotated[
    list[str],
    typer.Argument(
        help="Files or directories (JSON Lines, text, parquet), or hf:OWNER/NAME. FILE@sha256:… pins a file."
    ),
]
Field = Annotated[str, typer.Option(help="The field of a record that holds its text.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Stop after so many documents.")]
Skipped = Annotated[int, typer.Option(min=0, help="Broken records to pass over before giving up.")]


@app.command("prepare")
def prepare(
    sources: Sources,
    out: Annotated[Path, typer.Option(help="The directory to write.")],
    tokenizer: Annotated[str, typer.Option(help="The vocabulary: a directory, or a model that is on this machine.")],
    chat: Annotated[bool, typer.Option("--chat", help="Records are conversations; only answers are learned.")] = False,
    field: Field = "text",
    web: Annotated[
        bool, typer.Option("--web", help="Drop what looks like bad web text (Gopher's and C4's rules).")
    ] = False,
    near: Annotated[
        float, typer.Option(min=0, max=1, help="Similarity from which a text is a copy; 1 keeps all.")
    ] = 0.8,
    against: Annotated[
        list[str] | None,
        typer.Option(help="Evaluation sets to keep out: tasks or files. Default: every set; none: nothing."),
    ] = None,
    fim: Annotated[float, typer.Option(min=0, max=1, help="Share of documents rearranged to fill in a middle.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Decides what is random in it.")] = 0,
    max_skipped: Skipped = 100,
    limit: Limit = None,
) -> None:
    """Turn documents, or conversations, into shards of tokens, and tell what was dropped and why."""
    from fathom.cli import vocabularies
    from fathom.data import prepare as stage
    from fathom.data.filters.quality import Quality
    from fathom.data.sources.open import open_source
    from fathom.text.conversation import Chat

    console = Console(stderr=True)
    opened = [open_source(word) for word in sources]
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
    """Train a vocabulary: byte-level BPE with DeepSeek-V3's cuts and the tokens of the R1 chat format."""
    from fathom.text.tokenizer import bpe

    if (out / "tokenizer.json").exists():
        raise ConfigError(f"{out} holds a vocabulary already", "choose another place, or delete it first")
    console = Console(stderr=True)
    with progress.bar(console) as report:
        report("reading and counting", None)
        trained = bpe.train(texts(sources, field, max_skipped, limit), size)
        bpe.save(trained, out)
    if trained.vocab_size < size:
        console.print(f"the texts gave {trained.vocab_size:,} ids, not {size:,}: no further pair occurs twice")
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
    """Compare vocabularies by the bytes of text that a token carries. Give texts that none of them was trained on."""
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


def texts(words: Iterable[str], field: str, max_skipped: int, limit: int | None) -> Iterator[str]:
    """The texts of all sources, up to ``limit``."""
    from fathom.data.sources.open import open_source
    from fathom.data.sources.source import Skips, documents

    skips = Skips(max_skipped)
    every = chain.from_iterable(documents(open_source(word), skips, field=field) for word in words)
    return (document.text for document in islice(every, limit))


def contamination(against: list[str] | None, console: Console, report: progress.Report) -> Contamination | None:
    """What to keep out of training; an evaluation set that is not on this machine is told, not passed over."""
    from fathom.data.filters.decontaminate import Contamination
    from fathom.tasks.registry import evaluations

    if against == ["none"]:
        return None
    found = Contamination()
    for name in against or evaluations():
        report(f"evaluation set {name}", None)
        try:
            found.add(name, list(evaluation_items(name)))
        except FathomError as error:
            if against:
                raise
            found.absent[name] = error.message
            console.print(f"not compared with {name}: {error}", highlight=False, markup=False, soft_wrap=True)
    unchecked = ", ".join(f"{count:,} of {name}" for name, count in found.unchecked.items() if count)
    if unchecked:
        console.print(f"too short to search for: {unchecked}", highlight=False)
    return found


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
    """What the item asks, without the system prompt."""
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
    """What came of it, for people."""
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
    """Vocabularies, the best first."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("vocabulary", no_wrap=True)
    for title in ("ids", "tokens", "bytes a token"):
        table.add_column(title, justify="right", no_wrap=True)
    for line in lines:
        table.add_row(line.name, f"{line.vocab_size:,}", f"{line.tokens:,}", f"{line.bytes_per_token:.2f}")
    return table
