"""The records of an export file, one at a time, each read or passed over with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fathom.base.errors import RequestError
from fathom.server.conversations.importing.archive import ExportFile
from fathom.server.conversations.importing.formats import NAMES, UnknownFormatError, read_record, records_of
from fathom.server.conversations.importing.imported import ImportedConversation, RecordError
from fathom.server.conversations.importing.json_values import Unreadable, json_values
from fathom.server.conversations.importing.values import mapping, text


@dataclass(frozen=True, slots=True)
class SkippedRecord:
    title: str
    reason: str


def read_records(export: ExportFile) -> Iterator[ImportedConversation | SkippedRecord]:
    """All records of ``export``. Raises RequestError where it holds none of a format that we know.

    A file that breaks off after whole records gives those, then a `SkippedRecord` for the rest.
    """
    is_known, first = False, ""
    for stream in export.streams():
        try:
            for value in json_values(stream):
                for read in _read(value):
                    is_known = is_known or not isinstance(read, _Foreign)
                    first = first or (read.reason if isinstance(read, SkippedRecord) else "")
                    yield read
        except RequestError as error:
            if not is_known:
                raise
            yield SkippedRecord("", str(error))
    if not is_known:
        reason = f" ({first})" if first else ""
        raise RequestError(
            f"the file holds no conversations{reason}", f"choose an export of {NAMES}: a .json file or the .zip archive"
        )


class _Foreign(SkippedRecord):
    """A record of no format that we know, or none at all."""


def _read(value: Any) -> Iterator[ImportedConversation | SkippedRecord]:
    if isinstance(value, Unreadable):
        yield _Foreign("", value.reason)
        return
    for record in records_of(value):
        title = _title(mapping(record))
        try:
            yield read_record(record)
        except UnknownFormatError as error:
            yield _Foreign(title, error.message)
        except RecordError as error:
            yield SkippedRecord(title, str(error))


def _title(record: Mapping[str, Any]) -> str:
    return text(record.get("title")) or text(mapping(record.get("chat")).get("title"))
