"""A chain of document filters, and the report of what they dropped and why, with examples."""

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

Filter = Callable[[Document], str | None]
"""Returns why a document is dropped, in a few words without figures (so that reasons can be counted); None keeps it."""


@runtime_checkable
class StatefulFilter(Protocol):
    """A filter that depends on the documents it has seen: ``new_state`` returns what was added to its state since the
    last call, ``restore`` adds it again."""

    def new_state(self) -> NDArray[np.generic]: ...

    def restore(self, state: NDArray[np.generic]) -> None: ...


@dataclass
class PreparationReport:
    """Counts of one preparation. ``dropped`` counts documents by ``filter: reason``; ``examples`` holds the first
    few."""

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
        """All fields, in the order of the documents, as `restore` takes them."""
        return asdict(self) | {"dropped": dict(self.dropped)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Set all fields to what `state` returned."""
        for name, value in state.items():
            setattr(self, name, Counter(value) if name == "dropped" else value)

    def as_dict(self) -> dict[str, Any]:
        """As stored in the index of the shards: reasons by count, the most frequent first."""
        return {
            "documents": self.documents,
            "characters": self.characters,
            "kept": self.kept,
            "kept_characters": self.kept_characters,
            "dropped": dict(self.dropped.most_common()),
            "examples": self.examples,
        }


class FilterChain:
    """Filters in order; the first that drops a document gives the reason in ``report``."""

    def __init__(self, filters: Iterable[tuple[str, Filter]], report: PreparationReport) -> None:
        self._filters = list(filters)
        self._report = report

    @property
    def stateful(self) -> list[StatefulFilter]:
        """The filters whose state has to be saved."""
        filters: list[object] = [each for _, each in self._filters]
        return [each for each in filters if isinstance(each, StatefulFilter)]

    def keeps(self, document: Document) -> bool:
        """Whether no filter drops the document; the result is counted in the report."""
        self._report.documents += 1
        self._report.characters += len(document.text)
        for name, check in self._filters:
            reason = check(document)
            if reason is not None:
                self._report.drop(f"{name}: {reason}", document)
                return False
        self._report.kept += 1
        self._report.kept_characters += len(document.text)
        return True
