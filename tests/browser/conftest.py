"""Requirements of the browser tests: Chromium, Node, and `npm ci` in web/."""

from __future__ import annotations

import os
import shutil

import pytest

from browser import CHROMIUM_NAMES, WEB, missing


@pytest.fixture(scope="module")
def browser_environment() -> dict[str, str]:
    chromium = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if chromium is None:
        missing("no Chromium; on Debian: apt install chromium")
    if shutil.which("node") is None:
        missing("no Node")
    if not (WEB / "node_modules" / "playwright-core").is_dir():
        missing("run `npm ci` in web/ first")
    return {**os.environ, "CHROMIUM": str(chromium), "NO_COLOR": "1"}
