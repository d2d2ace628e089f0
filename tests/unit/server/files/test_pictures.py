"""Which pictures of a conversation are sent, and what is left of those that are gone."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_files import png
from stored_files import stored_file

from fathom.server.files import pictures as module
from fathom.server.files.files import Files
from fathom.server.files.pictures import MOST_PICTURES, Pictures
from fathom.server.files.records import StoredFile
from fathom.server.files.repository import FileRepository


@pytest.fixture
def files(repository: FileRepository, tmp_path: Path) -> Files:
    return Files(repository, tmp_path / "files", None, max_bytes=10**6)


async def picture(files: Files, name: str, data: bytes) -> StoredFile:
    stored = await files.store_bytes(name, data)
    await files.repository.finish(stored.id, {"state": "ready", "media_type": "image/png", "data": {}})
    found = await files.repository.get(stored.id)
    assert found is not None
    return found


async def test_the_latest_pictures_are_sent_and_read_again_by_their_ids(files: Files):
    some = [await picture(files, f"{n}.png", png(1 + n)) for n in range(MOST_PICTURES + 2)]
    chosen = await Pictures(files).choose([stored_file("a.txt", state="ready"), *some])
    assert chosen.sent == tuple(file.id for file in some[2:])
    assert chosen.refused == dict.fromkeys((some[1].id, some[0].id), "only the latest 16 pictures are sent")
    loaded = await Pictures(files).load(chosen.sent)
    assert [found.data for found in loaded.values()] == [png(1 + n) for n in range(2, MOST_PICTURES + 2)]


async def test_the_bytes_of_all_are_limited(files: Files, monkeypatch: pytest.MonkeyPatch):
    old, new = await picture(files, "a.png", png(3)), await picture(files, "b.png", png(4))
    monkeypatch.setattr(module, "MOST_BYTES", len(png(4)) + 10)
    chosen = await Pictures(files).choose([old, new])
    assert (chosen.sent, list(chosen.refused)) == ((new.id,), [old.id])
    monkeypatch.setattr(module, "_MOST_READ", 10)
    assert (await Pictures(files).choose([old, new])).sent == ()


async def test_pictures_that_are_gone_or_none(files: Files):
    gone, text = await picture(files, "a.png", png()), await picture(files, "b.png", b"not a picture")
    files.path(gone).unlink()
    chosen = await Pictures(files).choose([gone, text])
    assert chosen.sent == ()
    assert chosen.refused == {
        gone.id: "the file's content is missing",
        text.id: "it is no PNG, JPEG, GIF or WebP",
    }
    assert await Pictures(files).load([gone.id, "01unknown"]) == {}
