import json
from pathlib import Path

import pytest

from fathom.server.runs.fold import FoldedMessage, fold

CASES = sorted((Path(__file__).parents[3] / "data" / "fold").glob("*.json"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_fold_of_the_events_is_the_message(path):
    case = json.loads(path.read_text(encoding="utf-8"))
    folded = fold(case["events"])
    assert {name: getattr(folded, name) for name in case["message"] if name != "parts"} | {
        "parts": list(folded.parts)
    } == case["message"]
    for cut in range(len(case["events"]) + 1):  # from any point on, with what it has seen sent again
        assert fold(case["events"], fold(case["events"][:cut])) == folded


def test_a_status_is_shown_until_something_happens():
    status = {"type": "status", "sequence": 1, "text": "searching"}
    assert fold([status]).status == "searching"
    assert fold([status, {"type": "delta", "sequence": 2, "part": 0, "kind": "answer", "text": "a"}]).status is None
    assert len(CASES) > 10


def test_nothing_has_happened_yet():
    assert fold([]) == FoldedMessage()
