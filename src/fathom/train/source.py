"""From a run's ``data`` to a packed data set: texts and conversations become tokens, and rows of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from fathom.base.errors import DataError
from fathom.data.document import Document
from fathom.data.packing import PackedDataset
from fathom.data.plan import BestFitPlan, StreamPlan
from fathom.data.shards import Shards
from fathom.data.store import MemoryStore, Sample, TokenStore
from fathom.data.tokenize import tokenized
from fathom.data.turns import samples
from fathom.text.conversation import Chat
from fathom.text.template import ChatTemplate
from fathom.text.tokenizer import Tokenizer
from fathom.train.recipe import find
from fathom.train.supervised import GeneratedData, SupervisedConfig, TextData
from fathom.types import Conversation, Message

Item = Document | Conversation | Sample


def dataset(config: SupervisedConfig, tokenizer: Tokenizer, template: ChatTemplate | None) -> PackedDataset:
    """What ``config`` trains on, packed as it says. Raises DataError where there is nothing."""
    data = config.data
    store: TokenStore
    if isinstance(data, GeneratedData):
        store = MemoryStore(_encoded(_generated(data), tokenizer, template))
    elif isinstance(data, TextData):
        store = MemoryStore(_encoded(_lines(data.files), tokenizer, template))
    else:
        store = Shards(data.directory, tokenizer=tokenizer.fingerprint)
    length = config.batch.length
    plan = StreamPlan(store.offsets, length) if config.packing == "stream" else BestFitPlan(store.offsets, length)
    if not len(plan):
        raise DataError("there is nothing to train on", "check what data names")
    return PackedDataset(store, plan)


def _generated(data: GeneratedData) -> Iterator[Item]:
    made: Any = find(data.function)(**data.options)
    for number, item in enumerate(made):
        yield Document(item, f"{data.function}:{number}", data.function) if isinstance(item, str) else item


def _encoded(items: Iterable[Item], tokenizer: Tokenizer, template: ChatTemplate | None) -> Iterator[Sample]:
    chat: Chat | None = None
    for item in items:
        if isinstance(item, Sample):
            yield item
        elif isinstance(item, Document):
            yield from tokenized([item], tokenizer)
        else:
            chat = chat or Chat(tokenizer, template)
            yield from samples(chat, item)


def _lines(files: Iterable[str]) -> Iterator[Item]:
    for name in files:
        path = Path(name)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{path} cannot be read: {error}", "correct data.files") from error
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                where = f"{path.name}:{number}"
                yield _item(line, where, name) if path.suffix == ".jsonl" else Document(line, where, name)


def _item(line: str, where: str, source: str) -> Item:
    try:
        value = json.loads(line)
        if "messages" in value:
            return Conversation(tuple(_message(message) for message in value["messages"]))
        return Document(str(value["text"]), where, source)
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{where} is no document: {error!r}", "give each line a text or messages field") from error


def _message(value: dict[str, Any]) -> Message:
    return Message(value["role"], value["content"], reasoning=value.get("reasoning_content"))
