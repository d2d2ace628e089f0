from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny_runs import tiny_config

from fathom.base.errors import ConfigError, DataError
from fathom.data.shards.store import Sample
from fathom.data.shards.writer import ShardWriter
from fathom.text.tokenizer import bpe
from fathom.train.supervised.config import BatchConfig, FileData, GeneratedData, SFTConfig, ShardData
from fathom.train.supervised.dataset import dataset

BYTES = bpe.train([], bpe.MIN_VOCAB_SIZE)
TEMPLATE = bpe.chat_template()

GENERATOR = """
from fathom.data.shards.store import Sample
from fathom.types import Conversation, Message

def texts(count=2):
    yield from ["ab", "cd"][:count]

def talks():
    yield Conversation((Message("user", "hi"), Message("assistant", "ho", reasoning="hm")))

def ready():
    yield Sample([1, 2, 3], [False, True, True])

def of_lengths():
    yield from (Sample([size - 1] * size) for size in (6, 8, 5))

def numbers():
    yield 3
"""


@pytest.fixture
def named(tmp_path: Path) -> Callable[[str], str]:
    (tmp_path / "made.py").write_text(GENERATOR)
    return lambda function: f"{tmp_path / 'made.py'}:{function}"


def rows(data: Any, length: int = 64, **changes: Any) -> list[tuple[str, str]]:
    """(text of a row, text of its targets)."""
    config = tiny_config(data=data, batch=BatchConfig(rows=1, length=length), **changes)
    packed = dataset(config, config.data, BYTES, TEMPLATE)
    decode = lambda ids: BYTES.decode(ids, skip_special=False)  # noqa: E731
    return [
        (decode(row.tokens), decode(row.targets[row.loss_mask])) for row in map(packed.__getitem__, range(len(packed)))
    ]


def test_generated_texts(named: Callable[[str], str]) -> None:
    bos, eos = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"
    assert rows(GeneratedData(function=named("texts"))) == [
        (f"{bos}ab{eos}{bos}cd{eos}", f"ab{eos}cd{eos}"),
    ]
    assert rows(GeneratedData(function=named("texts"), options={"count": 1})) == [(f"{bos}ab{eos}", f"ab{eos}")]


def test_the_loss_of_a_conversation_is_on_the_assistants_part(named: Callable[[str], str]) -> None:
    [(text, learned)] = rows(GeneratedData(function=named("talks")), packing="best_fit")
    assert text == "<｜begin▁of▁sentence｜><｜User｜>hi<｜Assistant｜><think>\nhm\n</think>\n\nho<｜end▁of▁sentence｜>"
    assert learned == "hm\n</think>\n\nho<｜end▁of▁sentence｜>"


def test_samples_are_taken_as_they_are(named: Callable[[str], str]) -> None:
    config = tiny_config(data=GeneratedData(function=named("ready")))
    row = dataset(config, config.data, BYTES, TEMPLATE)[0]
    assert (row.tokens.tolist(), row.loss_mask.tolist()) == ([1, 2, 3], [True, True, False])


def test_files(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "ab"}\n{"text": "cd"}\n')
    (tmp_path / "b.jsonl").write_text(
        '{"messages": [{"role": "user", "content": "x"},'
        ' {"role": "assistant", "content": "y", "reasoning_content": "z"}]}\n'
    )
    [(_, learned)] = rows(FileData(sources=(str(tmp_path / "a.jsonl"),)), length=256)
    assert learned == "ab<｜end▁of▁sentence｜>cd<｜end▁of▁sentence｜>"
    [(_, learned)] = rows(FileData(sources=(str(tmp_path / "b.jsonl"),), chat=True), length=256)
    assert learned == "z\n</think>\n\ny<｜end▁of▁sentence｜>"


def test_fine_tuning_reads_conversations_by_default(tmp_path: Path) -> None:
    (tmp_path / "talks.jsonl").write_text('{"question": "x", "answer": "y"}\n')
    (tmp_path / "texts.jsonl").write_text('{"text": "ab"}\n')
    config = SFTConfig(name="talks", start="x", data=GeneratedData(function="unused"), steps=1)
    talks, texts = (FileData(sources=(str(tmp_path / name),)) for name in ("talks.jsonl", "texts.jsonl"))
    row = dataset(config, talks, BYTES, TEMPLATE)[0]
    assert BYTES.decode(row.targets[row.loss_mask], skip_special=True) == "y"
    reason = r"texts\.jsonl holds no conversation \(1 records: texts\.jsonl:1: it holds a text, not a conversation\)"
    with pytest.raises(DataError, match=reason):
        dataset(config, texts, BYTES, TEMPLATE)
    assert dataset(config, texts.model_copy(update={"chat": False}), BYTES, TEMPLATE)[0].loss_mask.sum() == 3


