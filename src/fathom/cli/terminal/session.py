"""``fathom chat --terminal``: a conversation in the terminal.

The model is loaded by the server's own code, so both give the same answers. Ctrl-C stops an answer and keeps the
conversation (the unfinished answer stays, as on the page); Ctrl-D or /quit leaves. Standard input that is not a
terminal is one message, and only its answer is written to standard output.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, closing
from pathlib import Path
from types import ModuleType

from rich.console import Console

from fathom.base import paths, progress
from fathom.base.errors import FathomError
from fathom.cli import options
from fathom.cli.terminal.commands import Commands, Quit
from fathom.cli.terminal.history import ChatHistory
from fathom.cli.terminal.view import LiveView, PlainView, View
from fathom.server.generation.chat import chat as generate
from fathom.server.generation.events import GenerationDelta
from fathom.server.generation.jobs import ChatJob, SamplingOverrides
from fathom.server.models.loading import loader
from fathom.server.models.served_model import ServedModel
from fathom.text.events import AnswerText, AnswerWasThinking, Event, ThinkingText
from fathom.types import Conversation

try:
    import readline as _readline
except ImportError:  # Windows has none: input() works without history there
    readline: ModuleType | None = None
else:
    readline = _readline

Ask = Callable[[Conversation], AsyncGenerator[Event, None]]
"""Streams the answer to a conversation; closing it stops the model."""


def run(
    *,
    model: str | None,
    dtype: str | None,
    device: str | None,
    max_context: int | None,
    system: str | None,
    thinking: bool | None,
    temperature: float | None,
    seed: int | None,
    max_tokens: int | None,
) -> None:
    """Load the model and chat until the user leaves."""
    settings = options.settings(model=model, dtype=dtype, device=device, max_context=max_context)
    with progress.bar() as report:
        served = loader(settings)(report)
    with closing(served.engine):
        sampling = SamplingOverrides()
        if temperature is not None:
            sampling["temperature"] = temperature
        if seed is not None:
            sampling["seed"] = seed
        if max_tokens is not None:
            sampling["max_tokens"] = max_tokens
        session = TerminalSession(make_ask(served, sampling), ChatHistory(system, thinking), served.name, Console())
        if sys.stdin.isatty():
            session.converse()
        else:
            session.pipe(sys.stdin.read())


def make_ask(served: ServedModel, sampling: SamplingOverrides) -> Ask:
    """Generates answers of ``served``: with its recommended sampling, overridden by ``sampling``."""

    async def ask(conversation: Conversation) -> AsyncGenerator[Event, None]:
        async with aclosing(generate(served, ChatJob(conversation, sampling))) as stream:
            async for step in stream:
                if isinstance(step, GenerationDelta):
                    for event in step.events:
                        yield event

    return ask


class TerminalSession:
    """One conversation at ``console``; ``ask`` streams the model's answers."""

    def __init__(self, ask: Ask, history: ChatHistory, name: str, console: Console) -> None:
        self._ask = ask
        self._history = history
        self._name = name
        self._console = console

    def pipe(self, question: str) -> None:
        """Answer one question. Raises FathomError where it is empty."""
        if not question.strip():
            raise FathomError("standard input is empty", "give a message: echo hi | fathom chat --terminal")
        with asyncio.Runner() as runner:
            self._exchange(runner, question.strip(), PlainView(sys.stdout))

    def converse(self, read: Callable[[str], str] = input) -> None:
        """Answer questions until /quit or the end of input."""
        self._console.print(f"[bold]{self._name}[/]  [dim]/help lists commands · Ctrl-C stops an answer[/]\n")
        commands = Commands(self._history, self._console)
        with asyncio.Runner() as runner, _InputHistory():
            while True:
                try:
                    line = self._read(read)
                    question = commands.run(line) if line.startswith("/") else line
                    if question:
                        self._exchange(runner, question, LiveView(self._console))
                        self._console.print()
                except (EOFError, Quit):
                    return
                except KeyboardInterrupt:
                    self._console.print("[dim]/quit leaves[/]")
                except FathomError as error:
                    self._console.print(f"[bold red]error:[/] {error.message}", highlight=False)
                    if error.remedy:
                        self._console.print(f"[bold green]  try:[/] {error.remedy}", highlight=False)

    def _read(self, read: Callable[[str], str]) -> str:
        """Read one message; a line that ends in a backslash continues in the next."""
        line = read(_prompt("› ")).strip()
        while line.endswith("\\"):
            line = line[:-1] + "\n" + read(_prompt("… ")).rstrip()
        return line

    def _exchange(self, runner: asyncio.Runner, question: str, view: View) -> None:
        """Ask, show the answer, keep both. Ctrl-C stops the answer; the part that was generated is kept."""
        answer, thinking = _TextBuffer(), _TextBuffer()
        try:
            runner.run(self._stream(question, view, answer, thinking))
        except KeyboardInterrupt:
            if not isinstance(view, LiveView):
                raise
            view.close()
            self._console.print("[dim](stopped)[/]")
        except BaseException:
            view.close()
            raise
        else:
            view.close()
        if answer.text or thinking.text:
            self._history.add_exchange(question, answer.text, thinking.text or None)

    async def _stream(self, question: str, view: View, answer: _TextBuffer, thinking: _TextBuffer) -> None:
        async with aclosing(self._ask(self._history.conversation(question))) as events:
            async for event in events:
                if isinstance(event, ThinkingText):
                    thinking.text += event.text
                    view.think(event.text)
                elif isinstance(event, AnswerText):
                    answer.text += event.text
                    view.answer(event.text)
                elif isinstance(event, AnswerWasThinking):
                    thinking.text, answer.text = thinking.text + answer.text, ""


class _TextBuffer:
    """Text that a task appends to and that stays after the task was cancelled."""

    def __init__(self) -> None:
        self.text = ""


class _InputHistory:
    """Input lines of earlier conversations, on the arrow keys; stored in the user's data directory."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or paths.data_dir() / "terminal_history"

    def __enter__(self) -> None:
        if readline is not None and self._path.exists():
            readline.read_history_file(self._path)

    def __exit__(self, *_: object) -> None:
        if readline is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            readline.set_history_length(1000)
            readline.write_history_file(self._path)


def _prompt(mark: str) -> str:
    """Bold cyan; the \\001…\\002 tell readline that these bytes have no width."""
    if not sys.stdout.isatty() or readline is None:
        return mark
    return f"\001\033[1;36m\002{mark}\001\033[0m\002"
