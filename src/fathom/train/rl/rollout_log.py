"""``rollouts.jsonl``: a few completions of every step with their verdicts, to browse."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from fathom.base.json_lines import json_line, whole_lines
from fathom.evals.grading import GradedCompletion, Group
from fathom.train.run.metrics import ROLLOUTS, replace_text

GROUPS = 4
"""Groups of each step that are kept."""


class RolloutLog:
    """The file in the directory ``out`` of a run. With ``writes`` false nothing is written: another rank does it."""

    def __init__(self, out: Path, *, writes: bool = True) -> None:
        self.path = out / ROLLOUTS
        self._writes = writes

    def append(self, step: int, groups: Sequence[Group]) -> None:
        """The first groups of a step, a line each."""
        if self._writes:
            with self.path.open("a", encoding="utf-8") as file:
                file.writelines(_to_line(step, group) for group in groups[:GROUPS])

    def truncate(self, step: int) -> None:
        """Drop what a killed run wrote after its checkpoint of ``step``."""
        if self._writes and self.path.exists():
            kept = [line for line in whole_lines(self.path) if step and json.loads(line)["step"] <= step]
            replace_text(self.path, "".join(line + "\n" for line in kept))


def _to_line(step: int, group: Group) -> str:
    prompt = group.item.prompt
    line = {
        "step": step,
        "id": group.item.id,
        "prompt": prompt if isinstance(prompt, str) else prompt[-1].content,
        "completions": [_to_record(member) for member in group.members],
    }
    return json_line(line)


def _to_record(member: GradedCompletion) -> dict[str, object]:
    return {
        "text": member.text,
        "reward": member.reward,
        "correct": bool(member.verdict.correct),
        "lenient": member.lenient,
        "detail": member.verdict.detail,
        "length": member.length,
        "truncated": member.rollout.truncated,
    }
