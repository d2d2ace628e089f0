"""The JSON values of a stream, one at a time, without holding more than one.

Exports are one array of up to a gigabyte; ours are JSON lines. Both are read as a sequence of values: the elements of
the array at the top, or the objects beside each other. Finding where a value ends needs only quotes and brackets; the
standard library's parser then reads each value. So memory is bounded by one record, and a broken one is passed over.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from fathom.base.errors import RequestError

CHUNK = 1 << 20
MAX_VALUE_BYTES = 64 << 20
MAX_NODES = 4_000_000
"""Commas and brackets of one value: bounds the memory that its parsed form takes (about 80 bytes each)."""
MAX_DEPTH = 64
BOM = b"\xef\xbb\xbf"

_STRING_END = rb'[^"\\]*(?:\\.[^"\\]*)*("|\\?\Z)'  # a closing quote, or the end of the chunk
_REST_OF_STRING = re.compile(_STRING_END, re.DOTALL)
_TOKEN = re.compile(rb'"' + _STRING_END + rb"|([\[{])|([\]}])", re.DOTALL)
_OPEN, _CLOSE = 2, 3  # groups of _TOKEN
_BETWEEN = re.compile(rb"[\s,]*")
_BETWEEN_ELEMENTS = re.compile(rb"[\s,\w.+-]*")
"""In the array at the top, numbers and ``null`` are passed over: they are no records."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A value that was passed over, and why."""

    reason: str


def json_values(stream: BinaryIO) -> Iterator[Any]:
    """The values in ``stream``, in order; an `Unreadable` for each that is broken or beyond the limits.

    Raises RequestError where the stream holds something else than records, or ends inside one.
    """
    for raw in _Scanner(stream).values():
        yield raw if isinstance(raw, Unreadable) else _parse(raw)


def _parse(raw: bytes) -> Any:
    if raw.count(b",") + raw.count(b"[") + raw.count(b"{") > MAX_NODES:
        return Unreadable(f"the record has more than {MAX_NODES} values")
    try:
        return json.loads(raw.decode("utf-8", "replace"), parse_constant=lambda _: None, parse_float=_finite)
    except (json.JSONDecodeError, RecursionError) as error:
        return Unreadable(f"the record is not valid JSON: {error}")
    except ValueError:  # of more digits than Python reads
        return Unreadable("the record holds a number that is too long")


def _finite(digits: str) -> float | None:
    """A number; None for one beyond what a float holds, which no database takes."""
    value = float(digits)
    return value if math.isfinite(value) else None


class _Scanner:
    """Where values begin and end. ``_depth`` counts the open brackets of the value at hand."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._value = bytearray()
        self._problem: str | None = None
        self._depth = 0
        self._in_array = False
        self._in_string = False
        self._carry = b""  # a backslash at the end of a chunk, whose second half is in the next

    def values(self) -> Iterator[bytes | Unreadable]:
        is_first = True
        while data := self._stream.read(CHUNK):
            chunk = self._carry + (data.removeprefix(BOM) if is_first else data)
            self._carry, is_first, position = b"", False, 0
            while position < len(chunk):
                if self._depth == 0:
                    position = self._enter(chunk, position)
                    continue
                position = self._read_value(chunk, position)
                if self._depth == 0:
                    yield self._take()
        if self._depth or self._in_array:
            raise RequestError("the file ends inside a record", "export or download it again; it may have been cut off")

    def _enter(self, chunk: bytes, position: int) -> int:
        """Pass over what is between records and enter the next one, or the array at the top."""
        match = (_BETWEEN_ELEMENTS if self._in_array else _BETWEEN).match(chunk, position)
        position = match.end() if match else position
        byte = chunk[position : position + 1]
        if byte == b"{" or (byte == b"[" and self._in_array):
            self._depth = 1
            self._keep(byte)
        elif byte == b"[":
            self._in_array = True
        elif byte == b"]" and self._in_array:
            self._in_array = False
        elif byte:
            raise RequestError("the file is not JSON that holds conversations", "choose the file that was exported")
        return position + 1

    def _read_value(self, chunk: bytes, start: int) -> int:
        """Read the value at hand up to its end or that of the chunk; the position behind it."""
        position = start
        if self._in_string:
            match = _REST_OF_STRING.match(chunk, position)
            position = self._end_string(match)
        if not self._in_string:
            for match in _TOKEN.finditer(chunk, position):
                if match.lastindex == _OPEN:
                    self._depth += 1
                elif match.lastindex == _CLOSE:
                    self._depth -= 1
                    if self._depth == 0:
                        self._keep(chunk[start : match.end()])
                        return match.end()
                else:
                    self._end_string(match)
                if self._depth > MAX_DEPTH:
                    self._refuse(f"the record is nested more than {MAX_DEPTH} levels deep")
        self._keep(chunk[start : len(chunk) - len(self._carry)])
        return len(chunk)

    def _end_string(self, match: re.Match[bytes] | None) -> int:
        """Note whether a string is closed or goes on in the next chunk; the position behind it."""
        assert match is not None  # _STRING_END matches everywhere
        self._in_string = match[1] != b'"'
        if self._in_string:
            self._carry = match[1]
        return match.end()

    def _keep(self, data: bytes) -> None:
        if self._problem is None:
            self._value += data
            if len(self._value) > MAX_VALUE_BYTES:
                self._refuse(f"the record is larger than {MAX_VALUE_BYTES >> 20} MB")

    def _refuse(self, reason: str) -> None:
        self._problem = self._problem or reason
        self._value = bytearray()

    def _take(self) -> bytes | Unreadable:
        value, problem = bytes(self._value), self._problem
        self._value, self._problem = bytearray(), None
        return Unreadable(problem) if problem else value
