"""Records as the API has them."""

from __future__ import annotations

from fathom.server.conversations.records import StoredConversation, StoredMessage


def test_json():
    message = StoredMessage(
        "b", "c", None, "user", None, "done", None, None, None, None, 1, 2, ({"type": "text", "text": "x"},), ("a", "b")
    )
    assert message.json()["parts"] == [{"type": "text", "text": "x"}]
    assert (message.json()["index"], message.json()["siblings"]) == (1, ("a", "b"))
    row = StoredConversation("c", "", "user", None, False, False, {"model": "m"}, None, 1, 2, None)
    assert row.json()["settings"] == {"model": "m"}
    assert row.json()["running"] is False
