"""What was kept, what was dropped and why, with examples: nobody should trust a filter that nobody can look into."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fathom.data.sources.source import Document

EXAMPLES = 3
EXCERPT = 160

Judge = Callable[[Document], str | None]
"""Why a document should go, in a few words without figures (so that they can be counted); None to keep it."""


@runtime_checkable
class MemorySource(Protocol):
    """A judge that remembers what it saw: ``fresh`` tells what came since it told last, ``recall`` takes that back."""

    def fresh(self) -> NDArray[np.generic]: ...

    def recall(self, seen: NDArray[np.generic]) -> None: ...


@dataclass
class PreparationReport:
    """Counts over one preparation. ``dropped`` maps ``step: reason`` to how many; ``examples`` holds the first few."""

    documents: int = 0
    characters: int = 0
    kept: int = 0
    kept_characters: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def drop(self, reason: str, document: Document) -> None:
        self.dropped[reason] += 1
        shown = self.examples.setdefault(reason, [])
        if len(shown) < EXAMPLES:
            shown.append((document.id, document.text[:EXCERPT]))

    def state(self) -> dict[str, Any]:
        """Everything, in the order in which it came."""
        return asdict(self) | {"dropped": dict(self.dropped)}

    def recall(self, state: Mapping[str, Any]) -> None:
        """Become what `state` once said."""
        for name, value in state.items():
            setattr(self, name, Counter(value) if name == "dropped" else value)

    def as_dict(self) -> dict[str, Any]:
        """For an index or a file: reasons by count, the most frequent first."""
        return {
            "documents": self.documents,
            "characters": self.characters,
            "kept": self.kept,
            "kept_characters": self.kept_characters,
            "dropped": dict(self.dropped.most_common()),
            "examples": self.examples,
        }


class FilterChain:
    """Steps that may object to a document; the first that does is the reason that counts."""

    def __init__(self, steps: Iterable[tuple[str, Judge]], report: PreparationReport) -> None:
        self._steps = list(steps)
        self._report = report

    @property
    def memories(self) -> list[MemorySource]:
        """Those of the steps that depend on what they saw."""
        judges: list[object] = [judge for _, judge in self._steps]
        return [judge for judge in judges if isinstance(judge, MemorySource)]

    def keeps(self, document: Document) -> bool:
        """Whether no step objects; the answer is in the report."""
        self._report.documents += 1
        self._report.characters += len(document.text)
        for name, judge in self._steps:
            reason = judge(document)
            if reason is not None:
                self._report.drop(f"{name}: {reason}", document)
                return False
        self._report.kept += 1
        self._report.kept_characters += len(document.text)
        return True
