"""Decimal numbers that GGUF stores as float32."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fathom.model.families.keys import decimal


@pytest.mark.parametrize("value", [1e-5, 1e-6, 10000.0, 1_000_000.0, 2.5, 0.1, 40, 0])
def test_the_number_that_was_meant_comes_back(value: float) -> None:
    assert decimal(float(np.float32(value))) == value


@pytest.mark.parametrize("value", ["1e-5", None, [1.0]])
def test_what_is_no_number_is_nan(value: object) -> None:
    assert math.isnan(decimal(value))
