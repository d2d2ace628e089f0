"""Tests of the compiled kernels: skipped where no compiler is found, an error in CI."""

from __future__ import annotations

import os

import pytest

from fathom.kernels.cpu import library


def require_kernels() -> None:
    """Skip, visibly; in CI the kernels must be tested, so there it is a failure."""
    state = library.status()
    if state.path is not None:
        return
    message = f"the compiled kernels are not tested: {state.reason}"
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(message)
    pytest.skip(message)
