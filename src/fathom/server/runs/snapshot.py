"""A message that is still written, as far as it is."""

from __future__ import annotations

from typing import Any

from fathom.server.conversations.records import StoredMessage
from fathom.server.runs.fold import FoldedMessage


def snapshot(row: StoredMessage, message: FoldedMessage) -> dict[str, Any]:
    """The message as the API has it, with what its run's events say, and the number of the last one of these."""
    return {
        **row.json(),
        "state": message.state,
        "parts": [dict(part) for part in message.parts],
        "finish_reason": message.finish_reason,
        "usage": message.usage,
        "error": message.error,
        "sequence": message.sequence,
        "status": message.status,
    }
