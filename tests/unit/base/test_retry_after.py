"""The seconds that a ``Retry-After`` header asks to wait."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from fathom.base.retry_after import retry_after


@pytest.mark.parametrize(
    ("value", "seconds"), [("2", 2.0), ("0.5", 0.5), ("-3", 0.0), (None, None), ("", None), ("soon", None)]
)
def test_numbers(value, seconds):
    assert retry_after(value) == seconds


def test_dates():
    assert 50 < (retry_after(formatdate(time.time() + 60, usegmt=True)) or 0) <= 60
    assert retry_after(formatdate(time.time() - 60, usegmt=True)) == 0
