"""Quality rules for web text that need no model: those of MassiveText and C4.

Rae et al., "Scaling language models: methods, analysis & insights from training Gopher", 2021, appendix A1.1 (quality
and repetition, with these thresholds); Raffel et al., "Exploring the limits of transfer learning", 2019, section 2.2
(boilerplate). They are made for web pages in languages with spaces between words; to a text with few spaces only the
line rules apply. Do not use them on short texts, code or generated traces.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fathom.data.sources.source import Document

STOP_WORDS = frozenset({"the", "be", "to", "of", "and", "that", "have", "with"})
BOILERPLATE = ("lorem ipsum", "enable javascript", "javascript is disabled", "terms of use", "cookie policy")
_BULLETS = ("•", "‣", "-", "*", "·")
_SPACELESS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0eff]")


@dataclass(frozen=True, slots=True)
class Quality:
    """Thresholds of the rules; the defaults are the papers'. Shares are of words, lines or characters, as named.

    ``stop_words`` is the least number of different ones of eight English words; set it to 0 for other languages.
    """

    words: tuple[int, int] = (50, 100_000)
    mean_word_length: tuple[float, float] = (3.0, 10.0)
    symbols_per_word: float = 0.1
    bullet_lines: float = 0.9
    ellipsis_lines: float = 0.3
    words_with_letters: float = 0.8
    stop_words: int = 2
    repeated_lines: float = 0.3
    repeated_paragraphs: float = 0.3
    top_ngrams: tuple[tuple[int, float], ...] = ((2, 0.20), (3, 0.18), (4, 0.16))
    repeated_ngrams: tuple[tuple[int, float], ...] = ((5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.10))
    boilerplate: tuple[str, ...] = BOILERPLATE

    def __call__(self, document: Document) -> str | None:
        """Why the document is dropped; None keeps it."""
        text = document.text
        words = text.split()
        spaceless = len(_SPACELESS.findall(text)) > 0.3 * len(text)
        reason = self._lines(text)
        if reason is None and not spaceless:
            reason = self._words(words) or self._repetition(words)
        return reason

    def _lines(self, text: str) -> str | None:
        lines = [line.strip() for line in text.split("\n") if line.strip()]
        if not lines:
            return "empty"
        if _share(line.startswith(_BULLETS) for line in lines) > self.bullet_lines:
            return "mostly bullet points"
        if _share(line.endswith(("…", "...")) for line in lines) > self.ellipsis_lines:
            return "lines cut off by an ellipsis"
        if _duplicate_share(lines) > self.repeated_lines:
            return "repeated lines"
        paragraphs = [part.strip() for part in text.split("\n\n") if part.strip()]
        if _duplicate_share(paragraphs) > self.repeated_paragraphs:
            return "repeated paragraphs"
        lowered = text.lower()
        phrase = next((phrase for phrase in self.boilerplate if phrase in lowered), None)
        return None if phrase is None else f"boilerplate ({phrase})"

    def _words(self, words: Sequence[str]) -> str | None:
        least, most = self.words
        if len(words) < least:
            return "too few words"
        if len(words) > most:
            return "too many words"
        shortest, longest = self.mean_word_length
        mean = sum(map(len, words)) / len(words)
        if not shortest <= mean <= longest:
            return "words too short" if mean < shortest else "words too long"
        symbols = sum(word.count("#") + word.count("…") + word.count("...") for word in words)
        if symbols > self.symbols_per_word * len(words):
            return "too many symbols"
        if _share(any(map(str.isalpha, word)) for word in words) < self.words_with_letters:
            return "too few words with letters"
        if len(STOP_WORDS & {word.lower().strip(".,;:!?\"'()") for word in words}) < self.stop_words:
            return "no plain sentences (stop words missing)"
        return None

    def _repetition(self, words: Sequence[str]) -> str | None:
        total = sum(map(len, words))
        for n, most in self.top_ngrams:
            if _top_share(words, n, total) > most:
                return "one phrase repeated"
        for n, most in self.repeated_ngrams:
            if _repeated_share(words, n, total) > most:
                return "repeated passages"
        return None


def _share(flags: Iterable[bool]) -> float:
    values = list(flags)
    return sum(values) / max(1, len(values))


def _duplicate_share(parts: Sequence[str]) -> float:
    """The share of parts that are copies of an earlier one."""
    return 1 - len(set(parts)) / max(1, len(parts))


def _ngrams(words: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(words[at : at + n]) for at in range(len(words) - n + 1)]


def _top_share(words: Sequence[str], n: int, total: int) -> float:
    """The share of characters in the repeated n-gram that covers the most."""
    counts = Counter(_ngrams(words, n))
    covered = max((count * sum(map(len, gram)) for gram, count in counts.items() if count > 1), default=0)
    return covered / max(1, total)


def _repeated_share(words: Sequence[str], n: int, total: int) -> float:
    """The share of characters in words of repeated n-grams; no word counts twice."""
    seen: set[tuple[str, ...]] = set()
    covered, until = 0, 0
    for at, gram in enumerate(_ngrams(words, n)):
        if gram in seen:
            fresh = max(at, until)
            covered += sum(map(len, words[fresh : at + n]))
            until = at + n
        seen.add(gram)
    return covered / max(1, total)
