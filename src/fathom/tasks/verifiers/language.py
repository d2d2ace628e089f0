r"""The share of a text that is in one language: R1's language consistency reward.

R1 rewards the share of words of the target language in the thinking (section 2.3.2). Words are classified by script,
which is what mixing means in practice (Chinese in English reasoning) and can be decided exactly: French words count as
English. East Asian scripts have no spaces: each character is a word. Code, formulas, numbers and punctuation belong to
no language.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

from fathom.base.errors import ConfigError

_LATIN = frozenset({"LATIN"})
SCRIPTS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("en", "de", "es", "fr", "it", "nl", "pl", "pt", "tr", "vi"), _LATIN),
    "zh": frozenset({"CJK"}),
    "ja": frozenset({"CJK", "HIRAGANA", "KATAKANA"}),
    "ko": frozenset({"HANGUL"}),
    **dict.fromkeys(("ru", "uk", "bg"), frozenset({"CYRILLIC"})),
    "ar": frozenset({"ARABIC"}),
    "el": frozenset({"GREEK"}),
    "he": frozenset({"HEBREW"}),
    "hi": frozenset({"DEVANAGARI"}),
    "th": frozenset({"THAI"}),
}
"""The scripts of each language, by the first word of their characters' Unicode names."""

MAX_LENGTH = 1_000_000

_UNSPACED = frozenset({"CJK", "HIRAGANA", "KATAKANA", "THAI"})
_OPENING = re.compile(r"```|`|\$\$|\$|\\\(|\\\[")
_CLOSING = {"\\(": "\\)", "\\[": "\\]"}
_ONE_LINE = frozenset({"`", "$"})
_COMMAND_OR_TAG = re.compile(r"\\[A-Za-z]+|<[^<>\n]*>")
_LETTERS = re.compile(r"[^\W\d_]+")


def language_share(text: str, language: str) -> float:
    """The share of the words of ``text`` in ``language`` (a code of `SCRIPTS`), 0..1; 1 if there are no words.

    Only the first `MAX_LENGTH` characters are read. Raises ConfigError for an unknown language.
    """
    if language not in SCRIPTS:
        raise ConfigError(f"language {language!r} is not known", f"choose one of {', '.join(sorted(SCRIPTS))}")
    words = _words(text[:MAX_LENGTH])
    total = words.total()
    return sum(words[script] for script in SCRIPTS[language]) / total if total else 1.0


def _prose(text: str) -> str:
    """The text without code and formulas. Not a regular expression, which would search for the end of each opening mark
    again: quadratic in the number of marks."""
    pieces, start, at = [], 0, 0
    absent: set[str] = set()
    while opening := _OPENING.search(text, at):
        mark = opening[0]
        closing = _CLOSING.get(mark, mark)
        at = opening.end()
        end = -1 if closing in absent else text.find(closing, at)
        if end < 0:
            absent.add(closing)
        elif mark not in _ONE_LINE or "\n" not in text[at:end]:
            pieces.append(text[start : opening.start()])
            start = at = end + len(closing)
    return " ".join([*pieces, text[start:]])


def _words(text: str) -> Counter[str]:
    """The number of words in each script."""
    words: Counter[str] = Counter()
    for run in _LETTERS.findall(_COMMAND_OR_TAG.sub(" ", _prose(text))):
        before = ""
        for character in run:
            script = _script(character)
            if script != before or script in _UNSPACED:
                words[script] += 1
            before = script
    return words


@lru_cache(maxsize=65536)
def _script(character: str) -> str:
    return unicodedata.name(character, "UNNAMED").split(maxsplit=1)[0].partition("-")[0]
