"""Running the page's JavaScript tests in headless Chromium."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "web"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


def missing(what: str) -> None:
    """Skip, visibly; in CI the page must be tested, so there it is a failure."""
    message = f"the page is not tested in a browser: {what}"
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(message)
    pytest.skip(message)


def run_node_tests(file: str, environment: dict[str, str]) -> None:
    command = ["node", "--test", "--test-reporter=spec", f"tests/browser/{file}"]
    done = subprocess.run(command, cwd=WEB, env=environment, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-12_000:]}\n{done.stderr[-4000:]}"
