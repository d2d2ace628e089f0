"""The body of every error, on every path: ``{"error": {"message", "type", "param", "code"}}``."""

from __future__ import annotations

from typing_extensions import TypedDict


class ErrorDetail(TypedDict):
    """``message`` is for people, remedy included; ``code`` and ``param`` (``messages[0].role``) are for programs."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(TypedDict):
    error: ErrorDetail
