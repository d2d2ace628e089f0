"""Arrow files, as the library ``datasets`` saves them to disk. Needs pyarrow, from the extra ``train``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fathom.base.errors import DataError
from fathom.data.sources.files import check_pin, read_error, sha256_of
from fathom.data.sources.parquet import without_nulls
from fathom.data.sources.source import BEGINNING, Position, Record, Skips


class ArrowSource:
    """The rows of one file, a stream or a file in Arrow's words. Null fields are absent, as in parquet."""

    def __init__(self, path: str | Path, *, sha256: str | None = None) -> None:
        self._path = Path(path)
        self._sha256 = sha256
        self.name = self._path.name

    def describe(self) -> dict[str, Any]:
        return {"kind": "arrow", "name": self.name, "sha256": sha256_of(self._path)}

    def records(self, skips: Skips, start: Position = BEGINNING) -> Iterator[Record]:  # noqa: ARG002 - protocol
        check_pin(self._path, self._sha256)
        row = 0
        try:
            for batch in _batches(self._path):
                rows = batch.slice(max(0, start.row - row)).to_pylist() if row + len(batch) > start.row else []
                first = row + len(batch) - len(rows)
                for number, data in enumerate(rows, first):
                    yield Record(without_nulls(data), f"{self.name}:{number + 1}", Position(start.file, number))
                row += len(batch)
        except (OSError, ValueError) as error:  # pyarrow's own errors are ValueErrors or OSErrors
            raise read_error(self._path, error) from error


def _batches(path: Path) -> Iterator[Any]:
    try:
        import pyarrow  # noqa: PLC0415 - optional
        import pyarrow.ipc  # noqa: PLC0415
    except ImportError as error:
        raise DataError("reading Arrow files needs pyarrow", "pip install 'fathom-lm[train]'") from error
    with pyarrow.memory_map(str(path)) as file:
        if file.read(6) == b"ARROW1":
            file.seek(0)
            reader = pyarrow.ipc.open_file(file)
            yield from (reader.get_batch(number) for number in range(reader.num_record_batches))
        else:
            file.seek(0)
            yield from pyarrow.ipc.open_stream(file)
