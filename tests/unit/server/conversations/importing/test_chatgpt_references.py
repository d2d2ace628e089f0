"""Marks of citations become numbers, and no private character is left."""

from __future__ import annotations

from fathom.server.conversations.importing.chatgpt_references import plain_text
from fathom.server.conversations.importing.citations import Citations

MARK = "\ue200cite\ue202turn0search1\ue202turn0search2\ue201"


def test_marks_of_both_generations():
    citations = Citations()
    new = {
        "content_references": [
            {
                "matched_text": MARK,
                "start_idx": 5,
                "items": [{"title": "A", "url": "https://a"}, {"title": "B", "url": "http://b", "snippet": "b!"}],
            }
        ]
    }
    assert plain_text(f"River{MARK} and {MARK}", new, citations) == "River[1][2] and "
    written = "The Rhine【12†source】 flows."
    old = {"citations": [{"start_ix": 9, "end_ix": 20, "metadata": {"title": "A", "url": "https://a", "text": "q"}}]}
    assert plain_text(written, old, citations) == "The Rhine[1] flows."
    assert [part.data["quote"] for part in citations.take()] == [None, "b!"]


def test_marks_without_a_source_are_dropped():
    metadata = {
        "content_references": [
            {"matched_text": "\ue200filecite\ue202x\ue201", "items": [{"url": "javascript:x"}]},
            {"matched_text": " "},
        ]
    }
    assert plain_text("a \ue200filecite\ue202x\ue201b \ue203c【3†notes.pdf】", metadata, Citations()) == "a b c"


def test_positions_that_are_wrong_do_not_matter():
    metadata = {
        "content_references": [
            {"matched_text": MARK, "start_idx": 900, "url": "https://a", "title": "A"},
            {"matched_text": "absent"},
        ]
    }
    assert plain_text(f"x{MARK}", metadata, Citations()) == "x[1]"
    old = {"citations": [{"start_ix": 0, "end_ix": 99, "metadata": {"url": "https://a"}}]}
    assert plain_text("no mark", old, Citations()) == "no mark"
