"""Conversations in the formats of datasets, and which of their turns are learned.

    {"messages": [{"role": "user", "content": …}, …], "tools": […]}       OpenAI's, with ``reasoning_content``
    {"conversations": [{"from": "human", "value": …}, …], "system": …}    ShareGPT's
    {"prompt": [messages], "completion": [messages]}                      TRL's; the completion is learned
    {"question": …, "answer": …, "think": …}                              one question and its answer; Alpaca's, Dolly's

Field names vary within a format (``prompt``, ``instruction``; ``response``, ``output``…); the tables below hold those
in use. Reasoning may also precede an answer, between ``<think>`` and ``</think>``. A turn that is marked so
(``"weight": 0``, ``"train": false``) is context and not learned. A record that cannot be learned as its author meant
it is refused by name: preferences, answers marked as bad, records that are marked as a whole, pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fathom.base.errors import DataError, TokenizerError
from fathom.data.samples.messages import REASONING, assistant, is_marked_out, parse_message, parse_tools
from fathom.data.samples.turns import conversation_samples
from fathom.data.samples.values import content_text, first_string, first_text, first_value, parse_json_text
from fathom.data.shards.store import Sample
from fathom.data.sources.source import BEGINNING, DataSource, Document, Position, Skips
from fathom.text.conversation import Chat
from fathom.types import Conversation, Message

CONVERSATIONS = ("messages", "conversations", "conversation")
QUESTIONS = ("question", "prompt", "instruction", "problem", "input")
ANSWERS = ("response", "answer", "output", "completion", "solution")
ADDITIONS = ("input", "context")
"""Fields that belong to the question, after it (Alpaca's and Dolly's)."""

_SYSTEM = ("system", "system_prompt")
_PREFERENCES = (("chosen", "rejected"), ("preferred_output", "non_preferred_output"))
_LABELS = ("label", "kto_tag")
"""Fields of KTO's form: false marks an answer as bad."""

_WHOLE_MARKS = ("weight", "train", "training", "trainable", "loss_mask")
"""Fields of a record that exclude it from what is learned by 0 or false; its ``loss`` may be a measurement."""

_MEDIA = ("image", "images", "video", "videos", "audio", "audios")


@dataclass(frozen=True, slots=True)
class LearnableConversation:
    """``learned``: the positions of the messages that are learned, all of the assistant's."""

    conversation: Conversation
    learned: frozenset[int]


def chat_samples(
    source: DataSource,
    chat: Chat,
    skips: Skips,
    keeps: Callable[[Document], bool] = lambda _: True,
    start: Position = BEGINNING,
) -> Iterator[Sample]:
    """The samples of every conversation in ``source`` whose text ``keeps`` accepts. Records without a conversation, or
    with one that the template refuses, go to ``skips`` with their line."""
    for record in source.records(skips, start):
        try:
            parsed = parse_conversation(record.data)
            turns = list(conversation_samples(chat, parsed.conversation, parsed.learned))
        except (DataError, TokenizerError) as error:
            skips.add(record.where, error.message)
        else:
            if keeps(Document(conversation_text(parsed.conversation), record.where, source.name)):
                yield from turns


def conversation_text(conversation: Conversation) -> str:
    """The contents and the reasoning of all messages."""
    return "\n".join(text for message in conversation.messages for text in (message.reasoning, message.content) if text)


def parse_conversation(data: Mapping[str, Any]) -> LearnableConversation:
    """The conversation in a record. Raises DataError, with what is missing, if there is none."""
    _check_kind(data)
    listed = parse_json_text(_filled_conversation(data))
    if listed is not None:
        messages, learned = _listed_messages(listed)
    elif _is_message_list(data.get("prompt")) or _is_message_list(data.get("completion")):
        messages, learned = _prompt_and_completion(data)
    else:
        messages, learned = _pair(data)
    messages, learned = _with_system(data, messages, learned)
    tools = parse_tools(first_value(data, ("tools", "functions")))
    return LearnableConversation(Conversation(tuple(messages), tools=tools), frozenset(learned))


def _filled_conversation(data: Mapping[str, Any]) -> Any:
    """Of the fields that hold a list of messages one that is not empty: tables that mix formats have all of them."""
    lists = [value for name in CONVERSATIONS if (value := data.get(name)) is not None]
    empty = lists[0] if lists and first_value(data, QUESTIONS) is None else None
    return next(filter(None, lists), empty)


