"""Exports of other programs, as small as they can be and still have what real ones have."""

from __future__ import annotations

from typing import Any


def chatgpt_message(role: str, content: Any, **fields: Any) -> dict[str, Any]:
    """A message of ChatGPT; ``content`` is text, or a whole content."""
    name = fields.pop("name", None)
    if isinstance(content, str):
        content = {"content_type": "text", "parts": [content]}
    return {
        "author": {"role": role, "name": name, "metadata": {}},
        "content": content,
        "status": "finished_successfully",
        "recipient": "all",
        "metadata": {},
        "create_time": 1_700_000_000.5,
        **fields,
    }


def chatgpt(*nodes: tuple[str, str | None, dict[str, Any] | None], **fields: Any) -> dict[str, Any]:
    """A conversation of ChatGPT from (key, parent, message)."""
    return {
        "id": "c1",
        "conversation_id": "c1",
        "title": "Rivers",
        "create_time": 1_700_000_000.0,
        "update_time": 1_700_000_100.0,
        "current_node": nodes[-1][0] if nodes else None,
        "mapping": {
            key: {"id": key, "parent": parent, "children": [], "message": value} for key, parent, value in nodes
        },
        **fields,
    }


def deepseek(*nodes: tuple[str, str | None, dict[str, Any] | None], **fields: Any) -> dict[str, Any]:
    """A conversation of DeepSeek from (key, parent, message)."""
    return {
        "id": "d1",
        "title": "Rivers",
        "inserted_at": "2025-03-30T04:49:36.505000+08:00",
        "updated_at": "2025-03-30T04:50:29.156000+08:00",
        "mapping": {
            key: {"id": key, "parent": parent, "children": [], "message": value} for key, parent, value in nodes
        },
        **fields,
    }


def fragments(*pairs: tuple[str, str], **fields: Any) -> dict[str, Any]:
    """A message of DeepSeek's newer form from (type, content)."""
    return {
        "files": [],
        "model": "deepseek-reasoner",
        "inserted_at": "2025-03-30T04:49:37.018000+08:00",
        "fragments": [{"type": kind, "content": content} for kind, content in pairs],
        **fields,
    }


def open_webui(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A chat of open-webui."""
    return {
        "id": "o1",
        "user_id": "u",
        "title": "Rivers",
        "chat": {
            "title": "Rivers",
            "models": ["m"],
            "history": {
                "messages": {message["id"]: message for message in messages},
                "currentId": messages[-1]["id"] if messages else None,
            },
            "timestamp": 1_700_000_000_000,
        },
        "created_at": 1_700_000_000,
        "updated_at": 1_700_000_100,
        "pinned": False,
        **fields,
    }


def browser_chat(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A chat as the page kept it in the browser."""
    return {
        "format": "fathom-conversation",
        "version": 1,
        "title": "Rivers",
        "created": 1_700_000_000_000,
        "messages": list(messages),
        **fields,
    }


def ours(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A conversation in our own format."""
    return {
        "format": "fathom-conversation",
        "version": 2,
        "id": "f1",
        "title": "Rivers",
        "title_source": "model",
        "created": 1_700_000_000_000,
        "updated": 1_700_000_100_000,
        "pinned": True,
        "settings": {"temperature": 0.5},
        "head": messages[-1]["id"] if messages else None,
        "messages": list(messages),
        **fields,
    }


def shape(conversation: Any) -> list[tuple[Any, ...]]:
    """(key, parent, role, [(type, text)]) of each message."""
    return [
        (message.key, message.parent, message.role, [(part.type, part.text) for part in message.parts])
        for message in conversation.messages
    ]
