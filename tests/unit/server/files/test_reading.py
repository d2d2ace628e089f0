"""The queue: states, errors, restarts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from stored_files import passage, stored_file

from fathom.base.errors import StorageError
from fathom.server.files import reading
from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.extraction.reader import ReadEnd, ReadPassage
from fathom.server.files.reading import ReadingQueue
from fathom.server.files.tokens import estimate_tokens


class FixedTokens:
    async def count(self, texts):
        return [estimate_tokens(text) for text in texts]


async def read_two(path: Path, name: str) -> AsyncIterator[ReadPassage | ReadEnd]:
    for number in range(130):
        yield ReadPassage({"line": number + 1}, f"{path}{name}{number}")
    yield ReadEnd("text", "text/x", "A title", {"pages": 3}, ("cut",))


def queue_of(repository, read=read_two) -> ReadingQueue:
    return ReadingQueue(repository, lambda sha: Path(f"/{sha[:2]}"), read, FixedTokens())


async def settle(queue: ReadingQueue, id_: str) -> None:
    await queue.open()
    await queue.wait_for(id_)
    await queue.close()


async def test_passages_and_the_end_are_stored(repository):
    file = stored_file("n")
    await repository.add(file)
    await repository.add_passages([passage(file, 0, "of a reading that never ended")])
    await settle(queue_of(repository), file.id)
    done = await repository.get(file.id)
    data = {"format": "text", "title": "A title", "pages": 3, "passages": 130, "warnings": ["cut"]}
    assert (done.state, done.media_type, done.data) == ("ready", "text/x", data)
    passages = await repository.passages(file.id)
    assert [p.position for p in passages] == list(range(130))
    assert passages[129].text == "/aan129"
    assert done.tokens == sum(p.tokens for p in passages)


@pytest.mark.parametrize(
    ("error", "message"),
    [(UnreadableFileError("the PDF is damaged", "mend it"), "the PDF is damaged"), (OSError(), "content is missing")],
)
async def test_a_file_that_cannot_be_read_has_an_error_and_no_passages(repository, error, message):
    async def read(path: Path, name: str) -> AsyncIterator[ReadPassage | ReadEnd]:
        for number in range(100):
            yield ReadPassage({"line": number}, "x")
        raise error

    file = stored_file()
    await repository.add(file)
    await settle(queue_of(repository, read), file.id)
    failed = await repository.get(file.id)
    assert failed.state == "failed"
    assert message in failed.error["message"]
    assert await repository.passages(file.id) == []


async def test_a_file_that_is_deleted_while_it_is_read(repository, caplog):
    file = stored_file("n")
    await repository.add(file)

    async def read(path: Path, name: str) -> AsyncIterator[ReadPassage | ReadEnd]:
        await repository.delete(file.id)
        async for item in read_two(path, name):
            yield item

    await settle(queue_of(repository, read), file.id)
    assert await repository.get(file.id) is None
    assert [record for record in caplog.records if record.levelname != "INFO"] == []


async def test_a_failure_of_ours_does_not_stop_the_queue(repository):
    async def read(path: Path, name: str) -> AsyncIterator[ReadPassage | ReadEnd]:
        if name == "bad":
            raise ZeroDivisionError
        yield ReadEnd("text", "text/plain", None)

    bad, good = stored_file("bad"), stored_file("good", sha256="b" * 64)
    for file in (bad, good):
        await repository.add(file)
    await settle(queue_of(repository, read), good.id)
    assert (await repository.get(good.id)).state == "ready"


async def test_a_database_that_is_away_is_tried_again(repository, monkeypatch):
    monkeypatch.setattr(reading, "RETRY_SECONDS", 0.0)
    get, failures = repository.get, [StorageError("the disk is full")]

    async def get_later(id_: str):
        if failures:
            raise failures.pop()
        return await get(id_)

    file = stored_file()
    await repository.add(file)
    monkeypatch.setattr(repository, "get", get_later)
    await settle(queue_of(repository), file.id)
    assert (await get(file.id)).state == "ready"


async def test_waiting_ends_in_time_and_at_once_for_what_is_not_read(repository):
    async def read(path: Path, name: str) -> AsyncIterator[ReadPassage | ReadEnd]:
        await asyncio.Event().wait()
        yield ReadEnd("text", "text/plain", None)

    file = stored_file()
    await repository.add(file)
    queue = queue_of(repository, read)
    await queue.open()
    await queue.open()
    await queue.wait_for("unknown")
    await queue.wait_for(file.id, 0.01)
    await queue.close()
    assert (await repository.get(file.id)).state == "reading"


async def test_a_file_that_takes_long_holds_up_no_other(repository):
    async def read(path: Path, name: str) -> AsyncIterator[ReadPassage | ReadEnd]:
        if name == "scan":
            await asyncio.Event().wait()
        yield ReadEnd("text", "text/plain", None)

    scan, text = stored_file("scan"), stored_file("text")
    for file in (scan, text):
        await repository.add(file)
    queue = queue_of(repository, read)
    await queue.open()
    await queue.wait_for(text.id, 10)
    await queue.close()
    assert [(await repository.get(file.id)).state for file in (scan, text)] == ["reading", "ready"]
