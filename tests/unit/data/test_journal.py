"""A preparation that is killed resumes to the same result, byte for byte."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fathom.base.errors import DataError
from fathom.base.lock import BusyError, exclusive
from fathom.data import journal
from fathom.data import prepare as stage
from fathom.data.filters.decontaminate import ContaminationFilter, EvaluationItem
from fathom.data.prepare import Options, prepare, prepare_chats
from fathom.data.shards import writer
from fathom.data.sources.open import open_source
from fathom.data.sources.source import Position, Record, Skips
from fathom.text.conversation import Chat
from fathom.text.tokenizer import bpe

QUESTION = "Which of the two mountains in the story is the higher one after all?"

RUN = """
import sys
from pathlib import Path
from test_journal import small_steps, go
small_steps()
go(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def write(folder: Path) -> None:
    """Two files: copies, near copies, broken lines, an evaluation item, between many that stay."""
    draw = random.Random(0)
    words = [f"w{number}" for number in range(50)]
    for name in ("a", "b"):
        lines = []
        for number in range(150):
            text = " ".join(draw.choices(words, k=30))
            lines.append(json.dumps({"text": text}))
            if number % 10 == 3:
                lines.append(json.dumps({"text": text.upper()}))
            if number % 10 == 5:
                lines.append(json.dumps({"text": text + " more"}))
            if number % 30 == 7:
                lines.append("broken")
            if number % 30 == 9:
                lines.append(json.dumps({"text": QUESTION.lower()}))
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n")


def small_steps() -> None:
    """A part of the journal every few documents, a shard every few parts."""
    journal.Journal.__init__.__defaults__ = (400,)  # type: ignore[attr-defined]
    writer.ShardWriter.__init__.__kwdefaults__["shard_tokens"] = 3000


def go(folder: Path, out: Path, **changes: object) -> stage.Prepared:
    contamination = ContaminationFilter()
    contamination.add("riddles", [EvaluationItem(QUESTION)])
    options = Options(contamination=contamination, fim_rate=0.3, **changes)  # type: ignore[arg-type]
    tokenizer = bpe.train(["some words to think about, and some to say"] * 9, 320)
    return prepare([open_source(str(folder / f"{name}.jsonl")) for name in "ab"], tokenizer, out, options)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal.Journal.__init__, "__defaults__", (400,))
    defaults = dict(writer.ShardWriter.__init__.__kwdefaults__ or {}, shard_tokens=3000)
    monkeypatch.setattr(writer.ShardWriter.__init__, "__kwdefaults__", defaults)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class Interrupted(BaseException):
    """As Ctrl-C is, no error of ours."""


@pytest.mark.usefixtures("steps")
@pytest.mark.parametrize("when", [1, 8])
def test_an_interrupted_preparation_resumes_to_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: int
) -> None:
    write(tmp_path)
    go(tmp_path, tmp_path / "straight")
    original, saved = journal.Journal.save, []

    def stopping(self: journal.Journal, *arguments: object) -> None:
        original(self, *arguments)  # type: ignore[arg-type]
        saved.append(1)
        if len(saved) == when:
            raise Interrupted

    monkeypatch.setattr(journal.Journal, "save", stopping)
    with pytest.raises(Interrupted):
        go(tmp_path, tmp_path / "cut")
    assert not (tmp_path / "cut").exists()
    done = go(tmp_path, tmp_path / "cut")
    assert len(saved) > when + 2
    assert contents(tmp_path / "cut") == contents(tmp_path / "straight")
    assert done.report.documents == 370
    assert not list(tmp_path.glob("*.journal"))
    assert not list(tmp_path.glob("*.partial"))


@pytest.mark.usefixtures("steps")
def test_other_options_start_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    monkeypatch.setattr(journal.Journal, "save", raising_behind(journal.Journal.save))
    with pytest.raises(Interrupted):
        go(tmp_path, tmp_path / "cut", seed=1)
    monkeypatch.undo()
    go(tmp_path, tmp_path / "cut")
    go(tmp_path, tmp_path / "straight")
    assert contents(tmp_path / "cut") == contents(tmp_path / "straight")


