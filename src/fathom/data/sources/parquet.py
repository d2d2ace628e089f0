"""Parquet files, as the Hugging Face hub stores datasets. Needs pyarrow, from the extra ``train``.

A column has one type. Where records differ in their fields, as the arguments of several tools do, every record gets the
fields of all, null where it had none. So a null inside a record is a field that is not there, and is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from fathom.base.errors import DataError
from fathom.data.sources.files import check_pin, read_error, sha256_of
from fathom.data.sources.source import BEGINNING, Position, Record, Skips

_BATCH = 1024


class ParquetSource:
    """The rows of one file, in its order. ``columns`` None reads all columns; fewer are faster."""

    def __init__(self, path: str | Path, *, columns: list[str] | None = None, sha256: str | None = None) -> None:
        self._path = Path(path)
        self._columns = columns
        self._sha256 = sha256
        self.name = self._path.name

    def describe(self) -> dict[str, Any]:
        return {"kind": "parquet", "name": self.name, "sha256": sha256_of(self._path)}

    def records(self, skips: Skips, start: Position = BEGINNING) -> Iterator[Record]:  # noqa: ARG002 - protocol
        check_pin(self._path, self._sha256)
        parquet = _pyarrow()
        try:
            with parquet.ParquetFile(self._path) as file:
                groups, row = _groups_from(file.metadata, start.row)
                for batch in file.iter_batches(_BATCH, row_groups=groups, columns=self._columns):
                    for data in batch.to_pylist():
                        if row >= start.row:
                            yield Record(without_nulls(data), f"{self.name}:{row + 1}", Position(start.file, row))
                        row += 1
        except (OSError, ValueError) as error:  # pyarrow's own errors are ValueErrors or OSErrors
            raise read_error(self._path, error) from error


def without_nulls(value: Any) -> Any:
    """The value without the null fields of its objects, at any depth; entries of lists stay."""
    if isinstance(value, dict):
        return {key: without_nulls(field) for key, field in value.items() if field is not None}
    return [without_nulls(entry) for entry in value] if isinstance(value, list) else value


def _groups_from(metadata: Any, start: int) -> tuple[list[int], int]:
    """The row groups that hold rows from ``start`` on, and the number of the first row in them."""
    row = 0
    for group in range(metadata.num_row_groups):
        size = metadata.row_group(group).num_rows
        if row + size > start:
            return list(range(group, metadata.num_row_groups)), row
        row += size
    return [], row


def _pyarrow() -> ModuleType:
    try:
        import pyarrow.parquet  # noqa: PLC0415 - optional
    except ImportError as error:
        raise DataError("reading parquet needs pyarrow", "pip install 'fathom-lm[train]'") from error
    module: ModuleType = pyarrow.parquet
    return module
