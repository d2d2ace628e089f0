"""Arrow files in both of their forms: rows from any position, errors."""

import sys
from pathlib import Path

import pyarrow
import pyarrow.ipc
import pytest

from fathom.base.errors import DataError
from fathom.data.sources.arrow import ArrowSource
from fathom.data.sources.source import Position, Skips

ROWS = [{"text": f"row {row}", "more": {"a": None, "b": row}} for row in range(25)]


@pytest.fixture(params=[pyarrow.ipc.new_stream, pyarrow.ipc.new_file], ids=["stream", "file"])
def path(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    table = pyarrow.Table.from_pylist(ROWS)
    with request.param(str(tmp_path / "x.arrow"), table.schema) as writer:
        writer.write_table(table, max_chunksize=10)
    return tmp_path / "x.arrow"


@pytest.mark.parametrize("start", [0, 3, 10, 19, 24, 25, 99])
def test_rows_from_anywhere(path: Path, start: int) -> None:
    records = list(ArrowSource(path).records(Skips(), Position(0, start)))
    assert [record.data for record in records] == [{"text": f"row {n}", "more": {"b": n}} for n in range(start, 25)]
    assert [record.position.row for record in records] == list(range(start, 25))
    assert [record.where for record in records] == [f"x.arrow:{n + 1}" for n in range(start, 25)]


def test_an_invalid_file(tmp_path: Path) -> None:
    (tmp_path / "x.arrow").write_bytes(b"ARROW1 and nothing else")
    with pytest.raises(DataError, match="cannot be read"):
        list(ArrowSource(tmp_path / "x.arrow").records(Skips()))


def test_without_pyarrow(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DataError, match=r"reading Arrow files needs pyarrow; pip install 'fathom-lm\[train\]'"):
        list(ArrowSource(path).records(Skips()))