def raising_behind(original: object) -> object:
    def stopping(self: journal.Journal, *arguments: object) -> None:
        original(self, *arguments)  # type: ignore[operator]
        raise Interrupted

    return stopping


def test_killed_at_any_moment_and_again(tmp_path: Path) -> None:
    write(tmp_path)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}

    def start(out: Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", RUN, str(tmp_path), str(out)]
        return subprocess.Popen(command, env=env, stderr=subprocess.PIPE)

    straight = start(tmp_path / "straight")
    draw, cut = random.Random(os.getpid()), tmp_path / "cut"
    for goal in (draw.randint(1, 6), draw.randint(8, 15)):
        process = start(cut)
        while process.poll() is None and len(list(tmp_path.glob("cut.journal/part-*"))) < goal:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    for process in (straight, start(cut)):
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors.decode()
    assert contents(cut) == contents(tmp_path / "straight")


@pytest.mark.usefixtures("steps")
def test_conversations_resume_too(tmp_path: Path, r1_chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(0)

    def talk() -> str:
        turns = []
        for _ in range(draw.randint(1, 3)):
            said = "".join(draw.choices("abcdefgh ", k=20))
            turns += [{"role": "user", "content": said}, {"role": "assistant", "content": f"{said}!"}]
        return json.dumps({"messages": turns})

    (tmp_path / "talks.jsonl").write_text("".join(talk() + "\n" for _ in range(120)))
    sources = [open_source(str(tmp_path / "talks.jsonl"))]
    prepare_chats(sources, r1_chat, tmp_path / "straight")
    original = journal.Journal.save
    monkeypatch.setattr(journal.Journal, "save", raising_behind(original))
    for _ in range(4):
        with pytest.raises(Interrupted):
            prepare_chats(sources, r1_chat, tmp_path / "cut")
    monkeypatch.setattr(journal.Journal, "save", original)
    prepare_chats(sources, r1_chat, tmp_path / "cut")
    assert contents(tmp_path / "cut") == contents(tmp_path / "straight")


def test_two_preparations_cannot_write_one_directory(tmp_path: Path) -> None:
    write(tmp_path)
    with exclusive(tmp_path / ".out.lock", "it"), pytest.raises(BusyError, match="works in"):
        go(tmp_path, tmp_path / "out")


def test_a_damaged_journal_is_ignored(tmp_path: Path) -> None:
    one = journal.Journal(tmp_path / "j", "key")
    assert one.load() is None
    one.save({"at": 1}, {})
    found = journal.Journal(tmp_path / "j", "key").load()
    assert found is not None
    assert found[0] == {"at": 1}
    assert journal.Journal(tmp_path / "j", "other").load() is None
    (tmp_path / "j/part-00000.npz").write_bytes(b"cut")
    assert journal.Journal(tmp_path / "j", "key").load() is None


def test_a_write_error_names_the_folder(tmp_path: Path) -> None:
    (tmp_path / "j").write_text("in the way")
    one = journal.Journal(tmp_path / "j", "key")
    with pytest.raises(DataError, match=r"j cannot be written: .*; free some space"):
        one.save({}, {})


def test_a_record_is_processed_when_the_next_is_requested() -> None:
    class Three:
        name = "three"

        def describe(self) -> dict[str, object]:
            return {}

        def records(self, skips: Skips, start: Position = journal.BEGINNING):  # type: ignore[no-untyped-def]
            return (Record({}, str(row), Position(0, row)) for row in range(start.row, 3))

    done: list[tuple[int, int]] = []
    sources = journal.track_sources(
        [Three(), Three()], 1, Position(0, 1), lambda at, place: done.append((at, place.row))
    )
    (second,) = sources
    records = second.records(Skips())
    assert next(records).where == "1"
    assert done == []
    assert next(records).where == "2"
    assert done == [(1, 2)]
    assert list(records) == []
    assert done == [(1, 2), (1, 3)]
