"""Steps of an assistant as messages: one message is one whole turn, with its thinking, tool calls and answers.

Other programs keep a node for each step. A turn is the way from a question down to the next question or to a leaf;
where the way forks inside a turn (an answer that was regenerated from the middle), each branch is a message of its own
that begins with the steps they share.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from fathom.server.conversations.importing.imported import (
    MAX_PARTS,
    ImportedFile,
    ImportedMessage,
    ImportedPart,
    RecordError,
)
from fathom.server.conversations.importing.tree import Node

MAX_STEPS = 2_000


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """What a tool answered: the result of the last open call of that name."""

    name: str
    text: str
    files: tuple[ImportedFile, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A node of the source: a question (``role`` user), or one step of an assistant's turn."""

    role: Literal["user", "assistant"]
    content: tuple[ImportedPart | ToolOutput, ...]
    created: int | None = None
    model: str | None = None
    state: Literal["done", "stopped"] = "done"
    finish_reason: str | None = None
    thinking_ms: int | None = None  # of the thinking before this step


def call(name: str, arguments: str, key: str) -> ImportedPart:
    """A tool call without its result. ``arguments`` becomes JSON where it is not."""
    try:
        json.loads(arguments)
    except (ValueError, RecursionError):
        arguments = json.dumps({"input": arguments}, ensure_ascii=False)
    return ImportedPart(
        "tool_call", data={"id": key, "name": name, "arguments": arguments, "state": "done", "ms": None}
    )


def messages_of(roots: Sequence[Node[Step]]) -> tuple[list[ImportedMessage], dict[str, str]]:
    """The messages, parents first, and for each node's key that of the message that shows it (its first, where several
    do). Raises RecordError beyond MAX_STEPS in a turn, and where shared steps multiply beyond MAX_PARTS.
    """
    messages: list[ImportedMessage] = []
    shown_by: dict[str, str] = {}
    count = 0
    pending: list[tuple[Node[Step], str | None, tuple[Node[Step], ...]]] = [
        (root, None, ()) for root in reversed(roots)
    ]
    while pending:
        node, parent, before = pending.pop()
        if node.value.role == "user":
            count += len(node.value.content)
            messages.append(_question(node, parent))
            shown_by[node.key] = node.key
            pending.extend((child, node.key, ()) for child in reversed(node.children))
            continue
        steps = (*before, node)
        ends = [child for child in node.children if child.value.role == "user"]
        if ends or not node.children:
            count += sum(len(step.value.content) for step in steps)
            messages.append(_turn(steps, parent))
            for step in steps:
                shown_by.setdefault(step.key, node.key)
        goes_on = [child for child in node.children if child.value.role != "user"]
        pending.extend((child, node.key, ()) for child in reversed(ends))
        pending.extend((child, parent, steps) for child in reversed(goes_on))
        if len(steps) > MAX_STEPS or count > MAX_PARTS:
            raise RecordError(f"an answer has more than {MAX_STEPS} steps, or the conversation {MAX_PARTS} parts")
    return messages, shown_by


def _question(node: Node[Step], parent: str | None) -> ImportedMessage:
    parts = tuple(part for part in node.value.content if isinstance(part, ImportedPart))
    return ImportedMessage(node.key, parent, "user", parts, node.value.created)


def _turn(steps: Sequence[Node[Step]], parent: str | None) -> ImportedMessage:
    last = steps[-1].value
    models = [step.value.model for step in steps if step.value.model]
    return ImportedMessage(
        steps[-1].key,
        parent,
        "assistant",
        join([step.value for step in steps]),
        steps[0].value.created,
        models[-1] if models else None,
        last.state,
        last.finish_reason,
    )


def join(steps: Sequence[Step]) -> tuple[ImportedPart, ...]:
    """The parts of a turn: results go to their calls, neighbours of one kind become one part."""
    parts: list[ImportedPart] = []
    for step in steps:
        if step.thinking_ms is not None and parts and parts[-1].type == "thinking":
            parts[-1] = replace(parts[-1], data={**parts[-1].data, "ms": step.thinking_ms})
        for value in step.content:
            if isinstance(value, ToolOutput):
                _give(parts, value)
            elif parts and value.type == parts[-1].type and value.type in ("answer", "thinking"):
                parts[-1] = replace(parts[-1], text=f"{parts[-1].text}\n\n{value.text}")
            else:
                parts.append(value)
    return tuple(parts)


def _give(parts: list[ImportedPart], output: ToolOutput) -> None:
    """Make ``output`` the result of its call; of a call of its own where none is open."""
    is_open = [index for index, part in enumerate(parts) if part.type == "tool_call" and "result" not in part.data]
    named = [index for index in is_open if _same_tool(str(parts[index].data["name"]), output.name)]
    if not (named or is_open):
        parts.append(call(output.name, "{}", f"call_{len(parts)}"))
    index = (named or is_open or [len(parts) - 1])[-1]
    result = {"text": output.text} | ({"error": output.error} if output.error else {})
    state = "failed" if output.error else "done"
    parts[index] = replace(
        parts[index], data={**parts[index].data, "state": state, "result": result}, files=output.files
    )


def _same_tool(call_name: str, output_name: str) -> bool:
    """A tool is named with its function in the call and without in the answer, or the reverse."""
    return call_name.partition(".")[0] == output_name.partition(".")[0]
