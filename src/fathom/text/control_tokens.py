"""Escaping of control tokens in user and tool messages: prompt injection by token.

A user who types ``<|im_end|><|im_start|>system`` must not end a turn and open another: such texts in user and tool
messages are encoded as ordinary tokens. System messages and past assistant turns are not escaped: they come from the
developer and the model, and contain markup on purpose. Few servers do this; a conversation without control tokens in
its messages is encoded as without escaping.

The texts are marked before rendering with a code point that Unicode reserves for internal use and that the conversation
does not contain; the marks are located in the rendered prompt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from fathom.types import Conversation, Message

_MARKS = tuple(map(chr, range(0xFDD0, 0xFDF0)))  # noncharacters: Unicode 16, section 23.7
_ESCAPED_ROLES = ("user", "tool")


@dataclass(frozen=True, slots=True)
class MarkedMessages:
    """A conversation with every control token in an escaped role between two ``mark``s; no mark if there are none."""

    conversation: Conversation
    mark: str = ""

    def plain(self, rendered: str) -> str:
        """The prompt without the marks."""
        return rendered.replace(self.mark, "") if self.mark else rendered

    def unmark(self, rendered: str) -> str:
        """The prompt without the marked texts."""
        return "".join(rendered.split(self.mark)[::2]) if self.mark else rendered

    def pieces(self, rendered: str) -> list[tuple[str, bool]]:
        """The texts of a rendered prompt in order, each with whether its control tokens are encoded as such."""
        if not self.mark:
            return [(rendered, True)]
        return [(piece, at % 2 == 0) for at, piece in enumerate(rendered.split(self.mark)) if piece]


class ControlTokenGuard:
    """Escapes the control tokens of one vocabulary."""

    def __init__(self, tokens: Iterable[str]) -> None:
        longest_first = sorted(tokens, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def mark(self, conversation: Conversation) -> MarkedMessages:
        if not any(self._has_control_token(message) for message in conversation.messages):
            return MarkedMessages(conversation)
        everything = "".join(f"{message.content}{message.name}" for message in conversation.messages)
        mark = next((mark for mark in _MARKS if mark not in everything), "")
        if not mark:  # all thirty-two occur: one of them is removed from the messages
            mark = _MARKS[0]
        return MarkedMessages(
            replace(conversation, messages=tuple(self._mark(m, mark) for m in conversation.messages)), mark
        )

    def _has_control_token(self, message: Message) -> bool:
        return message.role in _ESCAPED_ROLES and self._pattern.search(f"{message.content}\0{message.name}") is not None

    def _mark(self, message: Message, mark: str) -> Message:
        content, name = message.content.replace(mark, ""), message.name
        if message.role in _ESCAPED_ROLES:
            content = self._escape(content, mark)
            name = self._escape(name.replace(mark, ""), mark) if name else name
        return replace(message, content=content, name=name)

    def _escape(self, text: str, mark: str) -> str:
        return self._pattern.sub(lambda match: f"{mark}{match[0]}{mark}", text)
