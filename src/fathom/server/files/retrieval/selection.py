"""Which passages go into a prompt: all where they fit, else those that the question is most likely about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fathom.server.citations.relevance import relevance
from fathom.server.files.records import StoredPassage

_NEIGHBOUR = 0.35
"""What a passage gains from the score of the one before and after it: an answer often begins where a match ends."""
_REPETITION = 0.85
"""What each passage already taken from a file leaves of the score of its next: several files should be heard."""


@dataclass(frozen=True, slots=True)
class SelectedPassages:
    """Passages in the order of the files; ``whole`` where nothing was left out of ``total``."""

    passages: tuple[StoredPassage, ...]
    total: int

    @property
    def whole(self) -> bool:
        return len(self.passages) == self.total


def select_passages(question: str, passages: Sequence[StoredPassage], tokens: int) -> SelectedPassages:
    """Passages of at most about ``tokens`` tokens. ``passages`` are those of all files, in order within each.

    A question that shares no term with any passage ("summarize this") gets the beginning of each file and passages at
    even distances.
    """
    if sum(passage.tokens for passage in passages) <= tokens:
        return SelectedPassages(tuple(passages), len(passages))
    scores = relevance(question, [passage.text for passage in passages])
    order = _by_score(passages, _with_neighbours(passages, scores)) if any(scores) else []
    order += [index for index in _spread(passages) if index not in set(order)]
    chosen, left = set(), tokens
    for index in order:
        if passages[index].tokens <= left:
            chosen.add(index)
            left -= passages[index].tokens
        elif not chosen:  # the budget is smaller than one passage, which is still worth more than nothing
            break
    return SelectedPassages(tuple(passages[index] for index in sorted(chosen)), len(passages))


def _with_neighbours(passages: Sequence[StoredPassage], scores: Sequence[float]) -> list[float]:
    def of(index: int, file: str) -> float:
        inside = 0 <= index < len(passages) and passages[index].file == file
        return scores[index] if inside else 0.0

    return [
        score + _NEIGHBOUR * max(of(index - 1, passage.file), of(index + 1, passage.file))
        for index, (passage, score) in enumerate(zip(passages, scores, strict=True))
    ]


def _by_score(passages: Sequence[StoredPassage], scores: Sequence[float]) -> list[int]:
    """Indices of passages with a score, the best first; each file's passages count less the more it has given."""
    by_file: dict[str, list[int]] = {}
    for index in sorted(range(len(scores)), key=lambda index: -scores[index]):
        if scores[index] > 0:
            by_file.setdefault(passages[index].file, []).append(index)
    discounted = [
        (scores[index] * _REPETITION**rank, index) for indices in by_file.values() for rank, index in enumerate(indices)
    ]
    return [index for _, index in sorted(discounted, key=lambda pair: (-pair[0], pair[1]))]


def _spread(passages: Sequence[StoredPassage]) -> list[int]:
    """All indices: the first of each file, then halfway between those before, again and again."""
    starts = [index for index, passage in enumerate(passages) if not index or passages[index - 1].file != passage.file]
    order, level = list(starts), [*zip(starts, [*starts[1:], len(passages)], strict=True)]
    while level:
        middles = [(start, (start + end) // 2, end) for start, end in level if end - start > 1]
        order += [middle for _, middle, _ in middles]
        level = [span for start, middle, end in middles for span in ((start, middle), (middle, end))]
    return order
