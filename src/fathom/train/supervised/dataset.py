"""The packed data set that a configuration's ``data`` names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fathom.base.errors import ConfigError, DataError
from fathom.base.progress import Report, silent
from fathom.data.packing.batch import PackedDataset
from fathom.data.packing.plan import BestFitPlan, PackingPlan, StreamPlan
from fathom.data.samples.conversations import chat_samples
from fathom.data.samples.documents import tokenize_documents
from fathom.data.samples.turns import conversation_samples
from fathom.data.shards.reader import Shards
from fathom.data.shards.store import Ids, MemoryStore, Sample, TokenStore
from fathom.data.sources.open import open_source
from fathom.data.sources.source import Document, Skips, documents
from fathom.text.conversation import Chat
from fathom.text.template.template import ChatTemplate
from fathom.text.tokenizer.tokenizer import Tokenizer
from fathom.train.run.recipe import find
from fathom.train.supervised.config import Data, FileData, GeneratedData, SupervisedConfig
from fathom.train.supervised.extent import row_length
from fathom.types import Conversation


def dataset(
    config: SupervisedConfig, data: Data, tokenizer: Tokenizer, template: ChatTemplate | None, report: Report = silent
) -> PackedDataset:
    """What ``data`` names, packed as ``config`` says; ``report`` is called for records that are skipped.

    Raises DataError where there is nothing, or too much is broken.
    """
    return pack(config, _store(config.stage, data, tokenizer, template, report), report)


def pack(config: SupervisedConfig, store: TokenStore, report: Report = silent) -> PackedDataset:
    """The rows of a store, as ``config`` wants them. Raises DataError where there are none, or nothing in them is
    learned.
    """
    plan = _plan(config, len(store.offsets) - 1, store.offsets, report)
    if not len(plan):
        raise DataError("there is nothing to train on", "check what data names")
    rows = PackedDataset(store, plan)
    if not any(rows[index].loss_mask.any() for index in range(len(rows))):
        raise DataError(
            "nothing in the data is learned: answers are marked out, or cut off", "check their marks, and batch.length"
        )
    return rows


def held_out(
    config: SupervisedConfig, tokenizer: Tokenizer, template: ChatTemplate | None, report: Report = silent
) -> PackedDataset | None:
    """What the loss is measured on; None where the configuration names nothing."""
    if config.validation is None:
        return None
    return dataset(config, config.validation, tokenizer, template, report)


def _plan(config: SupervisedConfig, documents: int, offsets: Ids, report: Report) -> PackingPlan:
    length = row_length(config, offsets)
    if config.packing == "stream":
        return StreamPlan(offsets, length)
    plan = BestFitPlan(offsets, length, config.too_long)
    if plan.dropped == documents > 0:
        raise DataError(f"all {documents:,} samples are longer than a row of {length:,} tokens", "raise batch.length")
    if plan.dropped:
        what = f"{plan.dropped:,} of {documents:,} samples exceed a row of {length:,} tokens and are left out"
        report(f"{what}: a larger batch.length keeps them", None)
    if plan.cut_tokens:
        report(f"{plan.cut_tokens:,} tokens beyond rows of {length:,} are cut off", None)
    return plan


def _store(stage: str, data: Data, tokenizer: Tokenizer, template: ChatTemplate | None, report: Report) -> TokenStore:
    if isinstance(data, GeneratedData):
        return MemoryStore(_generate_samples(data, tokenizer, template))
    if isinstance(data, FileData):
        skips = Skips(data.max_skipped)
        chat = stage != "pretrain" if data.chat is None else data.chat
        store = MemoryStore(_read(data, chat, tokenizer, template, skips))
        if len(store.offsets) == 1:
            what = "conversation" if chat else f"document with text in {data.field!r}"
            broken = f" ({len(skips.items)} records: {skips})" if skips.items else ""
            raise DataError(f"{', '.join(data.sources)} holds no {what}{broken}", "check the file and its fields")
        if skips.items:
            report(f"{len(skips.items)} records were passed over: {skips}", None)
        return store
    shards = Shards(data.directory, tokenizer=tokenizer.fingerprint)
    if stage == "sft" and shards.plain:
        raise DataError(f"{data.directory} holds documents, not conversations", "prepare it with --chat, or pretrain")
    return shards


def _generate_samples(data: GeneratedData, tokenizer: Tokenizer, template: ChatTemplate | None) -> Iterator[Sample]:
    made: Any = find(data.function)(**data.options)
    chat: Chat | None = None
    for number, item in enumerate(made):
        match item:
            case str():
                yield from tokenize_documents([Document(item, str(number), data.function)], tokenizer)
            case Conversation():
                chat = chat or Chat(tokenizer, template)
                yield from conversation_samples(chat, item)
            case Sample():
                yield item
            case _:
                raise ConfigError(
                    f"{data.function} yields a {type(item).__name__}", "let it yield texts, conversations or samples"
                )


def _read(
    data: FileData, chat: bool, tokenizer: Tokenizer, template: ChatTemplate | None, skips: Skips
) -> Iterable[Sample]:
    for word in data.sources:
        source = open_source(word)
        if chat:
            yield from chat_samples(source, Chat(tokenizer, template), skips)
        else:
            yield from tokenize_documents(documents(source, skips, field=data.field), tokenizer)
