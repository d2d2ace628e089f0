"""Contents on the disk: whole or not at all, equal ones once."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fathom.base.errors import StorageError
from fathom.server.files.content import ContentStore
from fathom.server.files.errors import FileRefusedError, FileTooLargeError


async def chunks(*pieces: bytes, error: Exception | None = None) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
    if error:
        raise error


def everything(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def test_content_is_kept_by_its_hash_and_equal_content_once(tmp_path):
    store = ContentStore(tmp_path)
    for _ in range(2):
        received = await store.receive(chunks(b"ab", b"c" * 3_000_000), 10**7)
        await store.keep(received)
    digest = hashlib.sha256(b"ab" + b"c" * 3_000_000).hexdigest()
    assert (received.sha256, received.bytes) == (digest, 3_000_002)
    assert everything(tmp_path) == [f"{digest[:2]}/{digest}"]
    await store.remove(digest)
    await store.remove(digest)
    assert everything(tmp_path) == []


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (chunks(b"x" * 11), FileTooLargeError),
        (chunks(), FileRefusedError),
        (chunks(b"a", error=ConnectionResetError()), StorageError),
        (chunks(b"a", error=RuntimeError("the client is gone")), RuntimeError),
        (chunks(b"a", error=OSError(errno.ENOSPC, "No space left on device")), StorageError),
    ],
)
async def test_nothing_is_left_of_what_does_not_arrive(tmp_path, sent, error):
    with pytest.raises(error):
        await ContentStore(tmp_path).receive(sent, 10)
    assert everything(tmp_path) == []


async def test_a_full_disk_is_named(tmp_path):
    sent = chunks(b"a", error=OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(StorageError, match="the disk is full; free some space"):
        await ContentStore(tmp_path).receive(sent, 10)


async def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "files").touch()
    with pytest.raises(StorageError, match="the file cannot be stored"):
        await ContentStore(tmp_path / "files").receive(chunks(b"a"), 10)


async def test_what_an_ended_process_left_is_cleared(tmp_path):
    store = ContentStore(tmp_path)
    store.clear_incoming()
    received = await store.receive(chunks(b"a"), 10)
    store.clear_incoming()  # while an upload of this process arrives
    assert received.path.is_file()
    ContentStore(tmp_path).clear_incoming()
    assert everything(tmp_path) == []
