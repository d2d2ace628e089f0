"""Numbers, counts and constants of schemas."""

from __future__ import annotations

import pytest

from fathom.base.errors import SchemaError
from fathom.engine.json_schema.values import bound, check_constant, count, is_number, number


def test_numbers_are_finite_and_no_booleans():
    values = [1, -0.5, 2**70, True, float("inf"), float("nan"), "1", None]
    assert [is_number(value) for value in values] == [True, True, True, False, False, False, False, False]
    with pytest.raises(SchemaError, match="minimum: this is true or false; write a number"):
        number(True, ("minimum",))


@pytest.mark.parametrize(
    ("keyword", "value", "used"),
    [
        ("minimum", 3, 3),
        ("maximum", 0.5, 0.5),
        ("maximum", 2**64, 2**53),
        ("exclusiveMaximum", 1e300, 2.0**53),
        ("minimum", -(10**400), -(2**53)),
    ],
)
def test_a_wide_bound_is_narrowed(keyword, value, used):
    assert bound(value, (keyword,)) == used


@pytest.mark.parametrize(("keyword", "value"), [("minimum", 2**54), ("exclusiveMinimum", 1e20), ("maximum", -(2**54))])
def test_a_bound_that_leaves_no_number_is_refused(keyword, value):
    with pytest.raises(SchemaError, match=r"is too large; choose one up to 2\*\*53"):
        bound(value, (keyword,))


def test_counts():
    assert (count(3, ("minLength",)), count(3.0, ("maxItems",)), count(10**12, ("maxItems",))) == (3, 3, None)
    for wrong in (-1, 1.5, "1", True, None, float("inf")):
        with pytest.raises(SchemaError, match="write a whole number, at least 0"):
            count(wrong, ("minLength",))
    with pytest.raises(SchemaError, match="too large"):
        count(10**12, ("minLength",))


def test_constants():
    check_constant({"a": [1, "x", None, 2**53, 1e300]}, ("const",))
    with pytest.raises(SchemaError, match="this number is too large"):
        check_constant([{"a": -(10**5000)}], ("const",))
