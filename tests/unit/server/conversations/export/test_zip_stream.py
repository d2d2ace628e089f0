"""An archive as a stream is an archive."""

from __future__ import annotations

import io
import zipfile

from fathom.server.conversations.export import zip_stream
from fathom.server.conversations.export.zip_stream import ZipStream


async def test_entries(tmp_path, monkeypatch):
    monkeypatch.setattr(zip_stream, "CHUNK", 3)
    (tmp_path / "a").write_bytes(b"12345678")

    async def lines():
        for index in range(3):
            yield b"line %d" % index

    stream = ZipStream()
    chunks = [chunk async for chunk in stream.lines("x.jsonl", lines())]
    chunks += [chunk async for chunk in stream.file("files/a", tmp_path / "a")]
    chunks.append(stream.end())
    with zipfile.ZipFile(io.BytesIO(b"".join(chunks))) as archive:
        assert archive.testzip() is None
        assert archive.read("x.jsonl") == b"line 0\nline 1\nline 2\n"
        assert archive.read("files/a") == b"12345678"
    assert len([chunk for chunk in chunks if chunk]) > 3
