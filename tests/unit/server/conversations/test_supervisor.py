"""A run that was started is described by its answer and its own JSON."""

from __future__ import annotations

from fathom.server.conversations.records import StoredMessage
from fathom.server.conversations.supervisor import StartedRun


def test_a_started_run():
    answer = StoredMessage("a", "c", "q", "assistant", None, "waiting", None, None, None, "r", 1, 1)
    assert StartedRun(answer, {"id": "r"}).answer.run == "r"
