"""Comparison of two answers by their structure; algebra is asked where it must decide."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from fathom.tasks.task import CORRECT
from fathom.tasks.verifiers.answers import Answer, BasedNumeral, Items, MatrixAnswer, Named, Quantity, Ratio, Words
from fathom.tasks.verifiers.brackets import split_top
from fathom.tasks.verifiers.english import parse_english
from fathom.tasks.verifiers.moments import Date, TimeOfDay
from fathom.tasks.verifiers.number import Numeral
from fathom.tasks.verifiers.operations import is_immense, open_operation, same_text
from fathom.tasks.verifiers.units import PERCENT

DIFFERENT = "it is not the expected answer"

MIN_DIGITS = 6
"""Significant digits of a decimal that the lenient reading takes for a fraction or a root."""

MAX_ITEMS = 50
"""Longest list that is compared."""

_NOTHING = re.compile(r"(?:no(?:real|integer)?solutions?(?:exists?)?|none|emptyset|theemptyset|nosuch\w*|无解|空集)")
_SYNONYMS = {"dne": "doesnotexist", "infinitelymanysolutions": "infinitelymany"}
_ARTICLES = re.compile(r"\b(?:the|a|an)\b", re.IGNORECASE)
_CHOICE = re.compile(r"\(?\s*(?:\\text\s*\{\s*)?\(?([A-Z])\s*\)?\s*\}?\s*[).:]\s*\S.*", re.DOTALL)
_EQUALS = re.compile(r"\s*=\s*")
_WORDS_INSIDE = re.compile(r"\\text\s*\{([^{}]*)\}")


class AnswerComparison:
    """Compares a given answer with the wanted one. ``ask`` sends a request to the algebra process, for at most
    ``seconds`` in all; ``error`` says why it gave no answer, if it did not.
    """

    def __init__(self, ask: Callable[[Any], Mapping[str, Any]], *, strict: bool, seconds: float) -> None:
        self._ask = ask
        self._strict = strict
        self._end = time.monotonic() + seconds
        self.error = ""

    def check(self, given: Answer, wanted: Answer) -> str:
        """What is wrong with an answer; empty if it equals the wanted one."""
        if isinstance(given, Named) or isinstance(wanted, Named):
            return self._check_named(given, wanted)
        if isinstance(given, Quantity) and isinstance(wanted, Quantity):
            return self._check_quantity(*_with_letters_read(given, wanted))
        if isinstance(given, Items) or isinstance(wanted, Items):
            return self._check_items(given, wanted)
        if isinstance(given, MatrixAnswer) and isinstance(wanted, MatrixAnswer):
            shapes = [[len(row) for row in matrix.rows] for matrix in (given, wanted)]
            cells = [[cell for row in matrix.rows for cell in row] for matrix in (given, wanted)]
            return self._check_in_order(*cells) if shapes[0] == shapes[1] else DIFFERENT
        if isinstance(given, Words) or isinstance(wanted, Words):
            return self._check_words(given, wanted)
        if isinstance(given, Date) and isinstance(wanted, Date):
            return CORRECT if _same_date(given, wanted, strict=self._strict) else DIFFERENT
        if isinstance(given, TimeOfDay) and isinstance(wanted, TimeOfDay):
            return CORRECT if _same_time(given, wanted, strict=self._strict) else DIFFERENT
        if isinstance(given, BasedNumeral) or isinstance(wanted, BasedNumeral):
            return CORRECT if _digits(given) == _digits(wanted) and _same_base(given, wanted) else DIFFERENT
        return self._check_ratio(given, wanted)

    def _check_named(self, given: Answer, wanted: Answer) -> str:
        """``x = 4`` for 4 and the other way; two names must be the same, unless both are equations of one curve."""
        if isinstance(given, Named) and isinstance(wanted, Named):
            if given.name == wanted.name or (not self._strict and _is_label(given.name, wanted.name)):
                return self.check(given.value, wanted.value)
            if _number(given.value) or _number(wanted.value):
                return f"it is {given.name}, not {wanted.name}"
            return self._check_algebra(given.text, wanted.text)
        if isinstance(given, Named):
            if isinstance(wanted, Quantity) and "=" in wanted.text:
                return self._check_algebra(given.text, wanted.text)
            return self.check(given.value, wanted)
        assert isinstance(wanted, Named)
        if isinstance(given, Quantity) and "=" in given.text:
            return self._check_algebra(given.text, wanted.text)
        return self.check(given, wanted.value)

    def _check_quantity(self, given: Quantity, wanted: Quantity) -> str:
        factor = Fraction(1)
        pi = 0
        if given.unit and wanted.unit and given.unit != wanted.unit:
            if given.unit.dimensions != wanted.unit.dimensions:
                return "its unit is another one"
            if self._strict:
                return "its unit is not that of the expected value"
            factor, pi = given.unit.size / wanted.unit.size, given.unit.pi - wanted.unit.pi
        elif PERCENT in (given.unit, wanted.unit) and given.unit != wanted.unit:
            return self._check_percent(given, wanted)
        return self._check_value(given, wanted, factor, pi)

    def _check_percent(self, given: Quantity, wanted: Quantity) -> str:
        """50% is 50 and 1/2; a number up to 1 is a share, so that 0.5% is not 0.5."""
        share = given if wanted.unit == PERCENT else wanted
        if share.number and abs(share.number.value) > 1 and not self._check_value(given, wanted):
            return CORRECT
        return self._check_value(given, wanted, Fraction(100) if share is given else Fraction(1, 100))

    def _check_value(self, given: Quantity, wanted: Quantity, factor: Fraction = Fraction(1), pi: int = 0) -> str:
        if given.number and wanted.number and not pi:
            if self._strict and given.number.divides and not wanted.number.divides:
                return "it holds a division that is left to do"
            if given.number.value * factor == wanted.number.value:
                return CORRECT
            if not self._strict and factor == 1 and _is_rounded(given.number, wanted.number):
                return CORRECT
            return f"it is {_short(given.text)}, not {_short(wanted.text)}"
        if self._strict and not given.number:
            problem = open_operation(given.text, wanted.text)
            if problem:
                return problem
        scale = "" if factor == 1 and not pi else f" \\cdot {_latex(factor)} \\cdot \\pi^{{{pi}}}"
        tolerance = None if self._strict else _tolerance(given, wanted)
        return self._check_values(
            f"({_value_text(given)}){scale}" if scale else _value_text(given), _value_text(wanted), tolerance
        )

    def _check_items(self, given: Answer, wanted: Answer) -> str:
        if isinstance(given, Items) and isinstance(wanted, Items):
            return self._check_both_items(given, wanted)
        items, other = (given, wanted) if isinstance(given, Items) else (wanted, given)
        assert isinstance(items, Items)
        if items.number and isinstance(other, Quantity) and other.number:
            return self.check(items.number if items is given else other, items.number if items is wanted else other)
        if items.kind in ("set", "list") and len(items.items) == 1:
            return self.check(*((items.items[0], other) if items is given else (other, items.items[0])))
        if isinstance(other, Words) and items.kind == "set" and not items.items and not self._strict:
            return CORRECT if _NOTHING.fullmatch(other.key) else DIFFERENT
        if isinstance(other, MatrixAnswer) and items.kind == "tuple" and not self._strict:
            column = [row[0] for row in other.rows if len(row) == 1]
            row = list(other.rows[0]) if len(other.rows) == 1 else column
            pair = (list(items.items), row) if items is given else (row, list(items.items))
            return self._check_in_order(*pair) if len(row) == len(items.items) else DIFFERENT
        return DIFFERENT

    def _check_both_items(self, given: Items, wanted: Items) -> str:
        if len(given.items) != len(wanted.items) or len(given.items) > MAX_ITEMS:
            return DIFFERENT
        if given.name and wanted.name and given.name != wanted.name:
            return f"it is {given.name}, not {wanted.name}"
        kinds = {given.kind, wanted.kind}
        names = {item.name for item in (*given.items, *wanted.items) if isinstance(item, Items)} - {""}
        if "union" in kinds and len(names) > 1:
            return DIFFERENT
        if kinds == {"tuple"}:
            if len(given.items) == 2 and given.brackets != wanted.brackets:
                return "its brackets are not those of the expected answer"
            return self._check_in_order(given.items, wanted.items)
        if kinds <= {"list", "set"} and _is_marked(given) != _is_marked(wanted):
            return self._check_in_order(given.items, wanted.items)
        if kinds <= {"list", "set"} or kinds == {"union"} or (kinds == {"union", "list"} and not self._strict):
            return self._check_in_any_order(given.items, wanted)
        brackets = given.brackets + wanted.brackets
        if kinds == {"list", "tuple"} and not self._strict and (brackets == "()" or len(given.items) > 2):
            return self._check_in_order(given.items, wanted.items)
        return DIFFERENT

    def _check_in_order(self, given: Sequence[Answer], wanted: Sequence[Answer]) -> str:
        pairs = zip(given, wanted, strict=True)
        return next((problem for one, other in pairs if (problem := self.check(one, other))), CORRECT)

    def _check_in_any_order(self, given: Sequence[Answer], wanted: Items) -> str:
        left = list(wanted.items)
        for item in sorted(given, key=lambda item: item not in left):
            match = next((other for other in left if item == other), None)
            match = match or next((other for other in left if not self.check(item, other)), None)
            if match is None:
                return DIFFERENT
            left.remove(match)
        return CORRECT

    def _check_words(self, given: Answer, wanted: Answer) -> str:
        choice = "" if self._strict or not isinstance(wanted, Words) or len(wanted.key) > 1 else _choice(given)
        if choice and isinstance(wanted, Words):
            return CORRECT if choice == wanted.key else DIFFERENT
        if isinstance(given, Words) and isinstance(wanted, Words):
            same = given.key == wanted.key or (not self._strict and _loose(given) == _loose(wanted))
            return CORRECT if same else DIFFERENT
        words, other = (given, wanted) if isinstance(given, Words) else (wanted, given)
        if not isinstance(words, Words) or not isinstance(other, Quantity) or "\\text" in words.text:
            return DIFFERENT
        if len(words.key) == 1:
            letter = Quantity(words.key)
            return self._check_quantity(*((letter, other) if words is given else (other, letter)))
        if other.number and not self._strict:
            return CORRECT if parse_english(words.text) == other.number.value else DIFFERENT
        if other.number or not re.fullmatch(r"[A-Za-z ]*", words.text):
            return DIFFERENT
        texts = words.text, other.text
        return self._check_algebra(*(texts if words is given else texts[::-1]))

    def _check_ratio(self, given: Answer, wanted: Answer) -> str:
        """Ratios are equal if their terms are proportional; ``3:4`` is also 3/4 by the lenient reading."""
        terms, others = _terms(given), _terms(wanted)
        if terms and others and len(terms) == len(others):
            rest = all(one * others[0] == other * terms[0] for one, other in zip(terms, others, strict=True))
            return CORRECT if rest else DIFFERENT
        if isinstance(given, Ratio) and isinstance(wanted, Ratio) and len(given.terms) == len(wanted.terms):
            return self._check_in_order(given.terms, wanted.terms)
        for ratio, other in ((terms, wanted), (others, given)):
            if (
                ratio
                and len(ratio) == 2
                and ratio[1]
                and isinstance(other, Quantity)
                and other.number
                and not self._strict
            ):
                return CORRECT if ratio[0] == other.number.value * ratio[1] else DIFFERENT
        return DIFFERENT

    def _check_algebra(self, given: str, wanted: str) -> str:
        problem = open_operation(given, wanted) if self._strict else CORRECT
        return problem or self._check_values(given, wanted)

    def _check_values(self, given: str, wanted: str, tolerance: Fraction | None = None) -> str:
        if same_text(given, wanted):
            return CORRECT
        given = _result(given) if "=" in given and "=" not in wanted else given
        words = [[_word_key(word) for word in _WORDS_INSIDE.findall(text)] for text in (given, wanted)]
        if words[0] != words[1] or not given.strip():
            return DIFFERENT
        given, wanted = (_WORDS_INSIDE.sub(" ", text) for text in (given, wanted))
        return self._ask_algebra(given, wanted, tolerance)

    def _ask_algebra(self, given: str, wanted: str, tolerance: Fraction | None) -> str:
        if is_immense(given) or is_immense(wanted):
            return "it cannot be compared: its value is too large"
        if self.error or time.monotonic() > self._end:
            self.error = self.error or "it cannot be compared: it took too long"
            return self.error
        request = {"gold": wanted, "answer": given, "tolerance": str(tolerance) if tolerance else None}
        reply = self._ask(request)
        if "error" in reply:
            self.error = f"it cannot be compared: {reply['error']}"
            return self.error
        return CORRECT if reply["value"] is True else DIFFERENT


def _is_marked(items: Items) -> bool:
    """Whether names or units tell the items of a list apart: ``x = 1, y = 2``. Without them their order must."""
    marks = [
        item.name if isinstance(item, Named) else item.unit if isinstance(item, Quantity) else None
        for item in items.items
    ]
    return all(marks) and len(set(marks)) > 1


def _short(text: str) -> str:
    return text.strip()[:60]


def _with_letters_read(given: Quantity, wanted: Quantity) -> tuple[Quantity, Quantity]:
    """Decide whether the letter behind a number is a unit: where the other answer has a unit, or, with a space before
    it, where a bare number is expected. Else it is a variable.
    """
    is_unit_of_given = wanted.unit if not wanted.letter else None
    spaced = given.letter and given.text.rstrip(given.letter).endswith(" ") and wanted.number and not wanted.unit
    if given.letter and not (is_unit_of_given or (spaced and not wanted.letter)):
        given = Quantity(given.text)
    if wanted.letter and not (given.unit and not given.letter):
        wanted = Quantity(wanted.text)
    return given, wanted


def _value_text(quantity: Quantity) -> str:
    return _latex(quantity.number.value) if quantity.number else quantity.text


def _latex(value: Fraction) -> str:
    return f"\\frac{{{value.numerator}}}{{{value.denominator}}}" if value.denominator != 1 else str(value.numerator)


def _result(equation: str) -> str:
    """What a calculation ends in: ``3 + 1 = 4`` and ``x = 2 + 2 = 4``; an equation with unknowns has no result."""
    first, *rest = split_top(equation, _EQUALS)
    is_known = re.fullmatch(r"\\?[A-Za-z]+(?:_\{?\w\}?)?|\\text\s*\{[^{}]*\}", first.strip())
    return rest[-1] if rest and (is_known or not re.search(r"(?<![\\A-Za-z])[A-Za-z]", first)) else equation


def _number(answer: Answer) -> Numeral | None:
    return answer.number if isinstance(answer, Quantity) else None


def _is_label(*names: str) -> bool:
    """Whether one of two names is words, or a function of a variable; not its value at a point, or its derivative."""
    return len({name.count("'") for name in names}) == 1 and any(
        re.match(r"\\text|[A-Za-z]{4}|[A-Za-z]\([a-z]\)", name) for name in names
    )


def _is_rounded(one: Numeral, other: Numeral) -> bool:
    """Whether one is a decimal of enough digits that a fraction rounds to."""
    for decimal, exact in ((one, other), (other, one)):
        if decimal.digits >= MIN_DIGITS and not exact.digits:
            return abs(decimal.value - exact.value) <= Fraction(1, 2) / Fraction(10) ** decimal.places
    return False


def _tolerance(given: Quantity, wanted: Quantity) -> Fraction | None:
    """Half a unit in the last place of a decimal that is compared with an expression."""
    for decimal, exact in ((given.number, wanted.number), (wanted.number, given.number)):
        if decimal and not exact and decimal.digits >= MIN_DIGITS:
            return Fraction(1, 2) / Fraction(10) ** decimal.places
    return None


def _choice(given: Answer) -> str:
    """The letter in front of a choice that is written out: ``(B) 12``."""
    match = _CHOICE.fullmatch(given.text) if isinstance(given, Words | Quantity) else None
    return match[1] if match else ""


def _loose(words: Words) -> str:
    """Words without articles, hyphens and plural."""
    text = Words(_ARTICLES.sub(" ", _WORDS_INSIDE.sub(r"\1", words.text)).replace("-", ""))
    key = _SYNONYMS.get(text.key, text.key)
    return key.removesuffix("s") if len(key) > 3 else words.key


def _word_key(text: str) -> str:
    """Words as they are compared; of a short one with capitals, which may be a unit (mW, MW), the case counts."""
    return text.strip() if re.fullmatch(r"\s*\w[A-Z]\w?\s*|\s*\w\w[A-Z]\s*", text) else Words(text).key


def _digits(answer: Answer) -> str | None:
    if isinstance(answer, BasedNumeral):
        return answer.digits
    text = answer.text.strip() if isinstance(answer, Quantity | Words) else ""
    return text.lstrip("0").upper() if re.fullmatch(r"[0-9A-Fa-f]+", text) else None


def _same_base(one: Answer, other: Answer) -> bool:
    bases = {answer.base for answer in (one, other) if isinstance(answer, BasedNumeral)}
    return len(bases) == 1


def _same_date(given: Date, wanted: Date, *, strict: bool) -> bool:
    years = {given.year, wanted.year} - {None}
    same_day = (given.month, given.day) == (wanted.month, wanted.day)
    return same_day and (given.year == wanted.year if strict else len(years) < 2)


def _same_time(given: TimeOfDay, wanted: TimeOfDay, *, strict: bool) -> bool:
    if given == wanted:
        return True
    if strict or (given.half and wanted.half):
        return False
    hours = [(time_.hour % 12, time_.minute, time_.second) for time_ in (given, wanted)]
    return hours[0] == hours[1]


def _terms(answer: Answer) -> list[Fraction] | None:
    """The numbers of a ratio; a time without its half of the day may be one."""
    if isinstance(answer, TimeOfDay):
        return [Fraction(answer.hour), Fraction(answer.minute)]
    if not isinstance(answer, Ratio):
        return None
    numbers = [_number(term) for term in answer.terms]
    return [number.value for number in numbers if number] if all(numbers) else None
