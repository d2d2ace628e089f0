r"""The structure of an answer, from its text alone.

A comparison then follows the structure, and only expressions are left to algebra. Texts are in the notation of
`fathom.tasks.verifiers.notation.read_notation`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from fathom.tasks.verifiers.answers import Answer, BasedNumeral, Items, MatrixAnswer, Named, Quantity, Ratio, Words
from fathom.tasks.verifiers.brackets import enclosing, split_top
from fathom.tasks.verifiers.moments import parse_moment
from fathom.tasks.verifiers.notation import unwrap
from fathom.tasks.verifiers.number import Numeral, parse_numeral, split_suffix
from fathom.tasks.verifiers.units import MONEY, Unit, parse_label, parse_unit

MAX_DEPTH = 8


def _word(words: str) -> str:
    return rf"\\text\s*\{{\s*(?:{words})\s*\}}|(?<![A-Za-z\\])(?:{words})(?![A-Za-z])"


_UNION = re.compile(r"\s*(?:\\cup(?![A-Za-z])|(?<=[)\]}])\s*U\s*(?=[(\[\\]))\s*")
_OR = re.compile(rf"\s*,?\s*(?:{_word('or')}|\\(?:vee|lor)(?![A-Za-z])|或者?)\s*")
_AND = re.compile(rf"\s*,?\s*(?:{_word('and')}|\\(?:wedge|land)(?![A-Za-z])|和|且|以及)\s*")
_COMMA = re.compile(r"\s*(?:,|;|\\quad|\\\\)\s*")
_ROW = re.compile(r"\s*\\\\\s*(?:\\hline)?\s*")
_CELL = re.compile(r"\s*&\s*")
_COLON = re.compile(rf"\s*:\s*|\s*(?:{_word('to')})\s*")
_MEMBER = re.compile(r"\s*\\in(?![A-Za-z])\s*")
_ORDER = re.compile(r"\s*(\\le(?![A-Za-z])|\\ge(?![A-Za-z])|<|>)\s*")
_EQUALS = re.compile(r"\s*(?<![<>!\\])=\s*")
_BAR = re.compile(r"\s*(?:\\mid(?![A-Za-z])|\||:)\s*")
_PLUS_MINUS = re.compile(r"\\pm(?![A-Za-z])")

_VARIABLE = re.compile(r"[A-Za-z](?:_\{?\w\}?)?|\\(?!(?:infty|pi|in|cup|cap|le|ge)(?![a-z]))[a-z]+")
_GREEK = "alpha|beta|gamma|delta|epsilon|theta|lambda|mu|omega|phi|rho|sigma|tau|Delta"
_NAME = re.compile(
    rf"\\?(?:[A-Za-z]{{1,3}}|(?<=\\)(?:{_GREEK}))(?:_\s*\{{?[\w,]+\}}?)?'*(?:\s*\([^()=]*\))?"
    r"|\\(?:angle|triangle|overline)\s*\{?[A-Z]+\}?|\\(?:vec|mathbf|bar|hat)\s*\{?\w\}?"
    r"|\(\s*[A-Za-z](?:\s*,\s*[A-Za-z])+\s*\)|\\frac\s*\{d[a-z]?\}\s*\{d[a-z]\}|\\text\s*\{[^{}]*\}|[A-Za-z][A-Za-z ]*"
)
_REALS = re.compile(
    r"\\mathbb\s*\{R\}|(?:\\text\s*\{)?\s*(?:the set of )?(?:all|any) real(?: number)?s?\s*\}?|(?:所有|全体|任意)实数",
    re.IGNORECASE,
)
_MATRIX = re.compile(
    r"[(\[]?\s*\\begin\{(?P<kind>[pbB]?(?:small)?matrix|array)\}\s*(?:\{[lcr| ]*\})?"
    r"(?P<body>.*)\\end\{(?P=kind)\}\s*[)\]]?",
    re.DOTALL,
)
_EXCLUSION = re.compile(
    r"(?P<name>[A-Za-z])\s*\\ne(?![A-Za-z])\s*(?P<one>[^,]+)|"
    r"\\mathbb\s*\{R\}\s*(?:\\setminus|\\backslash|\\|-)\s*\\\{(?P<all>[^{}]+)\\\}"
)
_OUTWARD = re.compile(r"([\[\]])([^\[\]()]+[,;][^\[\]()]+)([\[\]])")
_BASED = re.compile(r"\(?([0-9A-Fa-f]*[0-9][0-9A-Fa-f]*)\)?_\s*\{?\s*(?:\\text\s*\{)?\s*(\d{1,2})\s*\}{0,2}")
_PAIRS = re.compile(r"[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}")
_GROUP = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_COMPOUND = re.compile(
    rf"(\d+(?:\.\d+)?)\s*(\\text\s*\{{[^{{}}]*\}}|[A-Za-z]+|[一-鿿]{{1,2}})\s*(?:,|{_word('and')}|零)?\s*"
)
_OF_ANGLE = re.compile(r"\\(?:sin|cos|tan|cot|sec|csc)(?![A-Za-z])")
_TEXT = r"\\text\s*\{[^{}]*\}(?:\s*\^\s*\{?\s*-?\d\s*\}?)?"
_TAIL = re.compile(
    rf"(?P<value>.+?)\s*(?P<unit>°\s*(?:\\text\s*\{{\s*[CF]\s*\}}|[CF]\b)?|%|(?:\s*(?:/|\\cdot)?\s*{_TEXT})+|"
    rf"\\frac\s*\{{\s*{_TEXT}\s*\}}\s*\{{\s*{_TEXT}\s*\}}|"
    r"(?<=[\s})])[A-Za-z]{2,}(?:\^\{?\d\}?)?(?:\s?/\s?[A-Za-z]+(?:\^\{?\d\}?)?)?)",
    re.DOTALL,
)
_LETTER = r"[A-Za-zÀ-ɏ\u0400-\u04ff一-鿿]"
_ONLY_LETTERS = re.compile(rf"{_LETTER}(?:{_LETTER}|[\s'’])*")
_SENTENCE = re.compile(rf"[\"'(]?{_LETTER}(?=.*{_LETTER}{{3}})[^=<>\\^_+*/|{{}}]*")


def parse_answer(text: str, depth: int = 0) -> Answer:
    """What an answer is. Never raises; a text that fits no structure is an expression."""
    text = re.sub(r"^-\s+", "-", unwrap(text))
    if depth >= MAX_DEPTH:
        return Quantity(text)
    depth += 1
    whole = _parse_special(text, depth) or _parse_quantity(text) or _parse_several(text, depth)
    return (
        whole
        or _parse_relation(text, depth)
        or _parse_bracketed(text, depth)
        or _parse_composed(text, depth)
        or Quantity(text)
    )


def _parse_special(text: str, depth: int) -> Answer | None:
    moment = parse_moment(text)
    if moment:
        return moment
    if re.fullmatch(r"[A-Z]\s?[):]", text):
        return Words(text[0])
    if _REALS.fullmatch(text):
        return Items("tuple", (Quantity("-\\infty"), Quantity("\\infty")), "()")
    if re.fullmatch(r"\\emptyset|\\\{\s*\\\}", text):
        return Items("set", ())
    outward = _OUTWARD.fullmatch(text)
    if outward and (outward[1], outward[3]) != ("[", "]"):
        brackets = {"[": "[", "]": "("}[outward[1]] + {"[": ")", "]": "]"}[outward[3]]
        return Items("tuple", tuple(_comma_items(outward[2], depth)), brackets)
    based = _BASED.fullmatch(text)
    if based and all(int(digit, 16) < int(based[2]) for digit in based[1]):
        return BasedNumeral(based[1].lstrip("0").upper(), based[2])
    return None


def _parse_quantity(text: str) -> Quantity | None:
    """A number, with the money before it or the unit behind it."""
    sign, symbol, rest = "", "", text
    money = MONEY.match(text)
    if money:
        sign, symbol, rest = money[1], money[2], text[money.end() :]
    numeral = None if _PAIRS.fullmatch(text) else parse_numeral(sign + rest)
    if numeral:
        return Quantity(sign + rest, numeral, parse_unit(symbol) if symbol else None)
    value, suffix = split_suffix(rest)
    numeral = parse_numeral(sign + value) if suffix else None
    if numeral is None:
        return _parse_compound(text)
    if re.fullmatch(r"[A-Za-z]", suffix):
        unit = parse_unit(suffix)
        return Quantity(text, numeral, unit, suffix) if unit else None
    is_apart = rest[len(value) :].startswith(" ") or not suffix[0].isascii() or suffix.startswith("\\")
    unit = parse_unit(f"{symbol} {suffix}") or (parse_label(suffix) if is_apart and not symbol else None)
    return Quantity(sign + value, numeral, unit) if unit else _parse_compound(text)


def _parse_compound(text: str) -> Quantity | None:
    """Numbers with ever smaller units of one dimension, in the first of them: ``2 hours 30 minutes``."""
    parts: list[tuple[Fraction, Unit]] = []
    place = 0
    while match := _COMPOUND.match(text, place):
        unit = parse_unit(re.sub(r"\s*(?:,|\band)\s*(?=\}?$)", "", match[2]))
        if unit is None or (parts and (unit.dimensions != parts[-1][1].dimensions or unit.size >= parts[-1][1].size)):
            return None
        parts.append((Fraction(match[1]), unit))
        place = match.end()
    if place < len(text) or len(parts) < 2:
        return None
    first = parts[0][1]
    return Quantity(text, Numeral(sum(number * unit.size for number, unit in parts) / first.size), first)


def _parse_several(text: str, depth: int) -> Answer | None:
    """A union, or several answers in a row."""
    parts = split_top(text, _UNION)
    if len(parts) > 1 and all(parts):
        return Items("union", tuple(parse_answer(part, depth) for part in parts))
    for separator in (_OR, _AND):
        parts = split_top(text, separator)
        if len(parts) > 1 and not _is_proposition(text, parts):
            items = [item for part in parts for item in _comma_items(part, depth)]
            return _join(items, is_either=separator is _OR) if items else None
    if len(_comma_parts(text)) < 2:
        return None
    number = Quantity(text, parse_numeral(text)) if _PAIRS.fullmatch(text) else None
    return _join(_comma_items(text, depth), is_either=False, number=number)


def _is_proposition(text: str, parts: Sequence[str]) -> bool:
    r"""Whether the signs of logic join letters, as in ``p \land q``, rather than answers."""
    return "\\" in text and all(re.fullmatch(r"\s*(?:\\neg\s*|\\sim\s*)?[A-Za-z]\s*", part) for part in parts)


def _comma_items(text: str, depth: int) -> list[Answer]:
    return [parse_answer(part, depth) for part in _comma_parts(text)]


def _comma_parts(text: str) -> list[str]:
    """The parts between commas. A comma without a space groups thousands if others have one: ``1,000, 2,000``."""
    is_spaced = re.search(r"[,;]\s", text) is not None
    parts = split_top(_GROUP.sub("\0", text) if is_spaced else text, _COMMA)
    return [part.replace("\0", ",") for part in parts if part.strip()]


def _join(items: Sequence[Answer], *, is_either: bool, number: Quantity | None = None) -> Answer:
    """Several answers as one: values of one variable, a union or an intersection of intervals, or a list."""
    first = items[0]
    if isinstance(first, Named) and all(_continues(first.name, item) for item in items[1:]):
        values = tuple(item.value if isinstance(item, Named) else item for item in items)
        return Items("list", values, name=first.name)
    intervals = [item for item in items if isinstance(item, Items) and item.kind == "tuple" and item.name]
    if len(intervals) == len(items):
        return _join_intervals(intervals, is_either=is_either)
    return Items("list", tuple(items), number=number)


def _continues(name: str, item: Answer) -> bool:
    """Whether an item is one more value of the variable: ``x = 1, x = 2`` or ``x = 1, 2``."""
    return item.name == name if isinstance(item, Named) else isinstance(item, Quantity) and "=" not in item.text


def _join_intervals(items: Sequence[Items], *, is_either: bool) -> Answer:
    is_one_variable = len({item.name for item in items}) == 1
    if is_either and is_one_variable:
        return Items("union", tuple(items), name=items[0].name)
    if len(items) == 2 and is_one_variable and not is_either:
        for low, high in (items, items[::-1]):
            if _is_endless(high.items[0]) and _is_endless(low.items[1]) and not _is_endless(low.items[0]):
                brackets = low.brackets[0] + high.brackets[1]
                return Items("tuple", (low.items[0], high.items[1]), brackets, name=low.name)
    return Items("list", tuple(items))


def _is_endless(answer: Answer) -> bool:
    return isinstance(answer, Quantity) and answer.text in ("\\infty", "-\\infty")


def _parse_relation(text: str, depth: int) -> Answer | None:
    parts = split_top(text, _MEMBER)
    if len(parts) == 2 and _VARIABLE.fullmatch(parts[0].strip()):
        inner = parse_answer(parts[1], depth)
        return inner if isinstance(inner, Items) else None
    interval = _parse_inequality(text, depth) or _parse_exclusion(text)
    if interval:
        return interval
    parts = split_top(text, _EQUALS)
    if len(parts) == 2 and all(map(str.strip, parts)) and _NAME.fullmatch(parts[0].strip()):
        name = "".join(parts[0].split())
        return Named(name, parse_answer(parts[1], depth), text)
    return None


def _parse_inequality(text: str, depth: int) -> Items | None:
    """``2 < x \\le 5``, ``x > 3`` or ``3 < x`` as the interval of a variable."""
    bounds = split_top(text, _ORDER)
    signs = [match[1] for match in _ORDER.finditer(text)]
    if len(signs) != len(bounds) - 1 or len(bounds) not in (2, 3) or not all(bounds):
        return None
    if len({sign in ("<", "\\le") for sign in signs}) > 1:
        return None
    if signs[0] in (">", "\\ge"):
        bounds, signs = bounds[::-1], [{">": "<", "\\ge": "\\le"}[sign] for sign in signs[::-1]]
    if len(bounds) == 2:
        is_upper = _VARIABLE.fullmatch(bounds[0]) is not None
        bounds = ["-\\infty", *bounds] if is_upper else [*bounds, "\\infty"]
        signs = ["<", *signs] if is_upper else [*signs, "<"]
    low, name, high = bounds
    is_plain = _VARIABLE.fullmatch(name) and not any(
        re.search(rf"(?<![A-Za-z\\]){re.escape(name)}(?![A-Za-z])", bound) for bound in (low, high)
    )
    if not is_plain:
        return None
    brackets = ("[" if signs[0] == "\\le" else "(") + ("]" if signs[1] == "\\le" else ")")
    return Items("tuple", (parse_answer(low, depth), parse_answer(high, depth)), brackets, name=name)


def _parse_exclusion(text: str) -> Items | None:
    """``x \\ne 0`` and ``\\mathbb{R} \\setminus \\{0\\}`` as the union of the intervals that are left."""
    match = _EXCLUSION.fullmatch(text)
    numerals = [(parse_numeral(part), part) for part in (match["one"] or match["all"]).split(",")] if match else []
    if not match or not all(numeral for numeral, _ in numerals):
        return None
    points = {numeral.value: Quantity(part.strip(), numeral) for numeral, part in numerals if numeral}
    bounds = [Quantity("-\\infty"), *(points[value] for value in sorted(points)), Quantity("\\infty")]
    return Items("union", tuple(Items("tuple", span, "()") for span in pairwise(bounds)), name=match["name"] or "")


def _parse_bracketed(text: str, depth: int) -> Answer | None:
    """A matrix, a set, a tuple, an interval, or an answer in parentheses."""
    matrix = _MATRIX.fullmatch(text)
    if matrix:
        rows = [row for row in split_top(matrix["body"], _ROW) if row.strip()]
        return MatrixAnswer(tuple(tuple(parse_answer(cell, depth) for cell in split_top(row, _CELL)) for row in rows))
    pair = enclosing(text)
    if pair is None:
        return None
    opening, inside, closing = pair
    if opening == "\\{":
        condition = split_top(inside, _BAR)
        if len(condition) == 2 and closing == "\\}":
            inner = parse_answer(condition[1], depth)
            return inner if isinstance(inner, Items) and inner.name else None
        return Items("set", tuple(_comma_items(inside, depth)))
    items = _comma_items(inside, depth)
    if len(items) == 1 and opening in ("(", "["):
        return items[0]
    if items and all(isinstance(item, Items) and item.kind == "tuple" and item.brackets == "[]" for item in items):
        return MatrixAnswer(tuple(item.items for item in items if isinstance(item, Items)))
    opening, closing = ("(", ")") if opening == "\\langle" else (opening, closing)
    return Items("tuple", tuple(items), opening + closing) if items and closing in (")", "]") else None


def _parse_composed(text: str, depth: int) -> Answer | None:
    """A ratio, two values by a plus-or-minus sign, an expression with a unit, or words."""
    terms = split_top(text, _COLON)
    if len(terms) > 1 and all(parse_numeral(term) or _VARIABLE.fullmatch(term.strip()) for term in terms):
        return Ratio(tuple(parse_answer(term, depth) for term in terms))
    if len(_PLUS_MINUS.findall(text)) == 1:
        plus, minus = _PLUS_MINUS.sub("+", text).removeprefix("+"), _PLUS_MINUS.sub("-", text)
        return Items("list", (parse_answer(plus, depth), parse_answer(minus, depth)))
    tail = _TAIL.fullmatch(text)
    if tail and tail["unit"].startswith("°") and _OF_ANGLE.search(tail["value"]):
        return Quantity(text)  # the degrees are those of the function's argument
    if tail and (len(tail["value"]) == 1 or not _is_words(tail["value"])):
        unit = parse_unit(tail["unit"]) or (parse_label(tail["unit"]) if "\\text" in tail["unit"] else None)
        if unit:
            return Quantity(tail["value"].strip(), parse_numeral(tail["value"]), unit)
    return Words(text) if _is_words(text) else None


def _is_words(text: str) -> bool:
    """Letters alone, or a text with a word of three letters and no sign of mathematics."""
    plain = re.sub(r"\\text\s*\{([^{}]*)\}", r" \1 ", text).strip()
    return bool(_ONLY_LETTERS.fullmatch(plain) or _SENTENCE.fullmatch(plain))
