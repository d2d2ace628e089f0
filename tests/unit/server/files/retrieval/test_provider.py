"""What a run is given of files: those on its path, those of its project, and words about the rest."""

from __future__ import annotations

import pytest
from stored_files import passage, put_into_project, stored_file

from fathom.server.conversations.context import Turn
from fathom.server.files.extraction.reader import ReadEnd, ReadPassage
from fathom.server.files.files import Files
from fathom.server.files.retrieval.provider import FileContext


class OneEach:
    async def count(self, texts):
        return [1 for _ in texts]


async def read_all(path, name):
    yield ReadPassage({"line": 1}, path.read_text())
    yield ReadEnd("text", "text/plain", None)


async def body(content: bytes):
    yield content


def turn_of(*files: str, project: str | None = None, tokens: int = 100, shown: list[str] | None = None) -> Turn:
    report = (shown if shown is not None else []).append
    return Turn("c", project, "What about apples?", files, False, tokens, 1, report)


@pytest.fixture
async def files(repository, tmp_path):
    opened = Files(repository, tmp_path / "files", OneEach(), max_bytes=1000, read=read_all)
    yield opened
    await opened.close()


async def ready(repository, name: str, *texts: str):
    file = stored_file(name, state="ready", data={"passages": len(texts)})
    await repository.add(file)
    await repository.add_passages([passage(file, n, text, 10) for n, text in enumerate(texts)])
    return file


async def test_files_of_the_path_and_of_the_project(files, repository, database):
    attached, shared = await ready(repository, "a.txt", "pears"), await ready(repository, "b.txt", "apples")
    project = await put_into_project(database, shared)
    context = await FileContext(files).provide(turn_of(attached.id, attached.id, project=project))
    assert [citation.source for citation in context.citations] == [shared.id, attached.id]
    assert "apples" in context.passages
    assert "pears" in context.passages


async def test_the_best_passages_where_not_all_fit(files, repository):
    file = await ready(repository, "a.txt", *["pears"] * 9, "apples", *["plums"] * 9)
    context = await FileContext(files).provide(turn_of(file.id, tokens=10))
    assert "apples" in context.passages
    assert "pears" not in context.passages


async def test_a_file_that_is_being_read_is_waited_for(files):
    stored = await files.store("new.txt", body(b"apples"))
    await files.open()
    shown: list[str] = []
    context = await FileContext(files).provide(turn_of(stored.id, shown=shown))
    assert "apples" in context.passages
    assert shown in (["reading new.txt"], [])


async def test_files_without_text_are_mentioned(files, repository):
    failed = stored_file("x.pdf", state="failed", error={"message": "the PDF is damaged", "remedy": ""})
    picture = stored_file("p.png", state="ready", data={"passages": 0})
    for file in (failed, picture):
        await repository.add(file)
    context = await FileContext(files).provide(turn_of(failed.id, picture.id, "gone"))
    assert context.system == (
        "The file 'x.pdf' could not be read: the PDF is damaged.\n"
        "The file 'p.png' holds no text that could be read; its pictures cannot be seen."
    )
    assert (context.passages, context.citations) == ("", ())


async def test_no_files(files):
    assert (await FileContext(files).provide(turn_of())).passages == ""
