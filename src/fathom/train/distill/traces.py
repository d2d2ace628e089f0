"""File of a teacher's answers: one line an answer, in the order of arrival, append-only.

The first line describes the questions. Wrong and refused answers are kept too: they were paid for, and a resumed run
must not ask again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fathom.base.errors import ConfigError, DataError
from fathom.base.json_lines import json_line
from fathom.train.distill.teacher import TeacherAnswer
from fathom.train.run.aliases import with_present_names
from fathom.train.run.config import difference
from fathom.types import Message

FILE = "traces.jsonl"


@dataclass(frozen=True, slots=True)
class Trace:
    """An answer with the task's verdict on it. ``id`` is the problem's, ``detail`` why it is not right."""

    problem: int
    sample: int
    id: str
    answer: TeacherAnswer
    correct: bool
    detail: str = ""

    def line(self, prompt: str) -> dict[str, Any]:
        """As it is written; ``prompt`` is for people who read the file."""
        reply = self.answer
        return {
            "problem": self.problem,
            "sample": self.sample,
            "id": self.id,
            "prompt": prompt,
            "reasoning": reply.message.reasoning,
            "content": reply.message.content,
            "ending": reply.ending,
            "tokens": reply.tokens,
            "correct": self.correct,
            "detail": reply.detail or self.detail,
        }


def trace(line: Mapping[str, Any]) -> Trace:
    """The trace in a line. Raises KeyError where something is missing."""
    message = Message("assistant", line["content"], reasoning=line["reasoning"])
    reply = TeacherAnswer(
        message, line["ending"], line["tokens"], line["detail"] if line["ending"] == "refused" else ""
    )
    return Trace(line["problem"], line["sample"], line["id"], reply, line["correct"], line["detail"])


class TraceFile:
    """The traces in ``directory``, a new file where there is none. ``asked`` describes what all of them answer.

    Raises ConfigError, with every key that differs, where those that are there answer something else, and DataError
    where a line is broken; a last line that a kill cut short is dropped.
    """

    def __init__(self, directory: Path, asked: Mapping[str, Any]) -> None:
        self.path = directory / FILE
        self.traces: dict[tuple[int, int], Trace] = {}
        directory.mkdir(parents=True, exist_ok=True)
        lines = self._whole_lines()
        if not lines:
            self._write({"asked": asked})
            return
        number = 1
        try:
            before = with_present_names(json.loads(lines[0])["asked"])
            for number, line in enumerate(lines[1:], 2):  # noqa: B007 - the error names it
                one = trace(json.loads(line))
                self.traces[one.problem, one.sample] = one
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{self.path}:{number} is damaged ({type(error).__name__}: {error})",
                "remove that line: its answer is asked for again",
            ) from error
        changed = [f"{key}: {old!r} → {new!r}" for key, old, new in difference(before, _plain(asked))]
        if changed:
            raise ConfigError(
                f"{self.path} holds answers to other questions ({'; '.join(changed)})",
                "choose another --out, or give the settings of the run",
            )

    def add(self, one: Trace, prompt: str) -> None:
        """Raises DataError where the disk refuses."""
        self._write(one.line(prompt))
        self.traces[one.problem, one.sample] = one

    def _write(self, line: Mapping[str, Any]) -> None:
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json_line(line))
        except OSError as error:
            raise DataError(
                f"{self.path} cannot be written: {error.strerror}", "free some space and run the same command again"
            ) from error

    def _whole_lines(self) -> list[str]:
        if not self.path.exists():
            return []
        data = self.path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) < len(data):
            with self.path.open("r+b") as file:
                file.truncate(len(whole))
        return [line.decode("utf-8", "replace") for line in whole.split(b"\n")[:-1]]


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON restores it."""
    plain: dict[str, Any] = json.loads(json.dumps(values))
    return plain
