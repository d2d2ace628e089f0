"""Conversations and messages as the API shows them, for tests of what is made from them."""

from __future__ import annotations

from typing import Any


def api_message(key: str, parent: str | None, role: str, *parts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "id": key,
        "parent": parent,
        "role": role,
        "model": "m" if role == "assistant" else None,
        "state": "done",
        "finish_reason": None,
        "error": None,
        "usage": None,
        "created": 1_700_000_000_000,
        "updated": 1_700_000_000_000,
        "parts": list(parts),
        **fields,
    }


def text(value: str) -> dict[str, Any]:
    return {"type": "text", "text": value}


def answer(value: str) -> dict[str, Any]:
    return {"type": "answer", "text": value}


def thinking(value: str, ms: int | None = 12_000) -> dict[str, Any]:
    return {"type": "thinking", "text": value, "ms": ms}


def citation(number: int = 1, **fields: Any) -> dict[str, Any]:
    return {
        "type": "citation",
        "number": number,
        "kind": "web",
        "title": "Rhine",
        "url": "https://a/b",
        "source": None,
        "place": None,
        "quote": None,
        "supported": None,
        **fields,
    }


def tool_call(name: str = "python", arguments: str = "{}", **fields: Any) -> dict[str, Any]:
    return {
        "type": "tool_call",
        "id": "c",
        "name": name,
        "arguments": arguments,
        "state": "done",
        "ms": 5,
        "result": None,
        **fields,
    }


def record(*messages: dict[str, Any], title: str = "Rivers", **fields: Any) -> dict[str, Any]:
    """What `conversation_json` makes."""
    return {
        "format": "fathom-conversation",
        "version": 2,
        "id": "k",
        "title": title,
        "title_source": "model",
        "created": 1_700_000_000_000,
        "updated": 1_700_000_000_000,
        "pinned": False,
        "settings": {},
        "project": None,
        "head": messages[-1]["id"] if messages else None,
        "messages": list(messages),
        **fields,
    }
