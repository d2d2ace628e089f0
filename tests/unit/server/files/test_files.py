"""Files from upload to deletion."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from stored_files import attach, put_into_project

from fathom.base.errors import StorageError
from fathom.server.files.errors import FileInUseError, FileTooLargeError
from fathom.server.files.extraction.reader import ReadEnd, ReadPassage
from fathom.server.files.files import Files
from fathom.server.store.ids import milliseconds


class OneEach:
    async def count(self, texts):
        return [1 for _ in texts]


async def read_all(path: Path, name: str) -> AsyncIterator[ReadPassage | ReadEnd]:
    yield ReadPassage({"line": 1}, path.read_text())
    yield ReadEnd("text", "text/plain", None)


async def body(content: bytes) -> AsyncIterator[bytes]:
    yield content


def contents(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))


@pytest.fixture
async def files(repository, tmp_path) -> AsyncIterator[Files]:
    opened = Files(repository, tmp_path / "files", OneEach(), max_bytes=1000, read=read_all)
    await opened.open()
    yield opened
    await opened.close()


async def test_a_file_is_stored_read_and_deleted(files, tmp_path):
    file = await files.store("../a.txt", body(b"hello"))
    assert (file.name, file.bytes, file.state) == ("a.txt", 5, "reading")
    ready = await files.get(file.id, wait=10)
    assert (ready.state, ready.tokens) == ("ready", 1)
    assert [p.text for p in await files.passages(file.id, -1, 10)] == ["hello"]
    assert await files.texts([file.id, "gone"]) == {file.id: "hello"}
    assert files.path(ready).read_bytes() == b"hello"
    await files.delete(file.id)
    assert await files.get(file.id) is None
    assert contents(tmp_path / "files") == 0


async def test_equal_files_share_their_bytes(files, tmp_path):
    first, second = [await files.store("a.txt", body(b"hello")) for _ in range(2)]
    assert [file.state for file in await files.get_many([first.id, second.id])] == ["ready", "ready"]
    assert contents(tmp_path / "files") == 1
    await files.delete(first.id)
    assert files.path(second).is_file()
    await files.delete(second.id)
    assert contents(tmp_path / "files") == 0


async def test_a_file_that_is_held_is_not_deleted(files, database):
    file = await files.store("a.txt", body(b"hello"))
    await attach(database, file)
    with pytest.raises(FileInUseError, match="the file is part of 1 message;"):
        await files.delete(file.id)
    await put_into_project(database, file)
    with pytest.raises(FileInUseError, match="1 message and 1 project"):
        await files.delete(file.id)
    assert await files.remove_unused([file.id]) == 0


async def test_unused_files_go(files):
    old, other = [await files.store("a.txt", body(content)) for content in (b"1", b"2")]
    assert await files.remove_unused([old.id], before=milliseconds() - 10_000) == 0
    assert await files.remove_unused([old.id]) == 1
    assert await files.get(other.id) is not None
    assert await files.remove_unused() == 1


async def test_a_file_that_is_attached_while_the_unused_ones_are_deleted_stays(files, database, monkeypatch):
    file = await files.store("a.txt", body(b"hello"))
    find = files.repository.find_unused

    async def found_then_attached(before: int) -> list[str]:
        unused = await find(before)
        await attach(database, file)
        return unused

    monkeypatch.setattr(files.repository, "find_unused", found_then_attached)
    assert await files.remove_unused([file.id]) == 0
    assert files.path(await files.get(file.id)).is_file()


async def test_nothing_is_left_of_what_is_refused(files, tmp_path, monkeypatch):
    with pytest.raises(FileTooLargeError, match="larger than 0 MB"):
        await files.store("a.txt", body(b"x" * 1001))

    async def fail(_: object) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr(files.repository, "add", fail)
    with pytest.raises(StorageError):
        await files.store("a.txt", body(b"x"))
    assert contents(tmp_path / "files") == 0


async def test_a_content_that_cannot_be_moved_leaves_no_row(files, repository, tmp_path, monkeypatch):
    async def fail(_: object) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr(files._content, "keep", fail)
    with pytest.raises(StorageError):
        await files.store("a.txt", body(b"x"))
    assert await repository.in_reading() == []


async def test_reading_goes_on_after_a_restart(repository, tmp_path):
    async def never(path: Path, name: str) -> AsyncIterator[ReadPassage | ReadEnd]:
        raise StorageError("not now")
        yield ReadEnd("text", "text/plain", None)

    before = Files(repository, tmp_path / "files", OneEach(), max_bytes=1000, read=never)
    await before.open()
    file = await before.store("a.txt", body(b"hello"))
    await before.close()
    after = Files(repository, tmp_path / "files", OneEach(), max_bytes=1000, read=read_all)
    await after.open()
    assert (await after.get(file.id, wait=10)).state == "ready"
    await after.close()
