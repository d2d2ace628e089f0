"""Parquet: rows from any position, columns, errors."""

from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from source_texts import texts

from fathom.base.errors import DataError
from fathom.data.sources.parquet import ParquetSource
from fathom.data.sources.source import Position, Skips


@pytest.fixture
def path(tmp_path: Path) -> Path:
    table = pyarrow.table({"text": [f"row {row}" for row in range(25)], "more": list(range(25))})
    pyarrow.parquet.write_table(table, tmp_path / "x.parquet", row_group_size=10)
    return tmp_path / "x.parquet"


@pytest.mark.parametrize("start", [0, 3, 10, 19, 24, 25, 99])
def test_rows_from_anywhere(path: Path, start: int) -> None:
    records = list(ParquetSource(path).records(Skips(), Position(0, start)))
    assert [record.data for record in records] == [{"text": f"row {n}", "more": n} for n in range(start, 25)]
    assert [record.position.row for record in records] == list(range(start, 25))


def test_fields_that_only_other_records_have_are_absent(tmp_path: Path) -> None:
    """One column has one type: each record gets the arguments of all tools, null where it has none."""
    calls = [{"name": "weather", "arguments": {"city": "Paris"}}], [{"name": "sum", "arguments": {"expr": "1+1"}}]
    table = pyarrow.table({"calls": list(calls), "more": [None, [None, 1]]})
    assert table["calls"].to_pylist()[0][0]["arguments"] == {"city": "Paris", "expr": None}
    pyarrow.parquet.write_table(table, tmp_path / "x.parquet")
    records = [record.data for record in ParquetSource(tmp_path / "x.parquet").records(Skips())]
    assert records == [{"calls": calls[0]}, {"calls": calls[1], "more": [None, 1]}]


def test_only_the_wanted_columns(path: Path) -> None:
    assert next(ParquetSource(path, columns=["text"]).records(Skips())).data == {"text": "row 0"}


def test_an_invalid_file(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(DataError, match="cannot be read"):
        texts(ParquetSource(tmp_path / "x.parquet"))


def test_without_pyarrow(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    with pytest.raises(DataError, match=r"reading parquet needs pyarrow; pip install 'fathom-lm\[train\]'"):
        texts(ParquetSource(path))
