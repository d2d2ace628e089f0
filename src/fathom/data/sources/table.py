"""Tables as text: CSV and TSV, whose first line names the fields. Every value is text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from fathom.base.errors import DataError
from fathom.data.sources.files import UNREADABLE, check_pin, open_bytes, read_error, sha256_of
from fathom.data.sources.source import BEGINNING, Position, Record, Skips


class TableSource:
    """The rows of one file. Fields are separated by ``delimiter`` (None: by the name, tabs in .tsv, else commas)."""

    def __init__(self, path: str | Path, *, delimiter: str | None = None, sha256: str | None = None) -> None:
        self._path = Path(path)
        self._delimiter = delimiter or ("\t" if ".tsv" in self._path.name.lower() else ",")
        self._sha256 = sha256
        self.name = self._path.name

    def describe(self) -> dict[str, Any]:
        return {"kind": "table", "name": self.name, "sha256": sha256_of(self._path)}

    def records(self, skips: Skips, start: Position = BEGINNING) -> Iterator[Record]:
        """``where`` is the number of the row, the line of names counted."""
        check_pin(self._path, self._sha256)
        try:
            with open_bytes(self._path) as file, io.TextIOWrapper(file, encoding="utf-8", newline="") as text:
                rows = csv.DictReader(text, delimiter=self._delimiter, strict=True)
                for row, data in enumerate(islice(rows, start.row, None), start.row):
                    where = f"{self.name}:{row + 2}"
                    if None in data or None in data.values():
                        skips.add(where, "it has another number of fields than the first line")
                    else:
                        yield Record(data, where, Position(start.file, row))
        except UnicodeDecodeError as error:
            raise DataError(f"{self._path} is not UTF-8", "save it as UTF-8") from error
        except csv.Error as error:
            raise DataError(f"{self._path} is no table that can be read: {error}", "save it as JSON Lines") from error
        except UNREADABLE as error:
            raise read_error(self._path, error) from error
