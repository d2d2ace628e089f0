"""Running the page's JavaScript tests in headless Chromium."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

WEB = Path(__file__).parents[2] / "web"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
PIPES: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}


def missing(what: str) -> None:
    """Skip, visibly; in CI the page must be tested, so there it is a failure."""
    message = f"the page is not tested in a browser: {what}"
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(message)
    pytest.skip(message)


def run_node_tests(file: str, environment: dict[str, str]) -> None:
    command = ["node", "--test", "--test-reporter=spec", f"tests/browser/{file}"]
    with subprocess.Popen(command, cwd=WEB, env=environment, start_new_session=True, **PIPES) as process:
        try:
            output, errors = process.communicate(timeout=280)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # also the browsers and servers that a test which hangs has left
    assert process.returncode == 0, f"{' '.join(command)}\n{output[-12_000:]}\n{errors[-4000:]}"
