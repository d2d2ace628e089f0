"""The GGUF container: what is written reads back, and no damaged file does worse than an error."""

import contextlib
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fathom.base.errors import CheckpointError
from fathom.checkpoint.gguf.reader import GGUFReader
from fathom.checkpoint.gguf.types import BlockType
from fathom.checkpoint.gguf.writer import Pending, write_gguf

METADATA = {
    "general.architecture": "llama",
    "a.count": 7,
    "a.negative": -7,
    "a.wide": 1 << 40,
    "a.flag": True,
    "a.ratio": 0.5,
    "tokens": ["", "ab", "日本"],
    "types": [1, -2, 3],
    "scores": [0.25, -1.0],
    "flags": [True, False],
}
NUMBERS = np.arange(96, dtype=np.float32).reshape(3, 32)


def write_small(path: Path) -> bytes:
    pending = [
        Pending("x.weight", (3, 32), BlockType.F32, lambda: NUMBERS),
        Pending("y.weight", (3, 32), BlockType.Q8_0, lambda: NUMBERS),
    ]
    write_gguf(path, METADATA, pending)
    return path.read_bytes()


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    write_small(tmp_path / "small.gguf")
    reader = GGUFReader(tmp_path / "small.gguf")

    assert reader.version == 3
    assert reader.metadata == METADATA
    assert [(t.name, t.type, t.shape) for t in reader.tensors.values()] == [
        ("x.weight", BlockType.F32, (3, 32)),
        ("y.weight", BlockType.Q8_0, (3, 32)),
    ]
    assert reader.tensors["x.weight"].data.view(np.float32).tolist() == NUMBERS.ravel().tolist()
    assert reader.tensors["y.weight"].rows.shape == (3, 34)


def _header(*, magic: bytes = b"GGUF", version: int = 3, tensors: int = 0, keys: int = 0) -> bytes:
    return struct.pack("<4sIQQ", magic, version, tensors, keys)


def _key(name: bytes, kind: int, rest: bytes) -> bytes:
    return struct.pack("<Q", len(name)) + name + struct.pack("<I", kind) + rest


def _tensor(name: bytes = b"t", shape: tuple[int, ...] = (32,), kind: int = 0, offset: int = 0) -> bytes:
    dims = struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
    return struct.pack("<Q", len(name)) + name + dims + struct.pack("<IQ", kind, offset)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; the file is damaged or not a GGUF model: download it again"),
        (b"PK\x03\x04 and so on", "is not a GGUF file; name a .gguf file or a directory with safetensors"),
        (_header(version=1), "has GGUF version 1; versions 2 and 3"),
        (_header(version=3 << 24), "is big-endian; versions 2 and 3"),
        (_header(keys=1 << 62), "ends early: 8 more bytes are promised at byte 24"),
        (_header(tensors=1 << 62), "ends early"),
        (_header(keys=1) + _key(b"k", 8, struct.pack("<Q", 1 << 60)), "ends early: 1152921504606846976 more bytes"),
        (_header(keys=1) + _key(b"k", 9, struct.pack("<IQ", 8, 1 << 60)), "ends early"),
        (_header(keys=1) + _key(b"k", 9, struct.pack("<IQ", 4, 1 << 60)), "ends early"),
        (_header(keys=1) + _key(b"k", 9, struct.pack("<IQ", 8, 1) + struct.pack("<Q", 9)), "inside a list of strings"),
        (_header(keys=1) + _key(b"k", 9, struct.pack("<IQ", 99, 1)), "list of unknown type 99"),
        (_header(keys=1) + _key(b"k", 9, struct.pack("<IQ", 9, 1)), "ends early"),
        (_header(keys=1) + _key(b"k", 9, struct.pack("<IQ", 9, 1 << 60)), "ends early"),
        (_header(keys=1) + _key(b"k", 9, struct.pack("<IQ", 9, 1) * 20), "lists nested more than 8 deep"),
        (_header(keys=1) + _key(b"k", 99, b""), "value of unknown type 99"),
        (_header(keys=1) + _key(b"k", 8, struct.pack("<Q", 1) + b"\xff"), "text that is not UTF-8"),
        (_header(keys=2) + 2 * _key(b"k", 0, b"\x01"), "repeats the key 'k'"),
        (_header(keys=1) + _key(b"general.alignment", 4, struct.pack("<I", 3)), "asks for an alignment of 3"),
        (_header(tensors=1) + _tensor(shape=()), "gives tensor 't' 0 dimensions"),
        (_header(tensors=1) + _tensor(shape=(1, 1, 1, 1, 1)), "gives tensor 't' 5 dimensions"),
        (_header(tensors=1) + _tensor(kind=16), "stores tensor 't' in type 16, which we do not read; choose a file in"),
        (_header(tensors=1) + _tensor(shape=(33,), kind=8), r"shape \(33,\), which does not fit Q8_0"),
        (_header(tensors=1) + _tensor(shape=(0,)), r"shape \(0,\), which does not fit F32"),
        (_header(tensors=1) + _tensor(offset=3) + bytes(500), "off the alignment of 32"),
        (_header(tensors=1) + _tensor(shape=(1 << 40, 1 << 22)), "is truncated: tensor 't' lacks"),
        (_header(tensors=2) + 2 * _tensor() + bytes(500), "repeats the tensor 't'"),
    ],
)
def test_each_kind_of_damage_has_its_message(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.gguf"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=message):
        GGUFReader(path)


def test_lists_of_lists_are_read(tmp_path: Path) -> None:
    """The format allows them; a key that we do not use must not make a file unreadable."""
    inner = struct.pack("<IQ2i", 5, 2, 7, -7) + struct.pack("<IQ", 8, 1) + struct.pack("<Q", 2) + b"ab"
    path = tmp_path / "nested.gguf"
    path.write_bytes(_header(keys=2) + _key(b"k", 9, struct.pack("<IQ", 9, 2) + inner) + _key(b"n", 4, b"\1\0\0\0"))
    assert GGUFReader(path).metadata == {"k": [[7, -7], ["ab"]], "n": 1}


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="does not exist; check the path"):
        GGUFReader(tmp_path / "none.gguf")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_small(tmp_path_factory.mktemp("gguf") / "small.gguf")


def test_truncation_at_every_byte_is_refused(sound: bytes, tmp_path: Path) -> None:
    path = tmp_path / "cut.gguf"
    used = len(sound) - (128 - 102)  # the last tensor's 102 bytes are padded to 128
    for size in range(used):
        path.write_bytes(sound[:size])
        with pytest.raises(CheckpointError):
            GGUFReader(path)


@given(flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4))
@example(flips=[(8, 255), (15, 255)])
@example(flips=[(16, 255), (23, 255)])
@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_file_with_changed_bytes_is_read_or_refused(
    flips: list[tuple[int, int]], sound: bytes, tmp_path: Path
) -> None:
    damaged = bytearray(sound)
    for place, value in flips:
        damaged[place % len(damaged)] = value
    path = tmp_path / "flipped.gguf"
    path.write_bytes(damaged)
    with contextlib.suppress(CheckpointError):  # any other exception fails the test
        reader = GGUFReader(path)
        assert all(len(tensor.data) <= len(damaged) for tensor in reader.tensors.values())
