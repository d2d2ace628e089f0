"""Metrics of a run: one JSON object a line in ``DIR/metrics.jsonl``, and its description in ``DIR/run.json``.

Everything that ``fathom report`` shows comes from these files, so that a report can be made anywhere and at any time.
A resumed run first drops the lines after its checkpoint: they will be written again.

``DIR/run.json`` holds the configuration, what the model is and what it runs on.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fathom.base.json_lines import whole_lines

METRICS, RUN, ROLLOUTS = "metrics.jsonl", "run.json", "rollouts.jsonl"


class Recorder:
    """Appends to ``directory``; ``step`` is where the run resumes (0: a new one). ``spent`` are seconds of machine time
    before this process. ``writes`` False only keeps the time, as ranks other than 0 do. The clock is injected, so
    that tests need not wait.
    """

    def __init__(
        self,
        directory: Path,
        *,
        step: int = 0,
        spent: float = 0.0,
        writes: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path = directory / METRICS
        self._writes = writes
        self._clock = clock
        self._start = clock() - spent
        if writes:
            directory.mkdir(parents=True, exist_ok=True)
            _keep_up_to(self.path, step)

    @property
    def seconds(self) -> float:
        """Machine time of the run so far, that of killed processes included as far as it was saved."""
        return self._clock() - self._start

    def record(self, kind: str, step: int, values: Mapping[str, Any]) -> dict[str, Any]:
        """Append one line: ``kind`` (train, evaluation …), the number of updates done, seconds, then ``values``."""
        line = {"kind": kind, "step": step, "seconds": round(self.seconds, 3), **values}
        if self._writes:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        return line


def read(directory: Path) -> list[dict[str, Any]]:
    """Every whole line of a run's metrics, in order."""
    path = directory / METRICS
    if not path.exists():
        return []
    return [json.loads(line) for line in whole_lines(path)]


def describe(directory: Path, facts: Mapping[str, Any]) -> None:
    """Write ``run.json``, whole or not at all."""
    directory.mkdir(parents=True, exist_ok=True)
    replace_text(directory / RUN, json.dumps(facts, indent=2) + "\n")


def read_description(directory: Path) -> dict[str, Any]:
    """The content of ``run.json``; empty where there is none."""
    path = directory / RUN
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _keep_up_to(path: Path, step: int) -> None:
    if path.exists():
        lines = [line for line in whole_lines(path) if step and json.loads(line)["step"] <= step]
        replace_text(path, "".join(line + "\n" for line in lines))


def replace_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path``, whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8", newline="\n")
    os.replace(partial, path)
