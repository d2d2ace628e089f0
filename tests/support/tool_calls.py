"""The context of a tool's call, with the lines of status it shows."""

from __future__ import annotations

from fathom.server.tools.tool import CallContext


def call_context(reports: list[str] | None = None, first_citation: int = 1) -> CallContext:
    shown: list[str] = [] if reports is None else reports
    return CallContext("conversation", "message", "call", first_citation, shown.append)
