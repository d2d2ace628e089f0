"""Listeners are called in order; one that fails does not keep others from a change."""

from __future__ import annotations

from fathom.server.conversations.changes import Changes, ConversationChange


def test_listeners(caplog):
    changes = Changes()
    seen: list[str] = []

    def fail(_: ConversationChange) -> None:
        raise ZeroDivisionError

    changes.subscribe(fail)
    end = changes.subscribe(lambda change: seen.append(change.id))
    changes.publish(ConversationChange("a"))
    end()
    changes.publish(ConversationChange("b"))
    assert seen == ["a"]
    assert "a listener to conversations failed" in caplog.text
