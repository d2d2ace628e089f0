"""What an answer cites: its marks (``[2]``), the words before each, and what these quote.

Models write marks as they learned them: ``[2]``, ``[2, 3]``, ``[2-4]``, ``[citation:2]``, ``【2】``, ``[^2]``. Those in
code, in formulae and in links are none.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

_LIST = r"\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*"
MARK = re.compile(rf"\[(?:citation:\s*|\^)?({_LIST})\](?![(:\[]\D)|【({_LIST})(?:†[^】\n]{{0,40}})?】")
"""A mark; one group holds its numbers."""

_LITERAL = re.compile(
    r"^(```|~~~)[^\n]*\n.*?(?:^\1[^\n]*$|\Z)|`[^`\n]+`|\$\$.{1,2000}?\$\$|\\\[.{1,2000}?\\\]|\\\(.{1,500}?\\\)|\]\([^)\s]{1,2000}\)",
    re.DOTALL | re.MULTILINE,
)
_QUOTE = re.compile(
    r"“([^“”\n]+)”|(?<![\w\"])\"(?=\S)([^\"\n]+)\"|«([^«»\n]+)»|„([^„“”\n]+)[“”]|「([^「」\n]+)」|『([^『』\n]+)』|"
    r"”([^“”\n]+)”|»([^«»\n]+)«|(?<!\w)‘(?!\d0s)([^‘\n]+?)’(?!\w)|‚([^‚‘\n]+)‘|›([^‹›\n]+)‹|‹([^‹›\n]+)›|``([^`\n]+?)''"
)
"""English, French, German, Swedish, Chinese and Japanese marks, and those of TeX. An inch (5") opens nothing."""
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"”»')*]*\s+(?=[^\s.])|(?<=[。！？])[」』”）]*|\n+")
_ABBREVIATION = re.compile(
    r"(?:^|\W)(?:[A-Z]|e\.g|i\.e|cf|vs|etc|ca|approx|no|vol|pp?|dr|mrs?|ms|prof|st|fig|eq)\.$", re.I
)
_AFTER_WORDS = "\"”»')*_.!?。！？…:"
_BLOCK = re.compile(r"[ \t]*>[ \t]?")
_ATTRIBUTION = re.compile(r"\s*(?:[—–-]|[(\[【])[^\n]{0,120}$")
_WIDEST_RANGE = 20
_LONGEST_BLOCK = 4000
_MOST_LINES = 40


@dataclass(frozen=True, slots=True)
class CitedClaim:
    """One use of a source: its number, the words before its mark, and the quotes among them."""

    number: int
    text: str
    quotes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Mark:
    numbers: tuple[int, ...]
    start: int
    end: int


def cited_claims(answer: str, numbers: Container[int]) -> list[CitedClaim]:
    """The uses of sources in their order. Marks whose number is not among ``numbers`` are words like any other."""
    text = _LITERAL.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), answer)
    marks = [mark for mark in _marks(text) if any(number in numbers for number in mark.numbers)]
    quotes = list(_QUOTE.finditer(text))
    bounds = _outside(sentence_bounds(text), quotes)
    claims = []
    for sentence, group in groupby(marks, lambda mark: _sentence(text, bounds, mark.start)):
        for mark, (start, end) in _spans(list(group), sentence):
            words = MARK.sub("", answer[start:end]).strip()
            quoted = _quotes(answer, quotes, start, end)
            claims += [CitedClaim(number, words, quoted) for number in mark.numbers if number in numbers]
    return claims


def _marks(text: str) -> Iterator[_Mark]:
    """The marks of a text; those that follow each other directly are one."""
    group: list[re.Match[str]] = []
    for match in MARK.finditer(text):
        if group and text[group[-1].end() : match.start()].strip(" ,;"):
            yield _mark(group)
            group = []
        group.append(match)
    if group:
        yield _mark(group)


def _mark(group: list[re.Match[str]]) -> _Mark:
    numbers = (number for match in group for number in _numbers(match.group(1) or match.group(2)))
    return _Mark(tuple(dict.fromkeys(numbers)), group[0].start(), group[-1].end())


def _numbers(text: str) -> Iterator[int]:
    """``1, 3-5`` → 1, 3, 4, 5. A range that runs backwards or far is its two ends."""
    for entry in re.split(r"\s*[,;]\s*", text):
        ends = [int(digits) for digits in re.findall(r"\d+", entry)]
        if len(ends) == 2 and 0 <= ends[1] - ends[0] <= _WIDEST_RANGE:
            yield from range(ends[0], ends[1] + 1)
        else:
            yield from ends


def sentence_bounds(text: str) -> list[int]:
    """Where sentences and lines begin; the last entry is the end of the text."""
    begins = [
        match.end()
        for match in _SENTENCE_END.finditer(text)
        if not _ABBREVIATION.search(text[max(0, match.start() - 12) : match.start()])
    ]
    return [0, *begins, len(text)]


def _outside(bounds: Sequence[int], quotes: Sequence[re.Match[str]]) -> list[int]:
    """The bounds that divide no quote: one of several sentences belongs to the mark behind it as a whole."""
    starts = [quote.start() for quote in quotes]

    def divides(bound: int) -> bool:
        before = bisect_left(starts, bound) - 1
        return before >= 0 and bound < quotes[before].end()

    return [bound for bound in bounds if not divides(bound)]


def _sentence(text: str, bounds: Sequence[int], place: int) -> tuple[int, int]:
    """Begin and end of the sentence of a mark at ``place``: of the one before it, where that has just ended."""
    spoken = place
    while spoken and (text[spoken - 1].isspace() or text[spoken - 1] in _AFTER_WORDS):
        spoken -= 1
    begin = bounds[max(0, bisect_right(bounds, max(0, spoken - 1)) - 1)]
    return begin, bounds[min(bisect_right(bounds, place), len(bounds) - 1)]


def _spans(marks: list[_Mark], sentence: tuple[int, int]) -> Iterator[tuple[_Mark, tuple[int, int]]]:
    """Each mark with the words it covers: from the mark before it, and for the last one to the end of the sentence."""
    start = sentence[0]
    for mark in marks:
        last = mark is marks[-1]
        yield mark, (start, max(mark.end, sentence[1]) if last else mark.start)
        start = mark.end


def _quotes(answer: str, quotes: Sequence[re.Match[str]], start: int, end: int) -> tuple[str, ...]:
    """What the words quote: in marks of quotation, or as a block that they end or follow."""
    inside = [quote for quote in quotes if quote.start() < end and quote.end() > start]
    if inside:
        places = (quote.span(quote.lastindex or 0) for quote in inside)
        return tuple(MARK.sub("", answer[first:last]).strip() for first, last in places)
    *before, last = answer[max(0, end - _LONGEST_BLOCK) : end].splitlines()
    if _BLOCK.match(last):
        before.append(last)
    elif not _ATTRIBUTION.match(last):
        return ()
    block: list[str] = []
    for line in reversed(before[-_MOST_LINES:]):
        if _BLOCK.match(line):
            block.insert(0, MARK.sub("", _BLOCK.sub("", line)).strip())
        elif block or line.strip():
            break
    text = re.sub(r"\s+[—–]\s*[^\n]{0,80}$", "", " ".join(block)).strip(' "“”')
    return (text,) if text else ()
