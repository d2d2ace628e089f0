"""``fathom data``: from lines in a file to shards, and what is printed."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from fathom.base.errors import ConfigError, DataError
from fathom.cli import data
from fathom.cli.main import app
from fathom.data.shards.reader import Shards
from fathom.tasks import registry
from fathom.text.tokenizer import bpe
from fathom.text.tokenizer.tokenizer import Tokenizer

SEEN = "Why does the moon look larger when it stands close to the horizon than high up?"


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def vocabulary(tmp_path: Path) -> Path:
    bpe.save(bpe.train(["some words to learn from"] * 9, 300), tmp_path / "vocabulary")
    return tmp_path / "vocabulary"


def lines(path: Path, *records: object) -> Path:
    path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in records) + "\n", encoding="utf-8")
    return path


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(app, ["data", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_prepare_prints_what_was_dropped(tmp_path: Path, vocabulary: Path) -> None:
    source = lines(tmp_path / "a.jsonl", {"text": "one"}, "broken", {"text": "One!"}, {"text": SEEN}, {"text": "two"})
    held = lines(tmp_path / "held.jsonl", {"question": SEEN, "answer": "it does not"})
    result = run("prepare", source, "--out", tmp_path / "out", "--tokenizer", vocabulary, "--against", held)
    assert result.stdout == f"{tmp_path}/out\n"
    told = [" ".join(line.split()) for line in result.stderr.splitlines()]
    assert told == [
        f"evaluation set {held}",
        "0 documents, 0 tokens",
        "4 documents read",
        "− 1 duplicate: a copy (such as a.jsonl:3)",
        f"− 1 evaluation: holds an item of {held} (such as a.jsonl:4)",
        "1 broken: a.jsonl:2: it is not JSON (Expecting value: line 1 column 1 (char 0))",
        "2 samples written, 10 tokens",
    ]
    assert Shards(tmp_path / "out", tokenizer=Tokenizer.from_directory(vocabulary).fingerprint).documents == 2


def test_prepare_keeps_every_task_out_by_default(
    tmp_path: Path, vocabulary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "MOST_ITEMS", 5)
    monkeypatch.setattr(registry, "TASKS", {"countdown": registry.TASKS["countdown"]})  # others ask the hub
    item = next(iter(registry.get("countdown").items("test", limit=1)))
    question = item.prompt if isinstance(item.prompt, str) else item.prompt[-1].content
    source = lines(tmp_path / "a.jsonl", {"text": f"Try this. {question}"}, {"text": "two"})
    given = ("prepare", source, "--tokenizer", vocabulary, "--out")
    assert "evaluation: holds an item of countdown" in run(*given, tmp_path / "a").stderr
    kept = json.loads((tmp_path / "a/index.json").read_text())["about"]["evaluation"]
    assert kept == {"compared": {"countdown": 5}, "too_short": {}, "absent": {}}
    assert "evaluation" not in run(*given, tmp_path / "b", "--against", "none").stderr


def test_a_set_that_cannot_be_read_is_printed_and_in_the_index(
    tmp_path: Path, vocabulary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent() -> None:
        raise DataError("the hub cannot be reached", "check the connection")

    monkeypatch.setattr(registry, "TASKS", {"far-away": absent, "further": absent})
    source = lines(tmp_path / "a.jsonl", {"text": "one"})
    told = run("prepare", source, "--tokenizer", vocabulary, "--out", tmp_path / "a").stderr
    assert told.count("not checked against") == 1
    assert "not checked against far-away, further: the hub cannot be reached (it matters only where you" in told
    kept = json.loads((tmp_path / "a/index.json").read_text())["about"]["evaluation"]
    assert kept["absent"] == dict.fromkeys(("far-away", "further"), "the hub cannot be reached")


def test_prepare_conversations(tmp_path: Path, vocabulary: Path) -> None:
    source = lines(tmp_path / "a.jsonl", {"question": "a", "answer": "b", "think": "c"})
    run("prepare", source, "--chat", "--out", tmp_path / "out", "--tokenizer", vocabulary, "--against", "none")
    shards = Shards(tmp_path / "out")
    assert not shards.read_learned(0, shards.tokens).all()


def test_train_and_compare_a_vocabulary(tmp_path: Path) -> None:
    source = lines(tmp_path / "a.jsonl", *({"text": f"the words of line {n} are these words"} for n in range(30)))
    made = run("tokenizer", source, "--out", tmp_path / "vocabulary", "--size", 350)
    assert made.stdout == f"{tmp_path}/vocabulary\n"
    assert "the vocabulary has" in made.stderr
    assert Tokenizer.from_directory(tmp_path / "vocabulary").encode("words") != []
    compared = run("compare", source, "--tokenizer", tmp_path / "vocabulary")
    rows = [line.split() for line in compared.stdout.splitlines()]
    assert rows[0] == ["vocabulary", "ids", "tokens", "bytes/token"]
    assert {"smollm2", "deepseek-v3"} <= {row[0] for row in rows}
    with pytest.raises(ConfigError, match="already holds a vocabulary"):
        run("tokenizer", source, "--out", tmp_path / "vocabulary")


def test_a_file_that_is_not_there(tmp_path: Path, vocabulary: Path) -> None:
    with pytest.raises(DataError, match="there is no file"):
        run("prepare", tmp_path / "x.jsonl", "--out", tmp_path / "out", "--tokenizer", vocabulary)


def test_an_evaluation_set_that_was_asked_for_must_be_there(tmp_path: Path, vocabulary: Path) -> None:
    source = lines(tmp_path / "a.jsonl", {"text": "one"})
    with pytest.raises(DataError, match="there is no file nosuch"):
        run("prepare", source, "--out", tmp_path / "out", "--tokenizer", vocabulary, "--against", "nosuch")
