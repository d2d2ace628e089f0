"""Parquet, as the Hugging Face hub stores datasets. Needs pyarrow, which the extra ``train`` brings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from fathom.base.errors import DataError
from fathom.data import pins
from fathom.data.record import BEGINNING, Position, Record, Skips

_BATCH = 1024


class ParquetSource:
    """Rows in the order of the file. ``columns`` None reads all of them; fewer are faster."""

    def __init__(self, path: str | Path, *, columns: list[str] | None = None, sha256: str | None = None) -> None:
        self._path = Path(path)
        self._columns = columns
        self._sha256 = sha256
        self.name = self._path.name

    def describe(self) -> dict[str, Any]:
        return {"kind": "parquet", "name": self.name, "sha256": pins.sha256_of(self._path)}

    def records(self, skips: Skips, start: Position = BEGINNING) -> Iterator[Record]:  # noqa: ARG002 - protocol
        pins.check(self._path, self._sha256)
        parquet = _pyarrow()
        try:
            with parquet.ParquetFile(self._path) as file:
                groups, row = _from(file.metadata, start.row)
                for batch in file.iter_batches(_BATCH, row_groups=groups, columns=self._columns):
                    for data in batch.to_pylist():
                        if row >= start.row:
                            yield Record(data, f"{self.name}:{row + 1}", Position(start.file, row))
                        row += 1
        except (OSError, ValueError) as error:  # pyarrow's own errors are ValueErrors or OSErrors
            raise pins.unreadable(self._path, error) from error


def _from(metadata: Any, start: int) -> tuple[list[int], int]:
    """The row groups that are not wholly before ``start``, and the row that the first of them begins with."""
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
