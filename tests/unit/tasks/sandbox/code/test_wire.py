from collections import deque
from decimal import Decimal
from fractions import Fraction
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fathom.tasks.sandbox.code import wire

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
HASHABLE = st.recursive(LEAVES, lambda inner: st.tuples(inner, inner) | st.frozensets(inner), max_leaves=5)
VALUES = st.recursive(
    HASHABLE, lambda inner: st.lists(inner) | st.dictionaries(HASHABLE, inner) | st.sets(HASHABLE), max_leaves=10
)


@given(VALUES)
def test_plain_values_are_unchanged_and_one_line(value: object) -> None:
    line = wire.dumps(value)
    assert "\n" not in line
    assert wire.loads(line) == value
    assert type(wire.loads(line)) is type(value)


def test_subclasses_arrive_as_their_base_class() -> None:
    class Always(int):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = int.__hash__

    assert type(wire.loads(wire.dumps(Always(7)))) is int


def test_values_of_the_standard_library() -> None:
    for value in (deque([1, (2,)]), range(1, 9, 2), Fraction(1, 3), Decimal("0.10")):
        assert wire.loads(wire.dumps(value)) == value
        assert type(wire.loads(wire.dumps(value))) is type(value)
    assert wire.loads(wire.dumps({1: 2}.keys())) == {1}


def test_iterators_arrive_as_iterators_of_limited_length() -> None:
    assert list(wire.loads(wire.dumps(x * x for x in range(3)))) == [0, 1, 4]
    assert list(wire.loads(wire.dumps({1: "a"}.values()))) == ["a"]
    assert len(list(wire.loads(wire.dumps(count())))) == wire.MAX_ITERATED


def test_objects_are_refused() -> None:
    for value in (object(), len, [object()], {"x": int}, type):
        with pytest.raises(TypeError, match="is not a plain value"):
            wire.dumps(value)


@given(st.text() | st.text(alphabet='[]{}",:0123456789listdcup.eE-'))
def test_any_line_has_a_value_or_is_refused(line: str) -> None:
    try:
        wire.loads(line)
    except (ValueError, TypeError, KeyError, AttributeError):
        return
