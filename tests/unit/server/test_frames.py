"""The policies of the page and its frames: what the browser tests run under is what the server sends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fathom.server.frames import FRAME_HEADERS
from fathom.server.page import POLICY

WEB = Path(__file__).resolve().parents[3] / "web"


@pytest.mark.parametrize("path", FRAME_HEADERS)
def test_a_frame_is_confined(path):
    policy = [directive.split() for directive in FRAME_HEADERS[path]["Content-Security-Policy"].split("; ")]
    directives = {name: values for name, *values in policy}
    assert directives["sandbox"] == ["allow-scripts"]
    assert directives["default-src"] == ["'none'"]
    sources = {value for name, values in directives.items() if name.endswith("-src") for value in values}
    assert sources <= {"'none'", "'self'", "'unsafe-inline'", "data:"}
    assert not {"connect-src", "frame-src", "worker-src"} & directives.keys()


def test_the_browser_tests_have_the_same_headers():
    headers = json.loads((WEB / "tests" / "browser" / "headers.json").read_text())
    assert headers == {"page": POLICY, "frames": FRAME_HEADERS}
