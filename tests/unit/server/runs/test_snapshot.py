from fathom.server.conversations.records import StoredMessage
from fathom.server.runs.fold import fold
from fathom.server.runs.snapshot import snapshot

ROW = StoredMessage("m", "c", None, "assistant", "x", "streaming", None, None, None, "r", 1, 2)


def test_what_the_events_say_stands_above_the_row():
    events = [
        {"type": "started", "sequence": 1, "message": "m"},
        {"type": "delta", "sequence": 2, "part": 0, "kind": "answer", "text": "so"},
        {"type": "status", "sequence": 3, "text": "waits"},
    ]
    body = snapshot(ROW, fold(events))
    assert (body["state"], body["sequence"], body["status"]) == ("streaming", 3, "waits")
    assert body["parts"] == [{"type": "answer", "text": "so"}]
    ended = {"type": "finished", "state": "done", "finish_reason": "stop", "usage": {"total_tokens": 1}, "error": None}
    body = snapshot(ROW, fold([*events, {**ended, "sequence": 4}]))
    assert (body["state"], body["finish_reason"], body["usage"]) == ("done", "stop", {"total_tokens": 1})
