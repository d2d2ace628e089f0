"""The numbers of runs as TensorBoard reads them: event files, written without TensorBoard.

The format is two lines long: a record is its length, a checksum of that, the bytes and a checksum of these (TFRecord,
CRC-32C, masked); the bytes are an ``Event`` message of protocol buffers with a time, a step and named numbers. That is
less than the packages that would write it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

from fathom.base.errors import ReportError
from fathom.report.run import Run
from fathom.report.values import Record, number, text

_POLYNOMIAL = 0x82F63B78  # Castagnoli's, bits reversed
_MASK = 0xA282EAD8
_VERSION = "brain.Event:2"
_NOT_DRAWN = frozenset({"kind", "step", "seconds"})

FILE = "events.out.tfevents.fathom"


def write(runs: Sequence[Run], directory: Path) -> list[Path]:
    """One event file a run, each in a directory of its own below ``directory``; what was there is replaced.

    The time of an event is the machine time of its run, so that TensorBoard's *relative* axis compares runs.
    """
    written = []
    for run in runs:
        place = directory.joinpath(*run.place or (run.directory.name,))
        path = place / FILE
        try:
            place.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                file.write(record(_event(0.0, 0, _field(3, _VERSION.encode()))))
                for seconds, step, tag, value in scalars(run):
                    file.write(record(_event(seconds, step, _summary(tag, value))))
        except OSError as error:
            raise ReportError(f"{path} cannot be written: {error.strerror}", "choose another directory") from error
        written.append(path)
    return written


def scalars(run: Run) -> Iterator[tuple[float, int, str, float]]:
    """(seconds, step, name, value) of every number that was recorded; ``traces.lines`` becomes ``traces/lines``."""
    for kind, lines in run.lines.items():
        for line in lines:
            step = number(line.get("step"))
            if step is None or not 0 <= step < 2**62:
                continue
            sort = number(line.get("temperature")) if kind == "measure" else None
            head = f"{kind} at {sort:g}" if sort is not None else kind
            for name, value in _numbers(line):
                yield number(line.get("seconds")) or 0.0, int(step), f"{head}/{name}", value


def record(data: bytes) -> bytes:
    """One entry of a TFRecord file."""
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked_crc(length)) + data + struct.pack("<I", masked_crc(data))


def masked_crc(data: bytes) -> int:
    """CRC-32C of ``data``, turned and moved as TFRecord asks, so that a checksum of checksums is none."""
    check = crc32c(data)
    return ((check >> 15 | check << 17) + _MASK) & 0xFFFFFFFF


def crc32c(data: bytes) -> int:
    """The Castagnoli checksum (RFC 3720, appendix B.4)."""
    value = 0xFFFFFFFF
    for byte in data:
        value = _TABLE[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


def _row(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
    return value


_TABLE = tuple(_row(byte) for byte in range(256))


def _numbers(line: Record) -> Iterator[tuple[str, float]]:
    for name, value in line.items():
        if name in _NOT_DRAWN:
            continue
        if isinstance(value, dict) and name != "loads":
            inner = ((key, number(one)) for key, one in value.items())
            yield from ((f"{text(name, 40)}/{text(key, 40)}", one) for key, one in inner if one is not None)
        elif (found := number(value)) is not None:
            yield text(name, 80), found


def _event(seconds: float, step: int, rest: bytes) -> bytes:
    """``Event``: 1 wall_time (double), 2 step (varint), then ``rest``."""
    return b"\x09" + struct.pack("<d", seconds) + b"\x10" + _varint(step) + rest


def _summary(tag: str, value: float) -> bytes:
    """5 summary: 1 value: 1 tag, 2 simple_value (float)."""
    largest = 3.4e38
    bounded = max(-largest, min(largest, value))
    inner = _field(1, tag.encode()) + b"\x15" + struct.pack("<f", bounded)
    return _field(5, _field(1, inner))


def _field(place: int, data: bytes) -> bytes:
    """A field that holds bytes."""
    return bytes([place << 3 | 2]) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
