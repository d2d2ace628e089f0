"""The terms that texts are compared by: words without case, accents and endings; CJK characters and their pairs.

Chinese, Japanese and Korean have no spaces between what a reader calls words, and two characters next to each other
are what retrieval in these languages does well with; single ones help where a question is short.
"""

from __future__ import annotations

import re
import unicodedata

_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_CJK}]+|[^\W{_CJK}_]+(?:[.,:'’-]\d+)*")
_PLURAL = re.compile(r"(?<=\w{3})s$")
_ENDING = re.compile(r"(?<=\w{4})(?:ie|e|ing|ed|ly)$")
_COMMON = re.compile(
    "an?|and|are|as|at|be|but|by|can|could|did|does|do|for|from|had|has|have|how|i|if|in|into|is|its?|me|my|no|not|of|on|"
    "or|our|please|should|so|tell|than|that|the|their|them|then|there|these|they|this|those|to|us|was|we|were|what|when|"
    "where|which|who|why|will|with|would|you|your"
)


def terms_of(text: str) -> list[str]:
    """The terms of a text in their order; common English words are left out."""
    terms: list[str] = []
    for match in _TOKEN.finditer(_fold(text)):
        token = match.group()
        if re.match(f"[{_CJK}]", token):
            terms += [*token, *(token[i : i + 2] for i in range(len(token) - 1))]
        elif not _COMMON.fullmatch(token):
            terms.append(_ENDING.sub("", _PLURAL.sub("", token)))
    return terms


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(character for character in decomposed if not "\u0300" <= character <= "\u036f")
    return unicodedata.normalize("NFC", kept)
