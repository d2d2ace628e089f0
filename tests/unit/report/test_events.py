"""Event files, byte by byte, and as TensorBoard's own reader sees them where it is installed."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from made_runs import put

from fathom.base.errors import ReportError
from fathom.report.discover import find
from fathom.report.events import crc32c, masked_crc, record, scalars, write


def test_the_checksum_is_castagnolis() -> None:
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, B.4
    assert masked_crc(b"123456789") == ((0xE3069283 >> 15 | 0xE3069283 << 17) + 0xA282EAD8) % 2**32


def test_a_record_is_framed() -> None:
    framed = record(b"abc")
    assert framed[:8] == struct.pack("<Q", 3)
    assert framed[12:15] == b"abc"
    assert len(framed) == 19


def test_an_event_is_what_protocol_buffers_would_write(tmp_path: Path) -> None:
    run = put(tmp_path / "run", {"stage": "pretrain"}, [{"kind": "train", "step": 300, "seconds": 2.5, "loss": 0.5}])
    (path,) = write(find([run]), tmp_path / "events")
    version = b"\x09" + bytes(8) + b"\x10\x00" + b"\x1a\x0dbrain.Event:2"
    value = b"\x0a\x0atrain/loss\x15" + struct.pack("<f", 0.5)
    event = b"\x09" + struct.pack("<d", 2.5) + b"\x10\xac\x02" + b"\x2a\x13\x0a\x11" + value
    assert path.read_bytes() == record(version) + record(event)
    assert path.parent == tmp_path / "events" / "run"


def test_what_is_a_number_is_a_scalar(tmp_path: Path) -> None:
    lines = [
        {"kind": "train", "step": 1, "seconds": 1, "loss": 2.0, "mtp_loss": None, "loads": {"a": [1, 2]}, "rows": True},
        {"kind": "train", "step": None, "loss": 1.0},
        {"kind": "measure", "step": 0, "seconds": 3, "temperature": 0.6, "pass@1": 0.5, "traces": {"lines": 2.5}},
    ]
    (run,) = find([put(tmp_path / "run", {}, lines)])
    assert list(scalars(run)) == [
        (1.0, 1, "train/loss", 2.0),
        (3.0, 0, "measure at 0.6/temperature", 0.6),
        (3.0, 0, "measure at 0.6/pass@1", 0.5),
        (3.0, 0, "measure at 0.6/traces/lines", 2.5),
    ]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    run = put(tmp_path / "run", {}, [{"kind": "train", "step": 1, "loss": 2.0}])
    (tmp_path / "file").touch()
    with pytest.raises(ReportError, match="choose another directory"):
        write(find([run]), tmp_path / "file")


def test_tensorboard_reads_them(tmp_path: Path) -> None:
    loader = pytest.importorskip("tensorboard.backend.event_processing.event_file_loader")
    lines = [{"kind": "rl", "step": step, "seconds": step, "reward": step / 8} for step in (1, 2, 3)]
    (path,) = write(find([put(tmp_path / "run", {}, lines)]), tmp_path / "events")
    events = list(loader.LegacyEventFileLoader(str(path)).Load())
    assert events[0].file_version == "brain.Event:2"
    read = [(event.step, event.summary.value[0].tag, event.summary.value[0].simple_value) for event in events[1:]]
    assert read == [(1, "rl/reward", 0.125), (2, "rl/reward", 0.25), (3, "rl/reward", 0.375)]
