"""Preparation, from lines in a file to batches."""

import json
from pathlib import Path

import pytest

from fathom.base.errors import DataError
from fathom.data.filters.decontaminate import ContaminationFilter, EvaluationItem
from fathom.data.packing.batch import PackedDataset
from fathom.data.packing.loader import Loader
from fathom.data.packing.plan import BestFitPlan, StreamPlan
from fathom.data.prepare import Options, prepare, prepare_chats
from fathom.data.shards.reader import Shards
from fathom.data.sources.open import open_source
from fathom.text.conversation import Chat

SEEN = "Why does the moon look larger when it stands close to the horizon than high up?"


def lines(path: Path, *records: object) -> str:
    path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in records) + "\n", encoding="utf-8")
    return str(path)


def test_documents(tmp_path: Path, r1_chat: Chat) -> None:
    tokenizer = r1_chat.tokenizer
    words = " ".join(f"word{number}" for number in range(60))
    first = lines(
        tmp_path / "a.jsonl", {"text": "one two"}, "broken", {"text": "One,  two!"}, {"text": f"Q: {SEEN.upper()}"}
    )
    second = lines(tmp_path / "b.jsonl", {"text": words}, {"text": f"{words} more"}, {"text": "last"})
    contamination = ContaminationFilter()
    contamination.add("riddles", [EvaluationItem(SEEN)])
    reported: list[str] = []
    done = prepare(
        [open_source(first), open_source(second)],
        tokenizer,
        tmp_path / "out",
        Options(contamination=contamination),
        lambda what, _: reported.append(what),
    )
    assert reported == ["0 documents, 0 tokens"]
    assert done.report.dropped == {
        "duplicate: a copy": 1,
        "evaluation: holds an item of riddles": 1,
        "duplicate: nearly a copy": 1,
    }
    shards = Shards(done.directory, tokenizer=tokenizer.fingerprint, verify=True)
    read = shards.read(0, shards.tokens).tolist()
    assert tokenizer.decode(read, skip_special=False).split("<｜end▁of▁sentence｜>")[:-1] == [
        f"<｜begin▁of▁sentence｜>{text}" for text in ("one two", words, "last")
    ]
    assert (done.documents, done.tokens) == (3, shards.tokens)
    assert shards.about["skipped"] == ["a.jsonl:2: it is not JSON (Expecting value: line 1 column 1 (char 0))"]
    assert [source["name"] for source in shards.about["sources"]] == ["a.jsonl", "b.jsonl"]
    assert shards.about["report"]["kept"] == 3
    batch = next(Loader(PackedDataset(shards, StreamPlan(shards.offsets, 16)), 2))
    assert batch.tokens.shape == (2, 16)


def test_conversations(tmp_path: Path, r1_chat: Chat) -> None:
    source = lines(tmp_path / "c.jsonl", {"question": "a", "answer": "b", "think": "c"}, {"question": "a"})
    done = prepare_chats([open_source(source)], r1_chat, tmp_path / "out")
    assert (done.documents, len(done.skips.items)) == (1, 1)
    shards = Shards(done.directory)
    batch = next(Loader(PackedDataset(shards, BestFitPlan(shards.offsets, 64, "drop")), 1))
    learned = batch.targets[batch.loss_mask].tolist()
    assert r1_chat.tokenizer.decode(learned, skip_special=False) == "c\n</think>\n\nb<｜end▁of▁sentence｜>"


def test_conversations_are_kept_from_evaluation_sets_too(tmp_path: Path, r1_chat: Chat) -> None:
    asked = {"question": f"riddle: {SEEN.lower()}", "answer": "It does not."}
    source = lines(tmp_path / "c.jsonl", asked, {"question": "a", "answer": SEEN}, {"question": "a", "answer": "b"})
    contamination = ContaminationFilter()
    contamination.add("riddles", [EvaluationItem(SEEN)])
    done = prepare_chats([open_source(source)], r1_chat, tmp_path / "out", Options(contamination=contamination))
    assert done.documents == 1
    assert done.report.dropped == {"evaluation: holds an item of riddles": 2}
    assert done.report.examples["evaluation: holds an item of riddles"][1] == ("c.jsonl:2", f"a\n{SEEN}")


def test_the_same_sources_give_the_same_shards(tmp_path: Path, r1_chat: Chat) -> None:
    source = lines(tmp_path / "a.jsonl", *({"text": f"some words to say {n}"} for n in range(50)))
    prints = []
    for name, options in (
        ("x", Options(fim_rate=0.5)),
        ("y", Options(fim_rate=0.5)),
        ("z", Options(fim_rate=0.5, seed=1)),
    ):
        prepare([open_source(source)], r1_chat.tokenizer, tmp_path / name, options)
        prints.append(Shards(tmp_path / name).fingerprint)
    assert prints[0] == prints[1] != prints[2]


def test_the_limit_counts_what_is_kept(tmp_path: Path, r1_chat: Chat) -> None:
    source = lines(tmp_path / "a.jsonl", {"text": "a"}, {"text": "A"}, {"text": "b"}, {"text": "c"})
    assert prepare([open_source(source)], r1_chat.tokenizer, tmp_path / "x", Options(limit=2)).documents == 2


def test_too_much_broken_data_writes_nothing(tmp_path: Path, r1_chat: Chat) -> None:
    source = lines(tmp_path / "a.jsonl", {"text": "a"}, "x", "y", "z")
    with pytest.raises(DataError, match=r"3 records cannot be used: a\.jsonl:2: it is not JSON"):
        prepare([open_source(source)], r1_chat.tokenizer, tmp_path / "out", Options(max_skipped=2))
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


def test_nothing_kept_writes_nothing(tmp_path: Path, r1_chat: Chat) -> None:
    source = lines(tmp_path / "a.jsonl", "x")
    with pytest.raises(
        DataError, match=r"no document of a\.jsonl was kept: 0 documents read, 1 broken \(a\.jsonl:1: it is not JSON"
    ):
        prepare([open_source(source)], r1_chat.tokenizer, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]
