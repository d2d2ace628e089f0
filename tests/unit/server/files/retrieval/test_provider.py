"""What a run is given of files: those on its path, those of its project, and words about the rest."""

from __future__ import annotations

import pytest
from made_files import png
from stored_files import passage, put_into_project, stored_file

from fathom.server.conversations.context import Turn
from fathom.server.files.extraction.reader import ReadEnd, ReadPassage
from fathom.server.files.files import Files
from fathom.server.files.pictures import Pictures
from fathom.server.files.retrieval.provider import FileContext


class OneEach:
    async def count(self, texts):
        return [1 for _ in texts]


async def read_all(path, name):
    yield ReadPassage({"line": 1}, path.read_text())
    yield ReadEnd("text", "text/plain", None)


async def body(content: bytes):
    yield content


def turn_of(
    *files: str,
    project: str | None = None,
    tokens: int = 100,
    shown: list[str] | None = None,
    sees: bool = False,
) -> Turn:
    report = (shown if shown is not None else []).append
    return Turn("c", project, "What about apples?", files, False, tokens, 1, report, sees=sees)


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
    context = await FileContext(files, Pictures(files)).provide(turn_of(attached.id, attached.id, project=project))
    assert [citation.source for citation in context.citations] == [shared.id, attached.id]
    assert "apples" in context.passages
    assert "pears" in context.passages


async def test_the_best_passages_where_not_all_fit(files, repository):
    file = await ready(repository, "a.txt", *["pears"] * 9, "apples", *["plums"] * 9)
    context = await FileContext(files, Pictures(files)).provide(turn_of(file.id, tokens=10))
    assert "apples" in context.passages
    assert "pears" not in context.passages


async def test_a_file_that_is_being_read_is_waited_for(files):
    stored = await files.store("new.txt", body(b"apples"))
    await files.open()
    shown: list[str] = []
    context = await FileContext(files, Pictures(files)).provide(turn_of(stored.id, shown=shown))
    assert "apples" in context.passages
    assert shown in (["reading new.txt"], [])


async def test_files_without_text_are_mentioned(files, repository):
    failed = stored_file("x.pdf", state="failed", error={"message": "the PDF is damaged", "remedy": ""})
    picture = stored_file("p.odg", state="ready", data={"passages": 0})
    for file in (failed, picture):
        await repository.add(file)
    context = await FileContext(files, Pictures(files)).provide(turn_of(failed.id, picture.id, "gone"))
    assert context.system == (
        "The file 'x.pdf' could not be read: the PDF is damaged.\n"
        "The file 'p.odg' holds no text that could be read; its pictures cannot be seen."
    )
    assert (context.passages, context.citations) == ("", ())


async def test_no_files(files):
    assert (await FileContext(files, Pictures(files)).provide(turn_of())).passages == ""


async def test_a_model_that_does_not_see_is_told_so(files, repository):
    data = {"passages": 0, "width": 640, "height": 480}
    picture = stored_file("cat.png", media_type="image/png", state="ready", data=data)
    await repository.add(picture)
    context = await FileContext(files, Pictures(files)).provide(turn_of(picture.id))
    assert context.pictures == ()
    assert context.system == (
        "The file 'cat.png' is a picture of 640 × 480 pixels. You do not see it: say so if asked, since you cannot "
        "tell what it shows."
    )


async def test_a_model_that_sees_is_sent_what_can_be_sent(files, repository, database):
    good, shared = await files.store("cat.png", body(png())), await files.store("ours.png", body(png(4)))
    bad = await files.store("dog.png", body(b"\x89PNG\r\n\x1a\n"))
    for file in (good, bad, shared):
        await repository.finish(file.id, {"state": "ready", "media_type": "image/png", "data": {"passages": 0}})
    project = await put_into_project(database, shared)
    shown: list[str] = []
    turn = turn_of(good.id, bad.id, project=project, shown=shown, sees=True)
    context = await FileContext(files, Pictures(files)).provide(turn)
    assert context.pictures == (good.id,)
    assert shown == ["dog.png is not sent as a picture: it is damaged or cut off"]
    assert context.system == (
        "The file 'ours.png' is a picture. You do not see it: say so if asked, since you cannot tell what it shows.\n"
        "The file 'dog.png' is a picture. You do not see it (it is damaged or cut off): say so if asked, since you "
        "cannot tell what it shows."
    )