def test_shards_of_documents_are_not_fine_tuned_on(tmp_path: Path) -> None:
    with ShardWriter(tmp_path / "s", tokenizer=BYTES.fingerprint, vocab_size=BYTES.vocab_size) as writer:
        writer.add(Sample(BYTES.encode("hello")))
    data = ShardData(directory=str(tmp_path / "s"))
    with pytest.raises(DataError, match="holds documents, not conversations; prepare it with --chat"):
        dataset(SFTConfig(name="talks", start="x", data=data, steps=1), data, BYTES, TEMPLATE)


def test_conversations_longer_than_a_row_are_left_out_and_reported(named: Callable[[str], str]) -> None:
    data = GeneratedData(function=named("of_lengths"))
    config = SFTConfig(name="talks", start="x", data=data, steps=1, batch=BatchConfig(rows=1, length=6))
    reports: list[str] = []
    packed = dataset(config, data, BYTES, TEMPLATE, lambda what, _: reports.append(what))
    assert [packed[row].tokens.tolist() for row in range(len(packed))] == [[5] * 6, [4] * 5]
    assert reports == ["1 of 3 samples exceed a row of 6 tokens and are left out: a larger batch.length keeps them"]
    packed = dataset(
        config.model_copy(update={"too_long": "cut"}), data, BYTES, TEMPLATE, lambda w, _: reports.append(w)
    )
    assert len(packed) == 3
    assert reports[1:] == ["2 tokens beyond rows of 6 are cut off"]
    with pytest.raises(DataError, match=r"all 3 samples are longer than a row of 2 tokens; raise batch\.length"):
        dataset(config.model_copy(update={"batch": BatchConfig(rows=1, length=2)}), data, BYTES, TEMPLATE)


def test_data_of_which_nothing_is_learned_are_refused(named: Callable[[str], str]) -> None:
    data = GeneratedData(function=named("ready"))
    config = SFTConfig(name="talks", start="x", data=data, steps=1, batch=BatchConfig(rows=1, length=1))
    with pytest.raises(DataError, match="nothing in the data is learned: answers are marked out, or cut off"):
        dataset(config.model_copy(update={"too_long": "cut"}), data, BYTES, TEMPLATE)


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "e.jsonl").write_text("")
    with pytest.raises(DataError, match=r"e\.jsonl holds no document with text in 'text'; check the file"):
        rows(FileData(sources=(str(tmp_path / "e.jsonl"),)))


def test_broken_lines_are_passed_over_up_to_a_bound(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").write_text('{"text": "ab"}\n{\n{"text": 3}\n')
    reports: list[str] = []
    data = FileData(sources=(str(tmp_path / "b.jsonl"),), max_skipped=2)
    dataset(tiny_config(), data, BYTES, TEMPLATE, lambda what, _: reports.append(what))
    assert len(reports) == 1
    assert reports[0].startswith("2 records were passed over: b.jsonl:2: ")
    with pytest.raises(DataError, match=r"2 records cannot be used: b\.jsonl:2: "):
        rows(data.model_copy(update={"max_skipped": 1}))


def test_shards(tmp_path: Path) -> None:
    with ShardWriter(tmp_path / "s", tokenizer=BYTES.fingerprint, vocab_size=BYTES.vocab_size) as writer:
        writer.add(Sample(BYTES.encode("hello")))
    assert rows(ShardData(directory=str(tmp_path / "s"))) == [("hello", "ello")]
    with ShardWriter(tmp_path / "other", tokenizer="of another vocabulary", vocab_size=9) as writer:
        writer.add(Sample([1]))
    with pytest.raises(DataError, match="another tokenizer"):
        rows(ShardData(directory=str(tmp_path / "other")))


def test_nothing_to_train_on(tmp_path: Path, named: Callable[[str], str]) -> None:
    with pytest.raises(DataError, match="there is nothing to train on"):
        rows(GeneratedData(function=named("texts"), options={"count": 0}))
    with pytest.raises(DataError):
        rows(FileData(sources=(str(tmp_path / "nowhere.txt"),)))


def test_a_function_that_yields_something_else_is_refused(named: Callable[[str], str]) -> None:
    with pytest.raises(ConfigError, match="yields a int; let it yield texts, conversations or samples"):
        rows(GeneratedData(function=named("numbers")))
