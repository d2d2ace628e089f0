"""What other parts of the server learn about conversations: every change, once it is committed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from fathom.server.conversations.records import StoredConversation, StoredMessage

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ConversationChange:
    """``conversation`` is the row as it is now, or None where it is gone for good; ``message`` one that was added, or
    that ended."""

    id: str
    conversation: StoredConversation | None = None
    message: StoredMessage | None = None


Listener = Callable[[ConversationChange], None]


class Changes:
    """Calls its listeners with each change, in order."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` from now on. Returns the function that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def publish(self, change: ConversationChange) -> None:
        """Report a change that is committed. A listener that fails does not keep others from it."""
        for listener in tuple(self._listeners):
            try:
                listener(change)
            except Exception:
                logger.exception("a listener to conversations failed")
