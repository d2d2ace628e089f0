"""One rule for each kind of parameter: our name, the checkpoint's name, and the layout of the stored numbers.

``#`` is a number: the layer, or the expert after it. ``fathom.checkpoint.names`` builds tables from the rules,
``fathom.checkpoint.layouts`` applies the layouts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto


class Layout(Enum):
    """How a stored tensor becomes (part of) our parameter."""

    SAME = auto()
    EXPERT = auto()
    """One expert's matrix: a slice of our stack."""
    ROTARY_Q = auto()
    """Rows of each head paired (2i, 2i+1) for llama.cpp; ours are (i, i + d/2)."""
    ROTARY_K = auto()
    KEY_UP = auto()
    """The key half of MLA's kv_up, transposed per head: (H, kv_lora, nope)."""
    VALUE_UP = auto()
    """The value half of MLA's kv_up: (H, v, kv_lora)."""
    ROW = auto()
    """A matrix of one row, stored as a vector."""
    PLUS_ONE = auto()
    """The weight of a norm with one added: we hold what is added to one."""
    COPY = auto()
    """A repetition of a tensor that we hold once, or a buffer that follows from the configuration: not loaded."""


@dataclass(frozen=True, slots=True)
class Rule:
    """``ours`` ⇄ ``theirs``; ``ours`` is the copied parameter under ``Layout.COPY``."""

    ours: str
    theirs: str
    layout: Layout = Layout.SAME


def prefix_rules(ours: str, theirs: str, rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """``rules`` with a prefix before each of their names."""
    return tuple(Rule(ours + rule.ours, theirs + rule.theirs, rule.layout) for rule in rules)
