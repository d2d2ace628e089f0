"""A report in a real headless Chromium: the tests themselves are JavaScript (web/tests/browser/report.test.mjs)."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_runs import speedrun

from browser import run_node_tests
from fathom.report.content import RunReport
from fathom.report.discover import find_runs
from fathom.report.page import write_report

pytestmark = pytest.mark.browser


def test_the_report_in_a_browser(browser_environment: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_report(
        RunReport(find_runs([speedrun(tmp_path / "runs", seeds=(1, 2), updates=100)]), "R1-Zero on a laptop"), path
    )
    run_node_tests("report.test.mjs", {**browser_environment, "REPORT": path.as_uri()})
