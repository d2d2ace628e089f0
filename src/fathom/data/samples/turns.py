"""Conversations to samples: the assistant's tokens are trained on, all others are only context.

The trained tokens must be those of inference, one by one. So every assistant turn is built as at inference: the prompt
as `fathom.text.conversation.Chat` renders it, then the model's text after it: reasoning, answer, tool calls and end
token. Rendering the whole conversation at once and marking spans would be shorter and wrong: templates drop the
reasoning of past turns, so the model would be trained on turns without their thinking.

While a template only appends, the turns of a conversation share one sample. If it changes past turns, a new sample
begins, as a new request would.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import replace

from fathom.base.errors import DataError
from fathom.data.shards.store import Sample
from fathom.text import markers
from fathom.text.conversation import Chat, Prompt
from fathom.text.tokenizer.tokenizer import Tokenizer
from fathom.types import Conversation, Message


def conversation_samples(
    chat: Chat, conversation: Conversation, learned: Container[int] | None = None
) -> Iterator[Sample]:
    """The samples of a conversation; every assistant turn is trained on in exactly one of them, or only those whose
    positions are in ``learned``. The others are context, as is a greeting that answers nothing.

    The prompt of a turn with ``reasoning`` asks for thinking, that of a turn without does not, unless
    ``conversation.thinking`` is set. Raises DataError if there is no turn to train on, or if reasoning contains the tag
    that closes it.
    """
    ids: list[int] = []
    marks: list[bool] = []
    for at, message in enumerate(conversation.messages):
        if not _is_learned(conversation, at) or (learned is not None and at not in learned):
            continue
        thinking = _thinking(chat, conversation, message)
        prompt = chat.render(
            replace(conversation, messages=conversation.messages[:at], thinking=thinking, prefill=False)
        )
        if ids and list(prompt.ids[: len(ids)]) != ids:
            yield Sample(ids, marks)
            ids, marks = [], []
        turn = completion_ids(chat, prompt, message)
        ids = [*prompt.ids, *turn]
        marks = [*marks, *[False] * (len(prompt.ids) - len(marks)), *[True] * len(turn)]
    if not ids:
        raise _nothing_learned(conversation)
    yield Sample(ids, marks)


def _is_learned(conversation: Conversation, at: int) -> bool:
    """Whether the message answers something."""
    before = conversation.messages[:at]
    return conversation.messages[at].role == "assistant" and any(one.role in ("user", "tool") for one in before)


def _nothing_learned(conversation: Conversation) -> DataError:
    if not any(message.role == "assistant" for message in conversation.messages):
        return DataError("the conversation has no assistant turn", "leave it out, or add one")
    if not any(_is_learned(conversation, at) for at in range(len(conversation.messages))):
        return DataError("its assistant turns answer no user", "leave it out, or add a user's turn")
    return DataError("all of its assistant turns are marked as not to be learned", "leave it out")


def completion_ids(chat: Chat, prompt: Prompt, message: Message) -> list[int]:
    """The token ids of ``message`` after ``prompt``, end token included."""
    ids = encode_markup(chat.tokenizer, message_text(prompt, message))
    end = _end(chat, prompt)
    return [*ids, *([end] if end is not None else encode_markup(chat.tokenizer, "".join(prompt.stop[:1])))]


def message_text(prompt: Prompt, message: Message) -> str:
    """The model's text of ``message`` after ``prompt``, without a tag that the prompt already opened."""
    if message.reasoning is not None and markers.THINK_CLOSE in message.reasoning:
        raise DataError(f"the reasoning contains {markers.THINK_CLOSE}", "split reasoning and answer at the first one")
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
    """Token ids of a model's ``text``: structural markup as its tokens, any other special token as ordinary text, or a
    text that quotes the end token would train to stop there."""
    if not any(token in text for token in tokenizer.added_tokens if token not in markers.STRUCTURE):
        return tokenizer.encode(text)
    markup = [token for token in tokenizer.added_tokens if token in markers.STRUCTURE]
    pieces = re.split(f"({'|'.join(map(re.escape, markup))})", text) if markup else [text]
    return [index for at, piece in enumerate(pieces) for index in tokenizer.encode(piece, special=at % 2 == 1)]


def _end(chat: Chat, prompt: Prompt) -> int | None:
    """The token that ends a turn: the template's, or else the vocabulary's EOS."""
    for end in prompt.dialect.ends:
        index = chat.tokenizer.token_id(end)
        if index is not None and index in prompt.stop_token_ids:
            return index
    return min(prompt.stop_token_ids, default=None)
