"""Notebooks: cells with outputs."""

from __future__ import annotations

import io
import json

import pytest
from made_files import WrittenPassages

from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.extraction.readers.notebook import read

CELLS = [
    {"cell_type": "markdown", "source": ["# Title\n", "text"]},
    {
        "cell_type": "code",
        "source": "1 + 1",
        "outputs": [
            {"output_type": "execute_result", "data": {"text/plain": "2"}},
            {"output_type": "stream", "text": ["a\n", "b"]},
            {"output_type": "error", "ename": "ValueError", "evalue": "bad"},
            {"output_type": "display_data", "data": {"image/png": "…", "text/plain": "<Figure>"}},
        ],
    },
    {"cell_type": "code", "source": "", "outputs": []},
]


def read_notebook(content: object) -> WrittenPassages:
    writer = WrittenPassages()
    read(io.BytesIO(json.dumps(content).encode()), writer)
    return writer


def test_cells_in_order():
    writer = read_notebook({"cells": CELLS, "nbformat": 4, "metadata": {"language_info": {"name": "julia"}}})
    code = "```julia\n1 + 1\n```\nOutput:\n```\n2\n```\nOutput:\n```\na\nb\n```\nOutput:\n```\nValueError: bad\n```\n"
    assert writer.passages == [({"cell": 1}, "# Title\ntext\n"), ({"cell": 2}, code)]
    assert writer.warnings == ["1 pictures among the outputs were not read"]


@pytest.mark.parametrize("content", [[], {"cells": 3}, {"cells": [7]}, {"cells": [{"source": 3}]}, "x"])
def test_a_damaged_one(content):
    with pytest.raises(UnreadableFileError, match="the notebook is damaged"):
        read_notebook(content)
