"""What an import reports."""

from __future__ import annotations

from fathom.server.conversations.importing import report as module
from fathom.server.conversations.importing.report import ImportReport


def test_skipped_records_are_named_up_to_a_limit(monkeypatch):
    monkeypatch.setattr(module, "MOST_SKIPPED", 2)
    report = ImportReport(conversations=1, known=2)
    for index in range(3):
        report.skip("t" * 500, f"reason {index}")
    body = report.json()
    assert [entry["reason"] for entry in body["skipped"]] == ["reason 0", "reason 1"]
    assert len(body["skipped"][0]["title"]) == 200
    assert (body["skipped_count"], report.done) == (3, 6)
