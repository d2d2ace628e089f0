"""Conversations to samples: the tokens that an assistant writes are learned, everything else is only read.

What is learned must be what the engine will ask for, token by token. So every assistant turn is built as at inference:
the prompt as `fathom.text.conversation.Chat` renders it, then what the model itself would have written behind it,
thoughts, answer, tool calls and end token. Rendering the whole conversation at once and marking spans would be shorter
and wrong: templates drop the thoughts of past turns, so the model would learn turns without their thinking.

As long as a template only appends, the turns of a conversation share one sample. Where it rewrites the past, a new
sample begins, as a new request would.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from fathom.base.errors import DataError
from fathom.data.shards.store import Sample
from fathom.text import markers
from fathom.text.conversation import Chat, Prompt
from fathom.text.tokenizer.tokenizer import Tokenizer
from fathom.types import Conversation, Message


def samples(chat: Chat, conversation: Conversation) -> Iterator[Sample]:
    """The samples of a conversation; every assistant turn is learned in exactly one of them.

    A turn with ``reasoning`` is learned behind a prompt that asks for thinking, one without behind a prompt that does
    not, unless the conversation itself says. Raises DataError where no turn is the assistant's, or where thoughts
    contain the tag that closes them.
    """
    ids: list[int] = []
    learned: list[bool] = []
    for at, message in enumerate(conversation.messages):
        if message.role != "assistant":
            continue
        asked = _thinking(chat, conversation, message)
        prompt = chat.render(replace(conversation, messages=conversation.messages[:at], thinking=asked, prefill=False))
        if ids and list(prompt.ids[: len(ids)]) != ids:
            yield Sample(ids, learned)
            ids, learned = [], []
        message_text = completion(chat, prompt, message)
        ids = [*prompt.ids, *message_text]
        learned = [*learned, *[False] * (len(prompt.ids) - len(learned)), *[True] * len(message_text)]
    if not ids:
        raise DataError("the conversation has no turn of an assistant", "there is nothing to learn from it")
    yield Sample(ids, learned)


def completion(chat: Chat, prompt: Prompt, message: Message) -> list[int]:
    """The token ids that say ``message`` behind ``prompt``, end token included."""
    ids = encode_markup(chat.tokenizer, message_text(prompt, message))
    end = _end(chat, prompt)
    return [*ids, *([end] if end is not None else encode_markup(chat.tokenizer, "".join(prompt.stop[:1])))]


def message_text(prompt: Prompt, message: Message) -> str:
    """The text that says ``message`` behind ``prompt``: an opened thinking is not opened again."""
    if message.reasoning is not None and markers.THINK_CLOSE in message.reasoning:
        raise DataError(f"thoughts contain {markers.THINK_CLOSE}", "split thoughts and answer at the first one")
    dialect = prompt.dialect
    if prompt.thinking:
        text = dialect.write(replace(message, reasoning=message.reasoning or ""))
        lead = markers.THINK_OPEN + dialect.gap[0]
        return text.removeprefix(lead if prompt.text.endswith(lead) else markers.THINK_OPEN)
    closed = dialect.thinks and not prompt.opening.may_think
    return dialect.write(replace(message, reasoning=None) if closed else message)


def _thinking(chat: Chat, conversation: Conversation, message: Message) -> bool | None:
    if conversation.thinking is not None or not chat.dialect.thinks:
        return conversation.thinking
    return message.reasoning is not None


def encode_markup(tokenizer: Tokenizer, text: str) -> list[int]:
    """A model's ``text``, with the markup that it writes as tokens; any other special token is spelled out, or a text
    that quotes the end token would teach to stop there."""
    if not any(token in text for token in tokenizer.added_tokens if token not in markers.STRUCTURE):
        return tokenizer.encode(text)
    markup = [token for token in tokenizer.added_tokens if token in markers.STRUCTURE]
    pieces = re.split(f"({'|'.join(map(re.escape, markup))})", text) if markup else [text]
    return [index for at, piece in enumerate(pieces) for index in tokenizer.encode(piece, special=at % 2 == 1)]


def _end(chat: Chat, prompt: Prompt) -> int | None:
    """The token that ends a turn: the one that the template writes, or the vocabulary's end."""
    for end in prompt.dialect.ends:
        index = chat.tokenizer.token_id(end)
        if index is not None and index in prompt.stop_token_ids:
            return index
    return min(prompt.stop_token_ids, default=None)
