"""The access log: one line for each API request, none for the page."""

from __future__ import annotations

import logging
import re

import pytest

from fathom.server.middleware.access_log import AccessLog


async def request(path: str, *, complete: bool = True, error: Exception | None = None) -> None:
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": not complete})
        if error:
            raise error

    async def nothing(message=None):
        pass

    await AccessLog(app, ("/v1/",))({"type": "http", "method": "POST", "path": path}, nothing, nothing)


@pytest.mark.parametrize(
    ("path", "complete", "line"),
    [
        ("/v1/models", True, r"POST /v1/models 200 0\.\d{3} s"),
        ("/v1/models", False, r"POST /v1/models 200 abandoned 0\.\d{3} s"),
        ("/v1/é\nforged", True, r"POST /v1/\\xe9\\nforged 200 0\.\d{3} s"),
        ("/", True, None),
        ("/health", True, None),
    ],
)
async def test_lines(caplog, path, complete, line):
    caplog.set_level(logging.INFO, "fathom.server.access")
    await request(path, complete=complete)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == (line is not None)
    if line:
        assert re.fullmatch(line, lines[0]), lines


async def test_a_failure_is_logged_too(caplog):
    caplog.set_level(logging.INFO, "fathom.server.access")
    with pytest.raises(ValueError, match="boom"):
        await request("/v1/models", error=ValueError("boom"))
    assert len(caplog.records) == 1
