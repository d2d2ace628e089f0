"""The state of a terminal conversation: its messages, and the operations on them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fathom.base.errors import FathomError
from fathom.types import Conversation, Message


@dataclass(slots=True)
class ChatHistory:
    """Questions and answers in order, system instructions, and whether to ask for thinking (None: the template's
    default). A question without an answer is not kept."""

    system: str | None = None
    thinking: bool | None = None
    messages: list[Message] = field(default_factory=list)

    def conversation(self, question: str) -> Conversation:
        """The conversation so far with a new question at its end."""
        head = [Message("system", self.system)] if self.system else []
        return Conversation((*head, *self.messages, Message("user", question)), thinking=self.thinking)

    def add_exchange(self, question: str, content: str, reasoning: str | None) -> None:
        """Append a question and its answer."""
        self.messages += [Message("user", question), Message("assistant", content, reasoning=reasoning)]

    def take_back(self) -> str | None:
        """Remove the last question and answer, and return the question; None where there is none."""
        if not self.messages:
            return None
        question = self.messages[-2].content
        del self.messages[-2:]
        return question

    def clear(self) -> None:
        """Remove all messages; the instructions stay."""
        self.messages.clear()

    def save(self, path: Path) -> None:
        """Write the conversation as JSON in the API's message format. Raises FathomError where that fails."""
        head: list[dict[str, Any]] = [{"role": "system", "content": self.system}] if self.system else []
        text = json.dumps({"messages": head + [_to_json(message) for message in self.messages]}, indent=2)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise FathomError(f"cannot write {path}: {error.strerror}", "choose another place: /save PATH") from None

    def load(self, path: Path) -> None:
        """Replace the conversation by a saved one. Raises FathomError, and changes nothing, where it cannot be read."""
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))["messages"]
            messages = [_from_json(entry) for entry in entries]
        except OSError as error:
            raise FathomError(f"cannot read {path}: {error.strerror}", "check the path: /load PATH") from None
        except (ValueError, KeyError, TypeError):
            raise FathomError(f"{path} holds no conversation", "load a file that /save has written") from None
        system = messages.pop(0).content if messages and messages[0].role == "system" else None
        roles = [message.role for message in messages]
        if roles != ["user", "assistant"] * (len(roles) // 2):
            raise FathomError(f"{path} does not alternate between user and assistant", "load what /save has written")
        self.system, self.messages = system, messages


def _to_json(message: Message) -> dict[str, Any]:
    entry = {"role": message.role, "content": message.content}
    return entry if message.reasoning is None else {**entry, "reasoning_content": message.reasoning}


def _from_json(entry: dict[str, Any]) -> Message:
    role, content, reasoning = entry["role"], entry["content"], entry.get("reasoning_content")
    if role not in ("system", "user", "assistant") or not isinstance(content, str):
        raise ValueError(role)
    if not isinstance(reasoning, str | None):
        raise TypeError("reasoning_content")
    return Message(role, content, reasoning=reasoning)
