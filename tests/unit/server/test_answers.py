"""How answers are put together; what they do: tests/unit/server/runs and tests/unit/server/api/assistant."""

from fathom.server.answers import publish_change
from fathom.server.conversations.changes import ConversationChange
from fathom.server.conversations.records import StoredConversation, StoredMessage
from fathom.server.runs.feed import LiveFeed

ROW = StoredConversation("c", "A title", "user", None, False, False, {}, None, 1, 1, None)
MESSAGE = StoredMessage("m", "c", None, "user", None, "done", None, None, None, None, 1, 1, ({"type": "text"},), ("m",))


async def test_a_change_reaches_every_stream():
    feed = LiveFeed()
    stream = feed.subscribe()
    publish_change(feed, ConversationChange("c", ROW, MESSAGE))
    publish_change(feed, ConversationChange("c"))
    names = [line.removeprefix(b"event: ") for line in (await stream.get()).splitlines() if line.startswith(b"event")]
    assert names == [b"message", b"conversation", b"conversation.removed"]
