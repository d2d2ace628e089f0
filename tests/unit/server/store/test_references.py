"""The files that a part refers to."""

from __future__ import annotations

import pytest

from fathom.server.store.references import file_ids


@pytest.mark.parametrize(
    ("part", "ids"),
    [
        ({"type": "file", "file": "a", "name": "a.txt"}, ["a"]),
        ({"type": "tool_call", "result": {"text": "", "files": [{"id": "b"}, {"id": "c"}]}}, ["b", "c"]),
        ({"type": "tool_call", "result": {"text": ""}}, []),
        ({"type": "tool_call", "result": None}, []),
        ({"type": "text", "text": "hi"}, []),
    ],
)
def test_files_of_a_part(part, ids):
    assert file_ids(part) == ids
