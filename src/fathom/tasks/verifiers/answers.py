r"""What an answer can be: a quantity, words, a list, a set, a tuple or interval, a matrix, a ratio, a date …"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from fathom.tasks.verifiers.moments import Date, TimeOfDay
from fathom.tasks.verifiers.number import Numeral
from fathom.tasks.verifiers.units import Unit

_APOSTROPHE = re.compile(r"'(?=[a-z])|(?<![A-Za-z])'|(?<=[a-z][A-Za-z])'")
"""One that is no prime of a single letter."""


@dataclass(frozen=True, slots=True)
class Words:
    """Plain words, or a single letter."""

    text: str

    @property
    def key(self) -> str:
        """The text as it is compared: without spaces and punctuation; case counts for single letters alone. The prime
        of a single letter is part of it: ``AB'``.
        """
        text = re.sub(r"\\text\s*\{([^{}]*)\}", r"\1", self.text)
        text = re.sub(r"[\s\".,!?()]", "", _APOSTROPHE.sub("", text))
        return text if len(text) == 1 else text.casefold()


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number or an expression, with its unit. ``letter``: the unit is this single letter, which may be a variable;
    then ``text`` holds it too.
    """

    text: str
    number: Numeral | None = None
    unit: Unit | None = None
    letter: str = ""


@dataclass(frozen=True, slots=True)
class Items:
    """Several answers. ``list``: in a row; ``set``: in braces; ``union`` of sets: their order does not count.
    ``tuple``: in brackets, whose kind counts where there are two items, as in an interval, with the name of its
    variable if it was an inequality. ``number``: the number of a list whose commas may group digits in pairs.
    """

    kind: Literal["list", "set", "union", "tuple"]
    items: tuple[Answer, ...]
    brackets: str = ""
    name: str = ""
    number: Quantity | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """A value with its name, as in ``x = 4``; ``text`` is all of it."""

    name: str
    value: Answer
    text: str


@dataclass(frozen=True, slots=True)
class MatrixAnswer:
    """Rows of equal or, in a faulty answer, different length."""

    rows: tuple[tuple[Answer, ...], ...]


@dataclass(frozen=True, slots=True)
class Ratio:
    """``3:4``, in any number of terms."""

    terms: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class BasedNumeral:
    """Digits with the base that they are in."""

    digits: str
    base: str


Answer = Words | Quantity | Items | Named | MatrixAnswer | Ratio | BasedNumeral | Date | TimeOfDay