def _listed_messages(listed: Any) -> tuple[list[Message], set[int]]:
    """Messages, and the positions of those to learn."""
    if not isinstance(listed, Sequence) or isinstance(listed, str) or not listed:
        raise DataError("its messages are not a list of messages")
    messages: list[Message] = []
    learned: set[int] = set()
    for entry in map(parse_json_text, listed):
        message = parse_message(entry)
        if message is None:
            continue
        if message.role == "assistant" and not is_marked_out(entry):
            learned.add(len(messages))
        messages.append(message)
    return messages, learned


def _is_message_list(value: Any) -> bool:
    """Whether it is a list of messages, or its JSON text; a text may well look like another list."""
    value = parse_json_text(value)
    return isinstance(value, list) and all(
        isinstance(entry, Mapping) and first_value(entry, ("role", "from")) is not None for entry in value
    )


def _prompt_and_completion(data: Mapping[str, Any]) -> tuple[list[Message], set[int]]:
    """TRL's form: at least one of both is a list of messages, the other may be a text."""
    prompt, completion = data.get("prompt"), data.get("completion")
    if _is_message_list(prompt):
        before, _ = _listed_messages(parse_json_text(prompt))
    else:
        before = [Message("user", _question(data, ("prompt",)))]
    if _is_message_list(completion):
        after, learned = _listed_messages(parse_json_text(completion))
    else:
        after, learned = [assistant(_answer(data, ("completion",)), None)], {0}
    return [*before, *after], {len(before) + at for at in learned}


def _pair(data: Mapping[str, Any]) -> tuple[list[Message], set[int]]:
    """A question and its answer, after those of Alpaca's ``history``."""
    question, answer = _question(data, QUESTIONS), _answer(data, ANSWERS)
    for name in ADDITIONS:
        more = content_text(data.get(name), f"its {name}")
        if more is not None and more.strip() and more != question:
            question = f"{question}\n\n{more}"
    last = assistant(answer, first_string(data, REASONING))
    messages = [*_history(data), Message("user", question), last]
    return messages, {at for at, message in enumerate(messages) if message.role == "assistant"}


def _question(data: Mapping[str, Any], names: Sequence[str]) -> str:
    question = first_text(data, names)
    if question is None and isinstance(data.get("text"), str):
        raise DataError("it holds a text, not a conversation")
    if question is None:
        raise DataError(f"it has no question (one of {', '.join(QUESTIONS)})")
    return question


def _answer(data: Mapping[str, Any], names: Sequence[str]) -> str:
    answer = first_text(data, names)
    if answer is not None:
        return answer
    for pair in _PREFERENCES:
        if all(data.get(name) is not None for name in pair):
            raise DataError(
                f"it is a preference ({', '.join(pair)}), and fine-tuning learns one answer: "
                f"rename {pair[0]} to completion"
            )
    raise DataError(f"it has no answer (one of {', '.join(ANSWERS)})")


def _history(data: Mapping[str, Any]) -> Iterator[Message]:
    turns = parse_json_text(data.get("history")) or ()
    for turn in turns if isinstance(turns, Sequence) else (turns,):
        if not isinstance(turn, Sequence) or len(turn) != 2 or not all(isinstance(text, str) for text in turn):
            raise DataError("its history is no list of questions with their answers")
        yield Message("user", turn[0])
        yield assistant(turn[1], None)


def _with_system(data: Mapping[str, Any], messages: list[Message], learned: set[int]) -> tuple[list[Message], set[int]]:
    """With the system prompt that the record has beside its messages."""
    system = first_text(data, _SYSTEM)
    if system is None:
        return messages, learned
    if messages and messages[0].role == "system":
        if messages[0].content.strip() != system.strip():
            raise DataError("it has two system prompts, and they differ")
        return messages, learned
    return [Message("system", system), *messages], {at + 1 for at in learned}


def _check_kind(data: Mapping[str, Any]) -> None:
    """Raises DataError for a record that would not be learned as its author meant it."""
    media = [name for name in _MEDIA if data.get(name)]
    if media:
        raise DataError(f"it has {media[0]}, and only text is learned")
    bad = [name for name in _LABELS if data.get(name) is False]
    if bad:
        raise DataError(f"its {bad[0]} is false: the answer is one not to give")
    marks = [name for name in _WHOLE_MARKS if isinstance(value := data.get(name), int | float) and value == 0]
    if marks:
        raise DataError(f"it is marked as not to be learned ({marks[0]})")
