"""The slash commands of the terminal chat. One method a command; its docstring is its line in /help."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from fathom.base import paths
from fathom.base.errors import FathomError
from fathom.cli.terminal.history import ChatHistory


class Quit(Exception):  # noqa: N818  (not an error)
    """Raised by /quit."""


class Commands:
    """The commands on a conversation. A command that asks the model again returns the question."""

    def __init__(self, history: ChatHistory, console: Console) -> None:
        self._history = history
        self._console = console

    def run(self, line: str) -> str | None:
        """Run ``/name rest``; returns a question to ask, or None. A doubled slash begins an ordinary message."""
        if line.startswith("//"):
            return line[1:]
        name, _, rest = line[1:].partition(" ")
        command = dict(self.all()).get(name)
        if command is None:
            raise FathomError(f"there is no command /{name}", "/help lists them; // begins a message with a slash")
        return command(rest.strip())

    def all(self) -> Iterator[tuple[str, Callable[[str], str | None]]]:
        """Names and methods, in the order of /help."""
        yield "help", self.help
        yield "new", self.new
        yield "retry", self.retry
        yield "think", self.think
        yield "system", self.system
        yield "save", self.save
        yield "load", self.load
        yield "quit", self.quit

    def help(self, _rest: str) -> None:
        """list these commands"""
        for name, command in self.all():
            self._console.print(f"  [cyan]/{name:<8}[/] {command.__doc__}", highlight=False)
        self._console.print("  [dim]a line that ends in \\\\ continues in the next[/]")

    def new(self, _rest: str) -> None:
        """start a new conversation"""
        self._history.clear()
        self._print("a new conversation")

    def retry(self, _rest: str) -> str | None:
        """ask the last question again"""
        question = self._history.take_back()
        if question is None:
            self._print("there is nothing to ask again")
        return question

    def think(self, rest: str) -> None:
        """on, off or auto: ask for thinking, where the model can"""
        choices = {"on": True, "off": False, "auto": None}
        if rest:
            if rest not in choices:
                raise FathomError(f"/think does not know {rest!r}", "choose on, off or auto")
            self._history.thinking = choices[rest]
        self._print("thinking: " + next(name for name, value in choices.items() if value is self._history.thinking))

    def system(self, rest: str) -> None:
        """TEXT: instructions for the whole conversation; without text, none"""
        self._history.system = rest or None
        self._print("instructions set" if rest else "no instructions")

    def save(self, rest: str) -> None:
        """[PATH]: save the conversation to a file"""
        path = self._path(rest)
        self._history.save(path)
        self._print(f"saved to {path}")

    def load(self, rest: str) -> None:
        """[PATH]: continue a saved one"""
        path = self._path(rest)
        self._history.load(path)
        self._print(f"{len(self._history.messages) // 2} questions and answers from {path}")

    def quit(self, _rest: str) -> None:
        """leave (so does Ctrl-D)"""
        raise Quit

    def _path(self, rest: str) -> Path:
        return Path(rest).expanduser() if rest else paths.data_dir() / "conversation.json"

    def _print(self, text: str) -> None:
        self._console.print(text, style="dim", highlight=False, markup=False)
