"""Decontamination: drops documents that share a passage with an evaluation item.

A passage is an n-gram of 13 words (Brown et al., "Language models are few-shot learners", 2020, appendix C), compared
after `fathom.data.filters.words` removed layout, case and punctuation, so that a reformatted copy still matches. An
item shorter than 13 words is matched as a whole. An item of fewer than 8 words (`What is 7 times 8?`) would match
almost anywhere: it counts only if its answer follows within 50 words. An item without an answer, or of fewer than 3
words, cannot be checked; the report counts these.

Problems generated from one template share its wording, and would match each other. A 5-gram that occurs in more than a
fiftieth of a set's items (and in more than ten) is part of a template; passages that overlap it are ignored. An item of
which no other passage is left is matched as a whole.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from fathom.data.filters.words import Hashes, growing_hashes, ngram_hashes, normalize, word_hashes
from fathom.data.sources.source import Document

WINDOW = 50
_MIN_WORDS_WITHOUT_ANSWER = 8
_MIN_WORDS = 3
_PHRASE = 5
_TEMPLATE_SHARE = 0.02
_TEMPLATE_ITEMS = 10


@dataclass(frozen=True, slots=True)
class EvaluationItem:
    """A question that must not be trained on, and its answer, if it has one."""

    question: str
    answer: str = ""


@dataclass(frozen=True, slots=True)
class _Whole:
    """A question that is matched as a whole; the words of ``answer`` must follow, if there are any."""

    set_name: str
    answer: tuple[int, ...]


class ContaminationFilter:
    """Drops a document that contains an item of an evaluation set added with `add`.

    ``ngram`` is the length of a passage in words. ``items`` counts the items by set, ``unchecked`` those of them that
    cannot be matched; ``absent`` has the reason for each set that could not be read.
    """

    def __init__(self, ngram: int = 13) -> None:
        self._ngram = ngram
        self._passages: dict[int, str] = {}  # hash of an n-gram → the set it is from
        self._sorted: Hashes = np.zeros(0, dtype=np.uint64)
        self._whole: dict[int, dict[int, list[_Whole]]] = defaultdict(dict)  # words → hash → questions
        self._keys: dict[int, Hashes] = {}  # words → the hashes of `_whole`, sorted
        self.items: Counter[str] = Counter()
        self.unchecked: Counter[str] = Counter()
        self.absent: dict[str, str] = {}

    def add(self, name: str, items: Iterable[EvaluationItem]) -> None:
        """Add a whole evaluation set: template wording is detected by the number of its items that share it."""
        listed = [(word_hashes(normalize(item.question)), item.answer) for item in items]
        template = _template([words for words, _ in listed])
        self.items[name] += len(listed)
        for words, answer in listed:
            passages = _distinctive(words, self._ngram, template)
            if len(passages):
                self._passages.update(dict.fromkeys(passages.tolist(), name))
            elif not self._add_whole(name, words, answer):
                self.unchecked[name] += 1
        self._sorted = np.array(sorted(self._passages), dtype=np.uint64)
        self._keys = {size: np.array(sorted(questions), dtype=np.uint64) for size, questions in self._whole.items()}

    @property
    def fingerprint(self) -> str:
        """A hash of all that is matched."""
        whole = sorted(
            (size, key, str(questions)) for size, by_key in self._whole.items() for key, questions in by_key.items()
        )
        described = (self._ngram, dict(self.items), dict(self.unchecked), self.absent, whole)
        digest = sha256(repr(described).encode())
        digest.update(self._sorted.tobytes())
        return digest.hexdigest()

    def __call__(self, document: Document) -> str | None:
        words = word_hashes(normalize(document.text))
        longest = max(self._keys, default=0)
        for size, grams in growing_hashes(words, max(self._ngram, longest)):
            name = self._passage(grams) if size == self._ngram else None
            if name is None and size in self._keys:
                name = self._whole_question(words, grams, size)
            if name is not None:
                return f"holds an item of {name}"
        return None

    def _add_whole(self, name: str, words: Hashes, answer: str) -> bool:
        wanted: tuple[int, ...] = ()
        if len(words) < _MIN_WORDS_WITHOUT_ANSWER:
            wanted = tuple(word_hashes(normalize(answer)).tolist())
            if not wanted or len(words) < _MIN_WORDS:
                return False
        key = int(ngram_hashes(words, len(words))[0])
        self._whole[len(words)].setdefault(key, []).append(_Whole(name, wanted))
        return True

    def _passage(self, grams: Hashes) -> str | None:
        matches = grams[_among(grams, self._sorted)]
        return self._passages[int(matches[0])] if len(matches) else None

    def _whole_question(self, words: Hashes, grams: Hashes, size: int) -> str | None:
        for at in np.flatnonzero(_among(grams, self._keys[size])).tolist():
            after = words[at + size : at + size + WINDOW].tolist()
            for question in self._whole[size][int(grams[at])]:
                if _contains(after, question.answer):
                    return question.set_name
        return None


def _template(questions: list[Hashes]) -> Hashes:
    """The phrases that occur in too many questions, sorted."""
    counts = Counter(phrase for words in questions for phrase in set(ngram_hashes(words, _PHRASE).tolist()))
    most = max(_TEMPLATE_ITEMS, _TEMPLATE_SHARE * len(questions))
    return np.array(sorted(phrase for phrase, count in counts.items() if count > most), dtype=np.uint64)


def _distinctive(words: Hashes, n: int, template: Hashes) -> Hashes:
    """The n-grams that contain no phrase of the template."""
    passages = ngram_hashes(words, n)
    common = np.concatenate([[0], np.cumsum(_among(ngram_hashes(words, _PHRASE), template))])
    inside = max(0, n - _PHRASE + 1)  # phrases in a passage
    return passages[common[inside : inside + len(passages)] == common[: len(passages)]]


def _among(values: Hashes, ordered: Hashes) -> NDArray[np.bool_]:
    """(values,) which of them are in ``ordered``, by binary search."""
    if not len(ordered):
        return np.zeros(len(values), dtype=np.bool_)
    places = np.searchsorted(ordered, values).clip(max=len(ordered) - 1)
    return ordered[places] == values


def _contains(words: list[int], answer: tuple[int, ...]) -> bool:
    """Whether the words contain those of the answer, in a row."""
    size = len(answer)
    return any(tuple(words[at : at + size]) == answer for at in range(len(words) - size + 1)) if size else True
